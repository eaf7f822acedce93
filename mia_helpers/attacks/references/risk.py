"""Which records are found: over all targets, how often each one is called a member, rightly and falsely.

Whether risk belongs to the record is asked of two halves of the models that share nothing: neither targets nor
references. Else even coin flips would look alike in both, since each target is a reference of the others.
"""

import numpy as np
import pandas as pd
from scipy import stats

from mia_helpers.attacks.intervals import area, clopper_pearson
from mia_helpers.attacks.references.matrix import References
from mia_helpers.attacks.references.scores import find, score_each
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


def set_apart(scores: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return by how much a record's mean score as a member exceeds that as a non-member, float64 (records,)."""
    inside, outside = (np.where(kind, scores, 0).sum(axis=0) / kind.sum(axis=0) for kind in (member, ~member))
    return inside - outside


def halves(references: References) -> tuple[References, References]:
    """Return every second pair of models, from the first and from the second on, as references of their own."""
    pair = np.arange(references.n_models) // 2 % 2
    return references.take(np.flatnonzero(pair == 0)), references.take(np.flatnonzero(pair == 1))


def stability(attack: str, references: References) -> float:
    """Return Spearman's correlation of how far records are set apart in two halves of the models.

    Near 1: risk belongs to the record. By chance it is near 0, but not quite where variances differ much between
    records, so compare it with that of shuffled members. NaN with too few models to attack within a half.
    """
    if references.n_models < 2 * _least(attack):
        return float("nan")
    apart = [set_apart(score_each(attack, half), half.member) for half in halves(references)]
    if any(np.ptp(values) == 0 for values in apart):
        return float("nan")
    return float(stats.spearmanr(*apart).statistic)


def exposed_auc(attack: str, references: References, share: float) -> np.ndarray:
    """Return the AUC over the most exposed records, float64 (targets,), each half of the models judging the other's.

    Exposed are the records, this share of all, that are set apart most in one half; the AUC over them is that of each
    target of the other. NaN where all of them are of one kind, or with too few models to attack within a half.
    """
    if references.n_models < 2 * _least(attack):
        return np.full(references.n_models, np.nan)
    both, n = halves(references), max(2, round(share * references.member.shape[1]))
    scores = [score_each(attack, half) for half in both]
    found = np.full(references.n_models, np.nan)
    for judge, other in ((0, 1), (1, 0)):
        chosen = np.argsort(-set_apart(scores[other], both[other].member), kind="stable")[:n]
        member = both[judge].member[:, chosen]
        rows = np.flatnonzero(np.arange(references.n_models) // 2 % 2 == judge)
        found[rows] = [_area(s, m) for s, m in zip(scores[judge][:, chosen], member, strict=True)]
    return found


def _area(score: np.ndarray, member: np.ndarray) -> float:
    return area(score[member], score[~member]) if 0 < member.sum() < len(member) else float("nan")


def _least(attack: str) -> int:
    return find(attack).least + 2  # the target and its pair


def _intervals(found: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """Return both ends, (2, records); many records have the same counts, so each is computed once."""
    counts, which = np.unique(np.column_stack([found, n]), axis=0, return_inverse=True)
    return np.array([clopper_pearson(*pair, level) for pair in counts])[which.ravel()].T
