"""The verdict that follows from a value, its interval and what was claimed.

As in an equivalence test: what is claimed is reproduced only where the whole 95% interval lies within it, and not
reproduced only where the whole interval lies outside. In between the data do not decide, and a wide interval never
helps. `simulation` tries these rules where the truth is known.
"""

import math

from mia_helpers.report.intervals import Value

VERDICTS = ("reproduced", "undecided", "not reproduced", "measured", "not run")
ROUNDING = 1e-12  # of sums of floats


def verdict(value: Value, published: float, tolerance: float) -> str:
    """Judge a figure: is it, up to the tolerance, the published one?"""
    least, most = published - tolerance - ROUNDING, published + tolerance + ROUNDING
    return _judge(
        value, within=least <= value.low and value.high <= most, beyond=value.high < least or value.low > most
    )


def change_verdict(change: Value, sign: int) -> str:
    """Judge a claim that something rises (sign 1) or falls (-1)."""
    near, far = (change.low, change.high) if sign > 0 else (-change.high, -change.low)
    return _judge(change, within=near > 0, beyond=far < 0)


def _judge(value: Value, *, within: bool, beyond: bool) -> str:
    if math.isnan(value.ours):
        return "not run"
    return "reproduced" if within else "not reproduced" if beyond else "undecided"
