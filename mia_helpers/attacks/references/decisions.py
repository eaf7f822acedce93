"""Thresholds that an attacker can choose: from models whose members he knows, never from the target's labels."""

import numpy as np

from mia_helpers.attacks.base import best_threshold, cut_at
from mia_helpers.attacks.metrics import LIMITS
from mia_helpers.attacks.references.matrix import References
from mia_helpers.attacks.references.scores import ReferenceAttack, find, score_each
from mia_helpers.engine.errors import MIAError

TRIED = 64  # models on which thresholds are tried, at the most: of 10,000 non-members each, 640 false alarms at 0.1%
THRESHOLDS = ("accuracy", *LIMITS)  # what each is chosen for: balanced accuracy, and rates of false alarms


def thresholds(attack: str | ReferenceAttack, references: References) -> np.ndarray:
    """Return float64 (models, 3): for each model as the target, thresholds for each of `THRESHOLDS`.

    The target and its pair are taken away altogether, as the pair's membership is the target's, negated. The attacker
    then scores each of the other models (at most `TRIED`) with those that are left, and takes the thresholds that serve
    best there: for balanced accuracy, and for 1 and 0.1% of false alarms among their non-members, all laid end to end.
    NaN where that share is less than one record. So do attackers whose scores take only models that do not know a
    record: for the threshold they have others.

    Raises
    ------
    MIAError
        If the attack is unknown, or too few models are left for it.
    """
    attack, least = find(attack), find(attack).least + 4
    if references.n_models < least:
        raise MIAError(
            f"thresholds of the attack {attack.name!r} need at least {least} models: a target, one to try them on, the "
            f"pair of each, and {least - 4} references; there are {references.n_models}"
        )
    others = (references.without(target) for target in range(0, references.n_models, 2))
    rows = [_chosen(score_each(attack, left)[:TRIED], left.member[:TRIED]) for left in others]
    return np.repeat(rows, 2, axis=0)  # both of a pair are taken away together


def decide(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return bool (models, records, 3): whether the record is called a member at each of the thresholds."""
    return scores[:, :, None] > chosen[:, None, :]  # nobody is above NaN


def _chosen(scores: np.ndarray, member: np.ndarray) -> list[float]:
    outside = scores[~member]
    cuts = [cut_at(outside, limit) for limit in LIMITS.values()]
    return [best_threshold(member.ravel(), scores.ravel()), *(np.nan if cut is None else cut for cut in cuts)]
