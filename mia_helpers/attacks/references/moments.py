"""Mean and variance of a signal over the models that know a record, and over those that do not.

Complementary pairs give every record the same number of both kinds, so a count is one number, and the pooled variance
is the mean of the records' own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mia_helpers.attacks.references.matrix import References
from mia_helpers.engine.errors import MIAError

Signal = Callable[[np.ndarray], np.ndarray]  # from phi (..., queries) to float64 of that shape, or of fewer queries
# Confidences are float32: a standard deviation below 1e-5 is their rounding, and no variance to divide by.
FLOOR = 1e-10


@dataclass(frozen=True, eq=False)
class Side:
    """One side, the in or the out models, of one target or of many.

    Parameters
    ----------
    n : int
        How many models there are behind each record.
    mean, variance : float64 (..., records, queries)
        Over these models; the variance is unbiased, and NaN for n = 1.
    """

    n: int
    mean: np.ndarray
    variance: np.ndarray

    @property
    def pooled(self) -> np.ndarray:
        """float64 (..., 1, queries): the sum of squares within records over all their degrees of freedom."""
        return self.variance.mean(axis=-2, keepdims=True)


@dataclass(frozen=True, eq=False)
class Moments:
    """Both sides; `inside` is None where no model knows any record."""

    inside: Side | None
    outside: Side


def as_float(phi: np.ndarray) -> np.ndarray:
    """Return phi itself, as float64."""
    return np.asarray(phi, float)


def moments(references: References, signal: Signal = as_float) -> Moments:
    """Return the moments for one target that is not among the references; arrays (records, queries)."""
    values, member = signal(references.confidence), references.member[..., None]
    return Moments(_side(values, member) if references.paired else None, _side(values, ~member))


def leave_pair_out(references: References, signal: Signal = as_float) -> Moments:
    """Return the moments for every model once the target, its pair left out; arrays (models, records, queries).

    Raises
    ------
    MIAError
        With fewer than four models: without the pair, none is left.
    """
    references.pair_of(0)  # there are pairs
    if references.n_models < 4:
        raise MIAError("2 models: without the target and its pair, none is left; train at least 4")
    values, member = signal(references.confidence), references.member[..., None]
    return Moments(*(_without_each(values, chosen) for chosen in (member, ~member)))


def _side(values: np.ndarray, chosen: np.ndarray) -> Side:
    """Return the moments over the chosen models, bool (models, records, 1): as many for each record."""
    n = int(chosen[:, 0].sum())
    mean = np.where(chosen, values, 0).sum(axis=0) / n
    squares = np.square(np.where(chosen, values - mean, 0)).sum(axis=0)
    return Side(n, mean, _unbiased(squares, n))


def _without_each(values: np.ndarray, chosen: np.ndarray) -> Side:
    """Return `_side` without each pair in turn; one model of a pair is on this side, at distance d from the mean.

    The sum of the distances of those left is -d, so without it the mean is m - d / n and the sum of squares
    S - d² (n + 1) / n, with n the number of those left. Nothing large is subtracted: all is centred already.
    """
    every = _side(values, chosen)
    n = every.n - 1
    distance = np.where(chosen, values - every.mean, 0)
    distance = distance[0::2] + distance[1::2]  # one of the two is 0
    squares = every.variance * n - np.square(distance) * (n + 1) / n
    of_pairs = every.mean - distance / n, _unbiased(np.maximum(squares, 0), n)
    return Side(n, *(np.repeat(array, 2, axis=0) for array in of_pairs))  # the same for both of a pair


def _unbiased(squares: np.ndarray, n: int) -> np.ndarray:
    return squares / (n - 1) if n > 1 else np.full_like(squares, np.nan)
