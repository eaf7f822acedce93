"""Experiment: the scientific parameters of one reproduction, and the stages of its walk from data to metrics.

Each stage computes once, keeps one artifact per result, and from then on reads it. There is no other state, so every
notebook runs alone and in any order, and a killed run goes on where it stopped.
"""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from mia_helpers.attacks import ATTACKS
from mia_helpers.attacks.base import Attack, check_options
from mia_helpers.attacks.controls import outsider_draws
from mia_helpers.attacks.records import TARGET, Records
from mia_helpers.attacks.references import References, find
from mia_helpers.attacks.result import AttackResult
from mia_helpers.data import registry
from mia_helpers.data.source import Dataset
from mia_helpers.data.splits import ReferenceSplit, ShadowSplit, TargetSplit
from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.recipe import Recipe
from mia_helpers.walk import jobs
from mia_helpers.walk.attackers import Attacker, check_memory, names_for, new_attack, resolve
from mia_helpers.walk.controls import Control, Outsiders, Twins
from mia_helpers.walk.models import Model, answers_of
from mia_helpers.walk.outputs import fitted, shown
from mia_helpers.walk.parameters import Parameters
from mia_helpers.walk.reference_attackers import ReferenceAttacker
from mia_helpers.walk.references import Answers, ShadowAnswers
from mia_helpers.walk.work import Work, needed
from mia_helpers.walk.worker import watched_epochs


