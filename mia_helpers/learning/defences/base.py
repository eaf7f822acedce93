"""What a defence in training may change: one method each, and all that it does not change stays as it is."""

from mia_helpers.learning.named import Named


class Defence(Named):
    """A change of training of a given strength; this one changes nothing.

    A subclass has a `name`, checks its strength and options, and overrides what it changes. TensorFlow is at hand when
    its methods are called. Tensors are those of one model, also where many are trained as one program.
    """

    def changes(self, what: str) -> bool:
        """Tell whether it overrides this method."""
        return getattr(type(self), what) is not getattr(Defence, what)

    def draw(self, rng, n: int, network) -> dict:
        """Return what it draws for one epoch of n records: arrays of n rows, one for each place in the order.

        Where it has its own `program`, any arrays of the same shape for all models.
        """
        return {}

    def inputs(self, x, drawn: dict):
        """Return what the network gets instead of the batch x; `drawn` has the rows of its places."""
        return x

    def hidden(self, drawn: dict, x, layer):
        """Return what this dense layer gets instead of x, the output of the layer before it."""
        return x

    def targets(self, targets):
        """Return what the answers are compared with, given the true classes as one-hot rows (..., k)."""
        return targets

    def program(self, network, weights: list, x, y, *, step, ds: int, batch_size: int, epochs: int):
        """Return a function that trains for an epoch, in place of the plain one, or None.

        Given the order and what was drawn, it returns the sums of cross-entropy and right answers; `step` takes a step,
        given the gradients. The records are those of one model, or of a stack, which has a first axis more.
        """

    def stopping(self, weights: list, loss):
        """Return a `Stopping` that chooses the epoch, given the weights and a function that returns a held-out loss."""


NONE = Defence()
