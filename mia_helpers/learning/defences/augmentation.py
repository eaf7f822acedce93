"""Augmentation: a network that never sees a record twice in the same way."""

import numpy as np

from mia_helpers.learning.defences.base import Defence
from mia_helpers.learning.orders import COUNTED


class Augmentation(Defence):
    """Each record is changed a little, by a new draw each time that it is seen; s says how much, as a share.

    An image is mirrored in half of the cases and shifted along both axes by up to a share s of its side, what is
    uncovered being filled with the pixels of the edge. In a table, each column of a record is with probability s that
    of another record of the batch ("swap noise").
    """

    name = "augmentation"

    def check(self) -> None:
        """Raise an MIAError unless s is a share that leaves a record recognisable."""
        if not 0 < self.strength <= 0.5:
            self._refuse("a share above 0, up to 0.5")

    def draw(self, rng, n: int, network) -> dict[str, np.ndarray]:
        """Return for each record its shifts and whether it is mirrored, or the columns to take from which other."""
        _, *shape = network.input_shape
        if len(shape) == 1:
            return {
                "swapped": rng.random((n, *shape), np.float32) < self.strength,
                "other": rng.integers(2**31, size=n, dtype=np.int32),
            }
        reach = [round(self.strength * side) for side in shape[:2]]
        shifts = [rng.integers(-most, most, size=n, endpoint=True, dtype=np.int32) for most in reach]
        return {"shift": np.stack(shifts, axis=1), "mirrored": rng.random(n) < 0.5}

    def inputs(self, x, drawn):
        """Return the batch x (batch, ...) as it was drawn."""
        import tensorflow as tf

        if "other" in drawn:
            count = tf.reduce_sum(tf.cast(drawn[COUNTED], tf.int32)) if COUNTED in drawn else tf.shape(x)[0]
            return tf.where(drawn["swapped"], tf.gather(x, drawn["other"] % tf.maximum(count, 1)), x)
        rows, columns = (_indices(tf, x.shape[1 + axis], drawn["shift"][:, axis]) for axis in (0, 1))
        columns = tf.where(drawn["mirrored"][:, None], columns[:, ::-1], columns)
        return tf.gather(tf.gather(x, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def _indices(tf, side: int, shift):
    """Return which row (or column) stands where after a shift, int32 (batch, side)."""
    return tf.clip_by_value(tf.range(side) + shift[:, None], 0, side - 1)
