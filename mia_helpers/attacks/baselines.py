"""The two attacks that take no learning: whatever else an attack finds, it should find more than these."""

import numpy as np

from mia_helpers.attacks.base import Attack, best_threshold
from mia_helpers.attacks.records import Records


class GapAttack(Attack):
    """Member if the target's prediction is right (Yeom et al. 2018): accuracy 1/2 + (train - test accuracy) / 2."""

    name, learns_score = "gap", False

    def _fit(self, shadows):
        self.threshold_ = 0.5

    def score(self, records: Records) -> np.ndarray:
        """Return 1.0 where the prediction is right, else 0.0."""
        return records.correct.astype(float)


class ThresholdAttack(Attack):
    """Member if the model's confidence in the true class exceeds one threshold, the most accurate on the shadows.

    Yeom et al. 2018; Song and Mittal 2021 call it the confidence attack. Confidence is told by its log-odds: the order
    is that of the probability, without its ties at 1.0.
    """

    name, learns_score = "threshold", False

    def _fit(self, shadows):
        self.threshold_ = best_threshold(shadows.member, self.score(shadows))
        self.details_ = {"threshold": self.threshold_}

    def score(self, records: Records) -> np.ndarray:
        """Return the log-odds of the true class."""
        return records.log_odds
