"""Entropy of the answer, compared with a threshold for each class (Song and Mittal, USENIX Security 2021)."""

from collections.abc import Callable

import numpy as np
from scipy.special import entr

from mia_helpers.attacks.base import best_threshold
from mia_helpers.attacks.records import TINY
from mia_helpers.attacks.references.matrix import References, Target

Level = Callable[[np.ndarray, np.ndarray], np.ndarray]  # from probs (..., records, k) and label (records,); low: member


def entropy(probs: np.ndarray, label: np.ndarray | None = None) -> np.ndarray:
    """Return -Σ p log p, float64 (..., records); the label does not matter."""
    return entr(_classes(probs)).sum(axis=-1)


def modified_entropy(probs: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return -(1 - p_y) log p_y - Σ_{j≠y} p_j log(1 - p_j), float64 (..., records): low if sure, and right.

    1 - p_j is taken as the sum of the other probabilities, which a float32 p_j of 1.0 does not round away.
    """
    p = _classes(probs)
    others = p @ (1 - np.eye(p.shape[-1]))
    true = np.arange(p.shape[-1]) == np.asarray(label)[:, None]
    weight, surprising = np.where(true, others, p), np.where(true, p, others)
    return -(weight * np.log(np.maximum(surprising, TINY))).sum(axis=-1)


def entropy_one(target: Target, references: References, level: Level) -> np.ndarray:
    """Return how far the target's level is below the threshold of the record's class: float64 (records,).

    Thresholds are those of the best balanced accuracy on the references.
    """
    scores = -level(references.probs, references.label)
    return -level(target.probs, references.label) - class_thresholds(scores, references.member, references.label)


def entropy_each(references: References, level: Level) -> np.ndarray:
    """Return `entropy_one` of every model once the target, its pair left out: float64 (models, records)."""
    references.pair_of(0)  # there are pairs
    scores, label = -level(references.probs, references.label), references.label
    thresholds = np.empty((references.n_models // 2, len(label)))
    for one in np.unique(label):
        of_class = label == one
        values, member = scores[:, of_class].ravel(), references.member[:, of_class].ravel()
        order = np.argsort(values)  # once for all pairs: what is in order is sorted in no time
        values, member, pair = values[order], member[order], order // (2 * of_class.sum())
        for left_out, row in enumerate(thresholds):
            row[of_class] = _finite_threshold(member[pair != left_out], values[pair != left_out])
    return scores - np.repeat(thresholds, 2, axis=0)


def class_thresholds(scores: np.ndarray, member: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return for each record the best threshold of its class: float64 (records,) of (models, records) and labels."""
    thresholds = np.empty(len(label))
    for one in np.unique(label):
        of_class = label == one
        thresholds[of_class] = _finite_threshold(member[:, of_class].ravel(), scores[:, of_class].ravel())
    return thresholds


def _finite_threshold(member: np.ndarray, scores: np.ndarray) -> float:
    """Return the best threshold; where that is above all scores, the largest, so that distances from it are finite."""
    found = best_threshold(member, scores)
    return found if np.isfinite(found) else float(scores.max())


def _classes(probs: np.ndarray) -> np.ndarray:
    """Return float64 probabilities of all classes; a single output is that of class 1."""
    p = np.asarray(probs, float)
    return np.concatenate([1 - p, p], axis=-1) if p.shape[-1] == 1 else p
