"""Answers that are made to fool an attack: MemGuard's idea (Jia et al. 2019) in its simplest form."""

import numpy as np
from scipy.special import expit

from mia_helpers.attacks.records import TINY
from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.outputs.base import Output, as_before, of_two

LEAST = 1e-3  # of a cut: below 0, another class could become the predicted one


class Fooling(Output):
    """An answer more confident than the cut between members and others is flattened until it lies on the cut.

    The defender does what the paper's attacker does: he trains shadows, and for each predicted class looks for the
    confidence in it (its log-odds) that tells members best from others. Beyond it every answer looks alike; the
    predicted class stays, and so does every answer below. MemGuard looks for the least noise that takes a network's
    guess to one half; of a rule with one cut that is a step onto the cut.
    """

    name, bare = "fooling", True

    def check(self) -> None:
        """Raise an MIAError if there is a strength: it is learnt."""
        if self.strength is not None:
            self._refuse("no strength; write 'fooling'")

    def fit(self, probs, member):
        """Find the cut of each predicted class, float64 (k,); infinite where members or others are missing."""
        rows = of_two(probs)
        top, odds = rows.argmax(axis=1), _log_odds(rows)
        chosen = [top == k for k in range(rows.shape[1])]
        self.cuts_ = np.array([_best_cut(odds[of_class], member[of_class]) for of_class in chosen])
        return self

    def transform(self, probs):
        """Return the answers, flattened where they are too confident."""
        if not hasattr(self, "cuts_"):
            raise MIAError("fooling: it has not learnt yet; give it answers of shadows first: fit(probs, member)")
        rows = of_two(probs)
        cuts = self.cuts_[rows.argmax(axis=1)]
        beyond = _log_odds(rows) > cuts
        rows[beyond] = _flattened(rows[beyond], cuts[beyond])
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


def _flattened(rows: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return the rows with the predicted class's log-odds at the cut; the others keep their shares among themselves."""
    top, sure = rows.argmax(axis=1)[:, None], expit(cuts)[:, None]
    flat = np.maximum(rows, TINY)
    np.put_along_axis(flat, top, 0.0, axis=1)
    flat *= (1 - sure) / flat.sum(axis=1, keepdims=True)
    np.put_along_axis(flat, top, sure, axis=1)
    return flat
