"""What a random split of records proves about epsilon: a lower bound from one trained model.

Each member is paired with a non-member at random. If who became a member was a random split, then of each pair it was a
fair coin of its own which of the two was trained on; exchanging them replaces one record. So the bound of Steinke,
Nasr and Jagielski (2023) holds with a guess for each pair, for differential privacy under "replace one record".
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mia_helpers.attacks.references.privacy import DELTA, SHARES, lower_bound


@dataclass(frozen=True)
class Shown:
    """A lower bound on epsilon, and what is behind it.

    Parameters
    ----------
    bound : float
        0 where nothing is shown.
    correct, guesses, pairs : int
        The guesses that gave the bound: those about the pairs that differ most, out of all pairs.
    """

    bound: float
    correct: int
    guesses: int
    pairs: int


def shown(score: np.ndarray, member: np.ndarray, *, seed: int, delta: float = DELTA, confidence: float = 0.95) -> Shown:
    """Return what an attack shows: of each pair the record with the higher score is called the member.

    It guesses about the pairs whose scores differ most, for each share of `SHARES`; the best of these bounds counts,
    each at a confidence that makes up for their number. Where both scores are the same, a coin decides.

    Parameters
    ----------
    score : float (n,)
        Of an attack that has not learnt from these records who is a member.
    member : bool (n,)
    """
    rng = np.random.default_rng((seed, 2))
    inside, outside = (rng.permutation(np.flatnonzero(kind)) for kind in (member, ~member))
    pairs = min(len(inside), len(outside))
    ahead = score[inside[:pairs]] - score[outside[:pairs]]
    right = np.where(ahead == 0, rng.random(pairs) < 0.5, ahead > 0)
    right = right[np.argsort(-np.abs(ahead), kind="stable")]
    bounds = []
    for guesses in _numbers(pairs):
        correct = int(right[:guesses].sum())
        bounds.append(Shown(_bound(correct, guesses, pairs, delta, confidence), correct, guesses, pairs))
    return max(bounds, key=lambda one: (one.bound, one.guesses))


def ceiling(pairs: int, *, delta: float = DELTA, confidence: float = 0.95) -> float:
    """Return the bound that an attack shows which is right about every pair: more no audit of so many can show."""
    return max(_bound(guesses, guesses, pairs, delta, confidence) for guesses in _numbers(pairs))


def _numbers(pairs: int) -> list[int]:
    return [max(1, int(share * pairs)) for share in SHARES]


@lru_cache(maxsize=1024)
def _bound(correct: int, guesses: int, pairs: int, delta: float, confidence: float) -> float:
    each = 1 - (1 - confidence) / len(SHARES)
    return lower_bound(correct, guesses, n_canaries=pairs, delta=delta, confidence=each)
