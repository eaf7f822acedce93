"""The paper's networks, to the parameter, and its learning-rate decay (paper Figs. 4, 6, 8)."""

import contextlib
import functools
import os
import tempfile
from pathlib import Path

from mia_helpers.errors import MIAError


@functools.cache
def keras():
    """Import Keras on TensorFlow at the first use, and return the module.

    A notebook that only reads records never pays for it. TensorFlow writes a few lines to the process's stderr before
    its log level is read; they are swallowed.
    """
    with _silent_stderr():
        import keras
        import tensorflow  # noqa: F401  (it logs on import)
    return keras


@contextlib.contextmanager
def _silent_stderr():
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def image_network(*, l2: float = 0.0, n_classes: int = 10):
    """Return the CIFAR-10 network: two tanh convolutions, each with max pooling, and Dense 128 → softmax.

    160,554 parameters for 10 classes (paper Fig. 4). `l2` penalises the kernels of all four layers.
    """
    layers, penalty = keras().layers, functools.partial(_l2, l2)
    return keras().Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(32, 5, activation="tanh", kernel_regularizer=penalty(), name="conv_5x5"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(32, 3, activation="tanh", kernel_regularizer=penalty(), name="conv_3x3"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="tanh", kernel_regularizer=penalty(), name="dense"),
            layers.Dense(n_classes, activation="softmax", kernel_regularizer=penalty(), name="probabilities"),
        ],
        name="image_network",
    )


def census_network(*, l2: float = 0.0, n_features: int = 105):
    """Return the UCI Adult network: Dense 5 → Dense 1, both sigmoid; 536 parameters for 105 columns (paper Fig. 6)."""
    return _dense_5_1("census_network", n_features, l2)


def attack_network(*, n_inputs: int = 1):
    """Return the attack network for UCI Adult: Dense 5 sigmoid → Dense 1 sigmoid, 16 parameters (paper Fig. 8)."""
    return _dense_5_1("attack_network", n_inputs, 0.0)


def _dense_5_1(name: str, n_inputs: int, l2: float):
    layers = keras().layers
    return keras().Sequential(
        [
            layers.Input((n_inputs,)),
            layers.Dense(5, activation="sigmoid", kernel_regularizer=_l2(l2), name="hidden"),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=_l2(l2), name="probability"),
        ],
        name=name,
    )


def _l2(strength: float):
    return keras().regularizers.L2(strength) if strength else None


def optimizer(learning_rate: float, decay: float):
    """Return Adam whose rate falls per step t as learning_rate / (1 + decay · t).

    That is what `Adam(decay=...)` did when the paper was written; Keras 3 has no such argument, hence the schedule.
    """
    schedule = keras().optimizers.schedules.InverseTimeDecay(learning_rate, decay_steps=1, decay_rate=decay)
    return keras().optimizers.Adam(schedule)


def load_model(path: Path):
    """Return the Keras model saved at `path`.

    Raises
    ------
    MIAError
        If there is no such file or it is damaged.
    """
    try:
        return keras().models.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        raise MIAError(
            f"{path} is missing or damaged ({error}). Delete it and its .npz to train the model again."
        ) from None
