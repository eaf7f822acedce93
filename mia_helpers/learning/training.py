"""Train one model quickly.

An epoch is one TensorFlow program: the data stay in memory, the order of the records is passed in, and each batch is
gathered by index, so no Python runs between the steps. The steps themselves are those of Keras's `fit(shuffle=True)`;
two rewritings that change no result save time: `pool_first` and `optimisers.adam`.
"""

from collections.abc import Callable
from functools import partial
from itertools import zip_longest

import numpy as np

from mia_helpers.attacks.records import correct
from mia_helpers.engine.errors import MIAError
from mia_helpers.learning import defences
from mia_helpers.learning.defences import Defence
from mia_helpers.learning.keras_on_tensorflow import keras
from mia_helpers.learning.optimisers import OPTIMISERS
from mia_helpers.learning.orders import COUNTED


def fit(model, x, y, *, seed: int, test=None, held_out=None, watch=None, **recipe) -> dict[str, np.ndarray]:
    """Train `model` in place on the cross-entropy, and return its learning curves.

    Parameters
    ----------
    x : float32 (n, ...) and y : int (n,)
        Training records, scaled, and their classes.
    seed : int
        Of the order of the records in each epoch.
    test : (x, y), optional
        Records on which the accuracy is measured after every 25th part of the epochs; training does not depend on them.
    held_out : (x, y), optional
        Records for a defence that decides by them when to stop.
    watch : callable, optional
        Called with the number of epochs done after each; training does not depend on it. Where a defence chooses the
        epoch, it is called once, at the end.
    **recipe
        `epochs`, `batch_size`, `learning_rate`, `decay` (the rate at step t is learning_rate / (1 + decay · t)),
        `optimizer`: 'adam' (default), 'rmsprop' or 'sgd', each with Keras's other defaults; and `defence` (see
        `defences`; default: none). `nominal`: how many records a defence takes n for; default: n.

    Returns
    -------
    dict of float64 (epochs,)
        `loss` (cross-entropy without penalty) and `accuracy`, averaged over each epoch while it trains; where `test` is
        given also `test_accuracy`, NaN between the measurements. A network that diverges has a loss of NaN from then
        on: see `check_converged`.
    """
    rng, defence = np.random.default_rng(seed), defences.named(recipe.pop("defence", None))
    weights = [weight.value for weight in model.trainable_variables]
    others = {"measure": test and (lambda: accuracy(model, *test)), "watch": watch, "held_out": held_out, **recipe}

    def draw():
        return rng.permutation(len(y)), defence.draw(rng, len(y), model)

    return run_epochs(_answers_of(model, defence), model, weights, x, y, draw=draw, defence=defence, **others)


def _answers_of(model, defence: Defence) -> Callable:
    """Return a function that gives the answers to a batch, as the defence changes them, and the penalty."""

    def answers(batch, drawn=None):
        if drawn:
            batch = defence.inputs(batch, drawn)
        return pool_first(model, batch, hidden=drawn and partial(defence.hidden, drawn)), sum(model.losses)

    return answers


