"""Defences in training: changes of how a model learns, which target, shadows and whoever imitates them share.

The paper's L2 penalty is a parameter of its own (`l2`). A new defence is a file with a class like `LabelSmoothing`, and
a place in the tuple below; `Experiment(defence="label_smoothing=0.1")` then trains with it.
"""

from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.learning.defences.base import Defence
from mia_helpers.learning.defences.label_smoothing import LabelSmoothing

DEFENCES: dict[str, type[Defence]] = {defence.name: defence for defence in (LabelSmoothing,)}


def named(text: str) -> Defence:
    """Return the defence that 'name=strength' describes, such as 'label_smoothing=0.1'.

    Raises
    ------
    MIAError
        If there is no such defence, or the strength is no number that it takes.
    """
    name, _, strength = str(text).partition("=")
    if name not in DEFENCES:
        raise unknown("defence", name, DEFENCES)
    try:
        return DEFENCES[name](float(strength))
    except ValueError as error:
        why = error if isinstance(error, MIAError) else "expected name=strength, such as 'label_smoothing=0.1'"
        raise MIAError(f"defence={text!r}: {why}") from None
