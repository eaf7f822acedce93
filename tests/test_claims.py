"""Claims: the paper's figures, typed a second time, and what each claim is judged by."""

import math
import shlex

import numpy as np
import pytest
from scipy import special, stats

from mia_helpers import Experiment, report
from mia_helpers.attacks import metrics
from mia_helpers.batch import steps
from mia_helpers.data import registry
from mia_helpers.engine import store
from mia_helpers.report import intervals, ledger, paper, verdicts
from mia_helpers.report.intervals import NOT_RUN, Value
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import STUDIES

COLUMNS = ["claim", "what", "published", "ours", "low", "high", "interval", "tolerance", "verdict"]
COLUMNS += ["p_holm", "command"]
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
        assert [f"C{i}" for i in range(1, 10)] == sorted(set(table["claim"]) - {"open", "beyond"})
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
    for exp, accuracy in zip(seeds, (0.27, 0.28, 0.29), strict=True):
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
    assert table.loc["CIFAR-10: svm attack's accuracy at ds 15000 minus at ds 2500", "verdict"] == "not run"


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
    assert (more["ours"], more["verdict"]) == (0, "undecided")
    assert more["low"] < 0 < more["high"]
    gaps = [table.loc[f"the same images, {k} classes: train/test gap", "ours"] for k in (2, 5, 10)]
    assert gaps == pytest.approx([0.1, 0.3, 0.5], abs=0.03)
    change = table.loc["threshold attack, 2 classes against 10"]
    assert (change["ours"], change["verdict"]) == (pytest.approx(-0.2, abs=0.02), "reproduced")
    same = table.loc["threshold attack, 2 classes against 10 at the same train/test gap"]
    assert same["ours"] == pytest.approx(0, abs=1e-9)
    assert same["low"] < -0.005 < 0.005 < same["high"]
    correlation = next(row for what, row in table.iterrows() if what.startswith("rank correlation"))
    assert correlation["verdict"] == "not run"  # the larger sizes are missing: over other targets it is another number
    for attack in ("gap", "threshold"):
        beyond = f"ds 2500 after 100 epochs: advantage of the {attack} attack beyond the train/test gap"
        assert table.loc[beyond, "ours"] == pytest.approx(0, abs=1e-12)
        assert table.loc[beyond, "low"] < 0 < table.loc[beyond, "high"]
    (carried,) = report.thresholds_table([many]).to_dict("records")
    assert carried["accuracy"] == carried["in_hindsight"] == pytest.approx(0.75, abs=0.02)
    assert carried["least_doubt"] == carried["most_doubt"] == pytest.approx(0.75, abs=0.01)  # halfway in log-odds
    early = table.loc["ds 2500 after 1 epoch: accuracy of the threshold attack; claimed: nothing leaks without a gap"]
    assert early["verdict"] == "reproduced"


# --- Claims from a ledger that was made up: each row must read the right entries ----------------------------------


def accuracy_of(attacker):
    """Made up so that no two rows agree: by size, penalty, who adapts, attack and seed."""
    model = attacker.victim
    size = {2500: 0.10, 5000: 0.07, 10000: 0.05, 15000: 0.02}[model.split.train_size]
    penalty = 0 if not model.recipe.l2 else 0.2 if attacker.adapts else 0.3
    attack = {"svm": 0, "boosted": 0.05, "threshold": 0.03, "gap": -0.1, "network": 0.0}[attacker.attack]
    return 0.8 + size - penalty + attack + 0.001 * model.seed


@pytest.fixture
def made_up(fake_data, monkeypatch):
    """A ledger of the paper's image experiments with known values, and nothing in the store."""
    chosen = [exp for exp in profiles.load("paper").experiments if exp.dataset == "cifar10"]
    entries = {}
    for exp in chosen:
        for attacker in exp.attackers():
            a = accuracy_of(attacker)
            told = {name: [a, a - 0.01, a + 0.01] for name in metrics.CRITERIA}
            told["auc"], told["tpr_at_01pct_fpr"] = [a + 0.02, a, a + 0.04], [a / 10, 0, a / 5]
            entries[attacker.name] = {"criteria": told}
            if attacker.attack == "boosted":
                of_cut = {"wanted": 0.01, "fpr": 0.5, "tpr": 0.5, "precision": 0.5}
                strict = {"wanted": 0.001, "fpr": 0.002, "tpr": 0.08, "precision": 0.97}
                rows = [
                    {**row, **{f"{k}{e}": row[k] for k in row for e in ("_low", "_high")}} for row in (of_cut, strict)
                ]
                entries[attacker.name]["realised"] = rows
        plain, other = exp.model(), exp.replace(l2=paper.L2).model()
        entries[f"{plain.name} {other.name}"] = {
            "_answers_changed": {"gap": [-0.3] * 3 + [9], "test": [0.02] * 3 + [9]}
        }
    monkeypatch.setattr(ledger, "committed", lambda: entries)
    return report.claims_table(Profile("p", "", 0, tuple(chosen))).set_index("what")


