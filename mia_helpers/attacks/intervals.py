"""95% intervals over the records that a target was asked about: exact where a count is behind the value.

Members and non-members are two samples, of sizes that the experiment fixes, so each varies on its own.
"""

import math

import numpy as np
from scipy import stats
from scipy.special import expit, logit

NONE = (math.nan, math.nan)
ROUNDING = 1e-12  # of a sum of floats: less is no variation


def clopper_pearson(found: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact binomial interval of found / n (Clopper and Pearson 1934); NaN for n = 0.

    It has a width at 0 and at 1 too, and covers at least `level` whatever the true share is.
    """
    if not n:
        return NONE
    interval = stats.binomtest(int(found), int(n)).proportion_ci(level)
    return float(interval.low), float(interval.high)


def weighted_sum(weights, shares, intervals) -> tuple[float, float]:
    """Return the interval of Σ w·p of independent shares p, from their own intervals; all weights are positive.

    Each distance to an end counts like a standard error: the "method of variance estimates recovery" (Zou and Donner
    2008), which keeps the exact intervals' behaviour near 0 and 1.
    """
    value = math.fsum(w * p for w, p in zip(weights, shares, strict=True))
    below = math.hypot(*(w * (p - low) for w, p, (low, _) in zip(weights, shares, intervals, strict=True)))
    above = math.hypot(*(w * (high - p) for w, p, (_, high) in zip(weights, shares, intervals, strict=True)))
    return value - below, value + above


def of_counts(tp: int, fn: int, fp: int, tn: int, level: float = 0.95) -> dict[str, tuple[float, float]]:
    """Return the intervals of all that a table of four counts says; members tp + fn, non-members fp + tn.

    Precision is read as a share of those who were called members; as their number varies too, its interval is somewhat
    too wide, never too narrow.
    """
    members, others = tp + fn, fp + tn
    found, alarms = clopper_pearson(tp, members, level), clopper_pearson(fp, others, level)
    missed, cleared = _other(found), _other(alarms)
    ends = {"precision": clopper_pearson(tp, tp + fp, level), "recall": found}
    ends |= {"tp": _times(members, found), "fn": _times(members, missed)}
    ends |= {"fp": _times(others, alarms), "tn": _times(others, cleared)}
    if members and others:
        n, shares = members + others, (tp / members, tn / others)
        ends["accuracy"] = weighted_sum((members / n, others / n), shares, (found, cleared))
        ends["advantage"] = tuple(end - 1 for end in weighted_sum((1, 1), shares, (found, cleared)))
    else:
        ends["accuracy"] = clopper_pearson(tp + tn, members + others, level)
        ends["advantage"] = NONE
    return ends


def of_rate(member, score, limit: float, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of the true-positive rate at a false-positive rate of `limit`.

    It holds for any distribution of the scores. The threshold at which the rate is `limit` in truth is not known, but
    how many non-members are above it is binomial; so it lies between two of their scores. The members above the upper
    one give an exact lower bound, those above the lower one an exact upper bound, each step taking half of what may go
    wrong. Where even no false alarm at all is likely enough (2,500 non-members, 1 in 1,000), the lower bound is 0.
    """
    inside, outside = score[member], np.sort(score[~member])[::-1]
    if not (len(inside) and len(outside)):
        return NONE
    half = 1 - (1 - level) / 2
    fewest, most = (int(k) for k in stats.binom.interval(half, len(outside), limit))
    low = np.count_nonzero(inside > outside[fewest - 1]) if fewest else 0
    high = np.count_nonzero(inside > outside[most]) if most < len(outside) else len(inside)
    return clopper_pearson(low, len(inside), half)[0], clopper_pearson(high, len(inside), half)[1]


def bootstrapped(member, score, losses: dict, *, seed: int, n_resamples: int, level: float = 0.95) -> dict:
    """Return intervals of the AUC and of the mean of each of the `losses`, float (n,) each, by their bootstrap errors.

    Members and non-members are drawn apart. Where a value is near its limit it can only move one way, so the standard
    errors count on scales without limits: of log-odds for the AUC, of logarithms for the losses. And a few records
    decide there, so the quantile is Student's, for as many records as really count (`effective`). What does not vary
    has no interval, but for an AUC of 0 or 1: there each member stands with a non-member of its own, as so many
    independent pairs of which all are in the same order.
    """
    kinds, each = (np.flatnonzero(member), np.flatnonzero(~member)), np.column_stack(list(losses.values()))
    pairs, rng = min(map(len, kinds)), np.random.default_rng(seed)
    if pairs < 2:
        return dict.fromkeys(("auc", *losses), NONE)

    def criteria(inside, outside):
        total = each[inside].sum(axis=0) + each[outside].sum(axis=0)
        return np.array([area(score[inside], score[outside]), *(total / len(member))])

    drawn = [criteria(*(rows[rng.integers(0, len(rows), len(rows))] for rows in kinds)) for _ in range(n_resamples)]
    auc, *means = criteria(*kinds)
    counting = [_effective_pairs(score[kinds[0]], score[kinds[1]]), *map(effective, each.T)]
    quantile = stats.t.ppf((1 + level) / 2, np.maximum(np.array(counting) - 1, 1))
    half = quantile * np.std(drawn, axis=0, ddof=1 if n_resamples > 1 else 0)
    ends = {"auc": clopper_pearson(round(auc * pairs), pairs, level) if auc in (0, 1) else _within(auc, half[0])}
    return ends | {name: _above(*ours) for name, *ours in zip(losses, means, half[1:], strict=True)}


def of_auc(member, score, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of the AUC without resampling, for any number of records (DeLong et al. 1988).

    The standard error counts on the scale of log-odds, with Student's quantile, as in `bootstrapped`; so do an AUC of 0
    or 1, and scores that do not vary.
    """
    inside, outside = score[member], score[~member]
    pairs = min(len(inside), len(outside))
    if pairs < 2:
        return NONE
    won, lost = _share_below(inside, outside), _share_below(outside, inside)
    auc = float(won.mean())
    if auc in (0, 1):
        return clopper_pearson(round(auc * pairs), pairs, level)
    error = math.sqrt(won.var(ddof=1) / len(inside) + lost.var(ddof=1) / len(outside))
    quantile = stats.t.ppf((1 + level) / 2, max(_effective_pairs(inside, outside) - 1, 1))
    return _within(auc, float(quantile * error))


def holm(p: list[float]) -> list[float]:
    """Return p-values adjusted for being one of several (Holm 1979); NaN stays NaN and does not count."""
    adjusted, known = np.full(len(p), np.nan), [i for i, value in enumerate(p) if not math.isnan(value)]
    least = 0.0
    for rank, i in enumerate(sorted(known, key=lambda i: p[i])):
        least = max(least, min(1.0, (len(known) - rank) * p[i]))
        adjusted[i] = least
    return adjusted.tolist()


def effective(parts: np.ndarray) -> float:
    """Return how many equal parts would make a sum that varies as much (Kish 1965); all are 0 or more."""
    squares = np.square(parts).sum()
    return float(parts.sum() ** 2 / squares) if squares else 1.0


def _effective_pairs(inside, outside) -> float:
    """Return the effective number for the AUC: the least over both kinds, and over what they lose and win."""
    lost, won = _share_below(outside, inside), _share_below(inside, outside)
    return min(effective(part) for share in (lost, won) for part in (share, 1 - share))


def _within(share: float, half: float) -> tuple[float, float]:
    """Return an interval between 0 and 1: symmetric in the log-odds."""
    step = half / (share * (1 - share))
    return (float(expit(logit(share) - step)), float(expit(logit(share) + step))) if half > ROUNDING else NONE


def _above(mean: float, half: float) -> tuple[float, float]:
    """Return an interval above 0: symmetric in the logarithm."""
    return (float(mean * math.exp(-half / mean)), float(mean * math.exp(half / mean))) if half > ROUNDING else NONE


def area(inside, outside) -> float:
    """Return the AUC: how often a member's score exceeds a non-member's, ties counting half."""
    return float(_share_below(inside, outside).mean())


def _share_below(scores, others) -> np.ndarray:
    """Return for each score the share of the others that are below it, ties counting half."""
    others = np.sort(others)
    below, upto = (np.searchsorted(others, scores, side=side) for side in ("left", "right"))
    return (below + upto) / (2 * len(others))


def _times(n: int, interval: tuple[float, float]) -> tuple[float, float]:
    return n * interval[0], n * interval[1]


def _other(interval: tuple[float, float]) -> tuple[float, float]:
    return 1 - interval[1], 1 - interval[0]
