"""The paper's networks, to the parameter (paper Figs. 4, 6, 8)."""

import random
from collections.abc import Callable

from mia_helpers.learning.keras_on_tensorflow import keras


def image_network(*, l2: float = 0.0, n_classes: int = 10, shape=(32, 32, 3), seed: int | None = None):
    """Return the CIFAR-10 network: two tanh convolutions, each with max pooling, and Dense 128 → softmax.

    160,554 parameters for 10 classes of 32x32 colour images (paper: Figure 4). `l2` penalises the kernels of all four
    layers; `seed` is that of the initial weights.
    """
    layers, kernel = keras().layers, _kernels(l2, seed)
    return keras().Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(32, 5, activation="tanh", name="conv_5x5", **kernel()),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(32, 3, activation="tanh", name="conv_3x3", **kernel()),
            layers.MaxPooling2D(name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="tanh", name="dense", **kernel()),
            layers.Dense(n_classes, activation="softmax", name="probabilities", **kernel()),
        ],
        name="image_network",
    )


def census_network(*, l2: float = 0.0, n_features: int = 105, seed: int | None = None):
    """Return the UCI Adult network: Dense 5 → Dense 1, sigmoids; 536 parameters for 105 columns (paper: Figure 6)."""
    return _dense_5_1("census_network", n_features, l2, seed)


def attack_network(*, n_inputs: int = 1, seed: int | None = None):
    """Return the attack network for UCI Adult: Dense 5 sigmoid → Dense 1 sigmoid, 16 parameters (paper: Figure 8)."""
    return _dense_5_1("attack_network", n_inputs, 0.0, seed)


def _dense_5_1(name: str, n_inputs: int, l2: float, seed: int | None):
    layers, kernel = keras().layers, _kernels(l2, seed)
    return keras().Sequential(
        [
            layers.Input((n_inputs,)),
            layers.Dense(5, activation="sigmoid", name="hidden", **kernel()),
            layers.Dense(1, activation="sigmoid", name="probability", **kernel()),
        ],
        name=name,
    )


def _kernels(l2: float, seed: int | None) -> Callable[[], dict]:
    """Return a function that gives the kernel of each layer in turn its penalty, and initial weights from its own seed.

    Not from the global seed: other threads of a cluster's worker draw from it too.
    """
    seeds = random.Random(seed)

    def options() -> dict:
        initial = keras().initializers.GlorotUniform(seed=seeds.randint(1, 10**9))
        return {"kernel_initializer": initial, "kernel_regularizer": keras().regularizers.L2(l2) if l2 else None}

    return options
