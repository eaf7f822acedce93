"""Studies: one parameter varied at a time, to test a claim that no single experiment can.

A study turns an experiment into points, each an attacker to measure. A profile names the studies that it runs and the
experiments they start from; the batch computes the points, `table` reads what the store holds of them.

A new study is a file with a function like these, and a place in the tuple below.
"""

from collections.abc import Callable

from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.choices import choices
from mia_helpers.walk.studies.classes import classes
from mia_helpers.walk.studies.defences import defences, defences_few
from mia_helpers.walk.studies.modern import modern, modern_classes, modern_epochs, modern_number, modern_recipes
from mia_helpers.walk.studies.overfitting import overfitting
from mia_helpers.walk.studies.point import AS_IT_IS, Point
from mia_helpers.walk.studies.shadows import LARGE_C, shadows

_PAPER = (shadows, classes, overfitting, choices)
_MODERN = (modern, modern_number, modern_epochs, modern_classes, modern_recipes)
_DEFENCES = (defences, defences_few)
_ALL = (*_PAPER, *_MODERN, *_DEFENCES)
STUDIES: dict[str, Callable[[Experiment], list[Point]]] = {study.__name__: study for study in _ALL}
OF_REFERENCES = tuple(study.__name__ for study in _MODERN)  # M1 to M10: their attackers have reference models
OF_DEFENCES = tuple(study.__name__ for study in _DEFENCES)  # D1 to D6
