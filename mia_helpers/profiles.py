"""Profiles: which experiments a batch runs, read from `profiles/NAME.yaml`."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import yaml

from mia_helpers.errors import MIAError, unknown
from mia_helpers.experiment import Experiment
from mia_helpers.files import REPOSITORY
from mia_helpers.studies import STUDIES

FOLDER = REPOSITORY / "profiles"


@dataclass(frozen=True)
class Profile:
    """A named list of experiments and of studies (name, experiment), with the minutes that it takes on two cores."""

    name: str
    description: str
    minutes: float
    experiments: tuple[Experiment, ...]
    studies: tuple[tuple[str, Experiment], ...] = ()

    def shown(self) -> tuple[Experiment, ...]:
        """Return the experiments whose notebooks are executed: of those that differ only in the seed, the first."""
        first: dict[str, Experiment] = {}
        for exp in self.experiments:
            first.setdefault(str(exp.replace(seed=0)), exp)
        return tuple(first.values())


def names() -> list[str]:
    """Return the names of all profiles."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Profile:
    """Return the profile called `name`.

    In each entry under `experiments`, a list stands for a grid: every combination is an experiment (`l2_sweep` is
    itself a list, so there a list of lists is the grid). `studies` may be left out; it maps the name of a study to such
    entries.

    Raises
    ------
    MIAError
        If there is no such profile, its YAML is damaged, or it names a parameter or value that makes no sense.
    """
    path = FOLDER / f"{name}.yaml"
    if name not in names():
        raise unknown("profile", name, names())
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise MIAError(f"{path.name} is not valid YAML: {error}") from None
    known = ["description", "minutes", "experiments"]
    if not isinstance(content, dict) or sorted({*content} - {"studies"}) != sorted(known):
        raise MIAError(f"{path.name}: expected exactly the keys {', '.join(known)}, and studies if there are any")
    wanted = content.get("studies") or {}
    for study in wanted:
        if study not in STUDIES:
            raise MIAError(f"{path.name}: {unknown('study', study, STUDIES)}")
    experiments = _experiments(path.name, content["experiments"])
    studies = tuple((study, exp) for study, entries in wanted.items() for exp in _experiments(path.name, entries))
    if len(set(map(str, experiments))) != len(experiments):
        raise MIAError(f"{path.name}: two experiments have the same parameters; remove one")
    return Profile(name, content["description"], content["minutes"], experiments, studies)


def _experiments(file: str, entries) -> tuple[Experiment, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MIAError(f"{file}: experiments should be a list of parameters, each entry like '- dataset: cifar10'")
    try:
        return tuple(exp for entry in entries for exp in _expand(entry))
    except MIAError as error:
        raise MIAError(f"{file}: {error}") from None


def _expand(entry: dict):
    choices = []
    for name, value in entry.items():
        is_grid = isinstance(value, list) and (name != "l2_sweep" or isinstance(value[0], list))
        choices.append([(name, v) for v in (value if is_grid else [value])])
    for chosen in product(*choices):
        yield Experiment.from_mapping(dict(chosen))


def notebooks(folder: Path = REPOSITORY / "notebooks") -> list[Path]:
    """Return the notebooks in reading order; the last one is run once, over all experiments."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))
