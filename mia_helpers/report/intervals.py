"""Values with their 95% intervals."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

ENOUGH_SEEDS = 3  # with two, a t-interval over seeds is thirteen standard errors wide and says nothing


@dataclass(frozen=True)
class Value:
    """A measured value with its 95% interval, and what that is over; NaN where it was not run."""

    ours: float = math.nan
    low: float = math.nan
    high: float = math.nan
    interval: str = ""


NOT_RUN = Value()


def over_seeds(values: list[Value]) -> Value:
    """Return the mean over seeds: with a t-interval over three and more, else with the interval over records."""
    values = [value for value in values if not math.isnan(value.ours)]
    if not values:
        return NOT_RUN
    n, ours = len(values), [value.ours for value in values]
    centre = float(np.mean(ours))
    if n >= ENOUGH_SEEDS:
        below = above = centre - mean(np.array(ours)).low
    else:
        below, above = (
            math.sqrt(sum(distance**2 for distance in distances)) / n
            for distances in ([v.ours - v.low for v in values], [v.high - v.ours for v in values])
        )
    what = f"{n} seeds" if n >= ENOUGH_SEEDS else f"records of {n} seed{'s' if n > 1 else ''}"
    return Value(centre, centre - below, centre + above, what)


def slope(points: list[tuple[float, float]]) -> Value:
    """Return the slope of a line through the points, with its t-interval over them."""
    if len({x for x, _ in points}) < 2 or len(points) < 3:
        return NOT_RUN
    fit = stats.linregress(*zip(*points, strict=True))
    half = stats.t.ppf(0.975, len(points) - 2) * fit.stderr
    return Value(float(fit.slope), float(fit.slope - half), float(fit.slope + half), f"{len(points)} sizes")


def rank_correlation(points: list[tuple[float, float]]) -> Value:
    """Return Spearman's correlation with the interval of Fieller et al. 1957, as if the points were independent."""
    if len(points) < 4 or any(len(set(values)) == 1 for values in zip(*points, strict=True)):
        return NOT_RUN
    rho = float(stats.spearmanr(*zip(*points, strict=True)).statistic)
    centre, half = math.atanh(min(max(rho, -1 + 1e-9), 1 - 1e-9)), 1.96 * math.sqrt(1.06 / (len(points) - 3))
    return Value(rho, math.tanh(centre - half), math.tanh(centre + half), f"{len(points)} targets")


def share(right: int, n: int) -> Value:
    """Return right / n with its exact binomial interval."""
    interval = stats.binomtest(right, n).proportion_ci(0.95)
    return Value(right / n, interval.low, interval.high)


def mean(sample: np.ndarray) -> Value:
    """Return the mean with its t-interval."""
    half = float(stats.t.ppf(0.975, len(sample) - 1) * stats.sem(sample))
    return Value(float(sample.mean()), float(sample.mean()) - half, float(sample.mean()) + half)


def difference(first: np.ndarray, second: np.ndarray) -> Value:
    """Return the difference of two means, each with its own variance (Welch's interval with normal quantiles)."""
    half = float(stats.norm.ppf(0.975) * math.hypot(stats.sem(first), stats.sem(second)))
    change = float(first.mean() - second.mean())
    return Value(change, change - half, change + half)
