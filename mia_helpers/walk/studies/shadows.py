"""C6: does an attack get better with more shadows?"""

from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import Point, points

LARGE_C = {"C": [0.1, 1.0, 10.0, 100.0, 1e3]}


def shadows(exp: Experiment) -> list[Point]:
    """C6: the same target, attacked with 1, 2, 5, 10 and 20 shadows, as far as the experiment has them.

    The SVM with one and with ten also with a larger C: it weighs errors by C times the number of records, so where the
    grid ends C, more shadows make up for it.
    """
    counts = [n for n in sorted({1, 2, 5, 10, 20, exp.n_shadows}) if n <= exp.n_shadows]
    found = [point for n in counts for point in points(exp, n_shadows=n)]
    larger = [n for n in (1, 10) if n in counts and "svm" in exp.attack_names]
    return found + [p for n in larger for p in points(exp, names=["svm"], options=LARGE_C, n_shadows=n)]
