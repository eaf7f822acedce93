"""Which models are missing, and training them on the chosen backend."""

import json

from mia_helpers.data import registry
from mia_helpers.engine import backends, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.engine.progress import Progress, say
from mia_helpers.walk import estimates, worker
from mia_helpers.walk.work import Work

STACK = 32  # models in one program, at the most: it bounds the memory of a task


def train_all(models: list[Work]) -> None:
    """Train the `Model`s that are not in the store yet, and save each as it comes back.

    Raises
    ------
    MIAError
        What `backends.run`, the workers or the store raise; what was saved until then stays. Models that diverge are
        told at the end, when all others are saved.
    """
    to_train = _unreadable(models)
    for name in {model.dataset for model in to_train}:
        registry.load(name)
    to_train = _unreadable(to_train)  # under other names, if the data were only just downloaded
    if not to_train:
        return
    tasks, rates = group(to_train), estimates.measured_rates()
    seconds = [estimates.expected_seconds(task, rates) for task in tasks]
    at_once = backends.default_jobs() if backends.name() == "loky" else 1
    done = len(models) - len(to_train)
    progress = Progress("training", len(models), done=done, expected=sum(seconds), at_once=at_once)
    say(f"training: {len(to_train)} of {len(models)} models are missing; {estimates.outlook(seconds)}")
    failed = []
    with_names = [(task, [model.name for model in task]) for task in tasks]
    for number, trained in backends.run(worker.train, with_names):
        task = tasks[number]
        failed += [made.failed for made in trained if made.failed]
        for model, made in zip(task, trained, strict=True):
            _save(model, made)
        counts = {"pieces": len(task), "samples": sum(m.samples for m in task), "expected": seconds[number]}
        progress.step(label(task), **counts)
    if failed:
        raise MIAError(failed[0] + (f" So did {len(failed) - 1} more." if failed[1:] else ""))


def _unreadable(models: list[Work]) -> list[Work]:
    return [model for model in models if store.load(model.name) is None]


def _save(model: Work, made: worker.Trained) -> None:
    if not made.failed:
        facts = {"seconds": made.seconds, "depends_on": model.depends_on(), "made_by": made.made_by}
        store.save(model.name, made.arrays, **facts, keras_file=made.keras_file)


def group(models: list[Work]) -> list[list[Work]]:
    """Return the models as tasks, the longest first; small networks that differ only in seed and records share one."""
    tasks: dict[str, list] = {}
    for model in models:
        differs = ("seed", "model_id") if model.stacks else ()
        alike = {name: value for name, value in model.depends_on().items() if name not in differs}
        tasks.setdefault(json.dumps(alike), []).append(model)
    parts = [task[start : start + STACK] for task in tasks.values() for start in range(0, len(task), STACK)]
    return sorted(parts, key=lambda task: -sum(model.samples for model in task))


def label(task: list[Work]) -> str:
    """Return what a task trains, for the progress line."""
    first = task[0]
    who = first.split.role if len(task) == 1 else f"{len(task)} models as one program"
    return who + (f" (λ = {first.recipe.l2:g})" if first.recipe.l2 else "")
