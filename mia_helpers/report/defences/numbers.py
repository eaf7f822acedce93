"""The numbers that README and docs tell of D1 to D6, by name, from the tables of profile `defences`."""

from mia_helpers.report.formats import count, number, percent, two
from mia_helpers.report.lookup import claim, mean, told
from mia_helpers.walk.studies import AS_IT_IS

IMAGES = {"dataset": "cifar10", "train_size": 2500}
ADULT = {"dataset": "adult", "scaling": "standardised"}
MAPS = ("rounding=2", "rounding=1", "temperature=5", "top_class", "fooling")
HEURISTICS = ("l2=0.0005", "l2=0.005", "early_stopping=2", "early_stopping=5", "dropout=0.5", "dropout=0.7")
HEURISTICS += ("label_smoothing=0.1", "label_smoothing=0.3", "augmentation=0.0625", "augmentation=0.125")
PRIVATE = ("dp_sgd,noise=0.2", "dp_sgd,noise=0.5", "dp_sgd,noise=1", "dp_sgd,noise=2")


def _name(setting: str) -> str:
    return "no defence" if setting == AS_IT_IS else setting


def _canaries(start: str, setting: str) -> tuple[str, ...]:
    """Return where the claims tell how many canaries are found: the claim, and how its row begins and goes on."""
    told = f"{start}, {_name(setting)}"
    return ("D6", f"{told} (epsilon", "canaries") if setting in PRIVATE else ("D5", f"{told}: canaries")


def _of_images(setting: str) -> dict:
    """Return what is told of a setting on images: accuracies, what the paper's attack says, and canaries found."""
    points = {**IMAGES, "setting": setting}
    found = _canaries("cifar10", setting)
    told_of = {
        "test": (number, mean("points", "test_accuracy", **points, attack="gap")),
        "paper": (number, mean("points", "paper", **points, attack="gap")),
        "lira": (number, mean("points", "accuracy", **points, attack="lira")),
        "exposed": (number, mean("points", "exposed_auc", **points, attack="lira")),
        "label": (percent, mean("points", "found", **points, attack="label_only")),
        "found": (percent, claim(*found, column="defended")),
        "low": (percent, claim(*found, column="defended_low")),
        "high": (percent, claim(*found, column="defended_high")),
    }
    if setting in PRIVATE:
        told_of["epsilon"] = count, mean("points", "epsilon", **points, attack="lira")
        told_of["shown"] = two, mean("points", "epsilon_shown", **points, attack="lira")
    return {f"d.{what}.{_name(setting).replace(' ', '-')}": found for what, found in told_of.items()}


def _of_adult(setting: str) -> dict:
    """Return what is told of a setting on Adult with standardised columns: test accuracy, and canaries found."""
    told_of = {
        "test": (number, mean("points", "test_accuracy", **ADULT, setting=setting, attack="gap")),
        "found": (percent, claim(*_canaries("adult, standardised columns", setting), column="defended")),
    }
    return {f"d.adult.{what}.{_name(setting).replace(' ', '-')}": found for what, found in told_of.items()}


DEFENCES = {
    **{k: v for setting in (AS_IT_IS, *MAPS, *HEURISTICS, *PRIVATE) for k, v in _of_images(setting).items()},
    **{k: v for setting in (AS_IT_IS, "l2=0.0005", "dp_sgd,noise=1") for k, v in _of_adult(setting).items()},
    "d.adult.found.paper": (percent, claim("D5", "adult, paper columns, no defence: canaries", column="defended")),
    "d.shown.no-defence": (two, mean("points", "epsilon_shown", **IMAGES, setting=AS_IT_IS, attack="lira")),
    "d.hours.training": (two, told("core_hours_of_training")),
}