def test_each_row_of_sizes_and_penalty_reads_its_own_attacks(made_up):
    ours, verdict = made_up["ours"], made_up["verdict"]
    assert ours["CIFAR-10, ds 10000: attack accuracy"] == pytest.approx(0.85 + 0.001)
    assert made_up.loc["CIFAR-10, ds 2500: attack accuracy", "interval"] == "5 seeds"
    falls = [f"CIFAR-10: svm attack's accuracy at ds {b} minus at ds {a}" for a, b in ((2500, 15000), (2500, 5000))]
    assert ours[falls].tolist() == pytest.approx([0.821 - 0.902, 0.871 - 0.902])
    assert (verdict[falls] == "reproduced").all()
    assert made_up.loc[falls[0], "published"] == pytest.approx(0.7947333 - 0.863)
    start = "ds 5000 with L2: "
    assert ours[f"{start}accuracy of the paper's attacker; claimed: stopped"] == pytest.approx(0.8 + 0.07 - 0.3 + 0.001)
    best = f"{start}accuracy of the best of four attackers who adapt; claimed: stopped"
    assert ours[best] == pytest.approx(0.8 + 0.07 - 0.2 + 0.05 + 0.001)
    assert verdict[best] == "not reproduced"
    assert ours[f"{start}change of the train/test gap"] == pytest.approx(-0.3)
    assert ours[f"{start}change of the target's test accuracy"] == pytest.approx(0.02)


def test_what_is_beyond_the_claims_reads_the_strict_threshold(made_up):
    start = "CIFAR-10, ds 15000: boosted attack"
    assert made_up.loc[f"{start}, AUC", "ours"] == pytest.approx(0.8 + 0.02 + 0.05 + 0.001 + 0.02)
    found = made_up.loc[f"{start}, members found at a false-positive rate of 0.1%", "ours"]
    assert found == pytest.approx(0.0871)
    realised = f"{start}, at its threshold for 0.1% from held-out shadows: "
    told = [made_up.loc[realised + name, "ours"] for name in ("false-positive rate", "members found", "precision")]
    assert told == pytest.approx([0.002, 0.08, 0.97])


def test_tolerances_are_smaller_than_the_distance_to_chance():
    assert paper.TOLERANCE["C1"] < (paper.CIFAR10_ATTACK["accuracy"].min() - 0.5) / 3
    assert paper.TOLERANCE["C8"] == 0


@pytest.mark.parametrize(
    ("ours", "low", "high", "expected"),
    [
        (0.86, 0.85, 0.87, "reproduced"),
        (0.86, 0.83, 0.89, "reproduced"),
        (0.83, 0.82, 0.84, "undecided"),
        (0.86, 0.50, 1.00, "undecided"),  # a wide interval does not help
        (0.92, 0.89, 0.95, "undecided"),
        (0.80, 0.79, 0.82, "not reproduced"),
        (0.99, 0.98, 1.00, "not reproduced"),
        (0.86, math.nan, math.nan, "undecided"),
        (math.nan, math.nan, math.nan, "not run"),
    ],
)
def test_verdict_follows_from_tolerance_and_interval(ours, low, high, expected):
    assert verdicts.verdict(Value(ours, low, high), 0.86, 0.03 + 1e-12) == expected


