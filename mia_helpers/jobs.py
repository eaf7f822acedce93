"""Which models are missing, how long they will take, and training them on the chosen backend."""

import contextlib
import json
import math

import pandas as pd

from mia_helpers import backends, data, files, store, worker
from mia_helpers.progress import Progress, duration, say
from mia_helpers.records import TARGET

STACK = 32  # models in one program, at the most: it bounds the memory of a task
ENOUGH = 100_000  # samples; while a model sees fewer, the start of its worker takes as long as the training


def train_all(models: list[tuple]) -> None:
    """Train the models (experiment, model_id) that are not in the store yet, and save each as it comes back.

    Raises
    ------
    MIAError
        What `backends.run`, the workers or the store raise; what was saved until then stays.
    """
    missing = _missing(models)
    for name in {exp.dataset for exp, _ in missing}:
        data.load(name)
    missing = _missing(missing)  # under other names, if the data were only just downloaded
    if not missing:
        return
    tasks, rates = group(missing), measured_rates()
    seconds = [expected_seconds(task, rates) for task in tasks]
    at_once = backends.default_jobs() if backends.name() == "loky" else 1
    done = len(models) - len(missing)
    progress = Progress("training", len(models), done=done, expected=sum(seconds), at_once=at_once)
    say(f"training: {len(missing)} of {len(models)} models are missing; {_outlook(seconds)}")
    with_names = [(task, [exp.artifact(i) for exp, i in task]) for task in tasks]
    for number, trained in backends.run(worker.train, with_names):
        for (exp, i), made in zip(tasks[number], trained, strict=True):
            facts = {"seconds": made.seconds, "depends_on": exp.depends_on(i), "environment": made.environment}
            store.save(exp.artifact(i), made.arrays, **facts, keras_file=made.keras_file)
        counts = {"pieces": len(trained), "samples": sum(map(samples, tasks[number])), "expected": seconds[number]}
        progress.step(label(tasks[number]), **counts)


def _missing(models: list[tuple]) -> list[tuple]:
    return [(exp, i) for exp, i in models if store.load(exp.artifact(i)) is None]


def group(models: list[tuple]) -> list[list[tuple]]:
    """Return the models as tasks, the longest first; small networks that differ only in seed and records share one."""
    tasks: dict[str, list] = {}
    for exp, i in models:
        differs = ("seed", "model_id") if exp.stacks else ()
        alike = {name: value for name, value in exp.depends_on(i).items() if name not in differs}
        tasks.setdefault(json.dumps(alike), []).append((exp, i))
    parts = [task[start : start + STACK] for task in tasks.values() for start in range(0, len(task), STACK)]
    return sorted(parts, key=lambda task: -sum(map(samples, task)))


def samples(model: tuple) -> int:
    """Return how many records a model (experiment, model_id) sees while it trains: epochs times records."""
    return model[0].epochs * model[0].train_size


def label(task: list[tuple]) -> str:
    """Return what a task trains, for the progress line."""
    exp, model_id = task[0]
    who = "target" if model_id == TARGET else f"shadow {model_id}"
    who = who if len(task) == 1 else f"{len(task)} models as one program"
    return who + (f" (λ = {exp.l2:g})" if exp.l2 else "")


# --- How long -----------------------------------------------------------------------------------------------------


def measured_rates() -> dict[bool, float]:
    """Return the samples/s of one worker, for stacked (True) and single (False) networks.

    From the models in the store that saw `ENOUGH` samples; of a kind that it does not have, from
    `benchmarks/results.csv`.
    """
    ours = pd.read_csv(files.REPOSITORY / "benchmarks" / "results.csv").set_index("name")["ours"]
    rates = {True: ours["adult_shadows"], False: ours["cnn_scaling"] / 2}  # the latter is that of two workers
    trained = pd.DataFrame(_trained(), columns=["stacks", "samples", "seconds"])
    totals = trained[trained["samples"] >= ENOUGH].groupby("stacks").sum()
    return rates | (totals["samples"] / totals["seconds"]).to_dict()


def _trained():
    for path in (store.runs_dir() / "artifacts").glob("*/*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):  # damaged, or just being written: it tells nothing
            facts = json.loads(path.read_text())
            dataset, *numbers = (facts["depends_on"][name] for name in ("dataset", "epochs", "train_size"))
            yield dataset not in data.IMAGES, math.prod(numbers), facts["seconds"]


def expected_seconds(task: list[tuple], rates: dict[bool, float]) -> float:
    """Return how long one worker will take to train this task, at these rates."""
    return sum(map(samples, task)) / rates[task[0][0].stacks]


def wall_seconds(seconds: list[float]) -> float:
    """Return how long tasks of so many seconds take on the workers of this machine: no shorter than the longest."""
    return max(sum(seconds) / backends.default_jobs(), *seconds)


def _outlook(seconds: list[float]) -> str:
    if backends.name() != "loky":
        return f"they are trained by {backends.name()} at {backends.scheduler()}"
    return f"{backends.default_jobs()} at a time, about {duration(wall_seconds(seconds))}"
