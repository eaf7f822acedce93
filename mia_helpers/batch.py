"""Run the notebooks of a profile headless, through papermill."""

import contextlib
import hashlib
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import filelock

from mia_helpers import data, files, profiles, shipped, store
from mia_helpers.errors import MIAError
from mia_helpers.experiment import Attacker, Experiment, models_of
from mia_helpers.jobs import train_all
from mia_helpers.profiles import Profile
from mia_helpers.progress import duration, say
from mia_helpers.records import TARGET
from mia_helpers.studies import STUDIES

NEED_RAW_DATA = (1, 2)  # notebooks that show the data themselves, not only the records


@dataclass(frozen=True)
class Step:
    """One piece of a batch: what to compute, and the notebook run (source, parameters, executed copy) that shows it.

    Attributes
    ----------
    label : str
        'experiment/what'.
    experiment : Experiment, optional
        None for the report, which reads everything and computes nothing.
    source, output : Path, optional
        None where there is no notebook: for a study, and for the further seeds of an experiment.
    study : str
        '' for an experiment.
    """

    label: str
    experiment: Experiment | None = None
    source: Path | None = None
    output: Path | None = None
    study: str = ""

    @property
    def number(self) -> int:
        """The notebook's number in the walk; 0 where there is none."""
        return int(self.source.stem[:2]) if self.source else 0

    @property
    def parameters(self) -> dict:
        """What papermill injects."""
        return self.experiment.parameters() if self.experiment else {"profile": self.output.parent.name}

    def attackers(self) -> list[Attacker]:
        """Return the attacks whose results it reads."""
        if self.study:
            return [point.attacker for point in STUDIES[self.study](self.experiment)]
        everything = self.experiment.attackers() if self.experiment else []
        if self.source is None or self.number == 6:
            return everything
        return [attacker for attacker in everything if self.number > 3 and attacker.victim == self.experiment]

    def models(self) -> list[tuple[Experiment, int]]:
        """Return the models, as (experiment, model_id), whose records it reads."""
        if self.experiment is None:
            return []
        if self.source is None or self.number == 6:
            return models_of(self.attackers())
        return [(self.experiment, i) for i in range(TARGET, self.experiment.n_shadows)][: {1: 0, 2: 1}.get(self.number)]

    def is_done(self) -> bool:
        """Tell whether all models and attacks that it reads are in the store."""
        return not missing(self.models()) and all(attacker.is_done() for attacker in self.attackers())


@dataclass(frozen=True)
class Outcome:
    """How a step ended: 'ran', 'reused', 'failed', 'skipped' or 'no data'; the error's text where it failed."""

    step: Step
    status: str
    seconds: float
    error: str = ""


def plan(profile: Profile, only: Iterable[str] = ()) -> list[Step]:
    """Return the steps of a profile: 01-06 for each experiment, its further seeds, the studies, and the last notebook.

    `only` keeps the steps whose experiment, notebook or 'experiment/notebook' matches one of these globs ('cifar10*').
    """
    *walk, report = profiles.notebooks()
    folder, shown = store.runs_dir() / profile.name, profile.shown()
    steps = []
    for exp in profile.experiments:
        if exp in shown:
            steps += [Step(f"{exp}/{book.stem}", exp, book, folder / str(exp) / book.name) for book in walk]
        else:
            steps.append(Step(f"{exp}/attacks", exp))
    steps += [Step(f"{exp}/study of {study}", exp, study=study) for study, exp in profile.studies]
    steps.append(Step(f"all/{report.stem}", None, report, folder / report.name))
    matches = {
        glob: {step for step in steps if any(fnmatch(text, glob) for text in (step.label, *step.label.split("/")))}
        for glob in only
    }
    for glob, found in matches.items():
        if not found:
            raise MIAError(f"--only {glob!r} matches nothing; there are: {', '.join(step.label for step in steps)}")
    return [step for step in steps if not matches or any(step in found for found in matches.values())]


