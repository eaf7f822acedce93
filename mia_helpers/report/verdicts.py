"""The verdict that follows from a value, its interval and what was claimed."""

import math

from mia_helpers.report.intervals import Value

VERDICTS = ("reproduced", "partly", "not reproduced", "measured", "not run")


def verdict(value: Value, published: float, tolerance: float) -> str:
    """Return 'reproduced' within the tolerance, 'partly' where the interval reaches it, else 'not reproduced'."""
    if math.isnan(value.ours):
        return "not run"
    if abs(value.ours - published) <= tolerance:
        return "reproduced"
    reach = value.low <= published + tolerance and value.high >= published - tolerance
    return "partly" if reach else "not reproduced"


def change_verdict(change: Value, sign: int) -> str:
    """Judge a claim that something rises (sign 1) or falls (-1).

    'reproduced' if the interval lies on that side of zero; 'partly' if only the value does, so that it is undecided;
    else 'not reproduced'.
    """
    if math.isnan(change.ours):
        return "not run"
    near, value = (change.low, change.ours) if sign > 0 else (-change.high, -change.ours)
    return "reproduced" if near > 0 else "partly" if value > 0 else "not reproduced"
