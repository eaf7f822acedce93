"""Records: what a model answers about records whose membership is known."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import logsumexp

from mia_helpers.engine.errors import MIAError

TARGET = -1  # the model_id of the target; shadows are 0, 1, ...
ROUNDING = 1e-3  # by how much the probabilities of a float16 or float32 softmax may miss their sum of 1
TINY = float(np.finfo(np.float32).smallest_subnormal)  # the least probability above 0 that a model answers
HALF_STEP = float(np.finfo(np.float32).epsneg) / 2  # of float32 just below 1


@dataclass(frozen=True, eq=False)
class Records:
    """Answers of one or more models. Target and shadows use this one schema, so every attack sees one shape.

    Parameters
    ----------
    probs : float32 (n, k)
        The model's answer to each query: k class probabilities, or k = 1 for a single sigmoid output.
    label : int64 (n,)
        True class y of each record, 0 ... k - 1 (0 or 1 where k = 1), which the attacker knows.
    member : bool (n,)
        True where the record was in that model's training set.
    model_id : int64 (n,)
        Which model answered: -1 for the target, 0, 1, ... for the shadows.
    index : int64 (n,)
        Row of the record in its data set.

    Raises
    ------
    MIAError
        On construction, if an array has another shape, type or range: the first fault, and what to do about it.
    """

    probs: np.ndarray
    label: np.ndarray
    member: np.ndarray
    model_id: np.ndarray
    index: np.ndarray

    def __post_init__(self):
        _check_shapes(self)
        _check_types(self)
        if len(self):
            _check_values(self)

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
    def log_odds(self) -> np.ndarray:
        """float64 (n,): log p_y − log of the sum of the other probabilities, the true class's confidence without ties.

        In float32, many answers have p_y = 1.0 and differ only in what is left for the other classes (Carlini et al.
        2022 use this quantity too). Never through 1 − p_y, which is 0 for them. A single output has no others: where
        it is 1, half the distance to the next float32 stands for what was rounded away, where 0, the least float32.
        """
        if self.probs.shape[1] == 1:
            p = np.clip(self.probs[:, 0].astype(float), TINY, 1 - HALF_STEP)
            return np.where(self.label == 1, 1, -1) * (np.log(p) - np.log1p(-p))
        p, rows = self.probs.astype(float), np.arange(len(self))
        of_true = p[rows, self.label]
        p[rows, self.label] = 0
        return np.log(np.maximum(of_true, TINY)) - np.log(np.maximum(p.sum(axis=1), TINY))

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


def log_odds_of_logits(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return log p - log(1 - p) of the true class, float64 (n,), from what goes into the last activation, (n, k).

    Without a softmax in between there is no confidence too near 1 to be told from another. With k = 1 (a sigmoid) it is
    the logit itself, its sign turned where the label is 0.
    """
    logits = np.asarray(logits, float)
    if logits.shape[1] == 1:
        return np.where(label == 1, logits[:, 0], -logits[:, 0])
    others = logits.copy()
    others[np.arange(len(label)), label] = -np.inf
    return logits[np.arange(len(label)), label] - logsumexp(others, axis=1)


# --- What is wrong with them --------------------------------------------------------------------------------------


def _check_shapes(records: Records) -> None:
    for name, array in records.arrays().items():
        if not isinstance(array, np.ndarray):
            raise MIAError(f"Records: {name} is a {type(array).__name__}; give a NumPy array: np.asarray({name})")
    shapes = {name: array.shape for name, array in records.arrays().items()}
    if len(shapes["probs"]) != 2 or not shapes["probs"][1]:
        raise MIAError(f"Records: probs has shape {shapes['probs']}, expected (n, k): a row of answers for each record")
    for name in ("label", "member", "model_id", "index"):
        if shapes[name] != (n := shapes["probs"][:1]):
            column = shapes[name][1:] == (1,)
            take = "of a column, take label.ravel()" if column else "of one-hot labels, take label.argmax(axis=1)"
            hint = f"; {take}" if name == "label" and len(shapes[name]) == 2 else ""
            raise MIAError(f"Records: {name} has shape {shapes[name]}, expected {n} as probs has {n[0]} rows{hint}")


def _check_types(records: Records) -> None:
    wanted = {"probs": ("f", "floats"), "label": ("iu", "whole numbers"), "member": ("b", "True and False")}
    wanted |= {"model_id": ("iu", "whole numbers"), "index": ("iu", "whole numbers")}
    remedy = {"label": "label.astype(int)", "member": "member == 1", "probs": "probs.astype(np.float32)"}
    for name, array in records.arrays().items():
        kinds, what = wanted[name]
        if array.dtype.kind not in kinds:
            hint = f"; if they mean that, give {remedy[name]}" if name in remedy else ""
            raise MIAError(f"Records: {name} is {array.dtype}, expected {what}{hint}")


def _check_values(records: Records) -> None:
    probs, label, k = records.probs, records.label, records.probs.shape[1]
    bad = np.flatnonzero(~np.isfinite(probs).all(axis=1))
    if bad.size:
        who = f"model {records.model_id[bad[0]]} answers {probs[bad[0]].tolist()} to record {records.index[bad[0]]}"
        raise MIAError(f"Records: {who}, expected finite probabilities; has its training diverged?")
    low, high = float(probs.min()), float(probs.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        what = "softmax over each row" if k > 1 else "the sigmoid"
        raise MIAError(f"Records: probs go from {low:.3g} to {high:.3g}, expected 0 to 1; of logits, take {what} first")
    off = np.abs(probs.sum(axis=1, dtype=np.float64) - 1)
    if k > 1 and off.max() > ROUNDING:
        total = probs[off.argmax()].sum()
        raise MIAError(f"Records: the {k} probabilities of row {off.argmax()} add up to {total:.4g}, expected 1")
    if label.min() < 0 or label.max() > max(k - 1, 1):
        hint = "; of labels that count from 1, take label - 1" if label.min() >= 1 else ""
        columns = f"{k} columns" if k > 1 else "a single output"
        raise MIAError(
            f"Records: labels go from {label.min()} to {label.max()}, expected 0 to {max(k - 1, 1)} for {columns}{hint}"
        )
