"""Thresholds that need no labels of the target, figures per target and risks per record."""

import numpy as np
import pytest
from scipy import stats
from test_references import halves, planted

from mia_helpers import MIAError
from mia_helpers.attacks import best_threshold
from mia_helpers.attacks.references import (
    REFERENCE_ATTACKS,
    References,
    decide,
    per_record,
    per_target,
    score_each,
    thresholds,
)


@pytest.mark.parametrize("name", REFERENCE_ATTACKS)
def test_thresholds_never_depend_on_the_targets_labels(name):
    ours, rng = planted(0), np.random.default_rng(1)
    member = ours.member.copy()
    member[2] = rng.permutation(member[2])
    member[3] = ~member[2]
    other = References(ours.confidence, member, ours.label, right=ours.right, probs=ours.probs)
    before, after = thresholds(name, ours), thresholds(name, other)
    assert before.shape == (8, 3)
    assert before[2:4] == pytest.approx(after[2:4], nan_ok=True, abs=0)
    if name != "gap":  # which has one threshold only
        assert not np.array_equal(before, after, equal_nan=True)  # those of the others may, and do
    assert before[2].tolist() == pytest.approx(before[3].tolist(), nan_ok=True, abs=0)


def test_thresholds_are_those_of_the_other_models_among_themselves():
    ours = planted(2)
    left = ours.without(4)
    scores = score_each("lira", left)
    outside = np.sort(scores[~left.member])[::-1]  # 600
    found = thresholds("lira", ours)[4]
    assert found[0] == best_threshold(left.member.ravel(), scores.ravel())
    assert found[1] == outside[6]  # six are above it
    assert np.isnan(found[2])  # one in a thousand of 600


def test_false_alarms_are_about_as_many_as_wanted():
    ours = planted(3, records=2000, models=12)
    chosen = thresholds("lira", ours)
    table = per_target(score_each("lira", ours), ours.member, chosen)
    total = table["false_alarms_1pct"].sum()
    low, high = stats.binom.interval(0.9999, 12 * 1000, 0.01)
    assert low <= total <= 1.3 * high  # ten references score a little otherwise than eight
    assert table["fpr_1pct"].to_numpy() * 1000 == pytest.approx(table["false_alarms_1pct"])
    assert (table["tpr_1pct"] > 0.1).all()
    assert (table["accuracy"] <= table["balanced_accuracy"] + 1e-12).all()
    assert (table["accuracy"] > table["balanced_accuracy"] - 0.02).all()


def test_figures_of_a_target_by_hand():
    member = np.array([[True, True, False, False], [False, False, True, True]])
    scores = np.array([[4.0, 2, 3, 1], [2, 2, 2, 2]])
    chosen = np.array([[2.5, 3.5, np.nan], [1.5, 1.5, np.nan]])
    table = per_target(scores, member, chosen)
    # 4 > 3 and 1, 2 > 1 alone: three of four pairs; above 3.5, one member and nobody else
    assert table[["auc", "balanced_accuracy", "accuracy"]].values.tolist() == [[0.75, 0.75, 0.5], [0.5, 0.5, 0.5]]
    assert table[["fpr_1pct", "tpr_1pct", "false_alarms_1pct"]].values.tolist() == [[0, 0.5, 0], [1, 1, 2]]
    assert table[["tpr_at_1pct_fpr", "tpr_at_01pct_fpr", "tpr_01pct"]].isna().all(axis=None)  # two non-members
    many = per_target(np.tile(scores, 1000), np.tile(member, 1000), chosen)
    assert many[["tpr_at_1pct_fpr", "tpr_at_01pct_fpr"]].values.tolist() == [[0.5, 0.5], [0, 0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, m, t: (s[:, :5], m, t), r"scores have shape \(8, 5\) and member \(8, 200\)"),
        (lambda s, m, t: (s, m, t[:, :2]), r"thresholds have shape \(8, 2\), expected \(8, 3\)"),
        (lambda s, m, t: (np.where(np.arange(200) == 7, np.nan, s), m, t), "score of record 7 is NaN for target 0"),
    ],
)
def test_what_cannot_be_measured_is_told(change, message):
    ours = planted(4)
    with pytest.raises(MIAError, match=message):
        per_target(*change(score_each("threshold", ours), ours.member, np.zeros((8, 3))))


def test_a_record_that_only_in_models_know_is_found_with_certainty():
    rng = np.random.default_rng(5)
    member = halves(rng, 12, 500)
    phi = rng.normal(size=member.shape)
    phi[:, 0] = np.where(member[:, 0], 30, -30) + rng.normal(size=12)
    ours = References(phi, member, np.zeros(500, int))
    for name in ("lira", "lira_record", "lira_bayesian"):
        called = decide(score_each(name, ours), thresholds(name, ours))[..., 1]
        first = per_record(called, member).iloc[0]
        assert first[["n_in", "caught", "n_out", "falsely"]].tolist() == [6, 1, 6, 0]
        assert first["caught_low"] == pytest.approx(0.025 ** (1 / 6))  # six of six
        assert first["falsely_high"] == pytest.approx(1 - 0.025 ** (1 / 6))
        others = per_record(called, member).iloc[1:]
        assert others["caught"].mean() < 0.1


def test_risks_by_hand():
    member = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]) == 1
    called = np.array([[1, 0], [1, 0], [0, 1], [0, 0]]) == 1
    table = per_record(called, member)
    assert table[["n_in", "caught", "n_out", "falsely"]].values.tolist() == [[2, 0.5, 2, 0.5], [2, 0.5, 2, 0]]
    half = stats.binomtest(1, 2).proportion_ci()
    assert table.loc[0, ["caught_low", "caught_high"]].tolist() == pytest.approx([half.low, half.high])
    with pytest.raises(MIAError, match="called and member are float64"):
        per_record(called.astype(float), member)
