"""DP-SGD: its samples/s over those of plain steps, on one core at batch 32, image network and stack of census networks.

For comparison, Opacus on one quiet core, the same image network and batch: 1,300 samples/s with ghost clipping, 880
with hooks, where our plain steps made 6,300; so 0.21 and 0.14. It needs PyTorch and is no dependency.
"""

import time

import numpy as np

from benchmarks import measure
from mia_helpers.learning import census_network, image_network, stacking, training

RECIPE = {"batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}
IMAGES, MODELS, RECORDS = 2500, 24, 5000
DEFENCE = "dp_sgd,noise=1"


def rows(repeats: int) -> list[dict]:
    """Return `dp_cnn` and `dp_census`."""
    ways = {"dp_cnn": image_rate, "dp_census": census_rate}
    return [
        measure.row(name, *measure.in_turn(way, lambda way=way: way(DEFENCE), repeats=2 * repeats), "samples/s")
        for name, way in ways.items()
    ]


def image_rate(defence: str | None = None) -> float:
    """Return the samples/s of one image network."""
    rng = np.random.default_rng(0)
    x, y = rng.random((IMAGES, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, IMAGES)
    network = image_network(seed=0)
    return _rate(IMAGES, lambda watch: training.fit(network, x, y, seed=0, epochs=4, watch=watch, **_recipe(defence)))


def census_rate(defence: str | None = None) -> float:
    """Return the samples/s of a stack of census networks, of all models together."""
    rng = np.random.default_rng(0)
    x, y = rng.random((MODELS, RECORDS, 105), dtype=np.float32), rng.integers(0, 2, (MODELS, RECORDS))
    networks = [census_network(seed=i) for i in range(MODELS)]
    options = {"seeds": list(range(MODELS)), "tests": [None] * MODELS, "epochs": 6, **_recipe(defence)}
    return _rate(MODELS * RECORDS, lambda watch: stacking.fit_stacked(networks, x, y, watch=watch, **options))


def _recipe(defence: str | None) -> dict:
    return {**RECIPE, "defence": defence}


def _rate(samples: int, fit) -> float:
    """Return samples over the seconds of an epoch, the median of all but the first, in which the program is built."""
    ends = []
    fit(lambda epoch: ends.append(time.perf_counter()))
    return samples / float(np.median(np.diff(ends)))
