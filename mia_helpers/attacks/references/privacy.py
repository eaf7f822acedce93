"""What canaries prove about epsilon: a lower bound from one training run (Steinke, Nasr and Jagielski 2023)."""

import numpy as np
from scipy.stats import binom

from mia_helpers.engine.errors import MIAError

SHARES = (0.1, 0.3, 1.0)  # of the canaries, about which the attacker guesses; fixed before anything is measured
DELTA = 1e-5  # with a larger one, such as 1/ds, hundreds of perfect guesses prove less: it allows to publish records
MOST = 50.0  # an epsilon that no number of canaries can show


def lower_bound(correct: int, guesses: int, *, n_canaries: int, delta: float = 0.0, confidence: float = 0.95) -> float:
    """Return the largest epsilon below which so many correct guesses are too unlikely, 0 if none is.

    Each of `n_canaries` was in the training set if a fair coin of its own said so; the attacker guessed about some of
    them. Under epsilon-differential privacy (add or remove one record), v correct guesses are no more probable than v
    successes of as many throws, each of probability e^epsilon / (1 + e^epsilon); a delta adds to that (Theorem 5.2).

    Raises
    ------
    MIAError
        If the numbers do not fit together.
    """
    if not 0 <= correct <= guesses <= n_canaries:
        raise MIAError(f"{correct} correct of {guesses} guesses about {n_canaries} canaries: expected no more of each")
    if not 0 < confidence < 1 or not 0 <= delta < 1:
        raise MIAError(f"confidence={confidence}, delta={delta}: expected shares")
    low, high = 0.0, MOST
    if _p_value(low, correct, guesses, n_canaries, delta) > 1 - confidence:
        return 0.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        if _p_value(middle, correct, guesses, n_canaries, delta) > 1 - confidence:
            high = middle
        else:
            low = middle
    return low


def _p_value(epsilon: float, correct: int, guesses: int, n_canaries: int, delta: float) -> float:
    """Return the most likely that so many guesses are correct under this epsilon and delta."""
    tail = binom.sf(np.arange(correct, -1, -1) - 1, guesses, 1 / (1 + np.exp(-epsilon)))  # at least v, v - 1, ..., 0
    more = (tail[1:] - tail[0]) / np.arange(1, len(tail)) if correct else np.zeros(1)
    return float(tail[0] + 2 * n_canaries * delta * more.max())


def epsilon_shown(score: np.ndarray, member: np.ndarray, *, delta: float = DELTA, confidence: float = 0.95) -> float:
    """Return the lower bound on epsilon that an attack on one model's canaries proves.

    The half with the highest scores of a share of the canaries is called in, the half with the lowest out, for each
    share of `SHARES`; the best of these bounds counts, each at a confidence that makes up for their number.

    Parameters
    ----------
    score : float (canaries,)
        The higher, the rather a member; ties are broken by place.
    member : bool (canaries,)
    """
    order, n = np.argsort(score, kind="stable"), len(score)
    bounds = []
    for share in SHARES:
        side = int(share * n) // 2
        right = np.count_nonzero(~member[order[:side]]) + np.count_nonzero(member[order[n - side :]])
        each = 1 - (1 - confidence) / len(SHARES)
        bounds.append(lower_bound(right, 2 * side, n_canaries=n, delta=delta, confidence=each))
    return max(bounds)
