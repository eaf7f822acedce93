"""An epoch of DP-SGD (Abadi et al. 2016) as one program, of one network or of a stack."""

from collections.abc import Callable

import numpy as np

from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.private.gradients import clipped_sum
from mia_helpers.learning.training import count_right

BLOCK = 32  # records: batches of a stack are filled up to a multiple, so that no sum depends on how far
MOST_NOISE = 4_000_000  # numbers of a model that are drawn at once


def epoch_program(
    network, weights: list, x, y, *, step: Callable, clip: float, noise: float, rate: float, expected: float, steps: int
) -> Callable:
    """Return a function that trains for an epoch, given what its generators start from.

    A step: each record is in the batch with probability `rate`; to the sum of the clipped gradients comes noise of
    deviation noise · clip, the `expected` number of records divides it, whatever came (be it none), and the gradient of
    the penalty, which no record changes, is added.

    Parameters
    ----------
    network : keras.Sequential
        Of `weights`, which may be those of a stack of m such networks, with a first axis of m.
    x, y : float32 (n, ...) and int (n,), or (m, n, ...) and (m, n), where those of class -1 only fill up
    step : callable, given a gradient for each weight

    Returns
    -------
    callable
        From seeds, uint32 (4,) or (m, 4), to the sums of cross-entropy and right answers, each () or (m,), over as many
        records as there are. A model's randomness is all from its own seed.
    """
    *stacked, n = np.shape(y)
    total = sum(int(np.prod(weight.shape[len(stacked) :])) for weight in weights)
    some, counts = max(1, MOST_NOISE // total), np.reshape(np.sum(np.asarray(y) >= 0, axis=-1), -1)
    run_steps = _steps(network, weights, x, y, step, clip, noise, expected)

    def run_epoch(seeds):
        generators = [np.random.default_rng(seed) for seed in np.reshape(seeds, (-1, 4))]
        batches = map(poisson_batches, generators, counts.tolist(), [rate] * len(counts), [steps] * len(counts))
        rows, sizes = _padded(list(batches), n, steps)
        sums = np.zeros((2, *stacked))
        for start in range(0, steps, some):
            part = slice(start, min(start + some, steps))
            drawn = [rng.standard_normal((part.stop - start, total), np.float32) for rng in generators]
            given = [np.stack(drawn), rows[:, part], sizes[:, part]]
            sums += [found.numpy() for found in run_steps(*(given if stacked else [array[0] for array in given]))]
        return sums * counts.reshape(stacked) / np.maximum(sizes.sum(axis=1).reshape(stacked), 1)

    return run_epoch


def poisson_batches(rng, n: int, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each record drawn the step and the record, int64 (drawn,) each, in order.

    In every step each of n records is drawn with probability `rate`, on its own: of steps · n coins in a row, those
    that show heads, found by their distances, which are geometric.
    """
    coins, heads = steps * n, np.zeros(0, np.int64)
    while not heads.size or heads[-1] < coins:
        last = heads[-1] if heads.size else -1
        heads = np.concatenate([heads, last + np.cumsum(rng.geometric(rate, size=int(coins * rate) + 100))])
    return np.divmod(heads[heads < coins], n)


def _padded(batches: list[tuple], n: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of each model's batches in the data of all, int32 (m, steps, width), and their sizes."""
    sizes = np.array([np.bincount(at, minlength=steps) for at, _ in batches], np.int32)
    rows = np.zeros((len(batches), steps, -(-max(sizes.max(), 1) // BLOCK) * BLOCK), np.int32)
    for model, (at, record) in enumerate(batches):
        place = np.arange(len(at)) - np.repeat(np.cumsum(sizes[model]) - sizes[model], sizes[model])
        rows[model, at, place] = model * n + record
    return rows, sizes


def _steps(network, weights, x, y, step, clip, noise, expected) -> Callable:
    import tensorflow as tf

    *stacked, _ = np.shape(y)
    if stacked and len(network.input_shape) > 2:
        raise MIAError("a stack of image networks: expected dense ones. Train them one by one with `training.fit`")
    x = tf.constant(np.reshape(x, (-1, *np.shape(x)[np.ndim(y) :])))
    y = tf.constant(np.ravel(y).astype(np.int32))
    counts = [int(np.prod(weight.shape[len(stacked) :])) for weight in weights]
    layers = [layer for layer in network.layers if layer.weights]

    @tf.function(reduce_retracing=True)
    def run_steps(noises, rows, sizes):
        loss, right = tf.zeros(stacked), tf.zeros(stacked)
        for i in tf.range(tf.shape(sizes)[-1]):
            size = sizes[..., i]
            batch = rows[..., i, :] if stacked else rows[i, : tf.maximum(size, 1)]
            there = tf.range(tf.shape(batch)[-1]) < size[..., None]
            counted = tf.cast(there, tf.float32)
            now = [tf.convert_to_tensor(weight) for weight in weights]
            labels = tf.gather(y, batch)
            sums, entropy, logits = clipped_sum(network, now, tf.gather(x, batch), labels, clip, counted)
            drawn = tf.split(noises[..., i, :], counts, axis=-1)
            step(
                [
                    (total + noise * clip * tf.reshape(part, total.shape)) / expected + penalty
                    for total, part, penalty in zip(sums, drawn, _penalties(layers, now), strict=True)
                ]
            )
            loss += tf.reduce_sum(counted * entropy, axis=-1)
            right += count_right(labels, logits, there, even=0.0)
        return loss, right

    return run_steps


def _penalties(layers: list, weights: list) -> list:
    """Return the gradient of the penalty with respect to each weight; 0 where there is none."""
    import tensorflow as tf

    gradients = [0.0] * len(weights)
    for i, layer in enumerate(layers):
        if layer.kernel_regularizer:
            with tf.GradientTape() as tape:
                tape.watch(weights[2 * i])
                penalty = layer.kernel_regularizer(weights[2 * i])  # of a stack, the sum
            gradients[2 * i] = tape.gradient(penalty, weights[2 * i])
    return gradients
