"""Train one model quickly; train many side by side."""

import warnings
from collections.abc import Callable, Iterator

import joblib
import numpy as np

from mia_helpers.models import keras, optimizer
from mia_helpers.records import correct


def fit(
    model, x, y, *, epochs: int, batch_size: int, learning_rate: float, decay: float, seed: int, test=None
) -> dict[str, np.ndarray]:
    """Train `model` in place with Adam on the cross-entropy, and return its learning curves.

    The same steps as Keras's `fit(shuffle=True)`, but a whole epoch is one TensorFlow program: the data stay in memory
    and each batch is gathered by index, so no Python runs between the steps (about 1.6 times as fast on one thread).

    Parameters
    ----------
    x : float32 (n, ...) and y : int (n,)
        Training records, scaled, and their classes.
    seed : int
        Of the order of the records in each epoch.
    test : (x, y), optional
        Records on which the accuracy is measured after every 25th part of the epochs; training does not depend on them.

    Returns
    -------
    dict of float64 (epochs,)
        `loss` (cross-entropy without penalty) and `accuracy`, averaged over each epoch while it trains; where `test` is
        given also `test_accuracy`, NaN between the measurements.
    """
    order = np.random.default_rng(seed)
    run_epoch = _epoch_program(model, x, y, batch_size, optimizer(learning_rate, decay))
    curves = {"loss": np.empty(epochs), "accuracy": np.empty(epochs)}
    if test is not None:
        curves["test_accuracy"] = np.full(epochs, np.nan)
    every = max(1, epochs // 25)  # measuring after each epoch would cost almost half as much as training
    for epoch in range(epochs):
        loss, right = run_epoch(order.permutation(len(y)).astype(np.int32))
        curves["loss"][epoch], curves["accuracy"][epoch] = float(loss) / len(y), float(right) / len(y)
        if test is not None and (epoch + 1) % every == 0:
            curves["test_accuracy"][epoch] = correct(predict(model, test[0]), test[1]).mean()
    return curves


def _epoch_program(model, x, y, batch_size: int, adam):
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(np.asarray(y, np.int32))
    weights = model.trainable_variables
    adam.build(weights)
    losses = keras().losses

    def cross_entropy(labels, probs):
        if model.output_shape[-1] == 1:
            return losses.binary_crossentropy(tf.cast(labels, tf.float32)[:, None], probs)
        return losses.sparse_categorical_crossentropy(labels, probs)

    def count_right(labels, probs):
        if model.output_shape[-1] == 1:
            return tf.reduce_sum(tf.cast((probs[:, 0] > 0.5) == (labels == 1), tf.float32))
        return tf.reduce_sum(tf.cast(tf.argmax(probs, axis=1, output_type=tf.int32) == labels, tf.float32))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def run_epoch(order):
        total_loss, total_right = 0.0, 0.0
        for start in tf.range(0, tf.size(order), batch_size):
            batch = order[start : start + batch_size]
            labels = tf.gather(y, batch)
            with tf.GradientTape() as tape:
                probs = model(tf.gather(x, batch), training=True)
                entropy = cross_entropy(labels, probs)
                loss = tf.reduce_mean(entropy) + sum(model.losses)
            adam.apply(tape.gradient(loss, weights), weights)
            total_loss += tf.reduce_sum(entropy)
            total_right += count_right(labels, probs)
        return total_loss, total_right

    return run_epoch


def predict(model, x) -> np.ndarray:
    """Return the model's answers, float32 (n, k), to the scaled queries x."""
    return np.concatenate([np.asarray(model(x[i : i + 500], training=False)) for i in range(0, len(x), 500)])


def run_parallel(work: Callable, tasks: list[tuple], *, n_jobs: int) -> Iterator:
    """Yield `work(*task)` for each task as it finishes, from `n_jobs` worker processes with one thread each.

    The workers are spawned (loky): TensorFlow hangs in a forked process. `work` saves what it makes itself, so what is
    finished stays when the run is stopped.
    """
    # loky replaces a worker whose memory has grown, which is what should happen, and warns about it.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    n_jobs = max(1, min(n_jobs, len(tasks)))
    with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        yield from joblib.Parallel(return_as="generator_unordered")(joblib.delayed(work)(*task) for task in tasks)
