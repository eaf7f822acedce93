"""Two data sets made from a seed, in the shape of the real ones: for tests, and for machines without a network."""

from pathlib import Path

import numpy as np

from mia_helpers.data.adult import ADULT_COLUMNS, FIELDS, INCOME, NUMERIC
from mia_helpers.data.cifar10 import GROUPS
from mia_helpers.data.source import Source


def images(_folder: Path):
    """Ten faint class patterns under strong noise, and every second label drawn at random.

    The pattern can be learnt, the random labels only memorised. So a network that fits its training set perfectly is
    far from perfect on new images, as on CIFAR-10.
    """
    rng = np.random.default_rng(20221)
    n, n_classes = 60000, 10
    pattern = np.kron(rng.integers(0, 42, (n_classes, 8, 8, 3), dtype=np.uint8), np.ones((1, 4, 4, 1), np.uint8))
    shown = rng.integers(0, n_classes, n)
    x = rng.integers(0, 128, (n, 32, 32, 3), dtype=np.uint8)
    for start in range(0, n, 5000):  # in parts: a temporary of 184 MB would double the memory
        x[start : start + 5000] += pattern[shown[start : start + 5000]]
    y = np.where(rng.random(n) < 0.5, rng.integers(0, n_classes, n), shown).astype(np.uint8)
    return x, y, "synthetic images, seed 20221"


def census(_folder: Path):
    """Census-like records with Adult's columns: a weak linear signal, much label noise, nothing worth memorising."""
    rng = np.random.default_rng(20222)
    n = 48842
    numeric = {
        "age": rng.integers(17, 91, n),
        "fnlwgt": rng.lognormal(12, 0.6, n).round(),
        "education-num": rng.integers(1, 17, n),
        "capital-gain": np.where(rng.random(n) < 0.08, rng.integers(1, 100000, n), 0),
        "capital-loss": np.where(rng.random(n) < 0.05, rng.integers(1, 4357, n), 0),
        "hours-per-week": rng.integers(1, 100, n),
    }
    x = np.zeros((n, len(ADULT_COLUMNS)), np.float32)
    for name, values in numeric.items():
        x[:, ADULT_COLUMNS.index(name)] = values
    for field in (name for name in FIELDS[:-1] if name not in NUMERIC):
        levels = [i for i, column in enumerate(ADULT_COLUMNS) if column.startswith(field + "_")]
        x[np.arange(n), rng.choice(levels, n, p=rng.dirichlet(np.ones(len(levels))))] = 1
    signal = 0.15 * (numeric["education-num"] - 8.5) + 0.02 * (numeric["age"] - 53) - 1.6
    y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(np.uint8)
    return x, y, "synthetic census, seed 20222"


IMAGES = Source(
    "synthetic_images",
    size=60000,
    is_images=True,
    own_classes=tuple(f"pattern {i}" for i in range(10)),
    read=images,
    groups=GROUPS,
)
CENSUS = Source("synthetic_census", size=48842, is_images=False, own_classes=INCOME, read=census)
