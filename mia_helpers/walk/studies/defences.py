"""Defences, each at several strengths, before the paper's attacker and before attackers who know the defence."""

from mia_helpers.data import registry
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import AS_IT_IS, Point

PENALTIES = (5e-4, 5e-3)
STOPPED = ("early_stopping=2", "early_stopping=5")
HEURISTICS = (*STOPPED, "dropout=0.5", "dropout=0.7", "label_smoothing=0.1", "label_smoothing=0.3")
SHIFTS, SWAPS = (0.0625, 0.125), (0.1, 0.3)  # of images: 2 and 4 of 32 pixels; of tables: a share of the columns
MAPS = ("rounding=2", "rounding=1", "temperature=5", "top_class", "fooling")
# DP-SGD as a recipe of its own, tuned for test accuracy at ds 2500 on one model of the plain split, seed 0. A straw man
# would be DP-SGD by the recipe of the others: small batches, and many more steps that all take noise.
PRIVATE = {"batch_size": 256, "learning_rate": 3e-3, "epochs": 40}
NOISES = (0.2, 0.5, 1.0, 2.0)
# The paper's attack is `exp.attack_names[0]`, from shadows without the defence; these have references with it.
SHOWN = (AS_IT_IS, "dp_sgd,noise=1")  # whose answers notebook 09 reads, and come with the repository
ADAPTIVE = ("lira", "lira_offline", "rmia", "threshold", "label_only", "gap")


def defences(exp: Experiment) -> list[Point]:
    """D1 to D6: each defence at each strength, the paper's attacker and those with references trained alike."""
    share = SHIFTS if registry.named(exp.dataset).is_images else SWAPS
    changes = [{}, *({"l2": l2} for l2 in PENALTIES), *({"defence": name} for name in HEURISTICS)]
    changes += [{"defence": f"augmentation={s:g}"} for s in share] + [{"output": name} for name in MAPS]
    return [point for change in [*changes, *map(_private, NOISES)] for point in _points(exp, change)]


def defences_few(exp: Experiment) -> list[Point]:
    """One of each kind, to see that everything works."""
    changes = [{}, {"l2": 5e-3}, {"defence": "early_stopping=2"}, {"output": "top_class"}, _private(1.0)]
    return [point for change in changes for point in _points(exp, change)]


def _private(noise: float) -> dict:
    return {"defence": f"dp_sgd,noise={noise:g}", **PRIVATE}


def _points(exp: Experiment, change: dict) -> list[Point]:
    defended = exp.replace(**change)
    setting = next((f"{name}={value:g}" if name == "l2" else value for name, value in change.items()), AS_IT_IS)
    moved = registry.named(exp.dataset).is_images  # a record of a table has no moved copies
    names = [name for name in ADAPTIVE if moved or name != "label_only"]
    paper = defended.attacker(shadows_of=exp)
    return [Point(setting, attacker) for attacker in (paper, *map(defended.reference_attacker, names))]
