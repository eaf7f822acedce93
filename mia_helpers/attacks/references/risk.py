"""Which records are found: over all targets, how often each one is called a member, rightly and falsely."""

import numpy as np
import pandas as pd
from scipy import stats

from mia_helpers.attacks.intervals import area, clopper_pearson
from mia_helpers.engine.errors import MIAError


def per_record(called: np.ndarray, member: np.ndarray, level: float = 0.95) -> pd.DataFrame:
    """Return a row per record.

    Parameters
    ----------
    called : bool (models, records)
        Whether the record is called a member of this target: a part of `decisions.decide`, at one threshold.
    member : bool (models, records)
        Whether it is one.

    Returns
    -------
    DataFrame
        record; n_in, the number of targets that know it; caught, in which share of these it is called a member, with
        caught_low and caught_high (Clopper and Pearson); and n_out, falsely, falsely_low, falsely_high over the others.
        The interval takes the targets for independent, and they share references: it is a little too narrow.

    Raises
    ------
    MIAError
        If the shapes do not agree or an array is not bool.
    """
    called, member = np.asarray(called), np.asarray(member)
    if called.dtype != bool or member.dtype != bool or called.shape != member.shape or called.ndim != 2:
        found = f"{called.dtype} {called.shape} and {member.dtype} {member.shape}"
        raise MIAError(f"called and member are {found}, expected True and False of shape (models, records) for both")
    table = {"record": np.arange(member.shape[1])}
    for name, count, kind in (("caught", "n_in", member), ("falsely", "n_out", ~member)):
        found, n = (called & kind).sum(axis=0), kind.sum(axis=0)
        with np.errstate(invalid="ignore"):  # of no target
            table |= {count: n, name: found / n}
        table[f"{name}_low"], table[f"{name}_high"] = _intervals(found, n, level)
    return pd.DataFrame(table)


def stability(values: np.ndarray, member: np.ndarray) -> float:
    """Return Spearman's correlation of the records' risk in two halves of the targets: does it belong to the record?

    The risk is the mean of `values`, (models, records), over the targets that know the record: how often it is caught
    for decisions, how far it is above the threshold for margins. The halves are the pairs 0, 2, 4, ... and 1, 3, 5, ...
    NaN where all records have the same risk.

    Raises
    ------
    MIAError
        For fewer than two pairs.
    """
    if len(values) < 4:
        raise MIAError(f"{len(values)} targets: stability needs two pairs of targets or more")
    pair = np.arange(len(values)) // 2 % 2
    halves = [np.where(member, values, 0)[pair == half].sum(axis=0) for half in (0, 1)]
    risks = [total / member[pair == half].sum(axis=0) for half, total in enumerate(halves)]
    if any(np.ptp(risk) == 0 for risk in risks):
        return float("nan")
    return float(stats.spearmanr(*risks).statistic)


def exposed_auc(scores: np.ndarray, member: np.ndarray, share: float) -> np.ndarray:
    """Return the AUC over the most exposed records, float64 (targets,): chosen on the other targets.

    Exposed are the records, this share of all, whose mean score as members exceeds that as non-members by most in the
    pairs 0, 2, 4, ...; the AUC is that of each target in the pairs 1, 3, 5, .... Chosen and measured on the same
    targets, even coin flips would look exposed. NaN where all chosen records are of one kind.

    Raises
    ------
    MIAError
        For fewer than two pairs.
    """
    judged = np.arange(len(scores)) // 2 % 2 == 1
    if not judged.any():
        raise MIAError(
            f"{len(scores)} targets: the most exposed records are chosen on one pair and measured on another"
        )
    apart = [np.where(kind, scores, 0)[~judged].sum(axis=0) / kind[~judged].sum(axis=0) for kind in (member, ~member)]
    n = max(2, round(share * scores.shape[1]))
    chosen = np.argsort(apart[1] - apart[0], kind="stable")[:n]
    found = zip(scores[judged][:, chosen], member[judged][:, chosen], strict=True)
    return np.array([area(score[m], score[~m]) if 0 < m.sum() < n else np.nan for score, m in found])


def _intervals(found: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """Return both ends, (2, records); many records have the same counts, so each is computed once."""
    counts, which = np.unique(np.column_stack([found, n]), axis=0, return_inverse=True)
    return np.array([clopper_pearson(*pair, level) for pair in counts])[which.ravel()].T
