"""Label smoothing (Szegedy et al. 2016): a network that is never told to be quite sure."""

from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.defences.base import Defence


class LabelSmoothing(Defence):
    """Instead of 1 for the true class, 1 - s + s/k, and s/k for each of the others; s is the strength."""

    name = "label_smoothing"

    def __init__(self, strength: float):
        if not 0 < strength < 1:
            raise MIAError(f"label smoothing by {strength:g}: expected a share between 0 and 1")
        super().__init__(strength)

    def targets(self, targets):
        """Return the one-hot rows (..., k), smoothed."""
        return targets * (1 - self.strength) + self.strength / targets.shape[-1]
