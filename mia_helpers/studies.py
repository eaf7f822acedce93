"""Studies: one parameter varied at a time, to test a claim that no single experiment can.

A study turns an experiment into points, each an attacker to measure. A profile names the studies that it runs and the
experiments they start from; the batch computes the points, `table` reads what the store holds of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from mia_helpers.attacks import best_threshold
from mia_helpers.data import IMAGES
from mia_helpers.experiment import Attacker, Experiment
from mia_helpers.records import Records

EPOCHS = (1, 2, 5, 10, 20, 50, 100)
WIDE_GRID = {"gamma": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4]}
AS_IT_IS = "as it is"  # the setting of the point where nothing is changed
LARGE_C = {"C": [0.1, 1.0, 10.0, 100.0, 1e3]}
KEYS = ["study", "setting", "dataset", "train_size", "n_classes", "n_shadows", "epochs", "attack"]


@dataclass(frozen=True)
class Point:
    """One measurement of a study: what was changed, such as 'epochs=20', and the attacker to measure."""

    setting: str
    attacker: Attacker


def _points(exp: Experiment, *, names=None, options: dict | None = None, **changes) -> list[Point]:
    """Return a point for each attack on the experiment with these changes."""
    changed = exp.replace(**changes)
    setting = ", ".join(f"{name}={value}" for name, value in {**changes, **(options or {})}.items()) or AS_IT_IS
    return [Point(setting, Attacker(changed, changed, name, options or {})) for name in names or exp.attack_names]


def shadows(exp: Experiment) -> list[Point]:
    """C6: the same target, attacked with 1, 2, 5, 10 and 20 shadows, as far as the experiment has them.

    The SVM with one and with ten also with a larger C: it weighs errors by C times the number of records, so where the
    grid ends C, more shadows make up for it.
    """
    counts = [n for n in sorted({1, 2, 5, 10, 20, exp.n_shadows}) if n <= exp.n_shadows]
    points = [point for n in counts for point in _points(exp, n_shadows=n)]
    larger = [n for n in (1, 10) if n in counts and "svm" in exp.attack_names]
    return points + [p for n in larger for p in _points(exp, names=["svm"], options=LARGE_C, n_shadows=n)]


def classes(exp: Experiment) -> list[Point]:
    """C7: the same images and network with 2, 5 and 10 classes, each after 1 to 100 epochs, so at many gaps."""
    return [point for k in (2, 5, 10) for point in _by_epochs(exp, n_classes=k)]


def overfitting(exp: Experiment) -> list[Point]:
    """C9: targets that overfit more and more: after 1 to 100 epochs, and with fewer records than the paper's."""
    smaller = [ds for ds in (500, 1000) if ds < exp.train_size]
    return _by_epochs(exp) + [point for ds in smaller for point in _points(exp, train_size=ds)]


def _by_epochs(exp: Experiment, **changes) -> list[Point]:
    """Return a point for each number of epochs; before the last, the SVMs are left out (they would take most time)."""
    earlier = [n for n in EPOCHS if n < exp.epochs]
    points = [point for n in earlier for point in _points(exp, names=("threshold", "gap"), **changes, epochs=n)]
    return points + _points(exp, **changes, epochs=exp.epochs)


def choices(exp: Experiment) -> list[Point]:
    """What the paper leaves open, each varied alone; and its grid, which it states, but all winners lie on the edge."""
    alone = [{}, *({"epochs": n} for n in (20, 50)), *({"optimizer": name} for name in ("rmsprop", "sgd"))]
    alone += [{"batch_size": n} for n in (16, 64, 128)] + [{"scaling": "standardised"}]
    points = [point for changes in alone for point in _points(exp, **changes)]
    return points + _points(exp, names=["svm"], options=WIDE_GRID)


STUDIES: dict[str, Callable[[Experiment], list[Point]]] = {
    study.__name__: study for study in (shadows, classes, overfitting, choices)
}


def table(studies: list[tuple[str, Experiment]]) -> pd.DataFrame:
    """Return a row per point that the store holds: what was varied, the target's accuracies and the attack's.

    `low` and `high` are the 95% bootstrap interval of `accuracy` over the records of one seed.
    """
    columns = [*KEYS, "seed", "train_accuracy", "test_accuracy", "gap", "accuracy", "low", "high", "auc", "advantage"]
    rows = [_row(study, point) for study, exp in studies for point in STUDIES[study](exp) if point.attacker.is_done()]
    return pd.DataFrame(rows, columns=columns)


def thresholds(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return how well one confidence threshold carries from the shadows to the target: a row per image experiment.

    `accuracy` is that of the threshold chosen on all shadows, `in_hindsight` that of the best one for this target;
    `least_doubt` and `most_doubt` are the extremes of 1 - t over the thresholds t that are best for one shadow each.
    """
    rows = []
    for exp in experiments:
        attacker = Attacker(exp, exp, "threshold")
        if exp.dataset in IMAGES and attacker.is_done():
            target = exp.target()
            hindsight = target.true_class_probability > _own_threshold(target)
            doubts = [1 - _own_threshold(exp.records(i)) for i in range(exp.n_shadows)]
            accuracies = [attacker.result().metrics["accuracy"], (hindsight == target.member).mean()]
            rows.append((exp.dataset, exp.train_size, exp.seed, *accuracies, min(doubts), max(doubts)))
    names = ["dataset", "train_size", "seed", "accuracy", "in_hindsight", "least_doubt", "most_doubt"]
    return pd.DataFrame(rows, columns=names)


def _own_threshold(records: Records) -> float:
    return best_threshold(records.member, records.true_class_probability.astype(float))


def _row(study: str, point: Point) -> dict:
    exp, target, result = point.attacker.victim, point.attacker.victim.target(), point.attacker.result()
    train, test = target.accuracy(member=True), target.accuracy(member=False)
    accuracy = result.table.set_index("metric").loc["accuracy"]
    return {
        **{name: getattr(exp, name) for name in ("dataset", "train_size", "n_shadows", "epochs", "seed")},
        "n_classes": len(exp.class_names),
        "study": study,
        "setting": point.setting,
        "attack": result.name,
        "train_accuracy": train,
        "test_accuracy": test,
        "gap": train - test,
        "accuracy": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "auc": result.metrics["auc"],
        "advantage": result.metrics["advantage"],
    }
