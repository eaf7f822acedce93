"""Records: what a model answers about records whose membership is known."""

from dataclasses import dataclass, fields

import numpy as np

TARGET = -1  # the model_id of the target; shadows are 0, 1, ...


@dataclass(frozen=True, eq=False)
class Records:
    """Answers of one or more models. Target and shadows use this one schema, so every attack sees one shape.

    Attributes
    ----------
    probs : float32 (n, k)
        The model's answer to each query: k class probabilities, or k = 1 for a single sigmoid output.
    label : int64 (n,)
        True class y of each record, which the attacker knows.
    member : bool (n,)
        True where the record was in that model's training set.
    model_id : int64 (n,)
        Which model answered: -1 for the target, 0, 1, ... for the shadows.
    index : int64 (n,)
        Row of the record in its data set.
    """

    probs: np.ndarray
    label: np.ndarray
    member: np.ndarray
    model_id: np.ndarray
    index: np.ndarray

    def __post_init__(self):
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len(set(lengths.values())) != 1 or self.probs.ndim != 2:
            raise ValueError(
                f"Records need probs (n, k) and four arrays (n,); got lengths {lengths}, probs {self.probs.shape}"
            )

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows) -> "Records":
        """Return the chosen rows (a mask, a slice or an integer array) as Records."""
        return Records(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def concatenate(cls, parts: list["Records"]) -> "Records":
        """Return the records of all `parts`, in their order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the five arrays by name, as they are stored."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def true_class_probability(self) -> np.ndarray:
        """float32 (n,): the probability that the model gives to the true class."""
        if self.probs.shape[1] == 1:
            p = self.probs[:, 0]
            return np.where(self.label == 1, p, 1 - p)
        return self.probs[np.arange(len(self)), self.label]

    @property
    def correct(self) -> np.ndarray:
        """bool (n,): whether the model's most probable class is the true one."""
        return correct(self.probs, self.label)

    def accuracy(self, member: bool) -> float:
        """Return the accuracy on the training records (`member=True`) or on the test records (`member=False`)."""
        return float(self.correct[self.member == member].mean())


def correct(probs: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return bool (n,): whether the most probable class is the true one (k = 1: whether p > 0.5 agrees with y = 1)."""
    return ((probs[:, 0] > 0.5) if probs.shape[1] == 1 else probs.argmax(axis=1)) == label
