"""What a reference model tells while it learns: its logits, and that watching it changes nothing."""

import dataclasses

import numpy as np
import pytest

from mia_helpers import Experiment
from mia_helpers.attacks.records import log_odds_of_logits
from mia_helpers.learning import census_network, image_network, stacking, training
from mia_helpers.walk import worker

RECIPE = {"epochs": 3, "batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}
TINY = {"train_size": 40, "epochs": 3, "n_references": 2}
IMAGES = Experiment(dataset="synthetic_images", **TINY)
CENSUS = Experiment(dataset="synthetic_census", **TINY)
BOTH = pytest.mark.parametrize("exp", [IMAGES, CENSUS], ids=str)


def weights_of(network):
    return b"".join(weight.tobytes() for weight in network.get_weights())


def small_set(network, n=70, seed=0):
    rng = np.random.default_rng(seed)
    shape = (n, 32, 32, 3) if network is image_network else (n, 105)
    return rng.random(shape, dtype=np.float32), rng.integers(0, 10 if len(shape) == 4 else 2, n)


# --- From logits --------------------------------------------------------------------------------------------------


def test_log_odds_by_hand():
    logit = np.array([[2.0], [2.0], [-3.0]])
    assert log_odds_of_logits(logit, np.array([1, 0, 0])).tolist() == [2, -2, 3]
    three = np.log([[0.5, 0.25, 0.25], [0.7, 0.2, 0.1], [0.7, 0.2, 0.1]])
    found = log_odds_of_logits(three + 7, np.array([0, 0, 2]))  # a constant changes nothing
    assert found == pytest.approx([0, np.log(7 / 3), np.log(1 / 9)])
    assert log_odds_of_logits(np.zeros((1, 10)), np.array([4])) == pytest.approx([-np.log(9)])


def test_log_odds_go_on_where_a_softmax_in_float32_is_1_or_0():
    height = np.array([0, 20, 40, 200, 1e4, 1e30], np.float32)
    logits = np.column_stack([height, np.zeros((6, 2), np.float32)])
    shown = np.exp(logits - height[:, None]) / np.exp(logits - height[:, None]).sum(axis=1, keepdims=True)
    assert len(np.unique(shown[:, 0])) < 6  # the probabilities have ties
    for label, sign in ((0, 1), (1, -1)):
        found = log_odds_of_logits(logits, np.full(6, label))
        assert np.isfinite(found).all()
        assert (sign * np.diff(found) > 0).all()
    assert log_odds_of_logits(logits, np.zeros(6, int))[3] == pytest.approx(200 - np.log(2))
    one = log_odds_of_logits(np.array([[800.0], [-800.0]], np.float32), np.array([1, 1]))
    assert one.tolist() == [800, -800]


@pytest.mark.slow
@pytest.mark.parametrize("network", [image_network, census_network])
def test_logits_are_what_goes_into_the_models_own_answers(network):
    x, y = small_set(network, n=510)  # more than one part of 500
    model = network(seed=1)
    training.fit(model, x[:70], y[:70], seed=0, **RECIPE)
    logits, answers = training.logits(model, x).astype(float), training.predict(model, x)
    assert logits.shape == answers.shape
    if logits.shape[1] == 1:
        expected = 1 / (1 + np.exp(-logits))
    else:
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    assert np.ptp(answers) > 1e-3


# --- Watching -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("network", [image_network, census_network])
def test_who_is_watched_learns_the_same(network):
    x, y = small_set(network)
    seen, alone, watched = [], network(seed=1), network(seed=1)
    plain = training.fit(alone, x, y, seed=3, **RECIPE)
    curves = training.fit(
        watched, x, y, seed=3, watch=lambda epoch: seen.append((epoch, training.logits(watched, x))), **RECIPE
    )
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert not np.array_equal(seen[0][1], seen[1][1])
    assert np.array_equal(seen[2][1], training.logits(watched, x))
    assert weights_of(alone) == weights_of(watched)
    assert all(np.array_equal(curves[name], plain[name]) for name in plain)


@pytest.mark.slow
def test_a_stack_that_is_watched_learns_the_same_and_shows_each_epoch():
    x, y = (np.stack(parts) for parts in zip(*(small_set(census_network, seed=i) for i in range(3)), strict=True))
    options, seen = {"seeds": [7, 8, 9], "tests": [None] * 3}, {}
    alone, watched = ([census_network(seed=i) for i in range(3)] for _ in range(2))
    stacking.fit_stacked(alone, x, y, **options, **RECIPE)
    stacking.fit_stacked(
        watched, x, y, watch=lambda epoch: seen.update({epoch: [weights_of(n) for n in watched]}), **options, **RECIPE
    )
    assert [weights_of(n) for n in alone] == [weights_of(n) for n in watched] == seen[3]
    assert list(seen) == [1, 2, 3]
    assert len({row[0] for row in seen.values()}) == 3
    shorter = [census_network(seed=i) for i in range(3)]
    stacking.fit_stacked(shorter, x, y, **options, **{**RECIPE, "epochs": 2})
    assert [weights_of(n) for n in shorter] == seen[2]


def arrays_of(model):
    return worker.train([model], [model.name])[0].arrays


@pytest.mark.slow
@BOTH
def test_what_is_kept_of_an_epoch_is_what_a_model_of_so_many_epochs_tells(exp):
    long = arrays_of(exp.reference_models()[1])
    assert long["epochs"].tolist() == [1, 2, 3]
    for at, epochs in enumerate((1, 2)):
        short = arrays_of(exp.replace(epochs=epochs).reference_models()[1])
        assert short["epochs"][-1] == epochs
        for name in ("confidence", "right", "population"):
            assert short[name][-1].tobytes() == long[name][at].tobytes(), name
        assert not np.array_equal(short["confidence"][-1], long["confidence"][-1])
    assert ("moved" in long) == (exp is IMAGES)


@pytest.mark.slow
@BOTH
def test_a_reference_model_is_the_same_if_nobody_asks_it(exp):
    asked = exp.reference_models()[0]
    alone = dataclasses.replace(asked, split=dataclasses.replace(asked.split, population=0))
    asked, alone = arrays_of(asked), arrays_of(alone)
    assert alone.keys() < asked.keys()
    assert all(np.array_equal(alone[name], asked[name]) for name in alone)
    assert set(asked) - set(alone) >= {"epochs", "confidence", "right", "population"}
