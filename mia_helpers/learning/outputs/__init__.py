"""Defences of the answer: maps that anyone can put before a trained model.

`Experiment(output="rounding=2")` shows what they leave to an attacker. A new one is a file or a class like `Rounding`,
and a place in the tuple below.
"""

from mia_helpers.learning.named import read
from mia_helpers.learning.outputs.base import Output
from mia_helpers.learning.outputs.fooling import Fooling
from mia_helpers.learning.outputs.hiding import Rounding, Temperature, TopClass

KINDS = (Rounding, Temperature, TopClass, Fooling)
OUTPUTS: dict[str, type[Output]] = {kind.name: kind for kind in KINDS}


def named(text: str) -> Output:
    """Return the map that 'name=strength' describes, such as 'rounding=2' or 'top_class', not fitted yet.

    Raises
    ------
    MIAError
        If there is no such map, or the strength is no number that it takes.
    """
    return read(text, "output", OUTPUTS)
