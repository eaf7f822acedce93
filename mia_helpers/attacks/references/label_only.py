"""Only the predicted class is seen: on which changed copies of the record is it right? (Choquette-Choo et al. 2021)

A logistic regression says how much each query tells, taught by the other models, whose members are known. Answers that
are alike count as one pattern with a weight, so there are never more rows than patterns.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from mia_helpers.attacks.references.matrix import References, Target
from mia_helpers.engine.errors import MIAError

MOST = 62  # queries: their bits make one whole number


def gap(right: np.ndarray) -> np.ndarray:
    """Return 1.0 where the record itself is predicted rightly, else 0.0: float64 (..., records)."""
    return right[..., 0].astype(float)


def label_only_one(target: Target, references: References) -> np.ndarray:
    """Return the log-odds of membership, float64 (records,), by what the references teach."""
    patterns, _, counts = _patterns(references)
    return _fitted(patterns, counts.sum(axis=0)).decision_function(target.right.astype(float))


def label_only_each(references: References) -> np.ndarray:
    """Return `label_only_one` of every model once the target, its pair left out: float64 (models, records)."""
    patterns, which, counts = _patterns(references)
    scores, total = np.empty(references.member.shape), counts.sum(axis=0)
    for i in range(0, references.n_models, 2):
        pair = slice(i, i + 2)
        fitted = _fitted(patterns, total - counts[pair].sum(axis=0))
        scores[pair] = fitted.decision_function(patterns)[which[pair]]
    return scores


def _patterns(references: References) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the patterns (patterns, queries), which one each answer is, and their counts (models, kinds, patterns).

    The kinds are non-members and members.
    """
    models, records, queries = references.right.shape
    if queries > MOST:
        raise MIAError(f"right has {queries} queries, and the label-only attack takes at most {MOST}")
    codes, which = np.unique(references.right @ (1 << np.arange(queries)), return_inverse=True)
    which = which.reshape(models, records)
    place = (2 * np.arange(models)[:, None] + references.member) * len(codes) + which
    counts = np.bincount(place.ravel(), minlength=2 * models * len(codes)).reshape(models, 2, len(codes))
    return (codes[:, None] >> np.arange(queries) & 1).astype(float), which, counts


def _fitted(patterns: np.ndarray, counts: np.ndarray) -> LogisticRegression:
    """Return a logistic regression on patterns, of which `counts`, (2, patterns), are non-members and members."""
    kind, pattern = np.nonzero(counts)
    return LogisticRegression().fit(patterns[pattern], kind, sample_weight=counts[kind, pattern])
