"""What a number must be, told in one sentence."""

import numbers

from mia_helpers.engine.errors import MIAError

RESAMPLES = (1, 1_000_000, "an interval's ends do not move any more")


def number(name: str, value, kind: type, least: float, most: float, why: str):
    """Return the value if it is a finite number of this kind (`numbers.Integral` or `Real`) within its bounds.

    Raises
    ------
    MIAError
        Naming the value, the bound, and `why` there is an upper one.
    """
    what = "whole number" if kind is numbers.Integral else "number"
    shown = _shown(value)
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < float("inf"):
        raise MIAError(f"{name}={shown}: expected a {what} of at least {least}")
    if value > most:
        raise MIAError(f"{name}={shown}: expected at most {most:,}; {why}")
    return value


def _shown(value) -> str:
    """Return how a value is written, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) < 40 else f"{text[:20]}…"
