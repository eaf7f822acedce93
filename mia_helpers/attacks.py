"""Every attack, behind one interface.

`fit(shadow_records)` learns from records whose membership the attacker knows. `score(records)` gives each record a
float, higher meaning "member". `decide(scores)` compares it with a threshold that was chosen on the shadows, never on
the target. `probability(scores)` turns scores into a membership probability, for the criteria that need one.
"""

import joblib
import numpy as np
import sklearn
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer, roc_curve
from sklearn.model_selection import GridSearchCV, PredefinedSplit, StratifiedKFold
from sklearn.svm import SVC

from mia_helpers import backends, worker
from mia_helpers.errors import MIAError, unknown
from mia_helpers.records import Records


class Attack:
    """What all attacks share: a threshold on the score, and a logistic curve from score to probability.

    Attributes
    ----------
    threshold_ : float
        A record whose score is above it is called a member.
    details_ : dict
        What there is to report about the fitted attack, as JSON values.
    """

    name: str
    per_class = False

    def fit(self, shadows: Records) -> "Attack":
        """Learn the attack from `shadows`, the answers of models whose members are known."""
        _check_both_kinds(shadows)
        self.details_ = {}
        self._fit(shadows)
        self._calibrate(self.score(shadows), shadows.member)
        return self

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Return bool (n,): True where the attack says "member"."""
        return scores > self.threshold_

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return float64 (n,): the membership probability, by Platt's method fitted on the shadows."""
        return self._platt.predict_proba(self._standard(scores))[:, 1]

    def _calibrate(self, scores, member):
        self._centre, self._width = scores.mean(), scores.std() or 1.0
        self._platt = LogisticRegression().fit(self._standard(scores), member)

    def _standard(self, scores):
        return ((scores - self._centre) / self._width)[:, None]


class GapAttack(Attack):
    """Member if the target's prediction is right (Yeom et al. 2018): accuracy 1/2 + (train - test accuracy) / 2."""

    name = "gap"

    def _fit(self, shadows):
        self.threshold_ = 0.5

    def score(self, records: Records) -> np.ndarray:
        """Return 1.0 where the prediction is right, else 0.0."""
        return records.correct.astype(float)


class ThresholdAttack(Attack):
    """Member if the true class's probability exceeds one threshold, the most accurate on the shadows.

    Yeom et al. 2018; Song and Mittal 2021 call it the confidence attack.
    """

    name = "threshold"

    def _fit(self, shadows):
        self.threshold_ = best_threshold(shadows.member, self.score(shadows))
        self.details_ = {"threshold": self.threshold_}

    def score(self, records: Records) -> np.ndarray:
        """Return the probability of the true class."""
        return records.true_class_probability.astype(float)


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
    per_class = True

    def __init__(self, *, C=(0.1, 1.0, 10.0), gamma=(0.001, 0.01, 0.1), resolution=1e-3, n_jobs=1, seed=0):
        self.C, self.gamma, self.resolution = tuple(C), tuple(gamma), resolution
        self.n_jobs, self.seed = n_jobs, seed

    def _fit(self, shadows):
        if shadows.probs.shape[1] == 1:
            raise MIAError("the svm attack needs a probability per class; for a single sigmoid output use 'network'")
        classes = np.unique(shadows.label)
        parts = [shadows[shadows.label == k] for k in classes]
        for k, part in zip(classes, parts, strict=True):
            _check_both_kinds(part, f"class {k}", least=5)
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


class AttackNetwork(Attack):
    """The paper's attack on UCI Adult: Dense 5 sigmoid → Dense 1 sigmoid on the target's single output, 16 parameters.

    The paper leaves its epochs and batch size open: 10 epochs in batches of 32 are this project's choice.
    """

    name = "network"

    def __init__(self, *, epochs=10, batch_size=32, seed=0):
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed

    def _fit(self, shadows):
        recipe = dict(epochs=self.epochs, batch_size=self.batch_size, learning_rate=1e-3, decay=1e-7)
        task = (shadows.probs, shadows.member, self.seed, recipe)
        [(_, (self.weights_, loss))] = backends.run(worker.fit_attack_network, [task])
        self.threshold_ = 0.5
        right = self.decide(self.score(shadows)) == shadows.member
        self.details_ = {
            "train_accuracy": float(right.mean()),
            "final_loss": loss,
            "n_parameters": sum(weight.size for weight in self.weights_),
        }

    def score(self, records: Records) -> np.ndarray:
        """Return the network's output, which is already a probability."""
        hidden, hidden_bias, output, output_bias = self.weights_
        return expit(expit(records.probs @ hidden + hidden_bias) @ output + output_bias)[:, 0].astype(float)

    def _calibrate(self, scores, member):
        pass

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores: the network answers with a probability."""
        return scores


ATTACKS = {attack.name: attack for attack in (PerClassSVM, AttackNetwork, GapAttack, ThresholdAttack)}


def resolve(name: str, *, shokri: str) -> str:
    """Return the attack's own name, where 'shokri' stands for the paper's attack on the data set at hand."""
    if name == "shokri":
        return shokri
    if name not in ATTACKS:
        raise unknown("attack", name, ["shokri", *ATTACKS])
    return name


def best_threshold(member: np.ndarray, scores: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the threshold t for which `scores > t` tells members best, by balanced accuracy of the weighted records.

    It lies halfway between two scores that occur.
    """
    # roc_curve calls a record positive from the threshold upwards
    fpr, tpr, thresholds = roc_curve(member, scores, sample_weight=weight)
    best = int(np.argmax(tpr - fpr))
    below = scores[scores < thresholds[best]]
    return float((thresholds[best] + below.max()) / 2) if len(below) else float(thresholds[best] - 1)


def grid_edges(details: dict) -> list[str]:
    """Return a warning for each class whose SVM chose a value on the edge of the grid."""
    rows = [row for row in details.get("per_class", []) if row["at_edge"]]
    chosen = [" and ".join(f"{name}={row[name]:g}" for name in row["at_edge"]) for row in rows]
    return [f"class {row['class']}: {what} on the edge of the grid" for row, what in zip(rows, chosen, strict=True)]


def _check_both_kinds(records: Records, where: str = "the shadow records", *, least: int = 1) -> None:
    for kind, count in (("members", records.member.sum()), ("non-members", (~records.member).sum())):
        if count < least:
            found = f"only {count} {kind}, and the attack needs {least}" if count else f"no {kind}"
            raise MIAError(f"{where}: {found}; use more shadows or a larger train_size")
