"""The paper's claims before an attacker with reference models: one parameter varied at a time."""

from mia_helpers.attacks.references import REFERENCE_ATTACKS
from mia_helpers.data import registry
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import AS_IT_IS, Point
from mia_helpers.walk.worker import watched_epochs

CORE = ("lira", "lira_offline", "rmia", "rmia_offline", "threshold")  # where many points are measured
FEW = (*CORE, "lira_record", "lira_bayesian")
# A record of a table has no moved copies, and with a single output its entropy is no signal of its own.
OF_TABLES = (*FEW, "calibrated", "gap")
OTHER_RECIPES = (("optimizer", "sgd"), ("batch_size", 128), ("scaling", "standardised"))


def modern(exp: Experiment) -> list[Point]:
    """M1, M2, M4, M5: every attack on each of the reference models in turn."""
    names = REFERENCE_ATTACKS if registry.named(exp.dataset).is_images else OF_TABLES
    return [_point(exp, name, AS_IT_IS) for name in names]


def modern_number(exp: Experiment) -> list[Point]:
    """M6: the same targets, attacked with 2, 4, 8, … reference models, and with the shadows, who have no record."""
    counts = [2**i for i in range(1, 14) if 2**i < exp.n_references - 2]
    found = [_point(exp, name, f"n_references={n}", n_references=n) for n in counts for name in FEW if _enough(name, n)]
    found += [_point(exp, name, AS_IT_IS) for name in FEW]
    outside = [name for name in FEW if name.endswith("offline")]
    return found + [_point(exp, name, f"n_shadows={exp.n_shadows}", sources=exp.shadow_answers()) for name in outside]


def modern_epochs(exp: Experiment) -> list[Point]:
    """M9: targets and references after 1 to 100 epochs of one training."""
    epochs = watched_epochs(exp.epochs, exp.defence)
    return [_point(exp, name, f"epochs={epoch}", epoch=epoch) for epoch in epochs for name in (*CORE, "gap")]


def modern_classes(exp: Experiment) -> list[Point]:
    """M7: the same images and network with 2, 5 and 10 classes."""
    return [_point(exp.replace(n_classes=k), name, f"n_classes={k}") for k in (2, 5, 10) for name in (*CORE, "gap")]


def modern_recipes(exp: Experiment) -> list[Point]:
    """M10: an attacker who trained his references by another recipe than the target's, on the right records."""
    halfway = [epoch for epoch in watched_epochs(exp.epochs, exp.defence) if epoch <= exp.epochs / 2][-1:]
    others = [(f"epochs={epoch}", exp.answers(epoch)) for epoch in halfway]
    others += [(f"{name}={value}", exp.replace(**{name: value}).answers()) for name, value in OTHER_RECIPES]
    found = [_point(exp, name, AS_IT_IS) for name in REFERENCE_ATTACKS]
    return found + [_point(exp, name, what, sources=answers) for what, answers in others for name in CORE]


def _point(exp: Experiment, name: str, setting: str, *, epoch: int | None = None, **options) -> Point:
    return Point(setting, exp.reference_attacker(name, epoch=epoch, **options))


def _enough(name: str, n_references: int) -> bool:
    return n_references >= REFERENCE_ATTACKS[name].least
