"""How good an attack is, target by target."""

import numpy as np
import pandas as pd
from sklearn.metrics import auc

from mia_helpers.attacks.metrics import LIMITS, is_knowable, roc_points, tpr_at_fpr
from mia_helpers.attacks.references.decisions import THRESHOLDS, decide
from mia_helpers.engine.errors import MIAError

RATES = {name: name.removeprefix("tpr_at_").removesuffix("_fpr") for name in LIMITS}  # '1pct' and '01pct'


def per_target(scores: np.ndarray, member: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    """Return a row per target.

    Parameters
    ----------
    scores : float (models, records)
        From `score_each`.
    member : bool (models, records)
        The truth.
    thresholds : float (models, 3)
        From `decisions.thresholds`, chosen without the target's labels.

    Returns
    -------
    DataFrame
        In hindsight, of the target's own curve: auc, balanced_accuracy (of the best threshold), tpr_at_1pct_fpr and
        tpr_at_01pct_fpr (the largest with a false-positive rate of at most that; NaN where it is less than one record).
        At the thresholds that were chosen: accuracy, and for 1pct and 01pct the realised fpr and tpr, and false_alarms,
        their number. NaN where there is no such threshold.

    Raises
    ------
    MIAError
        If the shapes do not agree, or a score is NaN.
    """
    _check(scores, member, thresholds)
    called = decide(scores, thresholds)
    rows = []
    for i, (score, truth) in enumerate(zip(scores, member, strict=True)):
        row = {"target": i} | in_hindsight(truth, score)
        known = not np.isnan(thresholds[i, 0])
        row["accuracy"] = float((called[i, :, 0] == truth).mean()) if known else np.nan
        for column, name in enumerate(THRESHOLDS[1:], start=1):
            known = not np.isnan(thresholds[i, column])
            row |= _at(called[i, :, column], truth, RATES[name], known)
        rows.append(row)
    return pd.DataFrame(rows)


def in_hindsight(member: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Return what the curve of one target has: auc, balanced_accuracy at its best, and the rates of `LIMITS`."""
    fpr, tpr = roc_points(member, score)
    n_out = np.count_nonzero(~member)
    rates = {n: tpr_at_fpr(fpr, tpr, limit) if is_knowable(n, n_out) else np.nan for n, limit in LIMITS.items()}
    return {"auc": float(auc(fpr, tpr)), "balanced_accuracy": float((1 + tpr - fpr).max() / 2), **rates}


def _at(called: np.ndarray, member: np.ndarray, rate: str, known: bool) -> dict[str, float]:
    alarms = float(called[~member].sum())
    row = {"fpr": called[~member].mean(), "tpr": called[member].mean(), "false_alarms": alarms}
    return {f"{name}_{rate}": float(value) if known else np.nan for name, value in row.items()}


def _check(scores: np.ndarray, member: np.ndarray, thresholds: np.ndarray) -> None:
    if np.ndim(scores) != 2 or np.shape(member) != np.shape(scores):
        raise MIAError(
            f"scores have shape {np.shape(scores)} and member {np.shape(member)}, expected (models, records) for both"
        )
    if np.shape(thresholds) != (len(scores), len(THRESHOLDS)):
        wanted = (len(scores), len(THRESHOLDS))
        raise MIAError(f"thresholds have shape {np.shape(thresholds)}, expected {wanted}: see decisions.thresholds")
    if np.isnan(scores).any():
        model, record = np.argwhere(np.isnan(scores))[0]
        raise MIAError(f"the score of record {record} is NaN for target {model}: nothing can be measured")
