"""A point of a study, and the ways in which studies make them."""

from collections.abc import Iterable
from dataclasses import dataclass

from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.reference_attackers import ReferenceAttacker

EPOCHS = (1, 2, 5, 10, 20, 50, 100)
AS_IT_IS = "as it is"  # the setting of the point where nothing is changed


@dataclass(frozen=True)
class Point:
    """One measurement of a study: what was changed, such as 'epochs=20', and the attacker to measure."""

    setting: str
    attacker: Attacker | ReferenceAttacker


def points(exp: Experiment, *, names: Iterable[str] = (), options: dict | None = None, **changes) -> list[Point]:
    """Return a point for each attack (all, or those called `names`) on the experiment with these changes."""
    changed = exp.replace(**changes)
    setting = ", ".join(f"{name}={value}" for name, value in {**changes, **(options or {})}.items()) or AS_IT_IS
    return [Point(setting, changed.attacker(name, **(options or {}))) for name in names or exp.attack_names]


def by_epochs(exp: Experiment, **changes) -> list[Point]:
    """Return a point for each number of epochs; before the last, the SVMs are left out (they would take most time)."""
    earlier = [n for n in EPOCHS if n < exp.epochs]
    found = [point for n in earlier for point in points(exp, names=("threshold", "gap"), **changes, epochs=n)]
    return found + points(exp, **changes, epochs=exp.epochs)
