"""Values with their 95% intervals."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from mia_helpers.attacks.intervals import clopper_pearson
from mia_helpers.attacks.intervals import holm as holm  # offered here too

ENOUGH_SEEDS = 3  # with two, a t-interval over seeds is thirteen standard errors wide and says nothing


@dataclass(frozen=True)
class Value:
    """A measured value with its 95% interval, and what that is over; NaN where it was not run.

    `df` are the degrees of freedom of the t-distribution behind the interval (infinite: a normal one), `n` the records
    behind a share.
    """

    ours: float = math.nan
    low: float = math.nan
    high: float = math.nan
    interval: str = ""
    df: float = math.inf
    n: float = math.inf

    @property
    def p(self) -> float:
        """The two-sided p-value of zero, from the end of the interval that is nearer to it (NaN: no interval)."""
        half = self.ours - self.low if self.ours > 0 else self.high - self.ours
        if not half > 0:
            return math.nan
        return float(2 * stats.t.sf(abs(self.ours) / half * stats.t.ppf(0.975, self.df), self.df))


NOT_RUN = Value()


def over_seeds(values: list[Value], *, within: tuple[float, float] = (-math.inf, math.inf)) -> Value:
    """Return the mean over seeds: with a t-interval over three and more, else with the interval over records.

    Seeds that all agree say nothing of how far another would be off; there, too, the interval is over the records. It
    ends where the value cannot be (`within`).
    """
    values = [value for value in values if not math.isnan(value.ours)]
    if not values:
        return NOT_RUN
    n, ours = len(values), np.array([value.ours for value in values])
    if n >= ENOUGH_SEEDS and np.ptp(ours) > 0:
        found = mean(ours)
        return replace(found, low=max(found.low, within[0]), high=min(found.high, within[1]), interval=f"{n} seeds")
    below, above = (
        math.sqrt(sum(distance**2 for distance in distances)) / n
        for distances in ([v.ours - v.low for v in values], [v.high - v.ours for v in values])
    )
    centre = float(ours.mean())
    return Value(centre, centre - below, centre + above, f"records of {n} seed{'s' if n > 1 else ''}")


def share_over_seeds(values: list[Value]) -> Value:
    """Return the mean of shares over seeds; with three and more, its t-interval counts on the scale of log-odds.

    So it ends where shares do, and covers rates near 0 of which most are small and a few are not. Half a record is
    added to both sides of each share, so that 0 and 1 have log-odds too.
    """
    known = [value for value in values if not math.isnan(value.ours)]
    ours = np.array([value.ours for value in known])
    n = np.array([value.n for value in known])
    inner = np.where(np.isinf(n), ours, (ours + 0.5 / n) / (1 + 1 / n))
    if len(known) < ENOUGH_SEEDS or not np.ptp(ours) or not ((inner > 0) & (inner < 1)).all():
        return over_seeds(known, within=(0, 1))
    found, centre = mean(logit(inner)), float(ours.mean())
    low, high = min(float(expit(found.low)), centre), max(float(expit(found.high)), centre)
    return Value(centre, low, high, f"{len(known)} seeds", found.df)


def between(first: list[Value], second: list[Value]) -> Value:
    """Return the mean of the second minus that of the first, over seeds that are not paired.

    With three seeds and more on both sides Welch's t-interval, else from the two intervals over records.
    """
    first, second = ([v for v in values if not math.isnan(v.ours)] for values in (first, second))
    if not (first and second):
        return NOT_RUN
    old, new = ([v.ours for v in values] for values in (first, second))
    if min(len(old), len(new)) >= ENOUGH_SEEDS and (np.ptp(old) or np.ptp(new)):
        test = stats.ttest_ind(new, old, equal_var=False)
        ends, ours = test.confidence_interval(0.95), float(np.mean(new) - np.mean(old))
        return Value(ours, float(ends.low), float(ends.high), f"{len(old)} and {len(new)} seeds", float(test.df))
    return replace(minus(over_seeds(second), over_seeds(first)), interval="records")


def largest(values: list[Value]) -> Value:
    """Return the largest of several values, with an interval of the largest true one.

    Its upper end is the largest upper end. Its lower end is the largest lower end of intervals that share out among
    them what may go wrong, since chance alone lifts the best of several. Where one of them has no interval, there is
    none.
    """
    values = [value for value in values if not math.isnan(value.ours)]
    if not values:
        return NOT_RUN
    shared = 0.025 / len(values)
    wider = [stats.t.isf(shared, v.df) / stats.t.ppf(0.975, v.df) for v in values]
    lows = [v.ours - factor * (v.ours - v.low) for v, factor in zip(values, wider, strict=True)]
    best = max(values, key=lambda value: value.ours)
    return replace(best, low=float(np.max(lows)), high=float(np.max([value.high for value in values])))


def rank_correlation(points: list[tuple[float, float]]) -> Value:
    """Return Spearman's correlation, without an interval: the points are no independent sample."""
    if len(points) < 4 or any(len(set(values)) == 1 for values in zip(*points, strict=True)):
        return NOT_RUN
    return Value(float(stats.spearmanr(*zip(*points, strict=True)).statistic))


