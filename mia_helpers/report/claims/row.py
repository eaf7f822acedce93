"""One row of the table of claims: a value beside what was claimed, and the verdict."""

import math

from mia_helpers.report import paper
from mia_helpers.report.intervals import Value
from mia_helpers.report.verdicts import change_verdict, verdict

COMMAND = "python -m mia_helpers reproduce --profile paper --only"
SIZES = paper.CIFAR10_ATTACK["train_size"].tolist()


def row(
    claim: str, what: str, value: Value, *, only: str, published=math.nan, claimed=math.nan, sign=0, judged=""
) -> dict:
    """Return a row of the table.

    It is judged by its distance to the published (or claimed) value; with a `sign`, by whether it rises (1) or falls
    (-1), and then it has a p-value; or it is not `judged` ("measured"). `only` selects the steps that compute it, of
    the profile that runs the whole paper.
    """
    tolerance = math.nan if judged or sign else paper.TOLERANCE[claim]
    if sign:
        judged = change_verdict(value, sign)
    judged = judged or verdict(value, published if math.isnan(claimed) else claimed, tolerance)
    judged = "not run" if math.isnan(value.ours) else judged
    told = {
        "claim": claim,
        "what": what,
        "published": published,
        "ours": value.ours,
        "low": value.low,
        "high": value.high,
    }
    told |= {"interval": value.interval, "tolerance": tolerance, "verdict": judged}
    return {**told, "p": value.p if sign else math.nan, "command": f"{COMMAND} '{only}' '07_*'"}
