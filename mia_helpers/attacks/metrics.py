"""Membership metrics, each with an interval: the paper's criteria and the ones that came after it."""

import numbers
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import auc, roc_curve

from mia_helpers.attacks import intervals
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
    member, score, decision, probability = columns
    pairs = ((False, False), (False, True), (True, False), (True, True))  # of truth and what was said
    tn, fp, fn, tp = (int(np.count_nonzero((member == truth) & (decision == said))) for truth, said in pairs)
    fpr, tpr = roc_points(member, score)
    return {
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "accuracy": (tp + tn) / len(member),
        "auc": auc(fpr, tpr),
        **{name: float(losses.mean()) for name, losses in loss_of_each(member, probability).items()},
        **{"tn": tn, "fp": fp, "fn": fn, "tp": tp},
        "advantage": _ratio(tp, tp + fn) - _ratio(fp, fp + tn),
        **{name: tpr_at_fpr(fpr, tpr, limit) for name, limit in LIMITS.items()},
        **dict.fromkeys(_unknowable(member), np.nan),
    }


def loss_of_each(member, probability) -> dict[str, np.ndarray]:
    """Return what each record adds to log loss, mean absolute and mean squared error, float64 (n,) each."""
    of_truth, tiny = np.where(member, probability, 1 - probability), np.finfo(float).eps
    return {
        "log_loss": -np.log(np.clip(of_truth, tiny, 1 - tiny)),
        "mae": 1 - of_truth,
        "mse": np.square(1 - of_truth),
    }


def _unknowable(member: np.ndarray) -> list[str]:
    """Return the rates for which there are too few non-members."""
    return [name for name in LIMITS if not is_knowable(name, np.count_nonzero(~member))]


def is_knowable(rate: str, n_others: int) -> bool:
    """Tell whether so many non-members are enough for a rate of `LIMITS`: the limit is one of them at least."""
    return n_others * LIMITS[rate] >= 1 - 1e-9


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
    """Return a row per criterion: metric, value, low, high, with intervals over the records.

    The interval covers the choice of the records, not of the models: what another seed would change is not in it. How
    it is made: see `attacks.intervals`. NaN where there is none: a kind with fewer than two records, or a criterion
    that does not vary with the records, such as the log loss of an attack that gives every record the same probability.
    """
    number("n_resamples", n_resamples, numbers.Integral, *RESAMPLES)
    member, score, decision, probability = _checked(member, score, decision, probability)
    value = criteria(member, score, decision, probability)
    ends = intervals.of_counts(*(value[name] for name in ("tp", "fn", "fp", "tn")), level)
    ends |= {name: intervals.of_rate(member, score, limit, level) for name, limit in LIMITS.items()}
    options = {"seed": seed, "n_resamples": n_resamples, "level": level}
    ends |= intervals.bootstrapped(member, score, loss_of_each(member, probability), **options)
    table = pd.DataFrame(
        [(name, value[name], *ends[name]) for name in value], columns=["metric", "value", "low", "high"]
    )
    table.loc[table["value"].isna(), ["low", "high"]] = np.nan
    return table


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
