"""C7: do models with fewer classes leak less?"""

from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import Point, by_epochs


def classes(exp: Experiment) -> list[Point]:
    """C7: the same images and network with 2, 5 and 10 classes, each after 1 to 100 epochs, so at many gaps."""
    return [point for k in (2, 5, 10) for point in by_epochs(exp, n_classes=k)]
