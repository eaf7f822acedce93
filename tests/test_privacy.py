"""The bound on epsilon that canaries prove, where the truth is known: too high in at most 5% of runs."""

import numpy as np
import pytest
from scipy.stats import binom

from mia_helpers import MIAError
from mia_helpers.attacks.references.privacy import _p_value, epsilon_shown, lower_bound


def test_by_hand():
    # All of r guesses right: (e^eps / (1 + e^eps))^r = 0.05.
    p = 0.05 ** (1 / 500)
    assert lower_bound(500, 500, n_canaries=500) == pytest.approx(np.log(p / (1 - p)), abs=1e-3)
    assert lower_bound(500, 500, n_canaries=500) == pytest.approx(5.1, abs=0.05)  # the ceiling of 500 guesses
    assert lower_bound(250, 500, n_canaries=500) == 0
    assert lower_bound(0, 0, n_canaries=500) == 0


@pytest.mark.parametrize(
    ("m", "r", "v", "epsilon", "delta"), [(500, 100, 90, 1, 4e-4), (500, 500, 450, 2, 1e-5), (300, 30, 29, 1.5, 1e-3)]
)
def test_a_delta_counts_as_in_the_theorem(m, r, v, epsilon, delta):
    """Term by term: beta + 2 m delta max over i of P[v - i <= W < v] / i."""
    q = 1 / (1 + np.exp(-epsilon))
    below = np.cumsum([binom.pmf(v - i, r, q) for i in range(1, v + 1)])
    expected = binom.sf(v - 1, r, q) + 2 * m * delta * max(part / i for i, part in enumerate(below, start=1))
    assert _p_value(epsilon, v, r, m, delta) == pytest.approx(expected, rel=1e-6)


def test_a_delta_lowers_it_and_more_right_guesses_raise_it():
    bounds = [lower_bound(450, 500, n_canaries=500, delta=delta) for delta in (0, 1e-5, 1e-3)]
    assert bounds[0] > bounds[1] > bounds[2]
    assert lower_bound(460, 500, n_canaries=500) > bounds[0]
    assert lower_bound(450, 500, n_canaries=500, confidence=0.99) < bounds[0]


@pytest.mark.parametrize("epsilon", [0.0, 1.0, 3.0])
def test_randomised_response_is_rarely_said_to_spend_more_than_it_does(epsilon):
    rng, runs, m = np.random.default_rng(1), 400, 300
    member = rng.random((runs, m)) < 0.5
    told = np.where(rng.random((runs, m)) < 1 / (1 + np.exp(-epsilon)), member, ~member)
    shown = [epsilon_shown(s, truth) for s, truth in zip(told + rng.normal(0, 0.01, (runs, m)), member, strict=True)]
    assert np.count_nonzero(np.array(shown) > epsilon) <= binom.ppf(0.999, runs, 0.05)
    if epsilon:
        assert np.median(shown) > 0.6 * epsilon  # and it shows most of it


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 2, 10), "3 correct of 2 guesses about 10 canaries"),
        ((1, 20, 10), "1 correct of 20 guesses about 10 canaries"),
    ],
)
def test_numbers_that_do_not_fit_are_told(numbers, said):
    with pytest.raises(MIAError, match=said):
        lower_bound(numbers[0], numbers[1], n_canaries=numbers[2])
