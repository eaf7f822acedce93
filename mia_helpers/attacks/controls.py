"""Controls: what an attack says where it has nothing to find, or learned from what means nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score

from mia_helpers.attacks.records import Records
from mia_helpers.attacks.result import AttackResult
from mia_helpers.engine.errors import MIAError


def outsider_draws(result: AttackResult, score, decision, *, seed: int, draws: int = 20) -> pd.DataFrame:
    """Put records that the target never saw into the members' place, and judge the attack again.

    Each draw takes as many outsiders as there are members, without replacement, against all of the target's
    non-members. Both groups are non-members, so an attack without a flaw is at chance: see `auc_interval`, and
    `metrics.chance_interval` for the accuracy. The draws share their non-members (and most of their outsiders), so they
    are not independent: together they may lie a little to one side.

    Parameters
    ----------
    result : AttackResult
        What the attack says about the target's own records; its non-members stay.
    score, decision : float and bool (n,)
        What the same fitted attack says about the outsiders.

    Returns
    -------
    DataFrame
        A row per draw: attack, draw, auc, accuracy (a decision for "member" counts as right for an outsider).
    """
    n, others = int(result.member.sum()), ~result.member
    if len(score) < n:
        raise MIAError(f"{len(score)} outsiders cannot take the place of {n} members; draw at least as many")
    rng, rows = np.random.default_rng(seed), []
    in_place = np.arange(n + others.sum()) < n
    for draw in range(draws):
        chosen = rng.choice(len(score), n, replace=False)
        auc = roc_auc_score(in_place, np.r_[score[chosen], result.score[others]])
        right = np.r_[decision[chosen], result.decision[others]] == in_place
        rows.append((result.name, draw, float(auc), float(right.mean())))
    return pd.DataFrame(rows, columns=["attack", "draw", "auc", "accuracy"])


def auc_interval(m: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return between which AUCs two groups of m and n records lie with probability `level` if nothing tells them apart.

    Normal approximation with the deviation √((m + n + 1) / (12 m n)) of Mann and Whitney; ties make it smaller.
    """
    low, high = stats.norm.interval(level, 0.5, np.sqrt((m + n + 1) / (12 * m * n)))
    return float(low), float(high)


def shuffled_membership(records: Records, *, seed: int) -> Records:
    """Return the same answers with the membership permuted within each model: there is nothing left to learn."""
    rng, member = np.random.default_rng(seed), records.member.copy()
    for model_id in np.unique(records.model_id):
        rows = np.flatnonzero(records.model_id == model_id)
        member[rows] = rng.permutation(member[rows])
    return replace(records, member=member)


def part_of(records: Records, n: int, *, seed: int) -> Records:
    """Return about n of the records (all, where there are no more), with each class and kind in its share."""
    if len(records) <= n:
        return records
    rng, chosen = np.random.default_rng(seed), []
    for kind in np.unique(np.column_stack([records.label, records.member]), axis=0):
        rows = np.flatnonzero((records.label == kind[0]) & (records.member == kind[1]))
        chosen.append(rng.choice(rows, max(1, round(n * len(rows) / len(records))), replace=False))
    return records[np.sort(np.concatenate(chosen))]


def without(result: AttackResult, dropped: np.ndarray) -> dict:
    """Return the accuracy of an attack on all records, and on those that are left when `dropped`, bool (n,), are not.

    The keys are attack, records (how many are dropped), accuracy, and without.
    """
    right = result.decision == result.member
    left = float(right[~dropped].mean()) if not dropped.all() else np.nan
    return {
        "attack": result.name,
        "records": int(dropped.sum()),
        "accuracy": float(right.mean()),
        "without": left,
    }
