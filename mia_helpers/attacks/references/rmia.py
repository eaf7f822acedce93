"""The robust attack: the target's confidence over the usual one, p(x) / P(x) (Zarifzadeh et al., ICML 2024)."""

import numpy as np
from scipy.special import expit

from mia_helpers.attacks import intervals
from mia_helpers.attacks.references.matrix import References, Target
from mia_helpers.attacks.references.moments import Moments, leave_pair_out, moments
from mia_helpers.engine.errors import MIAError

A = 0.3  # the paper's, for CIFAR-10
GRID = tuple(step / 10 for step in range(11))
LEAST = -700.0  # the phi below which p is no normal float64


def probability(phi: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return p = sigmoid(phi / temperature) of the record itself: float64 (..., 1) of phi (..., queries).

    With a temperature, the odds of the true class against all others together are raised to its inverse. For one
    sigmoid output that is the usual temperature; for a softmax it is not quite the softmax of logits / temperature.
    """
    if not 0 < temperature < np.inf:
        raise MIAError(f"temperature={temperature}: expected a positive number")
    return expit(np.maximum(np.asarray(phi, float)[..., :1] / temperature, LEAST))


def rmia_online(p: np.ndarray, moments: Moments) -> np.ndarray:
    """Return log p - log P (..., records), P the mean of p over the in and the out models.

    For one target, the order of the shares of `rmia_shares`, without their ties.
    """
    if moments.inside is None:
        raise MIAError("RMIA online needs models that know the records, and these know none; use rmia_offline")
    return (np.log(p) - np.log((moments.inside.mean + moments.outside.mean) / 2))[..., 0]


def rmia_offline(p: np.ndarray, moments: Moments, a: float = A) -> np.ndarray:
    """Return log p - log P (..., records), with P guessed from the out models alone: ((1 + a) P_out + 1 - a) / 2."""
    return (np.log(p) - np.log(guessed(moments.outside.mean, a)))[..., 0]


def guessed(p_out: np.ndarray, a: float) -> np.ndarray:
    """Return P from the mean over out models, as if in models said a · P_out + 1 - a."""
    if not 0 <= a <= 1:
        raise MIAError(f"a={a}: expected 0 to 1")
    return ((1 + a) * p_out + 1 - a) / 2


def rmia_shares(
    target: Target,
    references: References,
    *,
    gamma: float = 1.0,
    online: bool = True,
    a: float = A,
    temperature: float = 1.0,
) -> np.ndarray:
    """Return float64 (records,): the share of the population z with [p(x)/P(x)] / [p(z)/P(z)] >= gamma.

    The paper's score. No model was trained on z, so P(z) is the plain mean over all models (offline: guessed from it,
    as for x). There are at most z + 1 different shares; what they add is a threshold that needs no labels.

    Raises
    ------
    MIAError
        If target or references have no population, or gamma is not positive.
    """
    if target.population is None or references.population is None:
        raise MIAError("rmia_shares needs the population: give Target and References phi of records that none has seen")
    if not 0 < gamma < np.inf:
        raise MIAError(f"gamma={gamma}: expected a positive number")

    def signal(phi):
        return probability(phi, temperature)

    p, known = signal(target.confidence), moments(references, signal)
    ratios = rmia_online(p, known) if online else rmia_offline(p, known, a)
    usual = signal(references.population[..., None])[..., 0].mean(axis=0)
    usual = usual if online else guessed(usual, a)
    of_population = np.sort(np.log(signal(target.population[..., None])[..., 0]) - np.log(usual))
    return np.searchsorted(of_population, ratios - np.log(gamma), side="right") / len(of_population)


def choose_a(references: References, temperature: float = 1.0) -> float:
    """Return the a of 0, 0.1, ..., 1 with the best mean AUC of `rmia_offline`, each reference model once the target.

    Of equals the least. Choose on reference models only, never on the target's pair: its labels are the target's.
    """

    def signal(phi):
        return probability(phi, temperature)

    p, known, member = signal(references.confidence), leave_pair_out(references, signal), references.member

    def mean_auc(a):
        scores = rmia_offline(p, known, a)
        return np.mean([intervals.area(s[m], s[~m]) for s, m in zip(scores, member, strict=True)])

    return max(GRID, key=mean_auc)
