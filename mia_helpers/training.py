"""Train one model quickly, or many small ones as one program.

An epoch is one TensorFlow program: the data stay in memory, the order of the records is passed in, and each batch is
gathered by index, so no Python runs between the steps. The steps themselves are those of Keras's `fit(shuffle=True)`;
two rewritings that change no result save time: `pool_first` and `_adam`.
"""

from collections.abc import Callable
from itertools import zip_longest

import numpy as np

from mia_helpers.models import keras
from mia_helpers.records import correct

# float32 numbers in a vector register, as TensorFlow is compiled (for AVX). What is left over at the end of an array
# is computed by other instructions, which round differently; a stack of a multiple of this size leaves nothing over.
LANES = 8


def fit(model, x, y, *, seed: int, test=None, **recipe) -> dict[str, np.ndarray]:
    """Train `model` in place on the cross-entropy, and return its learning curves.

    Parameters
    ----------
    x : float32 (n, ...) and y : int (n,)
        Training records, scaled, and their classes.
    seed : int
        Of the order of the records in each epoch.
    test : (x, y), optional
        Records on which the accuracy is measured after every 25th part of the epochs; training does not depend on them.
    **recipe
        `epochs`, `batch_size`, `learning_rate`, `decay` (the rate at step t is learning_rate / (1 + decay · t)) and
        `optimizer`: 'adam' (default), 'rmsprop' or 'sgd', each with Keras's other defaults.

    Returns
    -------
    dict of float64 (epochs,)
        `loss` (cross-entropy without penalty) and `accuracy`, averaged over each epoch while it trains; where `test` is
        given also `test_accuracy`, NaN between the measurements.
    """
    order = np.random.default_rng(seed)
    return _fit(
        lambda batch: (pool_first(model, batch), sum(model.losses)),
        [weight.value for weight in model.trainable_variables],
        x,
        y,
        draw_order=lambda: order.permutation(len(y)),
        measure=test and (lambda: _accuracy(model, *test)),
        **recipe,
    )


def fit_stacked(models: list, x, y, *, seeds: list[int], tests: list, **recipe) -> list[dict[str, np.ndarray]]:
    """Train m models of one architecture in place, as one program, and return the learning curves of each.

    The same as m calls of `fit`, with x (m, n, ...), y (m, n), and a seed and a test (or None) for each model. Where a
    network is so small that starting an operation costs more than the operation, m models take little longer than one.
    """
    if len(models) % LANES:  # fill up with copies, so that no model depends on how many others there are
        m, chosen = len(models), np.arange(len(models) + -len(models) % LANES) % len(models)
        models, seeds = [models[i] for i in chosen], [seeds[i] for i in chosen]
        tests = tests + [None] * (len(chosen) - m)
        return fit_stacked(models, x[chosen], y[chosen], seeds=seeds, tests=tests, **recipe)[:m]
    stack = Stack(models)
    orders, n = [np.random.default_rng(seed) for seed in seeds], y.shape[1]

    def accuracies():
        stack.unstack()
        return [np.nan if test is None else _accuracy(model, *test) for model, test in zip(models, tests, strict=True)]

    curves = _fit(
        stack.answers,
        stack.weights,
        x,
        y,
        draw_order=lambda: np.stack([i * n + order.permutation(n) for i, order in enumerate(orders)]),
        measure=accuracies if any(tests) else None,
        **recipe,
    )
    stack.unstack()
    return [
        {name: curve[:, i] for name, curve in curves.items() if name != "test_accuracy" or test is not None}
        for i, test in enumerate(tests)
    ]


class Stack:
    """m models of one architecture as one, their weights stacked along a first axis.

    Attributes
    ----------
    weights : list of tf.Variable (m, ...)
    """

    def __init__(self, models: list):
        import tensorflow as tf

        self.models = models
        self._parts = list(zip(*(model.trainable_variables for model in models), strict=True))
        self.weights = [tf.Variable(tf.stack([part.value for part in parts])) for parts in self._parts]

    def answers(self, x):
        """Return the answers (m, n, k) to the queries x (m, n, ...), and the penalty (m,) on each model's weights."""
        import tensorflow as tf

        def one(weights, x):
            probs, _, penalties = self.models[0].stateless_call(weights, [], x, return_losses=True)
            return probs, sum(penalties, tf.constant(0.0))

        return tf.vectorized_map(lambda slices: one(*slices), ([tf.convert_to_tensor(w) for w in self.weights], x))

    def unstack(self) -> None:
        """Write the weights back into the models."""
        for parts, stacked in zip(self._parts, self.weights, strict=True):
            for part, value in zip(parts, stacked.numpy(), strict=True):
                part.assign(value)


