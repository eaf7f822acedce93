"""The notebooks in reading order: where each stands on the road, and what it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mia_helpers.engine import files
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.models import Model
from mia_helpers.walk.work import Work


def _nothing(_exp: Experiment) -> list[Work]:
    return []


def _twins(exp: Experiment) -> list[Work]:
    return [exp.twins_work()]


def _target(exp: Experiment) -> list[Model]:
    return [exp.model()]


def _models(exp: Experiment) -> list[Model]:
    return [exp.model(), *exp.shadow_models()]


def _attacks(exp: Experiment) -> list[Work]:
    return [exp.attacker(name) for name in exp.attack_names]


def _controlled(exp: Experiment) -> list[Work]:
    return [*_attacks(exp), *exp.controls()]


@dataclass(frozen=True)
class Page:
    """One notebook.

    Attributes
    ----------
    stem : str
        Its file name without the ending; the first two characters are its number.
    place : str
        Its name on the road map.
    reads : callable
        From an experiment to the models, attacks and controls whose results it reads.
    shows_data : bool
        Whether it shows the raw data, so that the records alone are not enough.
    of_profile : str
        Where it is made once for a whole profile (its parameter), not for each experiment: what the profile must have,
        'experiments', 'references' or 'defences' (see `Profile.parts`).
    """

    stem: str
    place: str
    reads: Callable[[Experiment], list[Work]]
    shows_data: bool = False
    of_profile: str = ""

    @property
    def source(self) -> Path:
        """The notebook as it is committed."""
        return files.of_checkout("notebooks") / f"{self.stem}.ipynb"

    def models(self, exp: Experiment) -> list[Model]:
        """Return the models that it reads, or that the attacks and controls it reads take."""
        found = [model for work in self.reads(exp) for model in ((work,) if is_model(work) else work.needs())]
        return list({model.name: model for model in found}.values())

    def works(self, exp: Experiment) -> list[Work]:
        """Return what it reads beside models: attacks and controls."""
        return [work for work in self.reads(exp) if not is_model(work)]


def is_model(work: Work) -> bool:
    """Tell whether it is trained, rather than computed from what models answer."""
    return work.stage == "training"


# A new notebook has a line here.
ROAD = (
    Page("01_data_preparation", "data", _twins, shows_data=True),
    Page("02_target_training", "target", _target, shows_data=True),
    Page("03_shadow_training", "shadows", _models),
    Page("04_attack_training", "attack", _attacks),
    Page("05_evaluation", "evaluation", _controlled),
    Page("06_regularization", "L2 penalty", Experiment.attackers),
    Page("07_results", "results", _nothing, of_profile="experiments"),
    Page("08_modern_attacks", "modern", _nothing, of_profile="references"),
    Page("09_defences", "defences", _nothing, of_profile="defences"),
    Page("10_audit_your_model", "audit", _target),
)
