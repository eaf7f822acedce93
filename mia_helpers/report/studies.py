"""Tables of studies, from what the store holds; nothing is trained."""

from collections.abc import Iterable

import pandas as pd
from scipy.special import expit

from mia_helpers.attacks import Records, best_threshold
from mia_helpers.data import registry
from mia_helpers.report.claims.values import criteria, of_model
from mia_helpers.report.ledger import kept
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies import OF_DEFENCES, OF_REFERENCES, STUDIES, Point

KEYS = ["study", "setting", "dataset", "train_size", "n_classes", "n_shadows", "epochs", "attack"]


def studies_table(studies: list[tuple[str, Experiment]]) -> pd.DataFrame:
    """Return a row per point that the store holds: what was varied, the target's accuracies and the attack's.

    `low` and `high` are the 95% interval of `accuracy` over the records of one seed.
    """
    columns = [*KEYS, "seed", "train_accuracy", "test_accuracy", "gap", "accuracy", "low", "high", "auc", "advantage"]
    others = (*OF_REFERENCES, *OF_DEFENCES)
    points = [(study, point) for study, exp in studies if study not in others for point in STUDIES[study](exp)]
    rows = [_row(study, point, found) for study, point in points if (found := criteria(point.attacker))]
    return pd.DataFrame(rows, columns=columns)


def thresholds_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return how well one confidence threshold carries from the shadows to the target: a row per image experiment.

    `accuracy` is that of the threshold chosen on all shadows, `in_hindsight` that of the best one for this target;
    `least_doubt` and `most_doubt` are the extremes, over the thresholds that are best for one shadow each, of the
    probability that is left for the other classes.
    """
    rows = []
    for exp in experiments:
        if registry.named(exp.dataset).is_images and (found := _carried(exp.attacker("threshold"))):
            rows.append((exp.dataset, exp.train_size, exp.seed, *found))
    names = ["dataset", "train_size", "seed", "accuracy", "in_hindsight", "least_doubt", "most_doubt"]
    return pd.DataFrame(rows, columns=names)


@kept(needs=lambda attacker: [attacker, *attacker.shadows])
def _carried(attacker: Attacker) -> list[float]:
    target = attacker.victim.records()
    hindsight = (target.log_odds > _own_threshold(target)) == target.member
    doubts = [float(expit(-_own_threshold(shadow.records()))) for shadow in attacker.shadows]
    return [criteria(attacker)["accuracy"][0], float(hindsight.mean()), min(doubts), max(doubts)]


def _own_threshold(records: Records) -> float:
    return best_threshold(records.member, records.log_odds)


def _row(study: str, point: Point, found: dict[str, list[float]]) -> dict:
    attacker, model = point.attacker, point.attacker.victim
    train, test = (of_model(model, part).ours for part in ("train", "test"))
    accuracy, low, high = found["accuracy"]
    return {
        "dataset": model.dataset,
        "train_size": model.split.train_size,
        "n_shadows": len(attacker.shadows),
        "epochs": model.recipe.epochs,
        "seed": model.seed,
        "n_classes": len(model.class_names),
        "study": study,
        "setting": point.setting,
        "attack": attacker.attack,
        "train_accuracy": train,
        "test_accuracy": test,
        "gap": train - test,
        **{"accuracy": accuracy, "low": low, "high": high},
        **{name: found[name][0] for name in ("auc", "advantage")},
    }
