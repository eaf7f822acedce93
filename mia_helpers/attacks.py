"""Every attack, behind one interface.

`fit(shadow_records)` learns from records whose membership the attacker knows. `score(records)` gives each record a
float, higher meaning "member". `decide(scores)` compares it with a threshold that was chosen on the shadows, never on
the target. `probability(scores)` turns scores into a membership probability, for the criteria that need one.
"""

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.svm import SVC

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

    C and gamma are chosen by a 5-fold grid search per class. The search sees at most `search_size` records of a class
    (stratified by membership), because the cost of an SVM grows with the square of the records; the chosen pair is then
    fitted to all.

    Parameters
    ----------
    C, gamma : tuples of float
        The grid. The defaults are the paper's.
    search_size : int or None
        Records per class for the search; None takes all.
    n_jobs : int
        Classes that are fitted side by side.
    seed : int
        Of the choice and the folds.
    """

    name = "svm"
    per_class = True

    def __init__(self, *, C=(0.1, 1.0, 10.0), gamma=(0.001, 0.01, 0.1), search_size=2000, n_jobs=1, seed=0):
        self.C, self.gamma = tuple(C), tuple(gamma)
        self.search_size, self.n_jobs, self.seed = search_size, n_jobs, seed

    def _fit(self, shadows):
        if shadows.probs.shape[1] == 1:
            raise MIAError("the svm attack needs a probability per class; for a single sigmoid output use 'network'")
        classes = np.unique(shadows.label)
        parts = [shadows[shadows.label == k] for k in classes]
        for k, part in zip(classes, parts, strict=True):
            _check_both_kinds(part, f"class {k}", least=5)
        fitted = joblib.Parallel(self.n_jobs, prefer="threads")(
            joblib.delayed(self._fit_class)(p.probs, p.member) for p in parts
        )
        self.models_ = {int(k): svm for k, (svm, _) in zip(classes, fitted, strict=True)}
        self.threshold_ = 0.0
        self.details_ = {
            "per_class": [{"class": int(k), **chosen} for k, (_, chosen) in zip(classes, fitted, strict=True)]
        }

    def _fit_class(self, probs, member):
        chosen, accuracy = self._search(probs, member)
        svm = SVC(kernel="rbf", **chosen).fit(probs, member)
        at_edge = [name for name, value in chosen.items() if value in (min(self._grid[name]), max(self._grid[name]))]
        return svm, {**chosen, "cv_accuracy": accuracy, "at_edge": at_edge, "records": len(member)}

    @property
    def _grid(self):
        return {"C": self.C, "gamma": self.gamma}

    def _search(self, probs, member):
        if self.search_size and len(member) > self.search_size:
            probs, _, member, _ = train_test_split(
                probs, member, train_size=self.search_size, stratify=member, random_state=self.seed
            )
        folds = StratifiedKFold(5, shuffle=True, random_state=self.seed)
        search = GridSearchCV(SVC(kernel="rbf"), {k: list(v) for k, v in self._grid.items()}, cv=folds, refit=False)
        search.fit(probs, member)
        return search.best_params_, float(search.best_score_)

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
        from mia_helpers.models import attack_network, keras
        from mia_helpers.training import fit

        keras().utils.set_random_seed(self.seed)
        self.model_ = attack_network(n_inputs=shadows.probs.shape[1])
        options = dict(epochs=self.epochs, batch_size=self.batch_size, learning_rate=1e-3, decay=1e-7, seed=self.seed)
        curves = fit(self.model_, shadows.probs, shadows.member, **options)
        self.threshold_ = 0.5
        right = self.decide(self.score(shadows)) == shadows.member
        self.details_ = {
            "train_accuracy": float(right.mean()),
            "final_loss": float(curves["loss"][-1]),
            "n_parameters": self.model_.count_params(),
        }

    def score(self, records: Records) -> np.ndarray:
        """Return the network's output, which is already a probability."""
        from mia_helpers.training import predict

        return predict(self.model_, records.probs)[:, 0].astype(float)

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


def best_threshold(member: np.ndarray, scores: np.ndarray) -> float:
    """Return the threshold t for which `scores > t` tells members best, by balanced accuracy.

    It lies halfway between two scores that occur.
    """
    fpr, tpr, thresholds = roc_curve(member, scores)  # a record is called positive from the threshold upwards
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
