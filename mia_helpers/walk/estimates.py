"""How long training takes: rates measured here, or those of the machine on which the benchmarks were made."""

from collections.abc import Iterable

import pandas as pd

from mia_helpers.data import registry
from mia_helpers.engine import backends, store
from mia_helpers.engine.progress import duration
from mia_helpers.walk.work import Work

# Samples/s of one worker, for stacked (True) and single (False) networks; from benchmarks/results.csv.
BENCHMARKED = {True: 2_022_180.0, False: 4_119.5}
ENOUGH = 100_000  # samples; while a model sees fewer, the start of its worker takes as long as the training


def measured_rates() -> dict[bool, float]:
    """Return the samples/s of one worker, for stacked (True) and single (False) networks.

    From the models in the store that saw `ENOUGH` samples; of a kind that it does not have, the benchmarked rate.
    """
    trained = pd.DataFrame(_trained(), columns=["stacks", "samples", "seconds"])
    totals = trained[trained["samples"] >= ENOUGH].groupby("stacks").sum()
    return BENCHMARKED | (totals["samples"] / totals["seconds"]).to_dict()


def _trained() -> Iterable[tuple[bool, int, float]]:
    for _, told in store.all_facts():
        dataset, epochs, size = (told["depends_on"].get(name) for name in ("dataset", "epochs", "train_size"))
        numbers = all(isinstance(n, int) and 0 < n < 10**9 for n in (epochs, size)) and told["seconds"] > 0
        if numbers and isinstance(dataset, str) and dataset in registry.SOURCES:
            yield not registry.SOURCES[dataset].is_images, epochs * size, told["seconds"]


def expected_seconds(task: list[Work], rates: dict[bool, float]) -> float:
    """Return how long one worker will take to train this task, at these rates."""
    return sum(model.samples for model in task) / rates[task[0].stacks]


def wall_seconds(seconds: list[float]) -> float:
    """Return how long tasks of so many seconds take on the workers of this machine: no shorter than the longest."""
    return max(sum(seconds) / backends.default_jobs(), *seconds)


def outlook(seconds: list[float]) -> str:
    """Return where tasks of so many seconds are computed, and on this machine how long that takes."""
    if backends.name() != "loky":
        return f"they are trained by {backends.name()} at {backends.scheduler()}"
    return f"{backends.default_jobs()} at a time, about {duration(wall_seconds(seconds))}"
