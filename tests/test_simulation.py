"""Verdict rules and intervals where the truth is known: both ways, and with too few seeds."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mia_helpers.attacks import intervals, metrics
from mia_helpers.report import simulation

REPEATS = 300


@pytest.fixture(scope="module")
def trials():
    return simulation.verdict_trials(REPEATS)


def test_a_rule_that_is_wrong_in_one_direction_would_be_seen(trials):
    """Each wrong verdict falls in at most 2.5% of runs, up to what chance does with so many runs (3 deviations)."""
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / REPEATS)
    for row in trials.to_dict("records"):
        for name in {"reproduced", "not reproduced"} - {row["right"]}:
            told_apart = row["right"] or row["seeds"] != "1" or "differ by" not in row["in truth"]
            assert row[name] <= (most if told_apart else 0.5), row


def test_what_is_far_from_the_edge_is_decided(trials):
    clear = trials[trials["in truth"].isin(["as published", "by .068, as published", "all at .50", "by .03"])]
    assert len(clear) == 7
    assert (clear["reproduced"] > 0.9).all()
    assert (
        trials[trials["in truth"].isin([".060 off", "it falls by .03", "one at .60"])]["not reproduced"] > 0.9
    ).all()


def test_one_seed_says_more_than_it_knows_where_seeds_differ(trials):
    """Why there are three: an interval over the records of one seed does not cover what another would change."""
    edge = trials[trials["in truth"].str.contains("differ by")].set_index("seeds")
    assert edge.loc["1", "reproduced"] > 0.1
    assert edge.loc["3", "reproduced"] < 0.06


def test_intervals_hold_the_true_value():
    table = simulation.coverage_trials(150, sizes=(250,), n_resamples=100)
    assert len(table) == 39  # three attacks, all criteria but the rate for which there are too few non-members
    assert table["covers"].min() >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 150), table.nsmallest(3, "covers")


def test_the_effective_number_by_hand():
    assert intervals.effective(np.ones(7)) == 7
    assert intervals.effective(np.array([1.0, 0, 0, 0])) == 1
    assert intervals.effective(np.array([2.0, 1, 1])) == pytest.approx(16 / 6)
    assert intervals.effective(np.zeros(3)) == 1


def test_intervals_over_seeds_hold_the_true_value():
    table = simulation.seed_coverage_trials(600)
    assert table["covers"].min() >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / 600), table


def test_the_page_of_rules_has_a_row_for_each_trial():
    page = (Path(simulation.__file__).parents[2] / "benchmarks" / "rules.md").read_text(encoding="utf-8")
    for row in [*simulation.TRIALS, *simulation.KINDS]:
        assert f"| {row[0]} | {row[1]} |" in page, row[:2]


def test_exact_intervals_by_hand():
    assert intervals.clopper_pearson(0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert intervals.clopper_pearson(10, 10) == pytest.approx((0.025**0.1, 1))
    assert np.isnan(intervals.clopper_pearson(0, 0)).all()
    assert intervals.weighted_sum((1, 1), (0.5, 0.25), ((0.2, 0.9), (0.21, 0.28))) == pytest.approx(
        (0.75 - np.hypot(0.3, 0.04), 0.75 + np.hypot(0.4, 0.03))
    )


def test_no_interval_ends_beyond_what_can_be_or_has_no_width():
    rng = np.random.default_rng(0)
    member = np.arange(400) < 200
    for shift in (0, 1, 50):
        score = rng.normal(size=400) + shift * member
        table = metrics.with_intervals(member, score, score > shift / 2, member * 0.5 + 0.25, seed=0, n_resamples=50)
        table = table.set_index("metric").drop(["tpr_at_01pct_fpr", "log_loss", "mae", "mse"])
        assert (table["low"] < table["high"]).all()
        counts = table.loc[["tp", "fn", "fp", "tn"]]
        assert counts["low"].min() >= 0
        assert counts["high"].max() <= 200
        assert table.drop(counts.index)["high"].max() <= 1 + 1e-12
        assert (table["low"] <= table["value"]).all()
        assert (table["value"] <= table["high"]).all()


def test_a_tied_score_has_no_rate_at_a_low_false_positive_rate():
    """The gap attack raises its first alarm on half of the non-members, so its rate at 1% is 0, and known to be."""
    member = np.arange(4000) < 2000
    score = np.where(member, 1.0, np.arange(4000) % 2)
    low, high = intervals.of_rate(member, score, 0.01)
    assert (low, high) == (0, pytest.approx(1 - 0.0125 ** (1 / 2000)))


def test_the_rate_at_a_false_positive_rate_by_hand():
    """Of 400 non-members at 1%, 4 are above the true threshold on average, and 0 to 9 in 97.5% of draws."""
    assert stats.binom.interval(0.975, 400, 0.01) == (0, 9)
    outside = np.arange(400.0)
    score, member = np.concatenate([outside, outside + 0.5]), np.arange(800) >= 400
    low, high = intervals.of_rate(member, score, 0.01)
    assert low == 0  # no false alarm at all is likely enough
    above = (score[member] > 390).sum()  # the tenth highest non-member has nine above it
    assert high == intervals.clopper_pearson(above, 400, 0.975)[1]
    assert stats.binom.interval(0.975, 400, 0.1) == (27, 54)
    low, high = intervals.of_rate(member, score, 0.1)
    assert low == intervals.clopper_pearson((score[member] > 373).sum(), 400, 0.975)[0]  # the 27th highest
    assert high == intervals.clopper_pearson((score[member] > 345).sum(), 400, 0.975)[1]  # the 55th


def test_what_does_not_vary_has_no_interval():
    member = np.arange(400) < 200
    constant = np.full(400, 0.5)
    table = metrics.with_intervals(member, constant, constant > 0.4, constant, seed=0, n_resamples=20).set_index(
        "metric"
    )
    assert table.loc[["log_loss", "mae", "mse", "auc"], ["low", "high"]].isna().all(axis=None)
    assert table.loc["accuracy", "low"] < 0.5 < table.loc["accuracy", "high"]
