"""Membership inference attacks, from raw data to verdicts: the helpers behind the notebooks.

Start from `Experiment`: its fields are the scientific parameters, its methods the stages of the walk.
"""

import os

# One TensorFlow thread per process, set before anything can import TensorFlow. Models are trained side by side, one
# process each, so a second thread would only fight for the cores; and results stay the same for any number of workers.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from mia_helpers.errors import MIAError
from mia_helpers.experiment import Experiment
from mia_helpers.records import Records

__version__ = "0.1.0"
__all__ = ["Experiment", "MIAError", "Records"]
