"""Verdict rules and intervals, tried on simulated data whose truth is known: in both directions, and with few seeds.

What judges must itself be judged. `verdict_trials` says how often each verdict falls when a claim is true, false, or on
its edge; `coverage_trials` how often an interval holds the true value.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from mia_helpers.attacks import metrics
from mia_helpers.report import intervals
from mia_helpers.report.intervals import Value
from mia_helpers.report.verdicts import VERDICTS, change_verdict, verdict

TOLERANCE, DEVIATION = 0.03, 0.005  # of an accuracy: the one of C1; about what seeds differ by
OF_RECORDS = 0.0049  # the standard error of an accuracy of .86 over 5,000 records


def _seeds(rng, truth: float, n: int, deviation: float = DEVIATION) -> list[Value]:
    """Return what n seeds measure: each with the interval over its own records, which knows nothing of other seeds."""
    half, found = 1.96 * OF_RECORDS, rng.normal(truth, deviation, n)
    return [Value(x, x - half, x + half) for x in found]


def _figure(off: float, n: int, deviation: float = DEVIATION) -> Callable:
    """A published figure, as C1 judges it."""
    return lambda rng: verdict(intervals.over_seeds(_seeds(rng, 0.86 + off, n, deviation)), 0.86, TOLERANCE)


def _trend(change: float, n: int, m: int, deviation: float = DEVIATION) -> Callable:
    """The largest size against the smallest, as C2 judges it."""

    def judge(rng):
        small, large = _seeds(rng, 0.86, n, deviation), _seeds(rng, 0.86 + change, m, deviation)
        return change_verdict(intervals.between(small, large), -1)

    return judge


def _change(change: float, n: int) -> Callable:
    """A change within each seed, as C5 to C7 judge it."""
    return lambda rng: change_verdict(intervals.over_seeds(_seeds(rng, change, n)), 1)


def _stopped(accuracies: tuple[float, ...], n: int) -> Callable:
    """The best of several attackers, as C5 judges whether the penalty stops them all."""
    return lambda rng: verdict(
        intervals.largest([intervals.over_seeds(_seeds(rng, a, n)) for a in accuracies]), 0.5, 0.03
    )


TRIALS = [  # what is judged, what is so in truth, seeds, the verdict that would be right ("": on the edge), the judge
    ("a figure, tolerance .03", "as published", "5", "reproduced", _figure(0, 5)),
    ("a figure, tolerance .03", "as published", "3", "reproduced", _figure(0, 3)),
    ("a figure, tolerance .03", "as published", "1", "reproduced", _figure(0, 1)),
    ("a figure, tolerance .03", ".015 off", "3", "reproduced", _figure(0.015, 3)),
    ("a figure, tolerance .03", ".030 off: on the edge", "5", "", _figure(0.03, 5)),
    ("a figure, tolerance .03", ".030 off: on the edge", "3", "", _figure(0.03, 3)),
    ("a figure, tolerance .03", ".030 off: on the edge", "1", "", _figure(0.03, 1)),
    ("a figure, tolerance .03", ".030 off: on the edge; seeds differ by .010", "1", "", _figure(0.03, 1, 0.01)),
    ("a figure, tolerance .03", ".030 off: on the edge; seeds differ by .010", "3", "", _figure(0.03, 3, 0.01)),
    ("a figure, tolerance .03", ".045 off", "3", "not reproduced", _figure(0.045, 3)),
    ("a figure, tolerance .03", ".060 off", "3", "not reproduced", _figure(0.06, 3)),
    ("a figure, tolerance .03", ".060 off", "5", "not reproduced", _figure(0.06, 5)),
    ("falls from size to size", "by .068, as published", "5 and 3", "reproduced", _trend(-0.068, 5, 3)),
    ("falls from size to size", "by .012, as the last step", "3 and 3", "reproduced", _trend(-0.012, 3, 3)),
    ("falls from size to size", "not at all", "5 and 3", "", _trend(0, 5, 3)),
    ("falls from size to size", "not at all", "3 and 3", "", _trend(0, 3, 3)),
    ("falls from size to size", "it rises by .03", "3 and 3", "not reproduced", _trend(0.03, 3, 3)),
    ("falls from size to size", "by .068", "1 and 1", "reproduced", _trend(-0.068, 1, 1)),
    ("falls from size to size", "not at all", "1 and 1", "", _trend(0, 1, 1)),
    ("rises within each seed", "by .03", "5", "reproduced", _change(0.03, 5)),
    ("rises within each seed", "by .03", "3", "reproduced", _change(0.03, 3)),
    ("rises within each seed", "not at all", "5", "", _change(0, 5)),
    ("rises within each seed", "not at all", "3", "", _change(0, 3)),
    ("rises within each seed", "it falls by .03", "3", "not reproduced", _change(-0.03, 3)),
    ("four attackers are all stopped", "all at .50", "3", "reproduced", _stopped((0.5, 0.5, 0.5, 0.5), 3)),
    ("four attackers are all stopped", "one at .53: on the edge", "3", "", _stopped((0.5, 0.5, 0.5, 0.53), 3)),
    ("four attackers are all stopped", "one at .56", "3", "not reproduced", _stopped((0.5, 0.5, 0.5, 0.56), 3)),
    ("four attackers are all stopped", "one at .60", "3", "not reproduced", _stopped((0.5, 0.5, 0.5, 0.60), 3)),
]


def verdict_trials(repeats: int, seed: int = 0) -> pd.DataFrame:
    """Return how often each verdict falls, over so many simulated runs: a row for each of `TRIALS`."""
    rows = []
    for number, (what, truth, seeds, right, judge) in enumerate(TRIALS):
        rng = np.random.default_rng([seed, number])
        said = [judge(rng) for _ in range(repeats)]
        rates = {name: said.count(name) / repeats for name in VERDICTS[:3]}
        rows.append({"claim": what, "in truth": truth, "seeds": seeds, **rates, "right": right})
    return pd.DataFrame(rows)


# --- Intervals over seeds -----------------------------------------------------------------------------------------


def _skewed(rng, n: int) -> Value:
    """Rates whose log-odds differ from seed to seed: most are near 0, and now and then one is not."""
    found = rng.binomial(2500, 1 / (1 + np.exp(-rng.normal(*LOG_ODDS, n))))
    return intervals.share_over_seeds([intervals.share(int(k), 2500) for k in found])


def _gap(rng, train: float, test: float) -> Value:
    return intervals.minus(*(intervals.share(int(rng.binomial(2500, p)), 2500) for p in (train, test)))


def _changed(rng, gained: float, lost: float) -> Value:
    up, down, _ = rng.multinomial(5000, [gained, lost, 1 - gained - lost])
    return intervals.change(int(up), int(down), 5000)


def _larger(rng, deviation: float, n: int) -> Value:
    return intervals.between(_seeds(rng, 0.86, n), _seeds(rng, 0.79, 3, deviation))


def _best(rng) -> Value:
    return intervals.largest([intervals.over_seeds(_seeds(rng, 0.5, 3)) for _ in range(4)])


LOG_ODDS = (-7, 1)  # mean and deviation over seeds
SKEWED = stats.norm.expect(lambda z: 1 / (1 + np.exp(-z)), *((), *LOG_ODDS))
KINDS = [  # what, seeds, the true value, the interval
    ("mean over seeds", "5", 0.86, lambda rng: intervals.over_seeds(_seeds(rng, 0.86, 5))),
    ("mean over seeds", "3", 0.86, lambda rng: intervals.over_seeds(_seeds(rng, 0.86, 3))),
    ("mean over seeds of a skewed rate", "5", SKEWED, lambda rng: _skewed(rng, 5)),
    ("mean over seeds of a skewed rate", "3", SKEWED, lambda rng: _skewed(rng, 3)),
    ("mean over seeds of accuracies", "3", 0.86, lambda rng: intervals.share_over_seeds(_seeds(rng, 0.86, 3))),
    ("difference of two sizes", "5 and 3", -0.07, lambda rng: _larger(rng, DEVIATION, 5)),
    ("difference of two sizes, one varies three times as much", "3 and 3", -0.07, lambda rng: _larger(rng, 0.015, 3)),
    ("largest of four equal attackers", "3", 0.5, _best),
    ("gap, 2,500 records each", "1", 0.524, lambda rng: _gap(rng, 1.0, 0.476)),
    ("gap, 2,500 records each", "1", -0.0005, lambda rng: _gap(rng, 0.999, 0.9995)),
    ("change on the same 5,000 records", "1", 0.03, lambda rng: _changed(rng, 0.05, 0.02)),
    ("change on the same 5,000 records", "1", 0.1, lambda rng: _changed(rng, 0.4, 0.3)),
    ("change on the same 5,000 records", "1", 0.0, lambda rng: _changed(rng, 0.0002, 0.0002)),
]


def seed_coverage_trials(repeats: int, seed: int = 0) -> pd.DataFrame:
    """Return how often the intervals of the table of claims hold the true value: a row for each of `KINDS`."""
    rows = []
    for number, (what, seeds, truth, interval) in enumerate(KINDS):
        rng = np.random.default_rng([seed, 100 + number])
        held = [value.low <= truth <= value.high for value in (interval(rng) for _ in range(repeats))]
        rows.append({"interval of a": what, "seeds": seeds, "in truth": f"{truth:.4g}", "covers": np.mean(held)})
    return pd.DataFrame(rows)


# --- Intervals over records ---------------------------------------------------------------------------------------

ATTACKS = {  # members' and non-members' scores are normal with these means; called a member above the threshold
    "good attack": (2.5, 1.25),
    "finds every member": (4.5, 0.75),
    "weak attack": (0.2, 0.1),
}


def _drawn(rng, shift: float, cut: float, n: int):
    member = np.arange(2 * n) < n
    score = rng.normal(size=2 * n) + shift * member
    return member, score, score > cut, stats.logistic.cdf(shift * (score - shift / 2))


def _truth(shift: float, cut: float, n: int) -> dict[str, float]:
    """Return the criteria in the population: closed forms, and integrals over the normal for the losses."""
    found, alarm = stats.norm.sf(cut - shift), stats.norm.sf(cut)
    truth = {"precision": found / (found + alarm), "recall": found, "accuracy": (found + 1 - alarm) / 2}
    truth |= {"auc": stats.norm.cdf(shift / np.sqrt(2)), "advantage": found - alarm}
    truth |= {"tn": n * (1 - alarm), "fp": n * alarm, "fn": n * (1 - found), "tp": n * found}
    truth |= {name: stats.norm.sf(stats.norm.isf(limit) - shift) for name, limit in metrics.LIMITS.items()}
    grid = np.linspace(-9, 9, 20_001)
    weight = stats.norm.pdf(grid) / stats.norm.pdf(grid).sum()
    losses = [
        metrics.loss_of_each(np.full(len(grid), kind), stats.logistic.cdf(shift * (grid + shift * kind - shift / 2)))
        for kind in (True, False)
    ]
    return truth | {name: float(weight @ (losses[0][name] + losses[1][name])) / 2 for name in losses[0]}


def coverage_trials(repeats: int, sizes: tuple[int, ...], seed: int = 0, n_resamples: int = 200) -> pd.DataFrame:
    """Return how often the 95% interval of each criterion holds the true value, and how wide it is in the middle.

    A row per attack, number of members (as many non-members) and criterion.
    """
    rows = []
    for number, (name, (shift, cut)) in enumerate(ATTACKS.items()):
        for n in sizes:
            truth, rng = _truth(shift, cut, n), np.random.default_rng([seed, number, n])
            tables = [
                metrics.with_intervals(*_drawn(rng, shift, cut, n), seed=i, n_resamples=n_resamples).set_index("metric")
                for i in range(repeats)
            ]
            for metric in metrics.CRITERIA:
                ends = np.array([table.loc[metric, ["low", "high"]].to_numpy(float) for table in tables])
                if not np.isnan(ends).all():
                    held = np.mean((ends[:, 0] <= truth[metric] + 1e-12) & (truth[metric] - 1e-12 <= ends[:, 1]))
                    width = float(np.median(ends[:, 1] - ends[:, 0]))
                    rows.append({"attack": name, "members": n, "criterion": metric, "covers": held, "width": width})
    return pd.DataFrame(rows)
