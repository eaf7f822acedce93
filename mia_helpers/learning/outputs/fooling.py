"""Answers that are made to fool an attack: MemGuard's idea (Jia et al. 2019) in its simplest form."""

import numpy as np
from scipy.special import expit

from mia_helpers.attacks.records import TINY
from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.outputs.base import Output, as_before, of_two

LEAST = 1e-3  # of a cut: below 0, another class could become the predicted one


class Fooling(Output):
    """An answer more confident than the cut between members and others is flattened: it looks like one of the others'.

    The defender does what the paper's attacker does: he trains shadows, and for each predicted class looks for the
    confidence in it (its log-odds) that tells members best from others. Beyond it every answer gets the confidence that
    is in the middle among the others' below it; the predicted class stays, and so does every answer below. A step onto
    the cut itself would be less, and does not fool the paper's SVMs, which draw the line lower (measured at ds 2500:
    0.855 of the records as before). MemGuard (Jia et al. 2019) looks for the least noise that takes a network's guess
    to one half.
    """

    name, bare = "fooling", True

    def check(self) -> None:
        """Raise an MIAError if there is a strength: it is learnt."""
        if self.strength is not None:
            self._refuse("no strength; write 'fooling'")

    def fit(self, probs, member):
        """Find the cut of each predicted class, and the level beyond it, float64 (k,).

        Both are infinite where there are no members, or no others.
        """
        rows = of_two(probs)
        top, odds = rows.argmax(axis=1), _log_odds(rows)
        chosen = [top == k for k in range(rows.shape[1])]
        self.cuts_ = np.array([_best_cut(odds[of_class], member[of_class]) for of_class in chosen])
        others = [odds[of_class & ~member] for of_class in chosen]
        self.levels_ = np.array([_middle_below(*pair) for pair in zip(others, self.cuts_, strict=True)])
        return self

    def transform(self, probs):
        """Return the answers, flattened where they are too confident."""
        if not hasattr(self, "cuts_"):
            raise MIAError("fooling: it has not learnt yet; give it answers of shadows first: fit(probs, member)")
        rows = of_two(probs)
        top = rows.argmax(axis=1)
        beyond = _log_odds(rows) > self.cuts_[top]
        rows[beyond] = _flattened(rows[beyond], self.levels_[top][beyond])
        return as_before(rows, probs)


def _log_odds(rows: np.ndarray) -> np.ndarray:
    """Return the log-odds of the predicted class, float64 (n,)."""
    ordered = np.sort(rows, axis=1)
    return np.log(ordered[:, -1]) - np.log(np.maximum(ordered[:, :-1].sum(axis=1), TINY))


def _best_cut(odds: np.ndarray, member: np.ndarray) -> float:
    """Return the log-odds from which on calling a record a member is most often right, members and others alike."""
    if not member.any() or member.all():
        return np.inf
    order = np.argsort(-odds, kind="stable")
    told, ends = member[order], np.append(np.diff(odds[order]) != 0, True)  # a cut takes ties together
    ahead = np.cumsum(told) / member.sum() - np.cumsum(~told) / (~member).sum()
    return max(float(odds[order][np.where(ends, ahead, -np.inf).argmax()]), LEAST)


def _middle_below(odds: np.ndarray, cut: float) -> float:
    """Return the median of the log-odds up to a cut, at least `LEAST`; the cut itself where there are none."""
    below = odds[odds <= cut]
    return max(float(np.median(below)), LEAST) if len(below) else cut


def _flattened(rows: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the rows with these log-odds of the predicted class; the others keep their shares among themselves."""
    top, sure = rows.argmax(axis=1)[:, None], expit(level)[:, None]
    flat = np.maximum(rows, TINY)
    np.put_along_axis(flat, top, 0.0, axis=1)
    flat *= (1 - sure) / flat.sum(axis=1, keepdims=True)
    np.put_along_axis(flat, top, sure, axis=1)
    return flat
