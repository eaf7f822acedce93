"""Data sets, one file each; which records a model gets; and how they are scaled.

A new data set is a file that ends in a `Source`, and a place in the tuple of `registry`. It may use `learning` (Keras
downloads CIFAR-10), `attacks` and `engine`.
"""

from mia_helpers.data.adult import ADULT_COLUMNS
from mia_helpers.data.registry import load
from mia_helpers.data.source import Dataset, Source
