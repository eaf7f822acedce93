"""What DP-SGD spends: epsilon of Gaussian noise on the sum over a Poisson sample, composed over the steps.

Two data sets are neighbours if one has a record more than the other (add or remove one). `noise` is the deviation of
the noise over the clipping norm, `rate` the probability with which each record is in a step's batch.
"""

import functools
import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp

from mia_helpers.engine.errors import MIAError

LARGEST_NOISE = 1000.0  # more is refused: nothing is learned by then, and the search for the least has an end
LEAST_NOISE = 0.2  # below, loss distributions take minutes, to tell of epsilons in the thousands
ORDERS = np.unique(np.geomspace(2, 2000, 100).astype(int))  # of the moments


@functools.lru_cache(maxsize=1024)
def epsilon(noise: float, rate: float, steps: int, delta: float) -> float:
    """Return the least epsilon that holds with this delta: an upper bound, tight to about 0.002.

    By privacy loss distributions (Koskela et al. 2020; Google's dp-accounting). Without noise it is infinite; with less
    than `LEAST_NOISE` it is the looser bound by moments.
    """
    if noise < LEAST_NOISE:
        return epsilon_by_moments(noise, rate, steps, delta)
    # Epsilons of around 700 overflow; what holds for a few steps more holds for these.
    tried = (_by_loss_distributions(noise, rate, math.ceil(steps * more), delta) for more in (1, 1.01, 1.02, 1.05))
    return next(filter(math.isfinite, tried), epsilon_by_moments(noise, rate, steps, delta))


def _by_loss_distributions(noise: float, rate: float, steps: int, delta: float) -> float:
    with np.errstate(over="ignore"):
        return float(_composed(noise, rate, steps).get_epsilon(delta))


@functools.lru_cache(maxsize=16)
def _composed(noise: float, rate: float, steps: int):
    """Return the accountant of so many steps: it takes seconds, and then knows epsilon for every delta."""
    from dp_accounting import GaussianDpEvent, NeighboringRelation, PoissonSampledDpEvent, SelfComposedDpEvent
    from dp_accounting.pld import PLDAccountant

    spent = SelfComposedDpEvent(PoissonSampledDpEvent(rate, GaussianDpEvent(noise)), steps)
    with np.errstate(over="ignore"):
        return PLDAccountant(NeighboringRelation.ADD_OR_REMOVE_ONE).compose(spent)


def epsilon_by_moments(noise: float, rate: float, steps: int, delta: float) -> float:
    """Return an upper bound on the same by Rényi divergences of whole orders α: somewhat larger, and quick.

    Of the sampled Gaussian: Mironov, Talwar and Zhang 2019, section 3.3. From orders to epsilon: Canonne, Kamath and
    Steinke 2020, proposition 12.
    """
    if noise == 0:
        return np.inf
    bounds = [
        steps * _log_moment(noise, rate, order) / (order - 1)
        + np.log1p(-1 / order)
        - (np.log(delta) + np.log(order)) / (order - 1)
        for order in ORDERS
    ]
    return max(0.0, float(min(bounds)))


def _log_moment(noise: float, rate: float, order: int) -> float:
    """Return log Σₖ C(α, k) (1 - q)^(α - k) q^k exp((k² - k) / 2σ²)."""
    k = np.arange(order + 1)
    ways = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.where(k == order, 0.0, (order - k) * np.log1p(-rate))  # 0 · log 0 is 0
    return logsumexp(ways + missed + k * np.log(rate) + (k * k - k) / (2 * noise**2))


@functools.lru_cache(maxsize=1024)
def noise_for(wanted: float, rate: float, steps: int, delta: float) -> float:
    """Return the least noise, to a part in a thousand, that spends no more than this epsilon.

    Raises
    ------
    MIAError
        If that would be more than `LARGEST_NOISE`.
    """

    def excess(log_noise: float, spends=epsilon) -> float:
        return np.log(max(spends(float(np.exp(log_noise)), rate, steps, delta), 1e-12) / wanted)

    def by_moments(log_noise: float) -> float:
        return excess(log_noise, epsilon_by_moments)

    high, least = np.log(LARGEST_NOISE), np.log(1e-3)
    if excess(high) > 0:
        raise MIAError(
            f"epsilon={wanted:g} would take noise of more than {LARGEST_NOISE:g} times the clipping norm in each of "
            f"{steps} steps. Ask for at least {epsilon(LARGEST_NOISE, rate, steps, delta):.2g}, or train for less"
        )
    if by_moments(high) < 0 < by_moments(least):  # cheap to find, and too little only where epsilon is about 0.01
        near = brentq(by_moments, least, high, xtol=1e-2) + 1e-2
        high = near if excess(near) <= 0 else high
    low = high
    while excess(low) <= 0:
        high, low = low, low - 0.2
    found = brentq(excess, low, high, xtol=3e-4)
    while excess(found) > 0:
        found += 3e-4
    return float(np.exp(found))
