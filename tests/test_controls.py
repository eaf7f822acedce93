"""Controls: they pass where there is nothing to find, and fail where something is planted."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mia_helpers import Experiment, MIAError, Records
from mia_helpers.attacks import GapAttack, PerClassSVM, ThresholdAttack, chance_interval, controls
from mia_helpers.attacks.result import AttackResult, measure
from mia_helpers.data import splits
from mia_helpers.engine import backends, store
from mia_helpers.walk.controls import Control


def planted(member, *, seed, models=4):
    """Answers over three classes: members are surer of the true one, most of the time."""
    rng, n = np.random.default_rng(seed), len(member)
    label = np.arange(n) % 3
    p = np.clip(rng.normal(np.where(member, 0.85, 0.6), 0.1), 0.34, 0.99).astype(np.float32)
    probs = np.repeat((1 - p)[:, None] / 2, 3, axis=1)
    probs[np.arange(n), label] = p
    return Records(probs, label, member, np.arange(n) % models, np.arange(n))


SHADOWS = planted(np.arange(1200) % 8 < 4, seed=1)
TARGET = planted(np.arange(600) < 300, seed=2)


def result_of(attack):
    arrays = measure(attack.fit(SHADOWS), TARGET, seed=0, n_resamples=2)
    return AttackResult.from_arrays("planted", arrays, adaptive=True)


# --- Outsiders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "size"), [(60_000, 15_000), (60_000, 2_500), (40, 10), (41, 10)])
def test_outsiders_share_no_record_with_the_target(n, size):
    rows = splits.outsiders(n, train_size=size, seed=3)
    target = np.concatenate(splits.target_split(n, train_size=size, seed=3))
    assert len(rows) == len(np.unique(rows)) == 2 * size
    assert not np.isin(rows, target).any()
    assert np.array_equal(rows, splits.outsiders(n, train_size=size, seed=3))
    if n > 1000:
        assert not np.array_equal(np.sort(rows), np.sort(splits.outsiders(n, train_size=size, seed=4)))


@pytest.mark.parametrize("attack", [ThresholdAttack(), GapAttack(), PerClassSVM()], ids=lambda attack: attack.name)
def test_with_outsiders_an_attack_is_at_chance_and_members_among_them_are_noticed(attack):
    result, n = result_of(attack), 300
    for member, leaks in ((np.zeros(600, bool), False), (np.ones(600, bool), True)):
        score = attack.score(planted(member, seed=5))
        draws = controls.outsider_draws(result, score, attack.decide(score), seed=0)
        assert len(draws) == 20
        if attack.name == "gap":
            continue  # all predictions are right: there is nothing to find either way
        auc_low, auc_high = controls.auc_interval(n, n, level=0.9999)
        low, high = chance_interval(2 * n, level=0.9999)
        assert (draws["auc"].mean() > auc_high + 0.2) == leaks
        assert (draws["accuracy"].mean() > high + 0.2) == leaks
        assert leaks or (auc_low < draws["auc"].mean() < auc_high and low < draws["accuracy"].mean() < high)


def test_a_draw_by_hand_and_too_few_outsiders():
    arrays = dict(member=[True, True, False, False], label=[0] * 4, score=[9.0, 8, 1, 3], decision=[True] * 3 + [False])
    arrays = {name: np.array(column) for name, column in arrays.items()}
    result = AttackResult("hand", True, **arrays, probability=arrays["score"] / 9, details={}, table=None)
    score = np.array([2.0, 2.0])
    draws = controls.outsider_draws(result, score, score > 0, seed=0, draws=3)
    assert draws["auc"].tolist() == [0.5] * 3  # above the 1, below the 3
    assert draws["accuracy"].tolist() == [0.75] * 3  # both outsiders and one of the others
    with pytest.raises(MIAError, match="1 outsiders cannot take the place of 2 members"):
        controls.outsider_draws(result, score[:1], score[:1] > 0, seed=0)


def test_the_interval_of_the_auc_is_that_of_mann_and_whitney():
    low, high = controls.auc_interval(2500, 2500)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.008166, 0.5 + 1.96 * 0.008166), abs=1e-5)
    rng = np.random.default_rng(0)
    aucs = [roc_auc_score(np.arange(60) < 20, rng.random(60)) for _ in range(500)]
    low, high = controls.auc_interval(20, 40)
    assert np.mean([low < auc < high for auc in aucs]) == pytest.approx(0.95, abs=0.03)


# --- Shuffled shadows ---------------------------------------------------------------------------------------------


def test_shuffling_keeps_each_models_counts_and_all_answers():
    shuffled = controls.shuffled_membership(SHADOWS, seed=0)
    assert shuffled.probs is SHADOWS.probs
    for model_id in range(4):
        rows = SHADOWS.model_id == model_id
        assert shuffled.member[rows].sum() == SHADOWS.member[rows].sum()
    assert 0.4 < np.mean(shuffled.member == SHADOWS.member) < 0.6
    assert not np.array_equal(shuffled.member, controls.shuffled_membership(SHADOWS, seed=1).member)


def test_a_part_has_each_class_and_kind_in_its_share():
    part = controls.part_of(SHADOWS, 120, seed=0)
    assert len(part) == 120
    kinds, counts = np.unique(np.column_stack([part.label, part.member]), axis=0, return_counts=True)
    assert (len(kinds), set(counts)) == (6, {20})
    assert len(np.unique(part.index)) == 120
    assert controls.part_of(SHADOWS, 5000, seed=0) is SHADOWS


def test_from_shuffled_shadows_a_learnt_attack_is_at_chance_and_a_given_score_stays():
    found = {}
    for attack in (PerClassSVM(), ThresholdAttack(), GapAttack()):
        for seed in range(3):
            shuffled = controls.shuffled_membership(SHADOWS, seed=seed)
            for member in (shuffled.member, ~shuffled.member):
                told = Records(SHADOWS.probs, SHADOWS.label, member, SHADOWS.model_id, SHADOWS.index)
                score = attack.fit(told).score(TARGET)
                found.setdefault(attack, []).append(roc_auc_score(TARGET.member, score))
    low, high = controls.auc_interval(300, 300, level=0.9999)
    for attack, aucs in found.items():
        own = result_of(attack).metrics["auc"]
        if attack.learns_score:
            assert own > 0.9
            assert low < np.mean(aucs) < high
        else:
            assert aucs == pytest.approx([own] * 6)


def test_what_dropping_changes_by_hand():
    result = result_of(ThresholdAttack())
    wrong = result.decision != result.member
    assert wrong.any()
    told = controls.without(result, wrong)
    assert told["attack"] == "planted"
    assert (told["records"], told["without"]) == (wrong.sum(), 1)
    assert told["accuracy"] == result.metrics["accuracy"]
    assert np.isnan(controls.without(result, np.ones(600, bool))["without"])


# --- The walk -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["synthetic_images", "synthetic_census"])
def test_outsiders_are_asked_once_and_scored_by_the_same_attack(dataset, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")
    exp = Experiment(dataset=dataset, train_size=60, n_shadows=2, epochs=2, l2_sweep=(), n_resamples=20)
    outsiders, target = exp.outsiders(), exp.target()
    assert len(outsiders) == 120
    assert not outsiders.member.any()
    assert not np.isin(outsiders.index, target.index).any()
    assert np.array_equal(outsiders.label, exp.data.y[outsiders.index])
    np.testing.assert_allclose(outsiders.probs, exp.query(exp.data.x[outsiders.index]), atol=1e-6)
    for name in exp.attack_names:  # asked about the target's own records, the attack says what it said
        score, decision = exp.attacker(name).judge(target)
        assert np.array_equal(score, exp.attack(name).score)
        assert np.array_equal(decision, exp.attack(name).decision)
        assert exp.outsider_draws(name)["attack"].tolist() == [exp.attack(name).name] * 20
    monkeypatch.setattr(backends, "run", lambda *_args: pytest.fail("it computed again"))
    monkeypatch.setattr(Control, "compute", lambda _self: pytest.fail("it computed again"))
    exp.outsider_draws()
    assert exp.outsiders().probs.tobytes() == outsiders.probs.tobytes()
    works = [exp.model(), *exp.controls()[:-1], *map(exp.attacker, exp.attack_names)]
    assert store.forget([exp.model().name]) == len(works)  # what was made from the target goes with it
    assert not any(work.is_there() for work in works)
