"""What a defence in training may change: one method each, and all that it does not change stays as it is."""

from typing import ClassVar

from mia_helpers.engine.errors import MIAError, unknown


class Defence:
    """A change of training of a given strength; this one changes nothing.

    A subclass has a `name`, checks its strength and options, and overrides what it changes. TensorFlow is at hand when
    its methods are called. Tensors are those of one model, also where many are trained as one program.

    Parameters
    ----------
    strength : float
        What it means is the subclass's; None where one that may be `bare` is named without.
    **options : float
        Those of `OPTIONS`, each with its default.
    """

    name, bare = "none", False
    OPTIONS: ClassVar[dict[str, float | None]] = {}

    def __init__(self, strength: float | None, **options: float):
        for option in options:
            if option not in self.OPTIONS:
                raise unknown(f"option of {self.name}", option, self.OPTIONS)
        self.strength, self.options = strength, {**self.OPTIONS, **options}
        self.check()

    def check(self) -> None:
        """Raise an MIAError if strength or options make no sense."""

    def __str__(self) -> str:
        told = [f"{name}={value:g}" for name, value in self.options.items() if value != self.OPTIONS[name]]
        return ",".join([self.name if self.strength is None else f"{self.name}={self.strength:g}", *told])

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

    def _refuse(self, expected: str) -> None:
        raise MIAError(f"{self.name.replace('_', ' ')} by {self.strength:g}: expected {expected}")


NONE = Defence(0)
