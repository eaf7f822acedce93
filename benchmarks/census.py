"""The census network: the target and 20 shadows as one program against 21 calls of Keras's `fit`."""

import numpy as np

from benchmarks import measure
from mia_helpers.learning import census_network, stacking
from mia_helpers.learning.keras_on_tensorflow import keras

MODELS, DS = 21, 10000
BASELINE_EPOCHS, EPOCHS = 5, 100
RECIPE = {"batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}


def rows(repeats: int) -> list[dict]:
    """Return `adult_shadows`."""
    pairs = measure.in_turn(
        lambda: MODELS * DS * BASELINE_EPOCHS / measure.script("census", "keras"),
        lambda: MODELS * DS * EPOCHS / measure.script("census", "ours"),
        repeats=repeats,
    )
    return [measure.row("adult_shadows", *pairs, "samples/s")]


def _records():
    rng = np.random.default_rng(0)
    return rng.random((MODELS, DS, 105), dtype=np.float32), rng.integers(0, 2, (MODELS, DS))


def keras_fits() -> float:
    """Return the seconds that Keras takes for 21 models, a few epochs each; building their programs is not counted."""
    measure.default_threads()
    total, (x, y) = 0.0, _records()
    for i in range(MODELS):
        network = census_network(seed=i)
        network.compile(keras().optimizers.Adam(1e-3), loss="binary_crossentropy")
        network.fit(x[i][:336], y[i][:336], batch_size=32, epochs=1, verbose=0)  # 10 batches and a half, as below
        total += measure.seconds(
            lambda i=i, network=network: network.fit(x[i], y[i], batch_size=32, epochs=BASELINE_EPOCHS, verbose=0)
        )
    return total


def one_program() -> float:
    """Return the seconds that one program takes for all epochs of all models; building it is counted."""
    (x, y), networks = _records(), [census_network(seed=i) for i in range(MODELS)]
    options = {"seeds": list(range(MODELS)), "tests": [None] * MODELS, "epochs": EPOCHS, **RECIPE}
    return measure.seconds(lambda: stacking.fit_stacked(networks, x, y, **options))


if __name__ == "__main__":
    import sys

    print(keras_fits() if sys.argv[1] == "keras" else one_program())
