"""Profiles: which experiments a batch runs, read from `profiles/NAME.yaml`."""

import numbers
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import yaml

from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.parameters import check_injected
from mia_helpers.walk.studies import OF_DEFENCES, OF_REFERENCES, STUDIES

KEYS = ("description", "minutes")  # and experiments, studies or both


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

    @property
    def parts(self) -> set[str]:
        """What there is to report: 'experiments' on the paper, and studies of 'references' and of 'defences'."""
        found, named = {"experiments"} if self.experiments else set(), {study for study, _ in self.studies}
        kinds = {"references": OF_REFERENCES, "defences": OF_DEFENCES}
        return found | {part for part, studies in kinds.items() if named & {*studies}}

    def works(self) -> list[tuple[Experiment, str, list[Attacker]]]:
        """Return (experiment, study or '', attackers) for each experiment and each study."""
        found = [(exp, "", exp.attackers()) for exp in self.experiments]
        return found + [(exp, study, [p.attacker for p in STUDIES[study](exp)]) for study, exp in self.studies]


def folder() -> Path:
    """Return the folder of the profiles."""
    return files.of_checkout("profiles")


def names() -> list[str]:
    """Return the names of all profiles."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def from_notebook(variables: dict) -> Profile:
    """Return the profile that a notebook's parameter names; `variables` are its `globals()`."""
    check_injected(variables, ["profile"])
    return load(variables["profile"])


def load(name: str) -> Profile:
    """Return the profile called `name`.

    In each entry under `experiments`, a list stands for a grid: every combination is an experiment (but `l2_sweep` is
    one list of values). `studies` maps the name of a study to such entries. One of the two may be left out.

    Raises
    ------
    MIAError
        If there is no such profile, its YAML is damaged, or it names a parameter or value that makes no sense.
    """
    if name not in names():
        raise unknown("profile", name, names())
    path = folder() / f"{name}.yaml"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise MIAError(f"{path.name} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise MIAError(f"{path.name} is not valid YAML: {error}") from None
    except UnicodeDecodeError as error:
        raise MIAError(f"{path.name} is not UTF-8 ({error}); save it as UTF-8") from None
    except ValueError as error:  # of a whole number of thousands of digits
        raise MIAError(f"{path.name}: {error}") from None
    try:
        return _profile(name, content)
    except MIAError as error:
        raise MIAError(f"{path.name}: {error}") from None


def _profile(name: str, content) -> Profile:
    parts = {"experiments", "studies"}
    if not isinstance(content, dict) or sorted({*content} - parts, key=str) != sorted(KEYS) or not parts & {*content}:
        raise MIAError(f"expected exactly the keys {', '.join(KEYS)}, and experiments, studies or both")
    minutes, wanted = content["minutes"], content.get("studies") or {}
    if isinstance(minutes, bool) or not isinstance(minutes, numbers.Real) or not 0 <= minutes < 1e6:
        raise MIAError(f"minutes: {minutes!r}, expected how many minutes it takes on two cores")
    if not isinstance(wanted, dict):
        raise MIAError(f"studies: {wanted!r}, expected the name of each study with its entries, as 'shadows: [{{}}]'")
    for study in wanted:
        if study not in STUDIES:
            raise unknown("study", study, STUDIES)
    experiments = _experiments(content["experiments"], "experiments") if "experiments" in content else ()
    studies = tuple((study, exp) for study, entries in wanted.items() for exp in _experiments(entries, study))
    _check_told(experiments, studies)
    if len(set(map(str, experiments))) != len(experiments):
        raise MIAError("two experiments have the same parameters (l2_sweep, l2_shadows and n_resamples aside)")
    return Profile(name, str(content["description"]), minutes, experiments, studies)


def _check_told(experiments: tuple, studies: tuple) -> None:
    """Raise an MIAError for what the tables of a profile have no column for."""
    every = [exp for _, exp in studies]
    others = [exp for study, exp in studies if study not in OF_DEFENCES]
    for untold, among in {"defence": every, "output": every, "n_canaries": others}.items():
        found = [exp for exp in (*experiments, *among) if getattr(exp, untold)]
        if found:
            raise MIAError(
                f"{untold}={getattr(found[0], untold)!r}: the tables of a profile have no column for it. Leave it out, "
                f"or give it to Experiment or to papermill; the study 'defences' has defences, and takes n_canaries"
            )


def _experiments(entries, where: str) -> tuple[Experiment, ...]:
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise MIAError(f"{where} should be a list of parameters, each entry like '- dataset: cifar10'; got {entries!r}")
    return tuple(exp for entry in entries for exp in _expand(entry))


def _expand(entry: dict):
    choices = []
    for name, value in entry.items():
        is_grid = isinstance(value, list) and name != "l2_sweep"
        if is_grid and not value:
            raise MIAError(f"{name}: [] stands for no experiment at all; give values, or leave it out")
        choices.append([(name, v) for v in (value if is_grid else [value])])
    for chosen in product(*choices):
        yield Experiment.from_mapping(dict(chosen))


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 1e-3 is a number, with or without a dot; no key twice, and no number in octal."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in (key for key in keys if keys.count(key) > 1):
            raise MIAError(
                f"{key!r} stands there twice (line {node.start_mark.line + 1} and below); only one can count"
            )
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node):
        if re.fullmatch(r"[-+]?0[0-9_]+", node.value):
            raise MIAError(f"{node.value}: YAML reads a number with a leading zero in octal; write it without the zero")
        return super().construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)

_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
