"""Label smoothing (Szegedy et al. 2016): a network that is never told to be quite sure."""

from mia_helpers.learning.defences.base import Defence


class LabelSmoothing(Defence):
    """Instead of 1 for the true class, 1 - s + s/k, and s/k for each of the others; s is the strength."""

    name = "label_smoothing"

    def check(self) -> None:
        """Raise an MIAError unless s is a share."""
        if not 0 < self.strength < 1:
            self._refuse("a share between 0 and 1")

    def targets(self, targets):
        """Return the one-hot rows (..., k), smoothed."""
        return targets * (1 - self.strength) + self.strength / targets.shape[-1]
