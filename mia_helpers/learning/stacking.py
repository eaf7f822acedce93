"""Train many small models as one program."""

import numpy as np

from mia_helpers.learning import defences, training
from mia_helpers.learning.orders import drawing

# float32 numbers in a vector register, as TensorFlow is compiled (for AVX). What is left over at the end of an array
# is computed by other instructions, which round differently; a stack of a multiple of this size leaves nothing over.
LANES = 8


def fit_stacked(
    models: list, x, y, *, seeds: list[int], tests: list, held_out=None, watch=None, **recipe
) -> list[dict[str, np.ndarray]]:
    """Train m models of one architecture in place, as one program, and return the learning curves of each.

    The same as m calls of `fit`, with x (m, n, ...), y (m, n), a seed and a test (or None) for each model, and perhaps
    held-out records (m, h, ...) and (m, h). Models may have unlike numbers of records, about `nominal`: give x and y as
    lists; each then shares out its records among as many batches as `nominal` records would take. Where a network is so
    small that starting an operation costs more than the operation, m models take little longer than one. A model that
    diverges does not end the others: its curves go on as NaN.
    """
    uneven = isinstance(y, list)
    if uneven:
        x, y = _same_length(x, y)
    m = len(models)
    if m % LANES:  # fill up with copies, so that no model depends on how many others there are
        chosen = np.arange(m + -m % LANES) % m
        models, seeds = [models[i] for i in chosen], [seeds[i] for i in chosen]
        tests = tests + [None] * (len(chosen) - m)
        x, y, held_out = x[chosen], y[chosen], held_out and tuple(array[chosen] for array in held_out)
    defence = defences.named(recipe.pop("defence", None))
    stack = Stack(models, defence)

    def watched(epoch):
        stack.unstack()
        watch(epoch)

    measure = (lambda: stack.accuracies(tests)) if any(tests) else None
    others = {"measure": measure, "watch": watch and watched, "held_out": held_out, **recipe}
    batches = (-(-recipe["nominal"] // recipe["batch_size"]), _width(recipe["batch_size"])) if uneven else None
    draw = drawing(defence, seeds, y, models[0], batches)
    others["width"] = batches and batches[1]
    curves = training.run_epochs(stack.answers, models[0], stack.weights, x, y, draw=draw, defence=defence, **others)
    stack.unstack()
    return [
        {name: curve[:, i] for name, curve in curves.items() if name != "test_accuracy" or test is not None}
        for i, test in enumerate(tests[:m])
    ]


def _width(batch_size: int) -> int:
    """Return how many places a batch has where models have unlike numbers of records: a quarter more, and some."""
    return batch_size + max(LANES, batch_size // 4)


def _same_length(x, y) -> tuple[np.ndarray, np.ndarray]:
    """Return x (m, n, ...) and y (m, n), filled up with records of class -1 where some models have fewer."""
    n = max(map(len, y))
    wide = [np.pad(part, [(0, n - len(part))] + [(0, 0)] * (part.ndim - 1)) for part in x]
    return np.stack(wide), np.stack([np.pad(part, (0, n - len(part)), constant_values=-1) for part in y])


class Stack:
    """m models of one architecture as one, their weights stacked along a first axis.

    Attributes
    ----------
    weights : list of tf.Variable (m, ...)
    """

    def __init__(self, models: list, defence=defences.NONE):
        import tensorflow as tf

        self.models, self.defence = models, defence
        self._parts = list(zip(*(model.trainable_variables for model in models), strict=True))
        self.weights = [tf.Variable(tf.stack([part.value for part in parts])) for parts in self._parts]

    def answers(self, x, drawn=None):
        """Return the answers (m, n, k) to the queries x (m, n, ...), and the penalty (m,) on each model's weights."""
        import tensorflow as tf

        one = self._one_defended if drawn else self._one
        weights = [tf.convert_to_tensor(weight) for weight in self.weights]
        return tf.vectorized_map(lambda slices: one(*slices), (weights, x, *((drawn,) if drawn else ())))

    def _one(self, weights, x):
        import tensorflow as tf

        probs, _, penalties = self.models[0].stateless_call(weights, [], x, return_losses=True)
        return probs, sum(penalties, tf.constant(0.0))

    def _one_defended(self, weights, x, drawn):
        """Return what `_one` does, with what the defence changes on the way through the layers."""
        import tensorflow as tf

        x, penalty = self.defence.inputs(x, drawn), tf.constant(0.0)
        for i, layer in enumerate(self.models[0].layers):
            kernel, bias = weights[2 * i : 2 * i + 2]
            x = self.defence.hidden(drawn, x, layer) if i else x
            x = layer.activation(x @ kernel + bias)
            penalty += layer.kernel_regularizer(kernel) if layer.kernel_regularizer else 0.0
        return x, penalty

    def accuracies(self, tests: list) -> list[float]:
        """Return the accuracy of each model on its test (x, y), NaN where that is None."""
        self.unstack()
        pairs = zip(self.models, tests, strict=True)
        return [np.nan if test is None else training.accuracy(model, *test) for model, test in pairs]

    def unstack(self) -> None:
        """Write the weights back into the models."""
        for parts, stacked in zip(self._parts, self.weights, strict=True):
            for part, value in zip(parts, stacked.numpy(), strict=True):
                part.assign(value)
