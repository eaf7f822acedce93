"""Claims: the paper's figures, typed a second time, and what each claim is judged by."""

import math
import shlex

import numpy as np
import pytest

from mia_helpers import Experiment, report
from mia_helpers.batch import steps
from mia_helpers.data import registry
from mia_helpers.engine import store
from mia_helpers.report import intervals, paper, verdicts
from mia_helpers.report.intervals import NOT_RUN, Value
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import STUDIES

COLUMNS = ["claim", "what", "published", "ours", "low", "high", "interval", "tolerance", "verdict", "command"]
PUBLISHED = {
    "C1": [
        *(0.7849293563579278, 1, 0.863, 0.7275902211874272, 1, 0.8128),
        *(0.7211365111415591, 1, 0.80665, 0.7089516967577276, 1, 0.7947333333333333),
    ],
    "C3": [0.7991, 0.7915, 0.8113, 0.8137],
    "C4": [0.499115, 0.5, 0.499115, 0.5],
    "C8": [160554, 536, 16],
}


@pytest.fixture
def fake_data(monkeypatch):
    """CIFAR-10 and Adult by name only: what is planted in the store needs no pixels."""
    monkeypatch.setattr(registry, "source_of", lambda name: {"sha256": name, "source": name})


def plant(exp, *, test_accuracy):
    """Put models into the store that are right on all members and a share of the others, and always equally sure.

    So every attack can do what the gap attack does, and no more: its accuracy is 1/2 + gap/2.
    """
    rng = np.random.default_rng(0)
    n, k = exp.train_size, len(exp.class_names)
    for i in range(-1, exp.n_shadows):
        label, member = rng.integers(0, k, 2 * n), np.arange(2 * n) < n
        right = member | (rng.permutation(2 * n) % n < test_accuracy * n)
        probs = np.full((2 * n, k), 0.001 / (k - 1), np.float32)
        probs[np.arange(2 * n), np.where(right, label, (label + 1) % k)] = 0.999
        arrays = dict(probs=probs, label=label, member=member, index=np.arange(2 * n), model_id=np.full(2 * n, i))
        arrays["n_parameters"] = np.int64(1)
        store.save(exp.model(i).name, arrays, seconds=1, depends_on=exp.model(i).depends_on())


def test_every_claim_is_listed_and_nothing_is_judged_without_a_run(fake_data):
    for profile in (Profile("none", "", 0, ()), profiles.load("paper")):
        table = report.claims_table(profile)
        assert list(table.columns) == COLUMNS
        assert [f"C{i}" for i in range(1, 10)] == sorted(set(table["claim"]) - {"open"})
        assert set(table["verdict"]) == {"not run"}
        assert table["ours"].isna().all()
        for claim, figures in PUBLISHED.items():
            assert table[table["claim"] == claim]["published"].dropna().tolist() == pytest.approx(figures)
    assert table["command"].str.fullmatch(r"python -m mia_helpers reproduce --profile paper --only '.+'").all()


def test_each_command_names_something_that_the_profile_has(fake_data):
    for command in set(report.claims_table(profiles.load("quick"))["command"]):
        *_, only, report_page = shlex.split(command)
        assert report_page == "07_*"
        assert steps.plan(profiles.load("paper"), [only, report_page])


def test_experiments_are_averaged_over_seeds_and_judged(fake_data):
    seeds = [Experiment(n_shadows=10, seed=i, l2_sweep=(), n_resamples=2) for i in range(3)]
    for exp, accuracy in zip(seeds, (0.25, 0.28, 0.31), strict=True):
        plant(exp, test_accuracy=accuracy)
        for name in ("svm", "threshold"):
            exp.attack(name)
    table = report.claims_table(Profile("p", "", 0, tuple(seeds))).set_index("what")
    accuracy = table.loc["CIFAR-10, ds 2500: attack accuracy"]
    assert accuracy["ours"] == pytest.approx(0.86, abs=0.01)
    assert (accuracy["interval"], accuracy["verdict"]) == ("3 seeds", "reproduced")
    precision = table.loc["CIFAR-10, ds 2500: attack precision"]
    assert precision["ours"] == pytest.approx(1 / 1.28, abs=0.01)
    assert table.loc["CIFAR-10, ds 5000: attack recall", "verdict"] == "not run"
    assert table.loc["CIFAR-10: change of the svm attack's accuracy for each doubling of ds", "verdict"] == "not run"