def run(steps: list[Step]) -> list[Outcome]:
    """Run the steps in order and return how each ended. After a failure the rest of that experiment is skipped.

    What an experiment's notebooks need is computed first: all models together, so that no core waits at the end of a
    stage, then the attacks, each fitted once for all notebooks. Run by hand, a notebook computes it itself. A notebook
    that was executed before, by the same code on the same artifacts, is not executed again.
    """
    outcomes: list[Outcome] = []
    for number, step in enumerate(steps, start=1):
        alike = [other for other in steps if (other.experiment, other.study) == (step.experiment, step.study)]
        done = [outcome for outcome in outcomes if outcome.step in alike]
        if any(outcome.status == "failed" for outcome in done):
            outcomes.append(Outcome(step, "skipped", 0.0))
            continue
        began = time.monotonic()
        say(f"[{number}/{len(steps)}] {step.label}")
        was_done = step.source is None and step.is_done()
        error = "" if done or step.experiment is None else _compute(alike)
        if error:
            status = "failed"
        elif step.source:
            status, error = _execute_once(step)
        else:
            status = "reused" if was_done else "ran"
        outcomes.append(Outcome(step, status, time.monotonic() - began, error))
        say(f"[{number}/{len(steps)}] {step.label}: {error or status}, {duration(outcomes[-1].seconds)}")
    return outcomes


def _compute(steps: list[Step]) -> str:
    """Compute what these steps of one experiment read; return the error's text ('' if there is none)."""
    try:
        train_all(models_of(steps))
        for attacker in max((step.attackers() for step in steps), key=len):
            if not attacker.is_done():
                began = time.monotonic()
                attacker.result()
                who = f"{attacker.victim}, {attacker.shadows.n_shadows} shadows with λ = {attacker.shadows.l2:g}"
                say(f"attack: {attacker.name} on {who}, {duration(time.monotonic() - began)}")
    except MIAError as error:
        return str(error)
    return ""


def missing(models: list[tuple[Experiment, int]]) -> list[tuple[Experiment, int]]:
    """Return those of the models that the store does not have."""
    return [(exp, i) for exp, i in models if not store.exists(exp.artifact(i))]


def _execute_once(step: Step) -> tuple[str, str]:
    """Execute a step's notebook, unless its output is there already; return its status and the error's text."""
    if step.number in NEED_RAW_DATA and not data.is_here(step.experiment.dataset):
        return "no data", ""  # all else runs on the records that came with the repository
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
    names = [exp.artifact(i) for exp, i in step.experiment.models()]
    code = [step.source, *sorted(Path(__file__).parent.glob("*.py"))]
    depends_on = {
        "code": [hashlib.sha256(path.read_bytes()).hexdigest() for path in code],
        "parameters": step.parameters,
        "models": {name: store.exists(name) and store.facts(name)["sha256"] for name in names},
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


def write_records(name: str) -> list[Path]:
    """Write the records of a profile's experiments as those that come with the repository; train what is missing.

    Records that came along before are not taken over: only what was trained here, from the data at hand.
    """
    experiments = profiles.load(name).experiments
    for exp in experiments:
        data.load(exp.dataset)
    models = models_of(attacker for exp in experiments for attacker in exp.attackers())
    names = [exp.artifact(i) for exp, i in models]
    store.forget([artifact for artifact in names if not store.path_of(artifact).exists()])
    train_all(models)
    plain = {exp.artifact() for exp in experiments}
    about = {
        "what": f"records of profile {name}; made by: python -m mia_helpers records",
        "git_commit": files.git_commit(),
        "data": {exp.dataset: exp.source for exp in experiments},
    }
    found = {artifact: store.load(artifact) for artifact in names}
    return shipped.write(found, lambda it: store.keras_path(it).read_bytes() if it in plain else None, about)


def forget(steps: list[Step]) -> int:
    """Delete what these steps have computed, and the executed notebooks; return how many artifacts there were.

    Attacks that took one of the models go with it, and so does what other notebooks showed of them (see `_stamp`).
    """
    for step in steps:
        if step.output:
            step.output.unlink(missing_ok=True)
    names = [exp.artifact(i) for exp, i in models_of(steps)]
    names += dict.fromkeys(attacker.artifact() for step in steps for attacker in step.attackers())
    return store.forget(names)


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
