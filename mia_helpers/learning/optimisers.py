"""Optimisers as one function per step: those of Keras, with the `decay` of its old days."""

from collections.abc import Callable


def adam(weights, learning_rate: float, decay: float) -> Callable:
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


def rmsprop(weights, learning_rate: float, decay: float) -> Callable:
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


def sgd(weights, learning_rate: float, decay: float) -> Callable:
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


# By name: each takes (weights, learning_rate, decay) and returns a function that takes a step, given the gradients.
OPTIMISERS: dict[str, Callable] = {"adam": adam, "rmsprop": rmsprop, "sgd": sgd}