def _fit(
    answers: Callable,
    weights,
    x,
    y,
    *,
    draw_order,
    measure,
    epochs,
    batch_size,
    learning_rate,
    decay,
    optimizer="adam",
):
    """Train one model, or a stack (x, y and the order then have a first axis more); return curves (epochs, ...)."""
    step = {"adam": _adam, "rmsprop": _rmsprop, "sgd": _sgd}[optimizer](weights, learning_rate, decay)
    run_epoch = _epoch_program(answers, weights, x, y, batch_size, step)
    curves = {name: np.full((epochs, *np.shape(y)[:-1]), np.nan) for name in ("loss", "accuracy", "test_accuracy")}
    every = max(1, epochs // 25)  # measuring after each epoch would cost almost half as much as training
    for epoch in range(epochs):
        loss, right = run_epoch(draw_order().astype(np.int32))
        curves["loss"][epoch], curves["accuracy"][epoch] = loss / np.shape(y)[-1], right / np.shape(y)[-1]
        if measure and (epoch + 1) % every == 0:
            curves["test_accuracy"][epoch] = measure()
    return curves if measure else {name: curves[name] for name in ("loss", "accuracy")}


def _epoch_program(answers: Callable, weights, x, y, batch_size: int, step: Callable) -> Callable:
    import tensorflow as tf

    *stacked, n = np.shape(y)
    x = tf.constant(np.reshape(x, (-1, *np.shape(x)[np.ndim(y) :])))  # of a stack, all records in one row
    y = tf.constant(np.ravel(y).astype(np.int32))

    @tf.function(input_signature=[tf.TensorSpec((*stacked, n), tf.int32)])
    def run_epoch(order):
        total_loss, total_right = tf.zeros(stacked), tf.zeros(stacked)
        for start in tf.range(0, n, batch_size):
            batch = order[..., start : start + batch_size]
            labels = tf.gather(y, batch)
            with tf.GradientTape() as tape:
                probs, penalty = answers(tf.gather(x, batch))
                entropy = _cross_entropy(labels, probs)
                loss = tf.reduce_mean(entropy, axis=-1) + penalty
            step(tape.gradient(loss, weights))  # of a stack, the sum: no model's loss depends on another's weights
            total_loss += tf.reduce_sum(entropy, axis=-1)
            total_right += _count_right(labels, probs)
        return total_loss, total_right

    return lambda order: [total.numpy().astype(float) for total in run_epoch(order)]


def _cross_entropy(labels, probs):
    if probs.shape[-1] == 1:
        return keras().losses.binary_crossentropy(labels[..., None], probs)
    return keras().losses.sparse_categorical_crossentropy(labels, probs)


def _count_right(labels, probs):
    import tensorflow as tf

    if probs.shape[-1] == 1:
        right = (probs[..., 0] > 0.5) == (labels == 1)
    else:
        right = tf.argmax(probs, axis=-1, output_type=tf.int32) == labels
    return tf.reduce_sum(tf.cast(right, tf.float32), axis=-1)


def pool_first(model, x):
    """Return `model(x)`, but where max pooling follows a convolution, pool before the activation.

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
            x = layer(x)
    return x


def _adam(weights, learning_rate: float, decay: float) -> Callable:
    """Return a function that takes a step of Adam: Keras's Adam with the `decay` of its old days, one kernel a weight.

    Keras starts about ten operations for each weight; in a small network that is most of a step.
    """
    import tensorflow as tf

    beta1, beta2, epsilon = 0.9, 0.999, 1e-7  # Keras's
    moments = [[tf.Variable(tf.zeros_like(weight)) for _ in range(2)] for weight in weights]
    taken = tf.Variable(0, dtype=tf.int64)

    def step(gradients) -> None:
        t = tf.cast(taken.assign_add(1), tf.float32)
        rate = learning_rate / (1 + decay * (t - 1))
        for weight, (m, v), gradient in zip(weights, moments, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=beta1**t,
                beta2_power=beta2**t,
                lr=rate,
                beta1=beta1,
                beta2=beta2,
                epsilon=epsilon,
                grad=gradient,
            )

    return step


def _rmsprop(weights, learning_rate: float, decay: float) -> Callable:
    """Return a function that takes a step of Keras's RMSprop: no momentum, not centred."""
    import tensorflow as tf

    velocities = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    rate = _decaying(learning_rate, decay)

    def step(gradients) -> None:
        now = rate()
        for weight, velocity, gradient in zip(weights, velocities, gradients, strict=True):
            velocity.assign(0.9 * velocity + 0.1 * gradient**2)
            weight.assign_sub(now * gradient / tf.sqrt(velocity + 1e-7))

    return step


def _sgd(weights, learning_rate: float, decay: float) -> Callable:
    """Return a function that takes a step of plain gradient descent."""
    rate = _decaying(learning_rate, decay)

    def step(gradients) -> None:
        now = rate()
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.assign_sub(now * gradient)

    return step


def _decaying(learning_rate: float, decay: float) -> Callable:
    """Return a function that gives the rate of the next step at each call."""
    import tensorflow as tf

    taken = tf.Variable(0, dtype=tf.int64)
    return lambda: learning_rate / (1 + decay * (tf.cast(taken.assign_add(1), tf.float32) - 1))


def _accuracy(model, x, y) -> float:
    return correct(predict(model, x), y).mean()


def predict(model, x) -> np.ndarray:
    """Return the model's answers, float32 (n, k), to the scaled queries x."""
    return np.concatenate([np.asarray(model(x[i : i + 500], training=False)) for i in range(0, len(x), 500)])
