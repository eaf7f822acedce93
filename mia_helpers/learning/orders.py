"""In which order the models of a stack see their records, and what a defence drew for each place of it."""

from collections.abc import Callable

import numpy as np

from mia_helpers.engine.errors import MIAError

COUNTED = "counted"  # of what is drawn: which places of the order count, where others only fill up


def drawing(defence, seeds: list[int], y: np.ndarray, network, batches: tuple[int, int] | None = None) -> Callable:
    """Return a function that draws an epoch for each of m models from its own generator, as `fit` does for one.

    It returns rows in the records of all models, laid end to end, int (m, places), and what the defence drew,
    (m, places, ...) each. With `batches`, a number of them and their width, the records of each model, those whose
    class y (m, n) is not -1, are shared out evenly among so many batches, whatever the other models have; those of a
    batch come first in it.
    """
    generators, n = [np.random.default_rng(seed) for seed in seeds], y.shape[1]
    sizes = np.sum(y >= 0, axis=1).tolist()
    places = [_places(size, batches) for size in sizes]
    total = batches[0] * batches[1] if batches else n

    def draw():
        orders, drawn = [], []
        for model, (rng, size, at) in enumerate(zip(generators, sizes, places, strict=True)):
            orders.append(_put(model * n + rng.permutation(size), at, total))
            of_model = defence.draw(rng, size, network)
            drawn.append({name: _put(a, at, total) if len(a) == size else a for name, a in of_model.items()})
            if batches:
                drawn[-1][COUNTED] = _put(np.ones(size, bool), at, total)
        return np.stack(orders), {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}

    return draw


def _places(size: int, batches: tuple[int, int] | None) -> np.ndarray:
    """Return the place of each record in the order."""
    if batches is None:
        return np.arange(size)
    number, width = batches
    parts = np.array_split(np.arange(size), number)
    if len(parts[0]) > width:
        raise MIAError(
            f"{size:,} records in {number:,} batches are {len(parts[0])} each, and a batch has {width} places; give "
            f"`nominal` as about their number"
        )
    return np.concatenate([batch * width + np.arange(len(part)) for batch, part in enumerate(parts)])


def _put(array: np.ndarray, at: np.ndarray, total: int) -> np.ndarray:
    wide = np.zeros((total, *array.shape[1:]), array.dtype)
    wide[at] = array
    return wide
