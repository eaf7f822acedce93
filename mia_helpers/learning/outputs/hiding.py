"""Maps that hide the confidence: rounding, temperature, the top class alone."""

import numpy as np

from mia_helpers.attacks.records import TINY
from mia_helpers.learning.outputs.base import Output, as_before, of_two


class Rounding(Output):
    """Probabilities rounded to s digits, then made to add up to 1 again; a row that is all 0 becomes uniform."""

    name = "rounding"

    def check(self) -> None:
        """Raise an MIAError unless s is a number of digits."""
        if not (0 <= self.strength <= 7 and float(self.strength).is_integer()):
            self._refuse("a whole number of digits from 0 to 7")

    def transform(self, probs):
        """Return the rounded answers."""
        rows = np.round(of_two(probs), int(self.strength))
        rows[rows.sum(axis=1) == 0] = 1.0
        return as_before(rows / rows.sum(axis=1, keepdims=True), probs)

    @property
    def finest(self):
        """Half of the last digit."""
        return 0.5 * 10.0 ** -int(self.strength)


class Temperature(Output):
    """Logits divided by s: above 1, a model that seems less sure. The order of classes stays, and nothing is lost."""

    name = "temperature"

    def check(self) -> None:
        """Raise an MIAError unless s is above 0."""
        if not 0 < self.strength < float("inf"):
            self._refuse("a number above 0; 1 changes nothing")

    def transform(self, probs):
        """Return the answers at that temperature."""
        logs = np.log(np.maximum(of_two(probs), TINY)) / self.strength
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        return as_before(raised / raised.sum(axis=1, keepdims=True), probs)


class TopClass(Output):
    """The predicted class alone: 1 for it, 0 for the others."""

    name, bare = "top_class", True

    def check(self) -> None:
        """Raise an MIAError if there is a strength: it has none."""
        if self.strength is not None:
            self._refuse("no strength; write 'top_class'")

    def transform(self, probs):
        """Return the predicted classes as one-hot rows."""
        rows = of_two(probs)
        return as_before(np.eye(rows.shape[1])[rows.argmax(axis=1)], probs)

    @property
    def finest(self):
        """Any number: two answers are all that there is of each class."""
        return 0.01
