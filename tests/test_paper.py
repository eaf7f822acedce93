"""The paper's figures, typed a second time, and how verdicts are reached."""

import math

import pytest

from mia_helpers import paper

PUBLISHED = {
    "C1": [
        *(0.7849293563579278, 1, 0.863, 0.7275902211874272, 1, 0.8128),
        *(0.7211365111415591, 1, 0.80665, 0.7089516967577276, 1, 0.7947333333333333),
    ],
    "C2": [0.7947333333333333 - 0.863],
    "C3": [0.7991, 0.7915, 0.8113, 0.8137],
    "C4": [0.499115, 0.5],
    "C8": [160554, 536, 16],
}


def test_every_claim_is_listed_and_nothing_is_judged_without_a_run():
    table = paper.claims([])
    assert list(table.columns) == ["claim", "what", "published", "ours", "low", "high", "tolerance", "verdict"]
    assert sorted(set(table["claim"])) == [f"C{i}" for i in range(1, 10)]
    assert set(table["verdict"]) == {"not run"}
    assert table["ours"].isna().all()
    for claim, figures in PUBLISHED.items():
        assert table[table["claim"] == claim]["published"].tolist() == pytest.approx(figures)


@pytest.mark.parametrize(
    ("ours", "low", "high", "expected"),
    [
        (0.86, 0.85, 0.87, "reproduced"),
        (0.83, 0.82, 0.84, "reproduced"),
        (0.82, 0.80, 0.84, "partly"),
        (0.92, 0.89, 0.95, "partly"),
        (0.80, 0.79, 0.82, "not reproduced"),
        (0.99, 0.98, 1.00, "not reproduced"),
        (math.nan, math.nan, math.nan, "not run"),
    ],
)
def test_verdict_follows_from_tolerance_and_interval(ours, low, high, expected):
    assert paper.verdict(paper.Value(ours, low, high), 0.86, 0.03 + 1e-12) == expected


def test_tolerances_are_smaller_than_the_distance_to_chance():
    assert paper.TOLERANCE["C1"] < (paper.CIFAR10_ATTACK["accuracy"].min() - 0.5) / 3
    assert paper.TOLERANCE["C8"] == 0
