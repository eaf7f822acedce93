"""Run the steps of a batch: compute what they read, then execute their notebooks."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from mia_helpers.batch.steps import Step
from mia_helpers.data import registry
from mia_helpers.engine import files, store
from mia_helpers.engine.errors import MIAError, sentence
from mia_helpers.engine.progress import duration, say
from mia_helpers.walk.jobs import train_all
from mia_helpers.walk.profiles import Profile, names
from mia_helpers.walk.work import needed


@dataclass(frozen=True)
class Outcome:
    """How a step ended: 'ran', 'reused', 'failed', 'skipped' or 'no data'; the error's text where it failed."""

    step: Step
    status: str
    seconds: float
    error: str = ""


def run(steps: list[Step]) -> list[Outcome]:
    """Run the steps in order and return how each ended. After a failure the rest of that experiment is skipped.

    What an experiment's notebooks need is computed first: all models together, so that no core waits at the end of a
    stage, then attacks and controls, each fitted once for all notebooks. Run by hand, a notebook computes it itself. A
    notebook that was executed before, by the same code on the same artifacts, is not executed again.
    """
    outcomes: list[Outcome] = []
    for number, step in enumerate(steps, start=1):
        alike = [other for other in steps if other.group() == step.group()]
        done = [outcome for outcome in outcomes if outcome.step in alike]
        if any(outcome.status == "failed" for outcome in done):
            outcomes.append(Outcome(step, "skipped", 0.0))
            continue
        began = time.monotonic()
        say(f"[{number}/{len(steps)}] {step.label}")
        try:
            status, error = _take(step, alike, first=not done)
        except Exception as failure:  # whatever it is, the other experiments go on
            status, error = "failed", sentence(failure)
        outcomes.append(Outcome(step, status, time.monotonic() - began, error))
        say(f"[{number}/{len(steps)}] {step.label}: {error or status}, {duration(outcomes[-1].seconds)}")
    return outcomes


def _take(step: Step, alike: list[Step], *, first: bool) -> tuple[str, str]:
    """Take one step, the first of its experiment or study after computing what they all read; return how it ended."""
    was_done = step.page is None and step.is_done()
    if first:
        _compute(alike)
    return _execute_once(step) if step.page else ("reused" if was_done else "ran", "")


def _compute(steps: list[Step]) -> None:
    """Compute what these steps of one experiment or study read."""
    works = list({work.name: work for step in steps for work in step.works()}.values())
    for work in works:
        work.check()
    train_all(needed(steps))
    for work in works:
        if not work.is_there():
            began = time.monotonic()
            work.arrays()
            say(f"{work.label()}, {duration(time.monotonic() - began)}")


def _execute_once(step: Step) -> tuple[str, str]:
    """Execute a step's notebook, unless its output is there already; return its status and the error's text."""
    if step.experiment and step.page.shows_data and not registry.is_here(step.experiment.dataset):
        return "no data", ""  # all else runs on the records that came with the repository
    stamp = step.stamp()
    if stamp and stamp == _stamped(step.output):
        return "reused", ""
    from mia_helpers.batch import kernels  # Jupyter's packages take a second to import

    error = kernels.execute(step.page.source, step.output, step.parameters, stamp)
    return ("failed", error) if error else ("ran", "")


def _stamped(output: Path) -> str | None:
    """Return the stamp of an executed notebook, None where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # no such file, or not a notebook
        return json.loads(output.read_text(encoding="utf-8"))["metadata"]["mia_helpers"]


# --- The runs folder ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Hold the runs folder for one batch at a time; a second one is told so at once.

    The operating system drops the lock when the process ends, however it ends.
    """
    path = store.runs_dir() / ".lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(path, timeout=0)
        held.acquire()
    except filelock.Timeout:
        raise MIAError(
            f"another run works in {store.runs_dir()}. Wait for it, or set {files.RUNS} to another folder."
        ) from None
    except OSError as error:
        raise files.cannot_write(path, error) from None
    try:
        yield
    finally:
        held.release()


def forget(steps: list[Step]) -> int:
    """Delete what these steps have computed, and the executed notebooks; return how many artifacts there were.

    Attacks that took one of the models go with it, and so does what other notebooks showed of them (see `Step.stamp`).
    """
    for step in steps:
        if step.output:
            step.output.unlink(missing_ok=True)
    works = [work for step in steps for work in (*step.needs(), *step.works())]
    return store.forget(list(dict.fromkeys(work.name for work in works)))


def leftovers(profile: Profile | None) -> list[Path]:
    """Return the folders that `clean` deletes: what a profile's notebooks wrote, or that of all and the artifacts."""
    root = store.runs_dir()
    known = names() if files.IS_CHECKOUT else []
    folders = [root / profile.name] if profile else [root / "artifacts", *(root / name for name in known)]
    return [folder for folder in folders if folder.exists()]
