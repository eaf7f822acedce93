"""What a defence in training may change: one method each, and all that it does not change stays as it is."""


class Defence:
    """A change of training of a given strength.

    A subclass has a `name`, checks its `strength`, and overrides what it changes. TensorFlow is at hand when its
    methods are called; tensors have a first axis more where many models are trained as one program.
    """

    name: str

    def __init__(self, strength: float):
        self.strength = strength

    def __str__(self) -> str:
        return f"{self.name}={self.strength:g}"

    def targets(self, targets):
        """Return what the answers are compared with, given the true classes as one-hot rows (..., k)."""
        return targets