def test_studies_on_planted_models(fake_data):
    """Where an attack sees nothing but the gap, fewer classes leak less, but no less than the gap says."""
    base = Experiment(train_size=1500, n_shadows=2, n_resamples=2)
    accuracy = {2: 0.9, 5: 0.7, 10: 0.5}
    for k in (2, 5, 10):
        for epochs in (1, 2, 5, 10, 20, 50, 100):
            plant(base.replace(n_classes=k, epochs=epochs), test_accuracy=1 - (1 - accuracy[k]) * epochs / 100)
    for ds in (500, 1000):
        plant(base.replace(train_size=ds), test_accuracy=0.4)
    many = base.replace(n_shadows=10)
    plant(many, test_accuracy=0.5)
    studies = [("shadows", many), ("classes", base), ("overfitting", base)]
    for name, exp in studies:
        for point in STUDIES[name](exp):
            point.attacker.result()
    table = report.claims_table(Profile("p", "", 0, (), tuple(studies))).set_index("what")

    more = table.loc["ds 2500: threshold attack, 10 shadows against 1"]
    assert (more["ours"], more["verdict"]) == (0, "not reproduced")
    gaps = [table.loc[f"the same images, {k} classes: train/test gap", "ours"] for k in (2, 5, 10)]
    assert gaps == pytest.approx([0.1, 0.3, 0.5], abs=0.03)
    change = table.loc["threshold attack, 2 classes against 10"]
    assert (change["ours"], change["verdict"]) == (pytest.approx(-0.2, abs=0.02), "reproduced")
    same = table.loc["threshold attack, 2 classes against 10 at the same train/test gap"]
    assert same["ours"] == pytest.approx(0, abs=1e-9)
    assert same["low"] < -0.005 < 0.005 < same["high"]
    correlation = next(row for what, row in table.iterrows() if what.startswith("rank correlation"))
    assert (correlation["ours"], correlation["verdict"]) == (pytest.approx(1), "reproduced")
    for attack in ("gap", "threshold"):
        beyond = f"ds 2500 after 100 epochs: advantage of the {attack} attack beyond the train/test gap"
        assert table.loc[beyond, "ours"] == pytest.approx(0, abs=1e-12)
    (carried,) = report.thresholds_table([many]).to_dict("records")
    assert carried["accuracy"] == carried["in_hindsight"] == pytest.approx(0.75, abs=0.02)
    assert carried["least_doubt"] == carried["most_doubt"] == pytest.approx(0.5, abs=0.01)  # halfway from .999 to .0001
    early = table.loc["ds 2500 after 1 epoch: accuracy of the threshold attack; claimed: nothing leaks without a gap"]
    assert early["verdict"] == "reproduced"


def test_tolerances_are_smaller_than_the_distance_to_chance():
    assert paper.TOLERANCE["C1"] < (paper.CIFAR10_ATTACK["accuracy"].min() - 0.5) / 3
    assert paper.TOLERANCE["C8"] == 0


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
    assert verdicts.verdict(Value(ours, low, high), 0.86, 0.03 + 1e-12) == expected


@pytest.mark.parametrize(
    ("value", "sign", "expected"),
    [
        (Value(0.2, 0.1, 0.3), 1, "reproduced"),
        (Value(0.2, -0.1, 0.5), 1, "partly"),
        (Value(0.2, 0.1, 0.3), -1, "not reproduced"),
        (Value(-0.2, -0.3, -0.1), -1, "reproduced"),
        (Value(0.0, 0.0, 0.0), -1, "not reproduced"),
        (NOT_RUN, 1, "not run"),
    ],
)
def test_verdict_on_a_trend_follows_from_its_sign_and_interval(value, sign, expected):
    assert verdicts.change_verdict(value, sign) == expected


def test_intervals_by_hand():
    assert intervals.over_seeds([NOT_RUN]) == NOT_RUN
    assert intervals.over_seeds([Value(0.5, 0.4, 0.7)]) == Value(0.5, 0.4, 0.7, "records of 1 seed")
    two = intervals.over_seeds([Value(0.5, 0.4, 0.6), Value(0.7, 0.6, 0.8)])
    assert (two.ours, two.interval) == (pytest.approx(0.6), "records of 2 seeds")
    assert two.high - two.ours == pytest.approx(0.1 / math.sqrt(2))
    three = intervals.over_seeds([Value(x, x, x) for x in (1.0, 2.0, 3.0)])
    assert (three.low, three.high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))
    assert intervals.slope([(0, 1), (1, 3), (2, 5), (3, 7)]).ours == pytest.approx(2)
    assert intervals.slope([(1, 1), (1, 2), (1, 3)]) == NOT_RUN
    assert intervals.rank_correlation([(x, -(x**3)) for x in range(6)]).ours == pytest.approx(-1)
    difference = intervals.difference(np.array([1.0, 1, 0, 0]), np.array([0.0, 0, 0, 0]))
    assert (difference.ours, difference.high) == pytest.approx((0.5, 0.5 + 1.959964 * math.sqrt(1 / 3) / 2))