def share(right: int, n: int) -> Value:
    """Return right / n with its exact binomial interval."""
    return Value(right / n, *clopper_pearson(right, n), n=n)


def change(gained: int, lost: int, n: int) -> Value:
    """Return (gained - lost) / n, the mean of changes by 1, -1 and 0, from the exact intervals of the two shares.

    The recovery of variance of `attacks.intervals.weighted_sum`, with the correlation of two shares of one sample
    (Zou and Donner 2008). So it has a width where nothing changed, too.
    """
    up, down = share(gained, n), share(lost, n)
    odds = up.ours * down.ours / ((1 - up.ours) * (1 - down.ours)) if max(up.ours, down.ours) < 1 else 0
    return _apart(up, down, correlation=-math.sqrt(odds))


def minus(first: Value, second: Value) -> Value:
    """Return the difference of two independent values, from their own intervals."""
    return _apart(first, second, correlation=0)


def _apart(first: Value, second: Value, *, correlation: float) -> Value:
    def reach(one, other):
        return math.sqrt(max(0, one**2 + other**2 - 2 * correlation * one * other))

    ours = first.ours - second.ours
    below = reach(first.ours - first.low, second.high - second.ours)
    above = reach(first.high - first.ours, second.ours - second.low)
    return Value(ours, ours - below, ours + above)


def mean(sample: np.ndarray) -> Value:
    """Return the mean with its t-interval."""
    centre, df = float(sample.mean()), len(sample) - 1
    half = float(stats.t.ppf(0.975, df) * stats.sem(sample))
    return Value(centre, centre - half, centre + half, df=df)


def pair_means(values) -> np.ndarray:
    """Return the mean of each pair of targets 2i and 2i + 1, without pairs in which one was not measured."""
    pairs = np.asarray(values, float).reshape(-1, 2).mean(axis=1)
    return pairs[~np.isnan(pairs)]


def over_pairs(values: list[float], n: float = math.inf) -> Value:
    """Return the mean of shares over targets that come in complementary pairs, with a t-interval over the pairs.

    The targets 2i and 2i + 1 share out the same records, so a pair counts as one observation; `n` are the records
    behind the share of a target. It is for the mean over further halves of the same records. As targets share
    references it is a little short: it held the mean in 87 to 93% of simulated pools.
    """
    pairs = pair_means(values)
    if not len(pairs):
        return NOT_RUN
    found = share_over_seeds([Value(float(share), n=2 * n) for share in pairs])
    few = len(pairs) < ENOUGH_SEEDS or not np.ptp(pairs)
    return replace(found, interval=f"{len(pairs)} pairs") if not few else Value(float(pairs.mean()), n=n)
