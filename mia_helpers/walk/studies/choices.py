"""What the paper leaves open, and the edge of its grid."""

from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import Point, points

WIDE_GRID = {"gamma": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4]}


def choices(exp: Experiment) -> list[Point]:
    """What the paper leaves open, each varied alone; and its grid, which it states, but all winners lie on the edge."""
    alone = [{}, *({"epochs": n} for n in (20, 50)), *({"optimizer": name} for name in ("rmsprop", "sgd"))]
    alone += [{"batch_size": n} for n in (16, 64, 128)] + [{"scaling": "standardised"}]
    found = [point for changes in alone for point in points(exp, **changes)]
    return found + points(exp, names=["svm"], options=WIDE_GRID)