def run_epochs(
    answers, network, weights, x, y, *, draw, defence: Defence, measure, watch, held_out, nominal=None, **recipe
):
    """Train one model, or a stack (x, y, held_out and what is drawn then have a first axis more); return its curves.

    `answers(batch, drawn)` gives the answers and the penalty; `draw()` the order of an epoch and what the defence drew
    for each of its places. Where no model's loss is finite any more, the rest of the curves (epochs, ...) is NaN.
    Records of class -1, at the end of a stack's shorter models, only fill up, and the order may have places that do not
    count, in batches of `width` (see `orders`).
    """
    epochs, batch_size = recipe["epochs"], recipe["batch_size"]
    step = OPTIMISERS[recipe.get("optimizer", "adam")](weights, recipe["learning_rate"], recipe["decay"])
    run = {"ds": nominal or np.shape(y)[-1], "batch_size": batch_size, "epochs": epochs}
    run_epoch = defence.program(network, weights, x, y, step=step, **run)
    plain = answers, weights, x, y, recipe.get("width") or batch_size, step, partial(_cross_entropy, defence)
    run_epoch = run_epoch or _epoch_program(*plain)
    stopping = defence.stopping(weights, _loss_on(held_out, answers) if held_out else None)
    counts = np.sum(np.asarray(y) >= 0, axis=-1)
    curves = {name: np.full((epochs, *counts.shape), np.nan) for name in ("loss", "accuracy", "test_accuracy")}
    every = max(1, epochs // 25)  # measuring after each epoch would cost almost half as much as training
    for epoch in range(epochs):
        loss, right = run_epoch(*draw())
        curves["loss"][epoch], curves["accuracy"][epoch] = loss / counts, right / counts
        if not np.isfinite(loss).any():
            break
        if measure and (epoch + 1) % every == 0:
            curves["test_accuracy"][epoch] = measure()
        if stopping and stopping.ends_after(epoch):
            break
        if watch and not stopping:
            watch(epoch + 1)
    if stopping:
        stopping.restore(curves)
        if watch:
            watch(epochs)
    return curves if measure else {name: curves[name] for name in ("loss", "accuracy")}


def _epoch_program(answers, weights, x, y, batch_size: int, step: Callable, cross_entropy: Callable) -> Callable:
    import tensorflow as tf

    *stacked, _ = np.shape(y)
    every = (slice(None),) * len(stacked)
    x = tf.constant(np.reshape(x, (-1, *np.shape(x)[np.ndim(y) :])))  # of a stack, all records in one row
    y = tf.constant(np.ravel(y).astype(np.int32))

    @tf.function
    def run_epoch(order, drawn):
        total_loss, total_right = tf.zeros(stacked), tf.zeros(stacked)
        for start in tf.range(0, order.shape[-1], batch_size):
            batch = order[..., start : start + batch_size]
            labels = tf.gather(y, batch)
            with tf.GradientTape() as tape:
                given = {name: array[(*every, slice(start, start + batch_size))] for name, array in drawn.items()}
                probs, penalty = answers(tf.gather(x, batch), given)
                entropy, mean = _averaged(cross_entropy, labels, probs, given.get(COUNTED))
                loss = mean + penalty
            step(tape.gradient(loss, weights))  # of a stack, the sum: no model's loss depends on another's weights
            total_loss += tf.reduce_sum(entropy, axis=-1)
            total_right += count_right(labels, probs, given.get(COUNTED))
        return total_loss, total_right

    def run(order, drawn):
        given = {name: tf.constant(array) for name, array in drawn.items()}
        return [total.numpy().astype(float) for total in run_epoch(tf.constant(order.astype(np.int32)), given)]

    return run


def _averaged(cross_entropy: Callable, labels, probs, counted):
    """Return the cross-entropy of each answer, and its mean; where told, of those alone that count."""
    import tensorflow as tf

    if counted is None:
        entropy = cross_entropy(labels, probs)
        return entropy, tf.reduce_mean(entropy, axis=-1)
    counts = tf.cast(counted, tf.float32)
    entropy = counts * cross_entropy(tf.maximum(labels, 0), probs)
    return entropy, tf.reduce_sum(entropy, axis=-1) / tf.maximum(tf.reduce_sum(counts, axis=-1), 1)


def _loss_on(records: tuple, answers: Callable) -> Callable:
    """Return a function that gives the cross-entropy on these records, float64 (...): a number for each model."""
    import tensorflow as tf

    x, y = tf.constant(records[0]), tf.constant(np.asarray(records[1], np.int32))
    loss = tf.function(lambda: tf.reduce_mean(_cross_entropy(defences.NONE, y, answers(x)[0]), axis=-1))
    return lambda: loss().numpy().astype(float)


def _cross_entropy(defence: Defence, labels, probs):
    """Return the cross-entropy of each answer, with the targets that the defence gives."""
    import tensorflow as tf

    losses, k = keras().losses, max(probs.shape[-1], 2)
    if not defence.changes("targets"):  # not through one-hot rows, which would round otherwise
        if probs.shape[-1] == 1:
            return losses.binary_crossentropy(labels[..., None], probs)
        return losses.sparse_categorical_crossentropy(labels, probs)
    targets = defence.targets(tf.one_hot(labels, k))
    if probs.shape[-1] == 1:
        return losses.binary_crossentropy(targets[..., 1:], probs)
    return losses.categorical_crossentropy(targets, probs)


def count_right(labels, answers, counted, even=0.5):
    """Return how many answers (..., n, k) that count are right, float32 (...); `even` is neither of two classes."""
    import tensorflow as tf

    if answers.shape[-1] == 1:
        right = (answers[..., 0] > even) == (labels == 1)
    else:
        right = tf.argmax(answers, axis=-1, output_type=tf.int32) == labels
    right = right if counted is None else right & counted
    return tf.reduce_sum(tf.cast(right, tf.float32), axis=-1)


def pool_first(model, x, hidden=None):
    """Return `model(x)`, but where max pooling follows a convolution, pool before the activation.

    `hidden(x, layer)` changes what goes into each dense layer that is not the first.

    The activation must never fall (as tanh): then the largest of four tanhs is the tanh of the largest, and three of
    four tanhs, and their gradients of zero, need not be computed.
    """
    layers, held = keras().layers, None
    for layer, following in zip_longest(model.layers, model.layers[1:]):
        if isinstance(layer, layers.Conv2D) and isinstance(following, layers.MaxPooling2D):
            x, held = layer.convolution_op(x, layer.kernel), layer
        elif held:
            x, held = held.activation(layer(x) + held.bias), None
        else:
            if hidden and isinstance(layer, layers.Dense) and layer is not model.layers[0]:
                x = hidden(x, layer)
            x = layer(x)
    return x


def accuracy(model, x, y) -> float:
    """Return the share of the scaled records x whose class y the model predicts."""
    return correct(predict(model, x), y).mean()


def predict(model, x) -> np.ndarray:
    """Return the model's answers, float32 (n, k), to the scaled queries x."""
    return np.concatenate([np.asarray(model(x[i : i + 500], training=False)) for i in range(0, len(x), 500)])


def logits(model, x) -> np.ndarray:
    """Return what goes into the last activation, float32 (n, k), for the scaled queries x: no softmax rounds it."""
    *hidden, last = model.layers
    kernel, bias = (np.asarray(weight) for weight in (last.kernel, last.bias))

    def features(part):
        for layer in hidden:
            part = layer(part)
        return np.asarray(part)

    return np.concatenate([features(x[i : i + 500]) @ kernel + bias for i in range(0, len(x), 500)])


def check_converged(curves: dict[str, np.ndarray]) -> None:
    """Raise an MIAError that names the epoch, if the loss (epochs,) of a model became infinite or NaN."""
    bad = np.flatnonzero(~np.isfinite(curves["loss"]))
    if bad.size:
        told = f"its loss is {curves['loss'][bad[0]]} in epoch {bad[0] + 1}"
        raise MIAError(f"training diverged: {told}. Try a smaller learning_rate.")
