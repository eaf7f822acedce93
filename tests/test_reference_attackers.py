"""Attacks with reference models as values: what is measured, of whom, and with whose models."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from test_references import halves

from mia_helpers import Experiment, MIAError
from mia_helpers.attacks import references as attacks
from mia_helpers.attacks.references import REFERENCE_ATTACKS, Target, in_hindsight, per_target
from mia_helpers.walk.reference_attackers import ReferenceAttacker, _left
from mia_helpers.walk.work import needed

pytestmark = pytest.mark.xdist_group("reference_attackers")  # one process trains the models, for all tests
TINY = {"n_references": 8, "n_shadows": 4, "epochs": 2, "l2_sweep": (), "n_resamples": 20}
IMAGES = Experiment(dataset="synthetic_images", train_size=40, **TINY)
CENSUS = Experiment(dataset="synthetic_census", train_size=150, **TINY)
OTHER = CENSUS.replace(optimizer="sgd")
NAMES = [(exp, name) for exp in (IMAGES, CENSUS) for name in REFERENCE_ATTACKS if exp is IMAGES or name != "label_only"]


@pytest.fixture(scope="module")
def folder(made_once):
    """A store with all models, trained once."""

    def compute():
        for work in (IMAGES.answers(), CENSUS.answers(), OTHER.answers(), CENSUS.shadow_answers()):
            work.arrays()
        for exp in (IMAGES, CENSUS):
            exp.target()

    return made_once(compute)


def matrix(exp, name, **options):
    return exp.answers(**options).references(probs=REFERENCE_ATTACKS[name].reads == "probs")


def no_thresholds():
    return np.full((8, 3), np.nan)


def same(table, expected):
    pd.testing.assert_frame_equal(table, expected.drop(columns="target").astype(float), check_exact=True)


# --- What is measured ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("exp", "name"), NAMES, ids=lambda part: getattr(part, "dataset", part))
def test_every_model_is_the_target_once(exp, name, trained):
    ours = matrix(exp, name)
    scores, chosen = attacks.score_each(name, ours), attacks.thresholds(name, ours)
    attacker = exp.reference_attacker(name)
    table = attacker.table()
    assert len(table) == attacker.n_used + 2 == 8
    same(table, per_target(scores, ours.member, chosen))
    exposure = attacker.exposure()
    assert set(exposure) == {"never", "always", "stability", "auc"}
    assert np.isnan([exposure["never"], exposure["always"]]).all()  # 0.1% cannot be aimed at with so few non-members
    assert np.array_equal(exposure["auc"], attacks.exposed_auc(name, ours, 0.01), equal_nan=True)
    assert np.array_equal(exposure["stability"], attacks.stability(name, ours), equal_nan=True)
    assert attacker.label() == f"attack: {name} on 8 targets with 6 references"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lira", "rmia", "threshold", "modified_entropy"])
def test_the_papers_own_target_is_attacked_with_all_models(name, trained):
    own, records = CENSUS.reference_attacker(name).own(), CENSUS.target()
    order = np.argsort(records.index)
    target = Target(records.log_odds[order], records.correct[order], records.probs[order])
    score = attacks.score_one(name, target, matrix(CENSUS, name))
    expected = in_hindsight(records.member[order], score)
    assert own.keys() == expected.keys()
    assert list(own.values()) == pytest.approx(list(expected.values()), nan_ok=True)
    assert own["auc"] == pytest.approx(roc_auc_score(records.member[order], score))


@pytest.mark.slow
def test_other_epochs_numbers_and_attacks_on_labels_leave_the_papers_target_alone(trained):
    assert IMAGES.reference_attacker("label_only").own() == {}  # it was not asked about moved images
    for options in ({"epoch": 1}, {"n_references": 4}):
        attacker = CENSUS.reference_attacker("lira", **options)
        assert attacker.victim is None
        assert attacker.own() == {}
    assert CENSUS.reference_attacker("lira", epoch=2).name == CENSUS.reference_attacker("lira").name


@pytest.mark.slow
def test_an_earlier_epoch_is_judged_by_the_answers_of_that_epoch(trained):
    ours = CENSUS.references(1)
    table = CENSUS.reference_attacker("rmia", epoch=1).table()
    same(table, per_target(attacks.score_each("rmia", ours), ours.member, attacks.thresholds("rmia", ours)))
    assert not table.equals(CENSUS.reference_attacker("rmia").table())


# --- With whose models --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fewer_references_are_those_after_the_pair_and_never_the_pair(trained, monkeypatch):
    ours, asked, score_one = CENSUS.references(), [], attacks.score_one

    def spy(name, target, given):
        asked.append(given)
        return score_one(name, target, given)

    monkeypatch.setattr(attacks, "score_one", spy)
    attacker = CENSUS.reference_attacker("lira_record", n_references=4)
    table = attacker.table()
    follow = {0: [2, 3, 4, 5], 2: [4, 5, 6, 7], 4: [6, 7, 0, 1], 6: [0, 1, 2, 3]}
    assert len(asked) == 8
    for i, given in enumerate(asked):
        assert np.array_equal(given.member, ours.member[follow[i // 2 * 2]])
        assert np.array_equal(given.confidence, ours.confidence[follow[i // 2 * 2]])
    scores = [score_one("lira_record", ours.row(i), ours.take(follow[i // 2 * 2])) for i in range(8)]
    same(table, per_target(np.stack(scores), ours.member, no_thresholds()))
    assert table[["accuracy", "fpr_1pct"]].isna().all(axis=None)
    every = CENSUS.reference_attacker("lira_record", n_references=6)  # all there are, in another order
    usual = CENSUS.reference_attacker("lira_record").table()["auc"].to_numpy()
    assert every.table()["auc"].to_numpy() == pytest.approx(usual, abs=1e-3)  # sums are rounded otherwise
    for i in range(8):
        left = _left(ours, i, 6)
        assert not any(
            np.array_equal(row, ours.member[i]) or np.array_equal(row, ~ours.member[i]) for row in left.member
        )


@pytest.mark.slow
def test_an_attacker_with_another_recipe_takes_his_thresholds_from_his_own_models(trained):
    ours, theirs = CENSUS.references(), OTHER.references()
    attacker = CENSUS.reference_attacker("lira", sources=OTHER.answers())
    scores = np.stack([attacks.score_one("lira", ours.row(i), theirs.without(i)) for i in range(8)])
    chosen = attacks.thresholds("lira", theirs)
    table = attacker.table()
    expected = per_target(scores, ours.member, chosen)
    assert table["auc"].to_numpy() == pytest.approx(expected["auc"].to_numpy())
    assert table["accuracy"].to_numpy() == pytest.approx(expected["accuracy"].to_numpy())
    assert not table.equals(CENSUS.reference_attacker("lira").table())
    assert attacker.own()["auc"] != CENSUS.reference_attacker("lira").own()["auc"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lira_offline", "rmia_offline", "calibrated", "threshold"])
def test_shadows_serve_every_target(name, trained):
    ours, theirs = CENSUS.references(), CENSUS.shadow_answers().references()
    attacker = CENSUS.reference_attacker(name, sources=CENSUS.shadow_answers())
    scores = np.stack([attacks.score_one(name, ours.row(i), theirs) for i in range(8)])
    same(attacker.table(), per_target(scores, ours.member, no_thresholds()))
    assert attacker.n_used == 4
    assert attacker.own().keys() == CENSUS.reference_attacker(name).own().keys()


def test_it_needs_each_model_that_it_reads():
    references, shadows = CENSUS.reference_models(), CENSUS.shadow_models()
    for attacker, models in (
        (CENSUS.reference_attacker("lira"), [*references, CENSUS.model()]),
        (CENSUS.reference_attacker("lira", n_references=4), references),
        (
            CENSUS.reference_attacker("rmia_offline", sources=CENSUS.shadow_answers()),
            [*references, *shadows, CENSUS.model()],
        ),
        (
            CENSUS.reference_attacker("lira", sources=OTHER.answers()),
            [*references, *OTHER.reference_models(), CENSUS.model()],
        ),
    ):
        assert [model.name for model in needed([attacker])] == [model.name for model in models]


def test_names_tell_attackers_apart():
    every = [
        CENSUS.reference_attacker("lira"),
        CENSUS.reference_attacker("rmia"),
        CENSUS.reference_attacker("lira", epoch=1),
        CENSUS.reference_attacker("lira", n_references=4),
        CENSUS.reference_attacker("lira", n_references=6),
        CENSUS.reference_attacker("lira", sources=OTHER.answers()),
        CENSUS.reference_attacker("lira", sources=CENSUS.shadow_answers()),
        CENSUS.replace(n_references=10).reference_attacker("lira"),
        CENSUS.replace(seed=1).reference_attacker("lira"),
        IMAGES.reference_attacker("lira"),
        dataclasses.replace(CENSUS.reference_attacker("lira"), victim=None),
    ]
    assert len({attacker.name for attacker in every}) == len(every)


# --- What makes no sense ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3, 7, 8, 100, -2, 2.0, True])
def test_a_number_of_references_that_would_take_in_the_pair_or_half_of_one(n):
    with pytest.raises(
        MIAError, match=f"n_references={n}: expected an even number from 2 to 6; of 8 models, the target"
    ):
        CENSUS.reference_attacker("lira", n_references=n)


def test_what_cannot_be_attacked_is_told():
    with pytest.raises(MIAError, match="unknown reference attack 'lirra'.*Did you mean 'lira'"):
        CENSUS.reference_attacker("lirra")
    with pytest.raises(MIAError, match="n_references=4: all shadows serve each target; give .* another n_shadows"):
        CENSUS.reference_attacker("rmia_offline", n_references=4, sources=CENSUS.shadow_answers())


@pytest.mark.slow
def test_models_of_other_records_or_halves_are_told(trained):
    with pytest.raises(MIAError, match="were not asked about the targets' records; give both the same dataset"):
        CENSUS.reference_attacker("lira", sources=CENSUS.replace(seed=1).answers()).table()
    with pytest.raises(MIAError, match="not trained on the targets' halves.* same seed and n_references"):
        CENSUS.replace(n_references=6).reference_attacker("rmia", sources=CENSUS.answers()).table()
    stranger = CENSUS.replace(seed=1).model()
    answers = CENSUS.answers()
    with pytest.raises(MIAError, match="the target's records are not those of the references"):
        ReferenceAttacker("rmia", answers, answers, victim=stranger).table()
    with pytest.raises(MIAError, match="n_references=6: the attack 'lira' and its thresholds take at least 8 models"):
        CENSUS.replace(n_references=6).reference_attacker("lira").table()


@pytest.mark.parametrize("name", ["entropy", "modified_entropy"])
def test_a_class_that_tells_nothing_has_finite_scores(name):
    rng = np.random.default_rng(10)
    member = halves(rng, 8, 6)
    sure = np.where(member, 0.6, 0.9) + rng.uniform(0, 0.05, member.shape)  # members are the less sure ones
    probs = np.stack([sure, 1 - sure], axis=-1)
    ours = attacks.References(None, member, np.zeros(6, int), probs=probs)
    scores = attacks.score_each(name, ours)
    assert np.isfinite(scores).all()
    assert (scores <= 0).mean() > 0.8  # nobody is called a member, and the order stays
    assert len(np.unique(scores)) > 6
