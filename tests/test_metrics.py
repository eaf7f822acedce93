"""Metrics against values computed by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mia_helpers.attacks import metrics

# Six records. Sorted by score: in .9, in .8, out .7, in .4, out .4, out .1; those above 0.5 are called members.
MEMBER = np.array([True, True, False, True, False, False])
SCORE = np.array([0.9, 0.8, 0.7, 0.4, 0.4, 0.1])
CALLED = SCORE > 0.5


def test_every_criterion_by_hand():
    got = metrics.criteria(MEMBER, SCORE, CALLED, SCORE)
    assert tuple(got) == metrics.CRITERIA
    assert [got[k] for k in ("tn", "fp", "fn", "tp")] == [2, 1, 1, 2]
    assert got["precision"] == pytest.approx(2 / 3)
    assert got["recall"] == pytest.approx(2 / 3)
    assert got["accuracy"] == pytest.approx(4 / 6)
    assert got["advantage"] == pytest.approx(2 / 3 - 1 / 3)
    # pairs (in, out) won: .9 wins 3, .8 wins 3, .4 wins 1, loses 1 and ties 1
    assert got["auc"] == pytest.approx(7.5 / 9)
    assert got["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.4, 0.6, 0.9]).mean())
    assert got["mae"] == pytest.approx((0.1 + 0.2 + 0.7 + 0.6 + 0.4 + 0.1) / 6)
    assert got["mse"] == pytest.approx((0.01 + 0.04 + 0.49 + 0.36 + 0.16 + 0.01) / 6)
    for copies, known in ((1, []), (34, ["tpr_at_1pct_fpr"]), (334, ["tpr_at_1pct_fpr", "tpr_at_01pct_fpr"])):
        rates = metrics.criteria(*(np.tile(column, copies) for column in (MEMBER, SCORE, CALLED, SCORE)))
        assert [name for name in metrics.LIMITS if rates[name] == pytest.approx(2 / 3)] == known
        assert all(np.isnan(rates[name]) for name in metrics.LIMITS if name not in known)  # too few non-members


def test_rate_at_a_false_positive_rate_means_at_most_and_does_not_interpolate():
    fpr, tpr = np.array([0, 0, 0.01, 0.02, 1]), np.array([0, 0.2, 0.3, 0.9, 1])
    assert metrics.tpr_at_fpr(fpr, tpr, 0.01) == 0.3
    assert metrics.tpr_at_fpr(fpr, tpr, 0.0199) == 0.3
    assert metrics.tpr_at_fpr(fpr, tpr, 0.001) == 0.2
    assert metrics.tpr_at_fpr(np.array([0, 0.5, 1]), np.array([0, 1, 1]), 0.4) == 0


def test_what_is_not_defined_is_nan():
    nobody = metrics.criteria(MEMBER, SCORE, np.zeros(6, bool), SCORE)
    assert np.isnan(nobody["precision"])
    assert (nobody["recall"], nobody["accuracy"]) == (0, 0.5)
    only_members = metrics.criteria(np.ones(6, bool), SCORE, CALLED, SCORE)
    assert all(np.isnan(only_members[k]) for k in ("auc", "advantage", "tpr_at_1pct_fpr", "tpr_at_01pct_fpr"))
    assert only_members["recall"] == 0.5


def test_intervals_hold_the_value_follow_the_seed_and_agree_with_the_binomial():
    rng = np.random.default_rng(0)
    member = np.arange(2000) < 1000
    score = rng.normal(size=2000) + member
    args = (member, score, score > 0.5, 1 / (1 + np.exp(-score)))
    table = metrics.with_intervals(*args, seed=1, n_resamples=300)
    assert list(table["metric"]) == list(metrics.CRITERIA)
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table.equals(metrics.with_intervals(*args, seed=1, n_resamples=300))
    assert not table.equals(metrics.with_intervals(*args, seed=2, n_resamples=300))
    right = int((args[2] == member).sum())
    exact = binomtest(right, 2000).proportion_ci(0.95)
    accuracy = table.set_index("metric").loc["accuracy"]
    assert accuracy["low"] == pytest.approx(exact.low, abs=0.0055)
    assert accuracy["high"] == pytest.approx(exact.high, abs=0.0055)


def test_what_is_not_known_has_no_interval():
    args = (MEMBER, SCORE, CALLED, SCORE)
    few = metrics.with_intervals(*args, seed=0, n_resamples=20)
    unknown = few[few["value"].isna()]
    assert unknown["metric"].tolist() == list(metrics.LIMITS)
    assert unknown[["low", "high"]].isna().all(axis=None)
    single = metrics.with_intervals(*(column[:1] for column in args), seed=0, n_resamples=20).set_index("metric")
    assert single.loc["accuracy"].tolist() == pytest.approx([1, 0.025, 1])  # one of one says nearly nothing
    unknown = ["auc", "log_loss", "advantage", *metrics.LIMITS]
    assert single.loc[unknown, ["low", "high"]].isna().all(axis=None)


def test_chance_interval_is_the_binomial_one():
    assert metrics.chance_interval(10) == (0.2, 0.8)  # P(2 <= X <= 8) = 0.979, P(3 <= X <= 7) = 0.891
    low, high = metrics.chance_interval(5000)
    assert low == pytest.approx(0.5 - 1.96 * 0.5 / np.sqrt(5000), abs=2e-4)
    assert high == pytest.approx(1 - low)


def test_a_perfect_attack_is_at_chance_once_membership_is_shuffled():
    member = np.arange(4000) < 2000
    accuracies = metrics.shuffled_accuracies(member, member, seed=0, repeats=50)
    low, high = metrics.chance_interval(4000, level=0.999)
    assert ((accuracies > low) & (accuracies < high)).all()
    assert accuracies.std() > 0


def test_by_group_measures_each_group_by_itself():
    group = np.array([0, 0, 0, 1, 1, 1])
    table = metrics.by_group(group, MEMBER, SCORE, CALLED, SCORE, seed=0, n_resamples=20)
    accuracy = table[table["metric"] == "accuracy"].set_index("group")["value"]
    assert accuracy.to_dict() == pytest.approx({0: 2 / 3, 1: 2 / 3})
    recall = table[table["metric"] == "recall"].set_index("group")["value"]
    assert recall.to_dict() == {0: 1, 1: 0}
