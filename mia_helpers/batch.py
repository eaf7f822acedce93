"""Run the notebooks of a profile headless, through papermill."""

import contextlib
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import filelock

from mia_helpers import files, profiles, store
from mia_helpers.errors import MIAError
from mia_helpers.experiment import Experiment
from mia_helpers.jobs import train_all
from mia_helpers.profiles import Profile
from mia_helpers.progress import duration, say
from mia_helpers.records import TARGET


@dataclass(frozen=True)
class Step:
    """One notebook run: its source, its parameters and where the executed copy goes."""

    label: str
    source: Path
    output: Path
    experiment: Experiment | None
    parameters: dict

    @property
    def number(self) -> int:
        """The notebook's number in the walk."""
        return int(self.source.stem[:2])


@dataclass(frozen=True)
class Outcome:
    """How a step ended: 'ran', 'reused', 'failed' or 'skipped'; the error's text where it failed."""

    step: Step
    status: str
    seconds: float
    error: str = ""


def plan(profile: Profile, only: str | None = None) -> list[Step]:
    """Return the steps of a profile: 01-06 for each experiment, then the last notebook over all.

    `only` keeps the steps whose experiment, notebook or 'experiment/notebook' matches a glob, such as 'cifar10*'.
    """
    *walk, report = profiles.notebooks()
    folder = store.runs_dir() / profile.name
    steps = [
        Step(f"{exp}/{source.stem}", source, folder / str(exp) / source.name, exp, exp.parameters())
        for exp in profile.experiments
        for source in walk
    ]
    steps.append(Step(f"all/{report.stem}", report, folder / report.name, None, {"profile": profile.name}))
    chosen = [
        step for step in steps if only is None or any(fnmatch(s, only) for s in (step.label, *step.label.split("/")))
    ]
    if not chosen:
        raise MIAError(f"--only {only!r} matches nothing; there are: {', '.join(step.label for step in steps)}")
    return chosen


def run(steps: list[Step]) -> list[Outcome]:
    """Run the steps in order and return how each ended. After a failure the rest of that experiment is skipped.

    What an experiment's notebooks need is computed first: all models together, so that no core waits at the end of a
    stage, then the attacks, each fitted once for all notebooks. Run by hand, a notebook computes it itself. A notebook
    that was executed before, by the same code on the same artifacts, is not executed again.
    """
    outcomes: list[Outcome] = []
    for number, step in enumerate(steps, start=1):
        done = [outcome for outcome in outcomes if outcome.step.experiment == step.experiment]
        if any(outcome.status == "failed" for outcome in done):
            outcomes.append(Outcome(step, "skipped", 0.0))
            continue
        began = time.monotonic()
        say(f"[{number}/{len(steps)}] {step.label}")
        error = "" if done or step.experiment is None else _compute(step.experiment, steps)
        status, error = ("failed", error) if error else _execute_once(step)
        outcomes.append(Outcome(step, status, time.monotonic() - began, error))
        say(f"[{number}/{len(steps)}] {step.label}: {error or status}, {duration(outcomes[-1].seconds)}")
    return outcomes


def _compute(exp: Experiment, steps: list[Step]) -> str:
    """Compute what these steps read of one experiment; return the error's text ('' if there is none)."""
    numbers = [step.number for step in steps if step.experiment == exp]
    try:
        train_all(list(dict.fromkeys(model for number in numbers for model in models_for(exp, number))))
        for victim, shadows, name in attackers_for(exp, max(numbers)):
            if not victim.has_attack(name, shadows_of=shadows):
                began = time.monotonic()
                victim.attack(name, shadows_of=shadows)
                who = f"target with λ = {victim.l2:g} by shadows with λ = {shadows.l2:g}"
                say(f"attack: {name} on {who}, {duration(time.monotonic() - began)}")
    except MIAError as error:
        return str(error)
    return ""


def models_for(exp: Experiment, number: int) -> list[tuple[Experiment, int]]:
    """Return the models, as (experiment, model_id), that notebook `number` of the walk reads."""
    if number == 6:
        return exp.models()
    return [(exp, i) for i in range(TARGET, exp.n_shadows)][: {1: 0, 2: 1}.get(number)]


def attackers_for(exp: Experiment, number: int) -> list[tuple[Experiment, Experiment, str]]:
    """Return the attacks (see `Experiment.attackers`) that notebook `number` of the walk reads."""
    return [attacker for attacker in exp.attackers() if number == 6 or (number > 3 and attacker[0] == exp)]


