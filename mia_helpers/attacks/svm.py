"""The paper's attack on CIFAR-10: a support vector machine for each true class."""

from typing import ClassVar

import joblib
import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, PredefinedSplit, StratifiedKFold
from sklearn.svm import SVC

from mia_helpers.attacks.base import Attack, Limit, check_both_kinds
from mia_helpers.attacks.records import Records
from mia_helpers.engine.errors import MIAError


class PerClassSVM(Attack):
    """The paper's attack on CIFAR-10: for each true class, an RBF support vector machine on the probability vector.

    C and gamma are chosen by a 5-fold grid search per class, over all its records. What makes that affordable: most
    answers are nearly the same point, near a corner of full confidence, and a kernel of width gamma cannot tell them
    apart. So records of the same kind and fold within `resolution` / √gamma are merged into one point, which weighs
    as much as they do together: an SVM with weighted points is the SVM with repeated points.

    Parameters
    ----------
    C, gamma : tuples of float
        The grid. The defaults are the paper's.
    resolution : float
        Side of the cells in which points are merged, in units of 1 / √(largest gamma); 0 merges equal answers only.
        Moving a point within its cell changes no kernel value by more than 0.86 · √k · resolution.
    n_jobs : int
        Classes that are fitted side by side.
    seed : int
        Of the folds.
    """

    name = "svm"
    outputs = "many"
    per_class = True
    limits: ClassVar = {
        "C": Limit(1e-9, 1e9, "a fit would not end", grid=True),
        "gamma": Limit(1e-9, 1e9, "each point would be alone", grid=True),
        "resolution": Limit(0, 1, "cells would be larger than the kernel"),
    }

    def __init__(self, *, C=(0.1, 1.0, 10.0), gamma=(0.001, 0.01, 0.1), resolution=1e-3, n_jobs=1, seed=0):
        self.C, self.gamma, self.resolution = tuple(C), tuple(gamma), resolution
        self.n_jobs, self.seed = n_jobs, seed

    def _fit(self, shadows):
        if shadows.probs.shape[1] == 1:
            raise MIAError("the svm attack needs a probability per class; for a single sigmoid output use 'network'")
        classes = np.unique(shadows.label)
        parts = [shadows[shadows.label == k] for k in classes]
        for k, part in zip(classes, parts, strict=True):
            check_both_kinds(part, f"class {k}", least=5)
        searches = joblib.Parallel(self.n_jobs, prefer="threads")(
            joblib.delayed(self._search)(part.probs, part.member) for part in parts
        )
        self.models_ = {int(k): search.best_estimator_ for k, search in zip(classes, searches, strict=True)}
        self.threshold_ = 0.0
        found = zip(classes, parts, searches, strict=True)
        self.details_ = {"per_class": [{"class": int(k), **self._chosen(part, search)} for k, part, search in found]}

    def _search(self, probs, member) -> GridSearchCV:
        fold = np.empty(len(member), int)
        splits = StratifiedKFold(5, shuffle=True, random_state=self.seed).split(probs, member)
        for number, (_, held_out) in enumerate(splits):
            fold[held_out] = number
        cell = np.round(probs * (max(self.gamma) ** 0.5 / self.resolution)) if self.resolution else probs
        kinds = np.column_stack([cell, member, fold])
        _, first, weight = np.unique(kinds, axis=0, return_index=True, return_counts=True)
        with sklearn.config_context(enable_metadata_routing=True):  # so that the folds are scored with weights too
            return GridSearchCV(
                SVC(kernel="rbf").set_fit_request(sample_weight=True),
                self._grid,
                cv=PredefinedSplit(fold[first]),
                scoring=make_scorer(accuracy_score).set_score_request(sample_weight=True),
            ).fit(probs[first], member[first], sample_weight=weight)

    @property
    def _grid(self):
        return {"C": list(self.C), "gamma": list(self.gamma)}

    def _chosen(self, part: Records, search: GridSearchCV) -> dict:
        chosen = search.best_params_
        at_edge = [name for name, value in chosen.items() if value in (min(self._grid[name]), max(self._grid[name]))]
        counts = {"records": len(part), "points": len(search.cv.test_fold)}
        return {**chosen, "cv_accuracy": float(search.best_score_), "at_edge": at_edge, **counts}

    def score(self, records: Records) -> np.ndarray:
        """Return the decision function of each record's class: its signed distance to the SVM's border."""
        missing = sorted(set(np.unique(records.label)) - set(self.models_))
        if missing:
            raise MIAError(
                f"no shadow record has class {missing[0]}, so there is no attack model for it; use more records"
            )
        scores = np.empty(len(records))
        for k, svm in self.models_.items():
            rows = records.label == k
            if rows.any():
                scores[rows] = svm.decision_function(records.probs[rows])
        return scores


def grid_edges(details: dict) -> list[str]:
    """Return a warning for each class whose SVM chose a value on the edge of the grid."""
    rows = [row for row in details.get("per_class", []) if row["at_edge"]]
    chosen = [" and ".join(f"{name}={row[name]:g}" for name in row["at_edge"]) for row in rows]
    return [f"class {row['class']}: {what} on the edge of the grid" for row, what in zip(rows, chosen, strict=True)]
