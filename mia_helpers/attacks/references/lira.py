"""The likelihood-ratio attack: is phi more like that of models that know the record? (Carlini et al., S&P 2022)

Formulas take the target's phi, (..., records, queries), and its moments, and return scores (..., records): the mean
over the queries, higher meaning "member". They serve one target and all alike.
"""

import numpy as np
from scipy.stats import norm

from mia_helpers.attacks.references.bayesian import prior_of, student_log_density
from mia_helpers.attacks.references.moments import FLOOR, Moments, Side
from mia_helpers.engine.errors import MIAError, unknown

VARIANCES = ("pooled", "record", "bayesian")


def lira_online(phi: np.ndarray, moments: Moments, variance: str = "pooled") -> np.ndarray:
    """Return log p(phi | in) - log p(phi | out).

    Both normal, with one variance for all records ('pooled': the best below 64 models) or each record's own
    ('record'), in and out apart; or Student's, with a prior for the variance ('bayesian').

    Raises
    ------
    MIAError
        For another variance, or if no reference model knows the records.
    """
    if moments.inside is None:
        raise MIAError("LiRA online needs models that know the records, and these know none; use lira_offline")
    return (_log_density(phi, moments.inside, variance) - _log_density(phi, moments.outside, variance)).mean(axis=-1)


def lira_offline(phi: np.ndarray, moments: Moments, variance: str = "pooled", *, two_sided: bool = False) -> np.ndarray:
    """Return how far phi is above what models say that do not know the record.

    The paper's equation 4 ranks by Φ(z), z = (phi - mean_out) / sd_out. That is 1 in floats from z = 8.3 on, so the
    score is -log(1 - Φ(z)): the same order without ties. Its mean over queries is Fisher's way to join p-values.

    With `two_sided`, the score is what the paper's code has instead: minus the log density of phi under "out". It calls
    members also those far *below* mean_out.

    Raises
    ------
    MIAError
        For a variance other than 'pooled' and 'record'.
    """
    if variance not in VARIANCES[:2]:
        raise unknown("variance of lira_offline", variance, VARIANCES[:2])
    if two_sided:
        return -_log_density(phi, moments.outside, variance).mean(axis=-1)
    z = (phi - moments.outside.mean) / np.sqrt(_variance(moments.outside, variance))
    return -norm.logsf(z).mean(axis=-1)


def _log_density(phi: np.ndarray, side: Side, variance: str) -> np.ndarray:
    """Return log p(phi), up to a constant that is the same for both sides."""
    if variance == "bayesian":
        return student_log_density(phi, side, prior_of(side))
    of_side = _variance(side, variance)
    return -(np.log(of_side) + np.square(phi - side.mean) / of_side) / 2


def _variance(side: Side, variance: str) -> np.ndarray:
    if variance not in VARIANCES:
        raise unknown("variance", variance, VARIANCES)
    return np.maximum(side.pooled if variance == "pooled" else side.variance, FLOOR)
