"""Membership metrics, each with an interval: the paper's criteria and the ones that came after it."""

import numbers
import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import auc, roc_curve

from mia_helpers.engine.checks import RESAMPLES, number
from mia_helpers.engine.errors import MIAError

LIMITS = {"tpr_at_1pct_fpr": 0.01, "tpr_at_01pct_fpr": 0.001}  # false-positive rates
CRITERIA = (
    *("precision", "recall", "accuracy", "auc", "log_loss", "mae", "mse", "tn", "fp", "fn", "tp"),
    *("advantage", *LIMITS),
)


def criteria(member, score, decision, probability) -> dict[str, float]:
    """Return every criterion of one attack on one evaluation set; a member is the positive class.

    Parameters
    ----------
    member, decision : bool (n,)
        The truth, and what the attack says.
    score : float (n,)
        Higher means "member"; for the AUC and the true-positive rates at a low false-positive rate.
    probability : float (n,)
        The attack's membership probability; for log loss, mean absolute and mean squared error.

    Returns
    -------
    dict
        The keys are `CRITERIA`. Precision is NaN where no record is called a member; AUC, advantage and the rates are
        NaN where one kind is missing, and a rate at a false-positive rate of 1 in 1,000 with fewer than 1,000
        non-members too: it cannot be known. Advantage is TPR - FPR (Yeom et al. 2018).

    Raises
    ------
    MIAError
        If an array is of another shape or type, or holds NaN.
    """
    columns = _checked(member, score, decision, probability)
    return {**_criteria(*columns), **dict.fromkeys(_unknowable(columns[0]), np.nan)}


def _unknowable(member: np.ndarray) -> list[str]:
    """Return the rates for which there are too few non-members: the limit is less than one of them."""
    n = np.count_nonzero(~member)
    return [name for name, limit in LIMITS.items() if n * limit < 1 - 1e-9]


def _criteria(member, score, decision, probability) -> dict[str, float]:
    """Return every criterion without a look at the input: most of the time of a bootstrap is spent here."""
    tn, fp, fn, tp = (
        int(np.count_nonzero((member == truth) & (decision == said)))
        for truth, said in ((False, False), (False, True), (True, False), (True, True))
    )
    fpr, tpr = roc_points(member, score)
    # By hand and not by scikit-learn, which checks its input each time:
    of_truth, tiny = np.where(member, probability, 1 - probability), np.finfo(float).eps
    return {
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "accuracy": (tp + tn) / len(member),
        "auc": auc(fpr, tpr),
        "log_loss": float(-np.log(np.clip(of_truth, tiny, 1 - tiny)).mean()),
        "mae": float((1 - of_truth).mean()),
        "mse": float(np.square(1 - of_truth).mean()),
        **{"tn": tn, "fp": fp, "fn": fn, "tp": tp},
        "advantage": _ratio(tp, tp + fn) - _ratio(fp, fp + tn),
        **{name: tpr_at_fpr(fpr, tpr, limit) for name, limit in LIMITS.items()},
    }


def _checked(member, score, decision, probability) -> list[np.ndarray]:
    """Return the four columns as arrays, or raise an MIAError that names the one which is wrong."""
    columns = {"member": member, "score": score, "decision": decision, "probability": probability}
    columns = {name: np.asarray(column) for name, column in columns.items()}
    for name, column in columns.items():
        if column.ndim != 1 or len(column) != len(columns["member"]) or not len(column):
            raise MIAError(f"{name} has shape {column.shape}, expected a value for each of the same records")
        kind = "b" if name in ("member", "decision") else "fiub"
        if column.dtype.kind not in kind:
            raise MIAError(f"{name} is {column.dtype}, expected {'True and False' if kind == 'b' else 'numbers'}")
        bad = np.flatnonzero(~np.isfinite(column)) if column.dtype.kind == "f" else ()
        if len(bad):
            value = "NaN" if np.isnan(column[bad[0]]) else column[bad[0]]
            raise MIAError(f"{name} is {value} for record {bad[0]} (and {len(bad) - 1} more): nothing can be measured")
    outside = (columns["probability"] < 0) | (columns["probability"] > 1)
    if outside.any():
        raise MIAError(f"probability is {columns['probability'][outside][0]}, expected 0 to 1")
    return list(columns.values())


def roc_points(member, score) -> tuple[np.ndarray, np.ndarray]:
    """Return the false- and true-positive rates of every threshold (NaN where one kind of record is missing)."""
    if np.all(member) or not np.any(member):
        return np.array([0, np.nan]), np.array([0, np.nan])
    return roc_curve(member, score, drop_intermediate=False)[:2]


def tpr_at_fpr(fpr: np.ndarray, tpr: np.ndarray, limit: float) -> float:
    """Return the largest true-positive rate that some threshold reaches with a false-positive rate of at most `limit`.

    No interpolation: between two thresholds there is no attack. This is the criterion of Carlini et al. 2022.
    """
    return float(tpr[fpr <= limit].max()) if not np.isnan(fpr).any() else np.nan


def with_intervals(
    member, score, decision, probability, *, seed: int, n_resamples: int = 500, level: float = 0.95
) -> pd.DataFrame:
    """Return a row per criterion: metric, value, low, high, with percentile-bootstrap intervals over the records.

    The records are drawn again with replacement `n_resamples` times. The interval covers the choice of the records, not
    of the models: what another seed would change is not in it. Of a single record there is no interval (NaN).
    """
    number("n_resamples", n_resamples, numbers.Integral, *RESAMPLES)
    columns = _checked(member, score, decision, probability)
    value = criteria(*columns)
    ends = np.full((2, len(value)), np.nan)
    if len(columns[0]) > 1:
        ends = _bootstrap(columns, seed, n_resamples, level)
    ends[:, np.isnan(list(value.values()))] = np.nan
    return pd.DataFrame({"metric": list(value), "value": list(value.values()), "low": ends[0], "high": ends[1]})


def _bootstrap(columns: list[np.ndarray], seed: int, n_resamples: int, level: float) -> np.ndarray:
    """Return float (2, criteria): the low and the high end of each interval."""
    with warnings.catch_warnings():  # a criterion that never varies has an interval of width 0: no cause for alarm
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            columns,
            lambda *drawn: np.array(list(_criteria(*drawn).values())),
            paired=True,
            vectorized=False,
            n_resamples=n_resamples,
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return np.array([interval.low, interval.high])


def chance_interval(n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return between which accuracies a coin lands on n records with probability `level` (exact binomial)."""
    low, high = stats.binom.interval(level, n, 0.5)
    return float(low / n), float(high / n)


def shuffled_accuracies(member, decision, *, seed: int, repeats: int = 200) -> np.ndarray:
    """Return float (repeats,): the accuracy of the decisions after shuffling who is a member (a negative control)."""
    rng = np.random.default_rng(seed)
    return np.array([np.mean(rng.permutation(member) == decision) for _ in range(repeats)])


def by_group(group: Iterable, member, score, decision, probability, **options) -> pd.DataFrame:
    """Return `with_intervals` for each value of `group` (such as the true class), named in a column `group`."""
    group = np.asarray(group)
    tables = []
    for value in np.unique(group):
        rows = group == value
        table = with_intervals(member[rows], score[rows], decision[rows], probability[rows], **options)
        tables.append(table.assign(group=value))
    return pd.concat(tables, ignore_index=True)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan
