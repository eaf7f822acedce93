"""Defences in training: changes of how a model learns, which target, shadows and whoever imitates them share.

The paper's L2 penalty is a parameter of its own (`l2`). A new defence is a file with a class like `LabelSmoothing`, and
a place in the tuple below; `Experiment(defence="label_smoothing=0.1")` then trains with it.
"""

from mia_helpers.learning.defences.augmentation import Augmentation
from mia_helpers.learning.defences.base import NONE, Defence
from mia_helpers.learning.defences.dp_sgd import DPSGD
from mia_helpers.learning.defences.dropout import Dropout
from mia_helpers.learning.defences.early_stopping import EarlyStopping
from mia_helpers.learning.defences.label_smoothing import LabelSmoothing
from mia_helpers.learning.named import read

KINDS = (Dropout, EarlyStopping, LabelSmoothing, Augmentation, DPSGD)
DEFENCES: dict[str, type[Defence]] = {kind.name: kind for kind in KINDS}


def named(text: str | None) -> Defence:
    """Return the defence that 'name=strength' describes, such as 'label_smoothing=0.1'; of None, one without effect.

    Options follow with commas: 'name=strength,option=value'; 'name,option=value' where one takes the strength's place.

    Raises
    ------
    MIAError
        If there is no such defence or option, or a value is no number that it takes (see `named.read`).
    """
    return NONE if text is None else read(text, "defence", DEFENCES)
