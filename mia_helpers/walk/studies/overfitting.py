"""C9: is overfitting why the attack works?"""

from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.studies.point import Point, by_epochs, points


def overfitting(exp: Experiment) -> list[Point]:
    """C9: targets that overfit more and more: after 1 to 100 epochs, and with fewer records than the paper's."""
    smaller = [ds for ds in (500, 1000) if ds < exp.train_size]
    return by_epochs(exp) + [point for ds in smaller for point in points(exp, train_size=ds)]
