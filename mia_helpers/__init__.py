"""Membership inference attacks, from raw data to verdicts: the helpers behind the notebooks.

Start from `Experiment` (in `walk/`): its fields are the scientific parameters, its methods the stages of the walk.
A folder may import from those below it, never from those above (`make lint` checks it)::

    batch/      command line, running the notebooks
    teaching/   exercises that check themselves, and the copies that students get
    auditing/   audit your own model: from it, or its answers, to a report
    report/     what the paper says, verdicts, claims, tables and their figures
    plots/      figures of the notebooks, diagrams
    walk/       Experiment, and the models and attacks that it takes
    data/       one file per data set, splits, scaling
    learning/   networks, training
    attacks/    records, metrics, one file per family of attacks
    engine/     artifacts, files, workers, errors: nothing of machine learning
"""

import importlib

from mia_helpers.engine import environment

environment.pin()  # before anything can import TensorFlow

from mia_helpers.attacks.records import Records
from mia_helpers.engine.environment import versions
from mia_helpers.engine.errors import MIAError
from mia_helpers.walk.experiment import Experiment

__version__ = "0.2.0"
__all__ = ["Experiment", "MIAError", "Records", "audit", "audit_scores", "versions"]
_LATER = dict.fromkeys(("audit", "audit_scores"), "mia_helpers.auditing")  # imported when it is first asked for


def __getattr__(name: str):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)
