"""One row of the table of claims: a value beside what was claimed, and the verdict."""

import math

from mia_helpers.report import paper
from mia_helpers.report.intervals import Value
from mia_helpers.report.verdicts import verdict

COMMAND = "python -m mia_helpers reproduce --profile paper --only"
SIZES = paper.CIFAR10_ATTACK["train_size"].tolist()


def row(claim: str, what: str, value: Value, *, only: str, published=math.nan, claimed=math.nan, judged="") -> dict:
    """Return a row of the table, judged by its distance to the published (or claimed) value, unless it is already.

    `only` selects the steps that compute it, of the profile that runs the whole paper.
    """
    tolerance = math.nan if judged else paper.TOLERANCE[claim]
    judged = judged or verdict(value, published if math.isnan(claimed) else claimed, tolerance)
    judged = "not run" if math.isnan(value.ours) else judged
    measured = {"claim": claim, "what": what, "published": published, **vars(value)}
    return {**measured, "tolerance": tolerance, "verdict": judged, "command": f"{COMMAND} '{only}' '07_*'"}