def _execute_once(step: Step) -> tuple[str, str]:
    """Execute a step unless its output is there already; return its status and the error's text."""
    stamp = _stamp(step)
    if stamp and stamp == _stamped(step.output):
        return "reused", ""
    error = execute(step.source, step.output, step.parameters, stamp)
    return ("failed", error) if error else ("ran", "")


def _stamped(output: Path) -> str | None:
    """Return the stamp of an executed notebook, None where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # no such file, or not a notebook
        return json.loads(output.read_text(encoding="utf-8"))["metadata"]["mia_helpers"]


def _stamp(step: Step) -> str:
    """Return what stands for all that an executed notebook depends on ('' for the report, which is made each time)."""
    if step.experiment is None:
        return ""
    code = [step.source, *sorted(Path(__file__).parent.glob("*.py"))]
    depends_on = {
        "code": [hashlib.sha256(path.read_bytes()).hexdigest() for path in code],
        "parameters": step.parameters,
        "models": [exp.artifact(i) for exp, i in step.experiment.models()],
        "drawn with": store.versions("scipy", "pandas", "matplotlib", "seaborn"),
        **store.environment_here(),
    }
    return store.fingerprint(depends_on)


def execute(source: Path, output: Path, parameters: dict, stamp: str = "") -> str:
    """Execute one notebook into `output`, progress lines on stderr; return the error's text ('' if none).

    `stamp` is noted in the copy when it is complete (see `run`).
    """
    import nbformat
    import papermill

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        book = papermill.execute_notebook(
            source,
            output,
            parameters,
            kernel_name="python3",
            cwd=source.parent,
            iopub_timeout=60,
            progress_bar=False,
            extra_arguments=["--log-level=CRITICAL"],  # the kernel's own warnings are not the user's
            stderr_file=sys.stderr,
        )
        book.metadata["mia_helpers"] = stamp
        files.write_text(output, nbformat.writes(book) + "\n")
    except papermill.PapermillExecutionError as error:
        return f"{error.evalue} (see {output})"
    except OSError as error:
        return str(files.cannot_write(output, error))
    return ""


def write_outputs(only: str | None = None) -> list[str]:
    """Execute the notebooks with their own parameters and keep the outputs in the sources; return the errors' texts.

    A notebook that fails leaves its source as it was.
    """
    errors = []
    for source in profiles.notebooks():
        if only is not None and not fnmatch(source.stem, only):
            continue
        say(source.stem)
        output = store.runs_dir() / "sources" / source.name
        error = execute(source, output, {})
        if error:
            errors.append(f"{source.stem}: {error}")
        else:
            files.write_text(source, _without_traces(output))
    return errors


def _without_traces(path: Path) -> str:
    """Return an executed notebook's text without what differs from run to run (times, papermill's notes)."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    for key in ("papermill", "mia_helpers"):
        book.metadata.pop(key, None)
    for cell in book.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    return nbformat.writes(book) + "\n"


def missing_models(experiments: tuple[Experiment, ...]) -> list[tuple[Experiment, int]]:
    """Return the models that these experiments need and the store does not have."""
    return [(e, i) for exp in experiments for e, i in exp.models() if not store.exists(e.artifact(i))]


def forget(steps: list[Step]) -> int:
    """Delete the artifacts of the experiments of these steps, and the executed notebooks; return how many artifacts."""
    experiments = dict.fromkeys(step.experiment for step in steps if step.experiment)
    for step in steps:
        step.output.unlink(missing_ok=True)
    names = [e.artifact(i) for exp in experiments for e, i in exp.models()]
    names += [v.attack_artifact(name, shadows_of=s) for exp in experiments for v, s, name in exp.attackers()]
    paths = [store.path_of(name) for name in names if store.exists(name)]
    for path in paths:
        for suffix in (".npz", ".json", ".keras"):
            path.with_suffix(suffix).unlink(missing_ok=True)
    return len(paths)


@contextlib.contextmanager
def lock():
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
            f"another run works in {store.runs_dir()}. Wait for it, or set MIA_RUNS_DIR to another folder."
        ) from None
    except OSError as error:
        raise files.cannot_write(path, error) from None
    try:
        yield
    finally:
        held.release()


def leftovers(profile: Profile | None) -> list[Path]:
    """Return the folders that `clean` deletes: a profile's executed notebooks, or everything in the runs folder."""
    root = store.runs_dir()
    folders = [root / profile.name] if profile else [root / "artifacts", *(root / name for name in profiles.names())]
    return [folder for folder in folders if folder.exists()]
