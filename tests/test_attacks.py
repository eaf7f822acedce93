"""Attacks on planted records: near 1 where members stand out, at chance where they do not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from mia_helpers import Experiment, MIAError, Records, attacks
from mia_helpers.attacks import boosted


def planted(seed, *, n=600, k=4, leak=True):
    """Records of k classes; with `leak`, members get a probability of the true class above 0.8, others below."""
    rng = np.random.default_rng(seed)
    member, label = np.arange(n) % 2 == 0, rng.integers(0, max(k, 2), n)
    p = np.where(member & leak, rng.uniform(0.8, 1, n), rng.uniform(0, 0.85 if leak else 1, n))
    if k == 1:
        probs = np.where(label == 1, p, 1 - p)[:, None]
    else:
        probs = np.repeat(((1 - p) / (k - 1))[:, None], k, axis=1)
        probs[np.arange(n), label] = p
    return Records(probs.astype(np.float32), label, member, np.zeros(n, int), np.arange(n))


def fitted(name, records):
    options = {"network": {"epochs": 200}}.get(name, {})
    return Experiment().new_attack(name, **options).fit(records)


def accuracy(attack, records):
    return (attack.decide(attack.score(records)) == records.member).mean()


SETUPS = [
    ("svm", 4),
    ("threshold", 4),
    ("threshold", 1),
    ("boosted", 4),
    ("boosted", 1),
    pytest.param("network", 2, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "k"), SETUPS)
def test_members_that_stand_out_are_found(name, k):
    if name == "network":  # it sees the output alone, so plant the leak there: every member has a high output
        shadows, target = (replace(r, label=np.ones(len(r), int)) for r in (planted(0, k=1), planted(1, k=1)))
        shadows, target = (
            replace(r, probs=np.where(r.member, 0.9, 0.1).astype("f4")[:, None]) for r in (shadows, target)
        )
    else:
        shadows, target = planted(0, k=k), planted(1, k=k)
    attack = fitted(name, shadows)
    assert roc_auc_score(target.member, attack.score(target)) > 0.95
    probability = attack.probability(attack.score(target))
    assert ((probability >= 0) & (probability <= 1)).all()
    assert probability[target.member].mean() > probability[~target.member].mean() + 0.2
    if name != "network":
        assert accuracy(attack, target) > 0.9


@pytest.mark.parametrize(("name", "k"), [*SETUPS, ("gap", 4), ("gap", 1)])
@pytest.mark.parametrize("control", ["members like non-members", "shuffled membership"])
def test_without_a_difference_every_attack_is_at_chance(name, k, control):
    k = 1 if name == "network" else k
    leak = control == "shuffled membership"
    shadows, target = planted(2, k=k, leak=leak), planted(3, k=k, leak=leak, n=1000)
    if leak:
        rng = np.random.default_rng(4)
        shadows, target = (replace(r, member=rng.permutation(r.member)) for r in (shadows, target))
    low, high = binom.interval(0.999, 1000, 0.5)
    assert low / 1000 <= accuracy(fitted(name, shadows), target) <= high / 1000


@pytest.mark.parametrize("k", [1, 4])
def test_gap_attack_is_right_for_half_plus_half_the_gap(k):
    target = planted(5, k=k)
    gap = target.accuracy(member=True) - target.accuracy(member=False)
    assert gap > 0.2
    assert accuracy(fitted("gap", planted(6, k=k)), target) == pytest.approx(0.5 + gap / 2)


def test_best_threshold_by_hand():
    member = np.array([False, False, True, False, True])
    scores = np.array([0.1, 0.2, 0.5, 0.6, 0.9])
    # above 0.2: both members and one of three others; above 0.6: one of two members, no other
    assert attacks.best_threshold(member, scores) == pytest.approx((0.2 + 0.5) / 2)


LAST = np.nextafter(np.float32(1), np.float32(0))  # the largest float32 below 1


@pytest.mark.parametrize(
    "scores",
    [
        np.array([LAST, LAST, 1, 1], np.float32),  # halfway between them is 1 again, in float32
        np.array([np.nextafter(1.0, 0), np.nextafter(1.0, 0), 1, 1]),  # nothing is between them in float64 either
        np.array([0, 0, 5e-324, 5e-324]),
        np.array([-1e300, -1e300, 1e300, 1e300]),
    ],
    ids=["float32", "float64", "subnormal", "huge"],
)
def test_a_threshold_separates_whatever_is_separable(scores):
    member = np.array([False, False, True, True])
    threshold = attacks.best_threshold(member, scores)
    attack = attacks.ThresholdAttack()
    attack.threshold_ = threshold
    assert attack.decide(scores).tolist() == member.tolist()


@pytest.mark.parametrize("score", [0.5, -1e300, 0.0])
def test_a_threshold_below_all_scores_calls_all_members(score):
    """One score and more members: nothing can be told apart, and the threshold must still be below or above it."""
    member = np.array([True, True, False])
    said = np.full(3, score) > attacks.best_threshold(member, np.full(3, score))
    assert said.all() or not said.any()


def test_the_threshold_attack_tells_neighbouring_probabilities_apart():
    records = planted(0, n=40, k=1, leak=False)
    probs = np.where(records.member, np.float32(1), LAST)[:, None].astype(np.float32)
    records = replace(records, probs=probs, label=np.ones(40, int))
    assert accuracy(fitted("threshold", records), records) == 1


def test_threshold_comes_from_the_shadows_alone():
    shadows = planted(7)
    attack = fitted("threshold", shadows)
    before = attack.threshold_
    attack.decide(attack.score(planted(8, leak=False)))
    assert attack.threshold_ == before == fitted("threshold", shadows).threshold_


@pytest.mark.parametrize(("member", "missing"), [(True, "no non-members"), (False, "no members")])
def test_class_without_one_kind_is_named(member, missing):
    records = planted(9)
    kept = records[(records.label != 2) | (records.member == member)]
    with pytest.raises(MIAError, match=f"class 2: {missing}"):
        fitted("svm", kept)
    with pytest.raises(MIAError, match=f"the shadow records: {missing}"):
        fitted("threshold", records[records.member == member])


def test_class_with_too_few_records_for_five_folds_is_named():
    records = planted(9)
    rare = (records.label == 1) & (np.cumsum(records.label == 1) > 7)
    with pytest.raises(MIAError, match="class 1: only . (non-)?members, and the attack needs 5"):
        fitted("svm", records[~rare])


def test_target_class_that_no_shadow_has_is_named():
    attack = fitted("svm", (records := planted(10))[records.label != 3])
    with pytest.raises(MIAError, match="class 3"):
        attack.score(records)


def test_svm_on_a_single_output_points_to_the_network():
    with pytest.raises(MIAError, match="use 'network'"):
        fitted("svm", planted(11, k=1))


def test_chosen_values_on_the_edge_of_the_grid_are_told():
    records = planted(12)
    narrow = attacks.PerClassSVM(C=(1e-3, 1e-2), gamma=(1e-4, 1e-3)).fit(records)
    assert len(attacks.grid_edges(narrow.details_)) == 4
    assert "class 0: C=" in attacks.grid_edges(narrow.details_)[0]
    inside = {"per_class": [{"class": 0, "C": 1.0, "gamma": 0.1, "at_edge": []}]}
    assert attacks.grid_edges(inside) == attacks.grid_edges({}) == []


def crowded(seed, n=1500):
    """Records of which most members, and some others, are nearly the same point: a network that is sure of itself."""
    records = planted(seed, n=n)
    rng = np.random.default_rng(seed)
    sure = rng.random(n) < np.where(records.member, 0.9, 0.3)
    corner = np.eye(4)[records.label] + 1e-5 * rng.random((n, 4))
    return replace(records, probs=np.where(sure[:, None], corner, records.probs).astype(np.float32))


def test_merging_equal_answers_is_the_plain_grid_search():
    records = crowded(13)
    probs = np.round(records.probs, 2)
    probs[np.arange(len(probs)), probs.argmax(axis=1)] += 1 - probs.sum(axis=1)  # a row still adds up to 1
    records = replace(records, probs=np.round(probs, 2))
    for row in attacks.PerClassSVM(resolution=0).fit(records).details_["per_class"]:
        part = records[records.label == row["class"]]
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        grid = {"C": [0.1, 1, 10], "gamma": [0.001, 0.01, 0.1]}
        plain = GridSearchCV(SVC(), grid, cv=folds).fit(part.probs, part.member)
        assert {name: row[name] for name in grid} == plain.best_params_
        assert row["cv_accuracy"] == pytest.approx(plain.best_score_, abs=1e-3)
        assert row["points"] < row["records"] / 2 == len(part) / 2


def test_merging_near_answers_changes_no_choice_and_hardly_a_decision():
    shadows, target = crowded(14), crowded(15)
    merged, apart = attacks.PerClassSVM().fit(shadows), attacks.PerClassSVM(resolution=0).fit(shadows)
    rows = [attack.details_["per_class"] for attack in (merged, apart)]
    assert [(r["C"], r["gamma"]) for r in rows[0]] == [(r["C"], r["gamma"]) for r in rows[1]]
    assert sum(r["points"] for r in rows[0]) < 0.6 * sum(r["points"] for r in rows[1])
    assert abs(accuracy(merged, target) - accuracy(apart, target)) <= 0.003


# --- Log-odds, and a learnt attack that reads them ----------------------------------------------------------------


def test_log_odds_tell_answers_of_one_apart():
    """In float32 both answers are 1.0 for the true class; what is left for the other differs by a factor of 1,000."""
    probs = np.array([[1, 1e-8], [1, 1e-11], [0.25, 0.75], [0, 1]], np.float32)
    records = Records(probs, np.zeros(4, int), np.arange(4) < 2, np.zeros(4, int), np.arange(4))
    assert records.true_class_probability[0] == records.true_class_probability[1] == 1
    expected = [np.log(1e8), np.log(1e11), np.log(1 / 3), np.log(np.finfo(np.float32).smallest_subnormal)]
    assert records.log_odds == pytest.approx(expected, rel=1e-6)
    assert records.log_odds.dtype == np.float64
    assert np.array_equal(np.argsort(records.log_odds[1:]), np.argsort(records.true_class_probability[1:]))


def test_log_odds_of_a_single_output_are_finite_and_signed_by_the_label():
    probs = np.array([[0.8], [0.8], [1.0], [0.0]], np.float32)
    records = Records(probs, np.array([1, 0, 1, 1]), np.arange(4) < 2, np.zeros(4, int), np.arange(4))
    assert records.log_odds[:2] == pytest.approx([np.log(4), -np.log(4)], rel=1e-6)
    assert records.log_odds[2] == pytest.approx(25 * np.log(2))  # half a step of float32 is left below 1
    assert np.isfinite(records.log_odds).all()


def in_a_band(seed, *, models=4, n=1000):
    """Records of which members crowd in a band of confidence, and non-members are below it and above it."""
    rng = np.random.default_rng(seed)
    member = np.arange(models * n) % 2 == 0
    phi = np.where(member, rng.normal(9, 0.5, len(member)), rng.choice([-1, 1], len(member)) * 6 + rng.normal(9, 1.5))
    p = 1 / (1 + np.exp(-phi))
    rest = np.exp(-phi) * p
    probs = np.column_stack([p, rest]).astype(np.float32)
    model_id = np.repeat(np.arange(models), n)
    return Records(probs, np.zeros(len(member), int), member, model_id, np.arange(len(member)))


def test_boosted_trees_find_members_in_a_band_where_a_threshold_cannot():
    shadows, target = in_a_band(0), in_a_band(1, models=1)
    found = {name: fitted(name, shadows) for name in ("boosted", "threshold")}
    assert roc_auc_score(target.member, found["threshold"].score(target)) < 0.8
    assert roc_auc_score(target.member, found["boosted"].score(target)) > 0.95
    assert [victim["shadow"] for victim in found["boosted"].details_["as_victims"]] == [0, 1, 2, 3]


def test_thresholds_are_chosen_on_shadows_that_the_trees_have_not_seen():
    """Without any difference to learn, trees still separate what they were fitted on, and held-out scores do not."""
    shadows = replace(planted(7, leak=False, n=2000), model_id=np.arange(2000) // 500)
    attack = fitted("boosted", shadows)
    assert roc_auc_score(shadows.member, attack.score(shadows)) > 0.6
    assert roc_auc_score(shadows.member, attack._held_out) == pytest.approx(0.5, abs=0.05)
    assert attack.threshold_ == attacks.best_threshold(shadows.member, attack._held_out)
    cut = attack.details_["cuts"]["tpr_at_1pct_fpr"]
    assert (attack._held_out[~shadows.member] > cut).sum() == 10  # one in a hundred of 1,000
    alone = fitted("boosted", planted(8, leak=False, n=500))  # of one shadow, parts of its records take turns
    assert roc_auc_score(planted(8, leak=False, n=500).member, alone._held_out) == pytest.approx(0.5, abs=0.1)


def test_boosted_trees_are_the_same_twice():
    shadows, target = in_a_band(0), in_a_band(1, models=1)
    scores = [fitted("boosted", shadows).score(target) for _ in range(2)]
    assert np.array_equal(*scores)


def test_boosted_trees_are_the_same_twice_where_values_are_sampled():
    """Of more than 200,000 values, scikit-learn groups a random sample."""
    rng = np.random.default_rng(0)
    x, member = np.column_stack([rng.normal(size=210_000), rng.integers(0, 3, 210_000)]), rng.random(210_000) < 0.5
    first, again, other = (boosted._margin(boosted._trees(x, member, seed), x[:1000]) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_cut_by_hand():
    scores = np.array([5.0, 4, 4, 3, 2, 1, 0, 0, 0, 0])
    assert attacks.base.cut_at(scores, 0.1) == 4  # one is above; two would be too many
    assert attacks.base.cut_at(scores, 0.3) == 3
    assert attacks.base.cut_at(scores, 0.05) is None  # half a record


def test_what_comes_of_a_cut_is_counted_on_the_target():
    member = np.array([True] * 4 + [False] * 4)
    score = np.array([9.0, 8, 7, 1, 9, 2, 1, 0])
    fields = {"label": np.zeros(8, int), "decision": score > 5, "probability": score / 10}
    details = {"cuts": {"tpr_at_1pct_fpr": 6.0, "tpr_at_01pct_fpr": None}}
    result = attacks.AttackResult("a", True, member, score=score, details=details, table=None, **fields)
    (row,) = result.realised.to_dict("records")
    assert (row["wanted"], row["called"], row["tpr"], row["fpr"], row["precision"]) == (0.01, 4, 0.75, 0.25, 0.75)
    assert row["tpr_low"] == pytest.approx(0.194, abs=1e-3)  # 3 of 4, Clopper-Pearson
    nobody = replace(result, score=score - 20).realised
    assert np.isnan(nobody["precision"].iloc[0])
