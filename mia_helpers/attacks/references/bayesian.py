"""A variance between each record's own and the pooled one, learned from all records (the idea of arXiv 2603.11799).

The true variances are drawn from a scaled inverse chi-square distribution with two parameters: a typical variance, and
its weight in degrees of freedom, found as Smyth 2004 does. With a flat prior for the mean, a new phi then follows
Student's distribution.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from mia_helpers.attacks.references.moments import FLOOR, Side

MANY = 1e6  # degrees of freedom: Student's distribution is the normal one


@dataclass(frozen=True, eq=False)
class Prior:
    """What all records say about one's variance: float64 (..., 1, queries) each.

    Parameters
    ----------
    df : array
        Weight of the prior in degrees of freedom: 0 leaves each record its own variance, `MANY` gives all the same.
    variance : array
        The typical variance.
    """

    df: np.ndarray
    variance: np.ndarray


def prior_of(side: Side) -> Prior:
    """Return the prior that the sample variances of a side follow, by the moments of their logarithms.

    With d degrees of freedom behind each, log s² has the mean log(s0²) + ψ(d/2) - log(d/2) - ψ(d0/2) + log(d0/2) and
    the variance ψ'(d/2) + ψ'(d0/2) (Smyth 2004, section 6.2). Where the logarithms vary no more than samples of one
    variance would, d0 is `MANY`.
    """
    half = (side.n - 1) / 2
    logs = np.log(np.maximum(side.variance, FLOOR)) - digamma(half) + np.log(half)
    centre, records = logs.mean(axis=-2, keepdims=True), logs.shape[-2]
    spread = logs.var(axis=-2, keepdims=True, ddof=1 if records > 1 else 0) - polygamma(1, half)
    prior_half = np.minimum(trigamma_inverse(np.maximum(spread, 1 / MANY)), MANY / 2)
    return Prior(2 * prior_half, np.exp(centre + digamma(prior_half) - np.log(prior_half)))


def student_log_density(phi: np.ndarray, side: Side, prior: Prior) -> np.ndarray:
    """Return the log of the density of a new phi, up to a constant: float64 (..., records, queries).

    Student's with d0 + d degrees of freedom, around the mean of the n models, and with the variance
    (d0 s0² + d s²) / (d0 + d) times 1 + 1/n, as the mean is itself known from n models only.
    """
    d = side.n - 1
    df = prior.df + d
    variance = (prior.df * prior.variance + d * np.maximum(side.variance, FLOOR)) / df * (1 + 1 / side.n)
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - np.log(df) / 2
    z2 = np.square(phi - side.mean) / variance
    return constant - np.log(variance) / 2 - (df + 1) / 2 * np.log1p(z2 / df)


def trigamma_inverse(x: np.ndarray) -> np.ndarray:
    """Return the y > 0 with ψ'(y) = x > 0, by Newton's method on 1 / ψ', which is nearly a line (Smyth 2004)."""
    y = 0.5 + 1 / np.asarray(x, float)
    for _ in range(20):  # from below, and never past it; a handful of steps is enough
        value = polygamma(1, y)
        y = y + value * (1 - value / x) / polygamma(2, y)
    return y
