"""What may stand between a model and whoever asks it: a map from its answers to those that are shown."""

import numpy as np

from mia_helpers.learning.named import Named


class Output(Named):
    """A map of answers, which anyone can put before a model; in the manner of scikit-learn's transformers.

    A subclass has a `name`, checks its strength, and has `transform`; `fit` where it learns from answers of models
    whose members are known. An attacker who knows of it puts the same map before his own models.
    """

    def fit(self, probs: np.ndarray, member: np.ndarray) -> "Output":
        """Learn from answers (n, k) to records of which `member`, bool (n,), says who was in; most have nothing to."""
        return self

    def transform(self, probs: np.ndarray) -> np.ndarray:
        """Return the answers that are shown, float32 (n, k), for the model's own, float32 (n, k)."""
        raise NotImplementedError

    @property
    def learns(self) -> bool:
        """Whether it has to be fitted."""
        return type(self).fit is not Output.fit

    @property
    def finest(self) -> float:
        """How near to 0 or 1 a probability can be told: what is nearer counts as so near."""
        return 0.0


def of_two(probs: np.ndarray) -> np.ndarray:
    """Return the answers as rows of at least two probabilities, float64: of a single output, both."""
    probs = probs.astype(float)
    return np.column_stack([1 - probs[:, 0], probs[:, 0]]) if probs.shape[1] == 1 else probs


def as_before(rows: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """Return rows of at least two probabilities as the model answers: of a single output, the second alone."""
    return (rows[:, 1:] if probs.shape[1] == 1 else rows).astype(np.float32)
