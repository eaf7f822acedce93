"""Tables of studies, from what the store holds; nothing is trained."""

from collections.abc import Iterable

import pandas as pd

from mia_helpers.attacks import Records, best_threshold
from mia_helpers.data import registry
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies import STUDIES, Point

KEYS = ["study", "setting", "dataset", "train_size", "n_classes", "n_shadows", "epochs", "attack"]


def studies_table(studies: list[tuple[str, Experiment]]) -> pd.DataFrame:
    """Return a row per point that the store holds: what was varied, the target's accuracies and the attack's.

    `low` and `high` are the 95% bootstrap interval of `accuracy` over the records of one seed.
    """
    columns = [*KEYS, "seed", "train_accuracy", "test_accuracy", "gap", "accuracy", "low", "high", "auc", "advantage"]
    rows = [_row(study, point) for study, exp in studies for point in STUDIES[study](exp) if point.attacker.is_done()]
    return pd.DataFrame(rows, columns=columns)


def thresholds_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return how well one confidence threshold carries from the shadows to the target: a row per image experiment.

    `accuracy` is that of the threshold chosen on all shadows, `in_hindsight` that of the best one for this target;
    `least_doubt` and `most_doubt` are the extremes of 1 - t over the thresholds t that are best for one shadow each.
    """
    rows = []
    for exp in experiments:
        attacker = exp.attacker("threshold")
        if registry.named(exp.dataset).is_images and attacker.is_done():
            target = exp.target()
            hindsight = target.true_class_probability.astype(float) > _own_threshold(target)
            doubts = [1 - _own_threshold(shadow.records()) for shadow in exp.shadow_models()]
            accuracies = [attacker.result().metrics["accuracy"], (hindsight == target.member).mean()]
            rows.append((exp.dataset, exp.train_size, exp.seed, *accuracies, min(doubts), max(doubts)))
    names = ["dataset", "train_size", "seed", "accuracy", "in_hindsight", "least_doubt", "most_doubt"]
    return pd.DataFrame(rows, columns=names)


def _own_threshold(records: Records) -> float:
    return best_threshold(records.member, records.true_class_probability)


def _row(study: str, point: Point) -> dict:
    attacker, result = point.attacker, point.attacker.result()
    model, target = attacker.victim, attacker.victim.records()
    train, test = target.accuracy(member=True), target.accuracy(member=False)
    accuracy = result.table.set_index("metric").loc["accuracy"]
    return {
        "dataset": model.dataset,
        "train_size": model.split.train_size,
        "n_shadows": len(attacker.shadows),
        "epochs": model.recipe.epochs,
        "seed": model.seed,
        "n_classes": len(model.class_names),
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