@pytest.mark.parametrize(
    ("value", "sign", "expected"),
    [
        (Value(0.2, 0.1, 0.3), 1, "reproduced"),
        (Value(0.2, -0.1, 0.5), 1, "undecided"),
        (Value(-0.2, -0.5, 0.1), 1, "undecided"),
        (Value(0.2, 0.1, 0.3), -1, "not reproduced"),
        (Value(-0.2, -0.3, -0.1), -1, "reproduced"),
        (Value(0.0, 0.0, 0.0), -1, "undecided"),
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
    alike = intervals.over_seeds([Value(1.0, 0.9, 1.0)] * 3)
    assert (alike.low, alike.high, alike.interval) == (pytest.approx(1 - 0.1 / 3**0.5), 1, "records of 3 seeds")
    best = intervals.largest([Value(0.5, 0.4, 0.6), Value(0.52, 0.51, 0.53), NOT_RUN])
    assert (best.ours, best.high) == (0.52, 0.6)
    assert best.low == pytest.approx(0.52 - 0.01 * stats.norm.isf(0.0125) / stats.norm.isf(0.025))
    old, new = ([Value(x, x - 1, x + 1) for x in xs] for xs in ((1.0, 2.0, 3.0), (4.0, 4.5, 5.0)))
    change = intervals.between(old, new)  # Welch: standard error √(1/3 + 1/12), 2.94 degrees of freedom
    assert (change.ours, change.interval) == (pytest.approx(2.5), "3 and 3 seeds")
    assert change.df == pytest.approx((1 / 3 + 1 / 12) ** 2 / ((1 / 3) ** 2 / 2 + (1 / 12) ** 2 / 2))
    assert change.low == pytest.approx(2.5 - stats.t.ppf(0.975, change.df) * (5 / 12) ** 0.5)
    assert change.p == pytest.approx(2 * stats.t.sf(2.5 / (5 / 12) ** 0.5, change.df))
    few = intervals.between(old[:1], new[:1])
    assert (few.ours, few.low, few.high) == pytest.approx((3, 3 - 2**0.5, 3 + 2**0.5))
    assert intervals.rank_correlation([(x, -(x**3)) for x in range(6)]).ours == pytest.approx(-1)
    gap = intervals.minus(Value(0.9, 0.8, 0.95), Value(0.5, 0.46, 0.53))
    assert (gap.ours, gap.low, gap.high) == pytest.approx((0.4, 0.4 - np.hypot(0.1, 0.03), 0.4 + np.hypot(0.05, 0.04)))
    nothing = intervals.change(0, 0, 5000)  # exact: 1 - .025 ** (1 / 5000) on both sides
    assert (nothing.ours, nothing.low, nothing.high) == pytest.approx((0, -0.00073751, 0.00073751), rel=1e-4)
    assert intervals.change(30, 10, 100).ours == pytest.approx(0.2)
    assert intervals.change(30, 10, 100).low == pytest.approx(0.2 - 1.96 * math.sqrt((0.4 - 0.2**2) / 100), abs=0.02)
    rates = intervals.share_over_seeds([intervals.share(k, 2500) for k in (0, 1, 8)])  # nothing counts as half of one
    logits = special.logit(np.array([0.5, 1.5, 8.5]) / 2501)
    assert rates.ours == pytest.approx(3 / 2500)
    assert rates.low == pytest.approx(special.expit(logits.mean() - 4.302653 * stats.sem(logits)))
    assert rates.high == pytest.approx(special.expit(logits.mean() + 4.302653 * stats.sem(logits)))
    shares = intervals.over_seeds([Value(x, x, x) for x in (0.0, 0.0004, 0.0008)], within=(0, 1))
    assert (shares.low, shares.ours) == (0, pytest.approx(0.0004))


def test_holm_by_hand():
    nan = math.nan
    assert intervals.holm([0.01, nan, 0.04, 0.03, 0.9]) == pytest.approx([0.04, nan, 0.09, 0.09, 0.9], nan_ok=True)
    assert intervals.holm([nan]) == pytest.approx([nan], nan_ok=True)
    assert math.isnan(Value(1.0).p)


def test_holm_keeps_the_share_of_false_claims_at_one_in_twenty():
    rng = np.random.default_rng(0)
    runs = [intervals.holm([intervals.mean(rng.normal(size=3)).p for _ in range(20)]) for _ in range(400)]
    assert np.mean([min(run) < 0.05 for run in runs]) < 0.05 + 3 * 0.011
