"""Dropout (Srivastava et al. 2014): a network that learns with a part of itself at a time."""

import numpy as np

from mia_helpers.learning.defences.base import Defence


class Dropout(Defence):
    """While it trains, each input of a dense layer beyond the first is 0 with probability s, else divided by 1 - s.

    Which are is drawn for each record anew, each time that it is seen; trained networks answer with all of themselves.
    """

    name = "dropout"

    def check(self) -> None:
        """Raise an MIAError unless s is a rate that leaves something."""
        if not 0 <= self.strength < 1:
            self._refuse("a rate from 0 to less than 1")

    def draw(self, rng, n: int, network) -> dict[str, np.ndarray]:
        """Return which inputs of each dense layer are kept, bool (n, inputs)."""
        layers = [layer for layer in network.layers[1:] if type(layer).__name__ == "Dense"]
        return {layer.name: rng.random((n, layer.kernel.shape[0]), np.float32) >= self.strength for layer in layers}

    def hidden(self, drawn, x, layer):
        """Return x (batch, inputs) without what is dropped."""
        import tensorflow as tf

        return x * tf.cast(drawn[layer.name], x.dtype) / (1 - self.strength)
