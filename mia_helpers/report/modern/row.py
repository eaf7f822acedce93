"""One row of the table of M1 to M10: a figure by three attacks, and the verdict on one question about it."""

import math

from mia_helpers.report.intervals import Value
from mia_helpers.report.verdicts import change_verdict, verdict

ATTACKS = ("paper", "lira", "rmia")
# The same three answers as on the paper's claims, in words for a question that nobody has answered before.
WORDS = {"reproduced": "yes", "not reproduced": "no"}


def row(
    claim: str,
    what: str,
    three: dict[str, Value],
    question: str,
    judged: Value,
    studies,
    exp=None,
    *,
    sign=0,
    claimed=math.nan,
    tolerance=math.nan,
) -> dict:
    """Return a row of the table.

    The question is judged by whether a change rises (`sign` 1) or falls (-1), then with a p-value, or by the distance
    of a value to what was `claimed`; without either, or with nothing to compare it with, a figure is "measured".
    """
    if sign:
        found = change_verdict(judged, sign)
    elif not math.isnan(claimed):
        found = verdict(judged, claimed, tolerance)
    else:
        found = "measured"
    if math.isnan(judged.ours):  # there may be a figure, and nothing to compare it with
        found = "not run" if all(math.isnan(value.ours) for value in three.values()) else "measured"
    found = WORDS.get(found, found)
    told = {"claim": claim, "what": what}
    for name in ATTACKS:
        value = three[name]
        told |= {name: value.ours, f"{name}_low": value.low, f"{name}_high": value.high}
    told |= {"question": question, "judged": judged.ours, "low": judged.low, "high": judged.high}
    told |= {"over": judged.interval, "tolerance": tolerance, "verdict": found, "p": judged.p if sign else math.nan}
    only = f"{exp}/*" if exp else "*"
    return told | {"command": f"python -m mia_helpers reproduce --profile {studies.profile} --only '{only}' '08_*'"}
