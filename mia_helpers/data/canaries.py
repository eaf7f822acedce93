"""Canaries: records with a wrong class, which a model can only learn by heart (Aerni, Zhang and Tramèr 2024)."""

from dataclasses import replace

import numpy as np

from mia_helpers.data.source import Dataset


def mislabelled(data: Dataset, rows: np.ndarray, seed: int) -> Dataset:
    """Return the data set with another class, any other with the same probability, for the records of these rows."""
    y, k = data.y.copy(), len(data.class_names)
    y[rows] = (y[rows] + np.random.default_rng([seed, 0, 4]).integers(1, k, size=len(rows))) % k
    return replace(data, y=y)
