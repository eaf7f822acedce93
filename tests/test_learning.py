"""The paper's networks, and that our training takes the same steps as Keras's own."""

import numpy as np
import pytest

from mia_helpers import MIAError
from mia_helpers.learning import attack_network, census_network, image_network, stacking, training
from mia_helpers.learning.keras_on_tensorflow import from_bytes, keras
from mia_helpers.learning.optimisers import OPTIMISERS

pytestmark = pytest.mark.slow
STACK_RECIPE = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}
RECIPE = {**STACK_RECIPE, "seed": 3}


@pytest.mark.parametrize(
    ("network", "parameters"),
    [(image_network, 160_554), (census_network, 536), (attack_network, 16)],
)
def test_parameter_counts_are_the_papers(network, parameters):
    assert network().count_params() == parameters


def test_penalty_is_on_every_kernel_and_adds_no_parameter():
    images, census = image_network(l2=0.5), census_network(l2=0.5)
    assert (len(images.losses), len(census.losses)) == (4, 2)
    assert images.count_params() == 160_554
    kernels = [w.numpy() for w in census.trainable_weights if w.name == "kernel"]
    assert float(sum(census.losses)) == pytest.approx(0.5 * sum((k**2).sum() for k in kernels), rel=1e-5)
    assert image_network(l2=0).losses == []


def keras_optimizer(name="adam", decay=1e-7):
    """Keras's own optimizer, whose rate falls as the paper's did, when `Adam(decay=...)` existed."""
    known = keras().optimizers
    schedule = known.schedules.InverseTimeDecay(1e-3, decay_steps=1, decay_rate=decay)
    return {"adam": known.Adam, "rmsprop": known.RMSprop, "sgd": known.SGD}[name](schedule)


def small_set(network):
    rng = np.random.default_rng(0)
    shape = (70, 32, 32, 3) if network is image_network else (70, 105)  # 70 = 32 + 32 + 6
    return rng.random(shape, dtype=np.float32), rng.integers(0, 10 if len(shape) == 4 else 2, 70)


@pytest.mark.parametrize("optimizer", OPTIMISERS)
def test_the_rate_decays_as_in_the_paper(optimizer):
    x, y = small_set(census_network)
    quick = {**RECIPE, "decay": 0.5, "optimizer": optimizer}  # a decay that is left out shows after three steps
    ours, theirs = census_network(seed=1), census_network(seed=1)
    training.fit(ours, x, y, **quick)
    order = np.random.default_rng(RECIPE["seed"]).permutation(70)
    theirs.compile(keras_optimizer(optimizer, decay=0.5), loss="binary_crossentropy")
    theirs.fit(x[order], y[order], batch_size=32, epochs=1, shuffle=False, verbose=0)
    for mine, reference in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, reference, atol=1e-6)


def test_pooling_before_the_activation_changes_no_answer():
    x, _ = small_set(image_network)
    network = image_network(seed=1)
    np.testing.assert_allclose(training.pool_first(network, x), network(x), atol=1e-6)


@pytest.mark.parametrize("l2", [0.0, 5e-3])
def test_a_stack_equals_models_trained_one_after_another(l2):
    rng = np.random.default_rng(5)
    x, y = rng.random((3, 700, 105), dtype=np.float32), rng.integers(0, 2, (3, 700))
    recipe, seeds = {**STACK_RECIPE, "epochs": 5}, [7, 8, 9]

    def networks():
        return [census_network(l2=l2, seed=i) for i in range(3)]

    alone, stacked = networks(), networks()
    tests = [(x[1], y[1]), None, None]
    curves = stacking.fit_stacked(stacked, x, y, seeds=seeds, tests=tests, **recipe)
    for i, network in enumerate(alone):
        learned = training.fit(network, x[i], y[i], seed=seeds[i], test=tests[i], **recipe)
        for mine, theirs in zip(network.get_weights(), stacked[i].get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
        assert learned.keys() == curves[i].keys()
        for name, values in learned.items():
            np.testing.assert_allclose(curves[i][name], values, atol=1e-5)


def test_a_model_is_the_same_to_the_byte_in_any_stack():
    rng = np.random.default_rng(6)
    x, y = rng.random((17, 300, 105), dtype=np.float32), rng.integers(0, 2, (17, 300))

    def trained(chosen):
        networks = [census_network(seed=i) for i in chosen]
        stacking.fit_stacked(networks, x[chosen], y[chosen], seeds=chosen, tests=[None] * len(chosen), **STACK_RECIPE)
        weights = [b"".join(w.tobytes() for w in network.get_weights()) for network in networks]
        return dict(zip(chosen, weights, strict=True))

    together = trained(list(range(17)))  # filled up to 32; each of the others to 16
    assert trained([3]) | trained([16, 0]) | trained([2, 1]) | trained(list(range(4, 16))) == together


@pytest.mark.parametrize("network", [image_network, census_network])
@pytest.mark.parametrize("l2", [0.0, 5e-3])
def test_one_epoch_equals_keras_fit(network, l2):
    x, y = small_set(network)
    ours, theirs = network(l2=l2, seed=1), network(l2=l2, seed=1)
    curves = training.fit(ours, x, y, **RECIPE)
    order = np.random.default_rng(RECIPE["seed"]).permutation(70)
    loss = "sparse_categorical_crossentropy" if network is image_network else "binary_crossentropy"
    theirs.compile(keras_optimizer(), loss=loss, metrics=["accuracy"])
    history = theirs.fit(x[order], y[order], batch_size=32, epochs=1, shuffle=False, verbose=0).history
    for mine, reference in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, reference, atol=1e-5)
    assert curves["accuracy"][0] == pytest.approx(history["accuracy"][0], abs=1e-6)


def test_same_seed_same_weights_whether_or_not_the_test_curve_is_measured():
    x, y = small_set(census_network)
    trained = []
    for test in (None, (x, y), None):
        trained.append(network := census_network(seed=1))
        curves = training.fit(network, x, y, **{**RECIPE, "epochs": 4}, test=test)
        assert len(curves["loss"]) == 4
        assert ("test_accuracy" in curves) == (test is not None)
    bytes_of = [b"".join(w.tobytes() for w in network.get_weights()) for network in trained]
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]


def test_a_damaged_model_file_is_one_clear_error():
    with pytest.raises(MIAError, match=r"the target cannot be read by Keras .*train it again"):
        from_bytes(b"no model", "the target")
