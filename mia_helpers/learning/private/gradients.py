"""The sum over a batch of each record's gradient, clipped, without a gradient per record where its norm has a formula.

One tape gives the gradients δ with respect to what each layer computes before its bias and activation. With what went
into the layer, a, that is all: a dense layer's gradient is a δᵀ, and δ of its bias, of norm √(|a|² + 1) |δ| together; a
convolution's is the sum over the patches of a, small enough to be written out for each record.
"""

from collections.abc import Callable
from itertools import zip_longest

from mia_helpers.learning.keras_on_tensorflow import keras


def clipped_sum(network, weights: list, x, y, clip: float, counted=None) -> tuple:
    """Return the sum over the batch of the gradients of the cross-entropy, each clipped to norm `clip`.

    Parameters
    ----------
    network : keras.Sequential
        As those of `networks`, ending in a dense layer with softmax, or with one sigmoid.
    weights : list of tensors
        Its weights, or those of a stack of m dense networks, with a first axis of m.
    x : float32 (b, ...) or (m, b, ...)
    y : int32 (b,) or (m, b)
    clip : float
        Most that the norm of a record's gradient may be, over all weights together.
    counted : float32 like y, optional
        1 for the records of the batch, 0 for those that only fill it up.

    Returns
    -------
    list like weights
        The sums, without the gradient of any penalty on the weights.
    tensor like y
        The cross-entropy of each record.
    tensor (b, k) or (m, b, k)
        What goes into the last activation.
    """
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        logits, inputs, outputs = _forward(network, weights, x, tape.watch)
        entropy = cross_entropy(y, logits)
    deltas = tape.gradient(entropy, outputs)  # of all records at once: none depends on another
    parts = [
        (_dense if len(kernel.shape) - len(y.shape) == 1 else _convolution)(a, delta, kernel)
        for a, delta, kernel in zip(inputs, deltas, weights[::2], strict=True)
    ]
    norm = tf.sqrt(sum(squares for squares, _ in parts))
    share = clip / tf.maximum(norm, clip)
    share = share if counted is None else share * counted
    return [total for _, summed in parts for total in summed(share)], entropy, logits


def cross_entropy(y, logits):
    """Return the cross-entropy of each record, from its class y (...) and the logits (..., k)."""
    import tensorflow as tf

    if logits.shape[-1] == 1:
        return tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(y, logits.dtype), logits[..., 0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)


def _forward(network, weights: list, x, watch: Callable):
    """Return the logits, and of each layer with weights what went in and what it made of it without the bias.

    As in `training.pool_first`, pooling comes before the activation, which never falls.
    """
    layers, inputs, outputs = keras().layers, [], []
    pairs = zip(weights[::2], weights[1::2], strict=True)
    for layer, following in zip_longest(network.layers, network.layers[1:]):
        if not layer.weights:
            x = x if isinstance(layer, layers.MaxPooling2D) else layer(x)
            continue
        kernel, bias = next(pairs)
        inputs.append(x)
        x = layer.convolution_op(x, kernel) if isinstance(layer, layers.Conv2D) else x @ kernel
        watch(x)
        outputs.append(x)
        x = (following(x) if isinstance(following, layers.MaxPooling2D) else x) + bias[..., None, :]
        x = layer.activation(x) if following else x
    return x, inputs, outputs


def _dense(a, delta, kernel) -> tuple:
    """Return each record's squared norm, and a function that gives the gradients' sum, each weighted."""
    import tensorflow as tf

    def summed(share):
        weighted = share[..., None] * delta
        return tf.matmul(a, weighted, transpose_a=True), tf.reduce_sum(weighted, axis=-2)

    return (tf.reduce_sum(a**2, axis=-1) + 1) * tf.reduce_sum(delta**2, axis=-1), summed


def _convolution(a, delta, kernel) -> tuple:
    """Return what `_dense` does, of a convolution with stride 1 and no padding."""
    import tensorflow as tf

    height, width, channels, filters = kernel.shape
    rows, columns = delta.shape[1:3]
    # Patches row by row of the kernel: each is a slice of one tensor, where `tf.image.extract_patches` copies all.
    wide = tf.concat([a[:, :, j : j + columns] for j in range(width)], axis=-1)
    delta = tf.reshape(delta, (-1, rows * columns, filters))
    patches = [tf.reshape(wide[:, i : i + rows], (-1, rows * columns, width * channels)) for i in range(height)]
    each = tf.concat([tf.matmul(patch, delta, transpose_a=True) for patch in patches], axis=1)
    each_bias = tf.reduce_sum(delta, axis=1)

    def summed(share):
        return tf.reshape(tf.einsum("b,bij->ij", share, each), kernel.shape), tf.einsum("b,bj->j", share, each_bias)

    return tf.reduce_sum(each**2, axis=(1, 2)) + tf.reduce_sum(each_bias**2, axis=1), summed
