"""The image network: shadows side by side against Keras's `fit`, the floor of the processor, and stacking."""

import os
import sys

import numpy as np

from benchmarks import measure
from mia_helpers import Experiment
from mia_helpers.engine import backends
from mia_helpers.learning import image_network, stacking, training
from mia_helpers.learning.keras_on_tensorflow import keras
from mia_helpers.walk import worker

DS, SHADOWS, EPOCHS = 2500, 10, 20
RECIPE = {"batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}


def rows(repeats: int) -> list[dict]:
    """Return `cnn_shadows`, `cnn_scaling`, `cnn_one_worker` and `cnn_stacked`."""
    samples = DS * SHADOWS * EPOCHS
    one, floor = single(repeats)
    shadows = measure.in_turn(
        lambda: samples / measure.script("cnn", "keras"),
        lambda: samples / measure.script("cnn", "ours", 2),
        repeats=repeats,
    )
    scaling = measure.in_turn(
        lambda: samples / measure.script("cnn", "warm", 1),
        lambda: samples / measure.script("cnn", "warm", 2),
        repeats=repeats,
    )
    return [
        measure.row("cnn_shadows", *shadows, "samples/s", floor=2 * floor),
        measure.row("cnn_scaling", *scaling, "samples/s", floor=2 * floor),
        measure.row("cnn_one_worker", *one, "samples/s", floor=floor),
        measure.row("cnn_stacked", *stacked(repeats), "samples/s", floor=floor),
    ]


def flop() -> float:
    """Return the floating-point operations of a sample in the network's products: forward 6.7 million, backward 9.7."""
    conv1, conv2, dense = 28 * 28 * 32 * 75, 12 * 12 * 32 * 288, 1152 * 128 + 128 * 10
    forward = 2 * (conv1 + conv2 + dense)
    return forward + 2 * (conv1 + 2 * (conv2 + dense))  # no gradient of the input is needed


def single(repeats: int):
    """Return the samples/s of Keras's `fit` and of ours, both on one thread, and the floor measured in between."""
    x, y = _images()
    theirs, ours = image_network(seed=0), image_network(seed=0)
    theirs.compile(keras().optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
    options = {"batch_size": 32, "verbose": 0}
    theirs.fit(x, y, epochs=1, **options)  # the first epoch builds the program
    floors = []

    def keras_fit():
        floors.append(product_rate() / flop())
        return 4 * DS / measure.seconds(lambda: theirs.fit(x, y, epochs=4, **options))

    def our_fit():
        return 8 * DS / measure.seconds(lambda: training.fit(ours, x, y, seed=0, epochs=8, **RECIPE))

    pairs = measure.in_turn(keras_fit, our_fit, repeats=2 * repeats)
    return pairs, float(np.median(floors))


def product_rate(n: int = 1024) -> float:
    """Return the operations a second that this core reaches in float32 matrix products."""
    import tensorflow as tf

    a = tf.random.normal((n, n))
    product = tf.function(lambda a: tf.matmul(a, a))
    product(a)
    return max(2 * n**3 / measure.seconds(lambda: product(a).numpy()) for _ in range(20))


def stacked(repeats: int, m: int = 4, n: int = 480):
    """Return the samples/s of m networks one after another and as one program, on one thread."""
    x, y = (np.stack([part[:n]] * m) for part in _images())
    lanes, stacking.LANES = stacking.LANES, 1

    def networks():
        return [image_network(seed=i) for i in range(m)]

    def apart():
        return [training.fit(net, x[i], y[i], seed=i, epochs=2, **RECIPE) for i, net in enumerate(networks())]

    def together():
        stacking.fit_stacked(networks(), x, y, seeds=list(range(m)), tests=[None] * m, epochs=2, **RECIPE)

    ways = [lambda work=work: 2 * m * n / measure.seconds(work) for work in (apart, together)]
    pairs = measure.in_turn(*ways, repeats=repeats)
    stacking.LANES = lanes
    return pairs


def _images():
    rng = np.random.default_rng(0)
    return rng.random((DS, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, DS)


# --- What runs in a process of its own ----------------------------------------------------------------------------


def keras_shadows() -> None:
    """Train the shadows as the public shadow-model packages do: one Keras `fit` after another, default threads."""
    measure.default_threads()
    x, y = _images()
    for i in range(SHADOWS):
        network = image_network(seed=i)
        network.compile(keras().optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
        network.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0)


def our_shadows(workers: str, *, warm: bool) -> float:
    """Train the same shadows as this project does and return the seconds, the start of the workers included or not."""
    exp = Experiment(dataset="synthetic_images", train_size=DS, n_shadows=SHADOWS, epochs=EPOCHS)

    def train(exp):
        for _ in backends.run(worker.train, [([model], [model.name]) for model in exp.shadow_models()]):
            pass

    if warm:
        train(exp.replace(train_size=100, epochs=2))
    os.environ["MIA_JOBS"] = workers
    return measure.seconds(lambda: train(exp))


if __name__ == "__main__":
    way, *workers = sys.argv[1:]
    print(measure.seconds(keras_shadows) if way == "keras" else our_shadows(*workers, warm=way == "warm"))