@dataclass(frozen=True, kw_only=True, repr=False)
class Experiment(Parameters):
    """The scientific parameters; the defaults are the paper's on CIFAR-10 at its smallest size.

    Longer than a screen: it lists all parameters, then all stages.

    Parameters
    ----------
    dataset : str
        'cifar10', 'adult', 'synthetic_images' or 'synthetic_census'.
    train_size : int
        ds: training records per model, and as many test records.
    n_shadows : int
        Shadow models.
    n_references : int
        Models trained on halves of the target's own records, in pairs, for the attacks of notebook 08.
    n_classes : int, optional
        The images' ten classes joined into this many groups, 5 or 2 (see `data.cifar10.GROUPS`); None leaves the
        classes as they are.
    epochs, batch_size : int
    optimizer : str
        'adam', 'rmsprop' or 'sgd' (without momentum).
    learning_rate, decay : float
        The rate at step t is learning_rate / (1 + decay · t).
    l2 : float
        L2 penalty λ on the kernels of target and shadows; 0 is none.
    defence : str, optional
        A change of training that target and shadows share, 'name=strength' (see `learning.defences`).
    output : str, optional
        A map that stands before the trained models and changes what they answer (see `learning.outputs`).
    n_canaries : int
        How many of the reference models' records have a wrong class, each known to one of a pair by a coin of its own.
    scaling : str
        'paper' divides by 255; 'standardised' gives each column (images: each colour) mean 0 and deviation 1 on the
        model's own training records.
    seed : int
        Of splits, initial weights, order of the records and bootstrap.
    l2_sweep : tuple of float
        The λ values that the regularization notebook compares.
    l2_shadows : int
        Shadows of the attacker who adapts to the penalty, at each λ of the sweep.
    n_resamples : int
        Bootstrap resamples behind the 95% intervals of AUC and losses; those of counts are exact.

    Raises
    ------
    MIAError
        On construction, for a value that makes no sense; the message says what was expected.
    """

    # --- Data -----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Dataset:
        """The data set; downloaded only where models are to be trained anyway.

        Raises
        ------
        MIAError
            If the records that came with the repository stand in for it. Other data would have all models trained
            again, for hours, because somebody looked at a picture.
        """
        if not registry.is_here(self.dataset) and self.model().is_there():
            raise registry.not_needed(self.dataset)
        return registry.load(self.dataset, self.n_classes)

    @property
    def source(self) -> dict[str, str]:
        """sha256 and source of the data; without the data, those of the records that came with the repository."""
        return registry.source_of(self.dataset)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; it does not need the data."""
        return registry.named(self.dataset).class_names(self.n_classes)

    def split(self, model_id: int = TARGET) -> tuple[np.ndarray, np.ndarray]:
        """Return a model's training and test indices, each int64 (train_size,)."""
        return self.model(model_id).rows()

    def scale(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return shift and factor, float32, for `(x - shift) * factor`, from a model's own training records."""
        return self.model().scale(train)

    # --- Models ---------------------------------------------------------------------------------------------------

    @property
    def recipe(self) -> Recipe:
        """How target and shadows are trained."""
        return Recipe(**{field.name: getattr(self, field.name) for field in fields(Recipe)})

    def model(self, model_id: int = TARGET) -> Model:
        """Return the target (the default), or shadow number `model_id`, as a value: trained only when it is asked."""
        split = TargetSplit(self.train_size) if model_id == TARGET else ShadowSplit(self.train_size, model_id)
        return Model(self.dataset, split, self.recipe, self.seed, self.n_classes)

    def shadow_models(self) -> tuple[Model, ...]:
        """Return all shadows as values."""
        return tuple(self.model(i) for i in range(self.n_shadows))

    def reference_models(self) -> tuple[Model, ...]:
        """Return all reference models as values; they are trained as the target is, on halves of its records."""
        sizes = {"train_size": self.train_size, "population": self.train_size, "n_canaries": self.n_canaries}
        splits = [ReferenceSplit(number=i, **sizes) for i in range(self.n_references)]
        return tuple(Model(self.dataset, split, self.recipe, self.seed, self.n_classes) for split in splits)

    def models(self) -> list[Model]:
        """Return every model that the notebooks train for this experiment."""
        return needed(self.attackers())

    def train(self) -> None:
        """Train what is missing of target and shadows, side by side (see `engine.backends`)."""
        jobs.train_all([self.model(), *self.shadow_models()])

    def target(self) -> Records:
        """Return the target's answers to its own train_size members and train_size non-members; train it if need be."""
        return shown(self._map(), self.model().records())

    def shadows(self) -> Records:
        """Return the answers of all shadows to their own members and non-members; train those that are missing."""
        check_memory(self.attacker("gap"))
        jobs.train_all(list(self.shadow_models()))
        return shown(self._map(), answers_of(self.shadow_models()))

    def history(self) -> pd.DataFrame:
        """Return the target's learning curves: a row per epoch; loss, accuracy and test_accuracy."""
        return self.model().history()

    def query(self, x: np.ndarray) -> np.ndarray:
        """Return the target's answers, float32 (n, k), to raw records x: the black box that an attacker sees."""
        answers, before = self.model().query(x), self._map()
        return before.transform(answers) if before else answers

    def _map(self):
        return fitted(self.output, self.shadow_models())

    # --- Attacks --------------------------------------------------------------------------------------------------

    @property
    def attack_names(self) -> tuple[str, ...]:
        """The paper's attack on this data set, then the others."""
        return names_for("many" if registry.named(self.dataset).is_images else "one")

    def new_attack(self, name: str = "shokri", **options) -> Attack:
        """Return an unfitted attack: `fit` it on records whose members are known, then `score` others."""
        return new_attack(resolve(name, self.attack_names), self.seed, options)

    def attacker(self, name: str = "shokri", *, shadows_of: "Experiment | None" = None, **options) -> Attacker:
        """Return an attack on this target as a value (see `attack`)."""
        name, shadows = resolve(name, self.attack_names), (shadows_of or self).shadow_models()
        maps = {"output": self.output, "own_output": (shadows_of or self).output}
        maps["defender"] = self.shadow_models() if self.output else ()
        return Attacker(name, self.model(), shadows, self.n_resamples, check_options(ATTACKS[name], options), **maps)

    def attack(self, name: str = "shokri", *, shadows_of: "Experiment | None" = None, **options) -> AttackResult:
        """Fit an attack on the shadows, score the target's records with it, and measure it.

        Parameters
        ----------
        name : str
            'shokri' (the paper's: 'svm' or 'network'), or one of `attacks.ATTACKS`.
        shadows_of : Experiment, optional
            Whose shadows the attacker trains; by default this experiment's own. The paper's attacker ignores the
            target's L2 penalty: `regularised.attack("svm", shadows_of=plain)`.
        **options
            Of the attack's constructor, such as `gamma=(0.1, 1, 10)`.
        """
        return self.attacker(name, shadows_of=shadows_of, **options).result()

    def attackers(self) -> list[Attacker]:
        """Return everything that notebooks 05 and 06 measure.

        First the attacks on the target itself; then, for each λ of the sweep, those of the attacker who ignores the
        penalty (this experiment's shadows) and of the one who adapts (l2_shadows shadows with the same penalty).
        """
        pairs = [(self, self)]
        for l2 in (value for value in self.l2_sweep if value != self.l2):
            regularised = self.replace(l2=l2)
            pairs += [(regularised, self), (regularised, regularised.replace(n_shadows=self.l2_shadows))]
        return [victim.attacker(name, shadows_of=shadows) for victim, shadows in pairs for name in self.attack_names]

    # --- Reference models -----------------------------------------------------------------------------------------

    def answers(self, epoch: int | None = None) -> Answers:
        """Return the reference models' answers after one of the watched epochs (the last) as a value."""
        watched = watched_epochs(self.epochs, self.defence)
        if epoch is not None and epoch not in watched:
            raise MIAError(f"epoch={epoch!r}: the confidences were kept after epochs {', '.join(map(str, watched))}")
        if self.output and epoch not in (None, self.epochs):
            raise MIAError(f"epoch={epoch!r}: a map, output={self.output!r}, stands before trained models alone")
        shadows = self.shadow_models() if self.output else ()
        return Answers(self.reference_models(), self.epochs if epoch is None else epoch, self.output, shadows)

    def shadow_answers(self) -> ShadowAnswers:
        """Return the shadows' answers about the target's records, of which they have none, as a value."""
        if self.output:
            raise MIAError(f"output={self.output!r}: the shadows' answers about the target's records know no map")
        return ShadowAnswers(self.shadow_models(), self.model())

    def references(self, epoch: int | None = None) -> References:
        """Return what n_references models, of complementary halves of the target's records, answer about all of them.

        Train those that are missing (see `attacks.references`).
        """
        return self.answers(epoch).references()

    def reference_attacker(
        self,
        name: str = "lira",
        *,
        epoch: int | None = None,
        n_references: int | None = None,
        sources: Answers | ShadowAnswers | None = None,
    ) -> ReferenceAttacker:
        """Return an attack with reference models on each of them in turn, and on the target, as a value.

        Parameters
        ----------
        name : str
            One of `attacks.references.REFERENCE_ATTACKS`.
        epoch : int, optional
            After which epoch targets and references are asked; the last by default.
        n_references : int, optional
            How many of the models are used on each target; by default all but the target's pair.
        sources : Answers or ShadowAnswers, optional
            The attacker's models, where they are not those of this experiment.
        """
        targets = self.answers(epoch)
        alone = epoch not in (None, self.epochs) or n_references or self.n_canaries  # the target learnt right classes
        victim = None if alone else self.model()
        return ReferenceAttacker(find(name).name, targets, sources or targets, n_references, victim)

    # --- Controls -------------------------------------------------------------------------------------------------

    def controls(self) -> list[Work]:
        """Return what notebook 05 reads beside the attacks: outsiders, what each attack says of them, and twins."""
        outsiders = self.outsiders_work()
        judged = [Control(self.attacker(name), outsiders) for name in self.attack_names]
        return [outsiders, *judged, self.twins_work()]

    def outsiders_work(self) -> Outsiders:
        """Return the target's answers to outsiders as a value."""
        return Outsiders(self.model())

    def twins_work(self) -> Twins:
        """Return the search for twins as a value."""
        return Twins(self.dataset, self.train_size, self.seed)

    def outsiders(self) -> Records:
        """Return the target's answers to 2·train_size records that are in neither its training nor its test rows."""
        return self.outsiders_work().records()

    def outsider_draws(self, name: str = "shokri") -> pd.DataFrame:
        """Judge an attack with outsiders in the place of members, 20 times (see `attacks.controls.outsider_draws`)."""
        control = Control(self.attacker(name), self.outsiders_work())
        return outsider_draws(control.attacker.result(), *control.said(), seed=self.seed)

    def twins(self) -> pd.DataFrame:
        """Return the closest pairs of a member and a non-member of the target (see `Twins.table`)."""
        return self.twins_work().table()

    def has_twin(self) -> np.ndarray:
        """Return bool (n,): which of the target's records have a twin on the other side of its split."""
        return self.twins_work().of(self.target())
