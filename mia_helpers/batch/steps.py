"""What a batch does: a step for each notebook, further seed and study of a profile."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mia_helpers.engine import environment, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.models import Model
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.road import ROAD, Page
from mia_helpers.walk.studies import STUDIES
from mia_helpers.walk.work import Work, missing, needed


@dataclass(frozen=True)
class Step:
    """One piece of a batch: what to compute, and the notebook run (page, parameters, executed copy) that shows it.

    Attributes
    ----------
    label : str
        'experiment/what'.
    experiment : Experiment, optional
        None for the report, which reads everything and computes nothing.
    page : Page, optional
    output : Path, optional
        None, as the page, where there is no notebook: for a study, and for the further seeds of an experiment.
    study : str
        '' for an experiment.
    """

    label: str
    experiment: Experiment | None = None
    page: Page | None = None
    output: Path | None = None
    study: str = ""

    @property
    def parameters(self) -> dict:
        """What papermill injects."""
        return self.experiment.parameters() if self.experiment else {"profile": self.output.parent.name}

    def works(self) -> list[Work]:
        """Return what it reads beside models: attacks and controls."""
        if self.study:
            return [point.attacker for point in STUDIES[self.study](self.experiment)]
        if self.experiment is None:
            return []
        if self.page:
            return self.page.works(self.experiment)
        return [*self.experiment.attackers(), self.experiment.twins_work()]  # the report tells the twins of each seed

    def needs(self) -> list[Model]:
        """Return the models whose answers it reads."""
        if self.experiment is None:
            return []
        return self.page.models(self.experiment) if self.page else needed(self.works())

    def is_done(self) -> bool:
        """Tell whether all that it reads is in the store."""
        return not missing([*self.needs(), *self.works()])

    def group(self) -> tuple:
        """Return what it shares with the other steps of the same experiment or study."""
        return self.experiment, self.study

    def stamp(self) -> str:
        """Return what stands for all that an executed notebook depends on ('' for the report, made each time)."""
        if self.experiment is None:
            return ""
        names = [model.name for model in self.experiment.models()]
        package = Path(__file__).resolve().parents[1]
        depends_on = {
            "code": [_sha256(path) for path in (self.page.source, *sorted(package.rglob("*.py")))],
            "parameters": self.parameters,
            "models": {name: store.exists(name) and store.facts(name)["sha256"] for name in names},
            "drawn with": environment.versions("scipy", "pandas", "matplotlib", "seaborn"),
            **environment.here(),
        }
        return store.fingerprint(depends_on)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plan(profile: Profile, only: Iterable[str] = ()) -> list[Step]:
    """Return the steps of a profile: 01-06 for each experiment, its further seeds, the studies, and the report.

    `only` keeps the steps whose experiment, notebook or 'experiment/notebook' matches one of these globs ('cifar10*').
    """
    folder, shown, steps = store.runs_dir() / profile.name, profile.shown(), []
    walk = [page for page in ROAD if not page.of_profile]
    reports = [page for page in ROAD if page.of_profile in profile.parts]
    for exp in profile.experiments:
        if exp in shown:
            steps += [Step(f"{exp}/{page.stem}", exp, page, folder / str(exp) / page.source.name) for page in walk]
        else:
            steps.append(Step(f"{exp}/attacks", exp))
    steps += [Step(f"{exp}/study of {study}", exp, study=study) for study, exp in profile.studies]
    steps += [Step(f"all/{page.stem}", None, page, folder / page.source.name) for page in reports]
    return _chosen(steps, only)


def _chosen(steps: list[Step], only: Iterable[str]) -> list[Step]:
    matches = {
        glob: {step for step in steps if any(fnmatch(text, glob) for text in (step.label, *step.label.split("/")))}
        for glob in only
    }
    for glob, found in matches.items():
        if not found:
            raise MIAError(f"--only {glob!r} matches nothing; there are: {', '.join(step.label for step in steps)}")
    return [step for step in steps if not matches or any(step in found for found in matches.values())]
