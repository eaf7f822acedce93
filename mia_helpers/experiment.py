"""Experiment: the scientific parameters of one reproduction, and the stages of its walk from data to metrics.

Each stage computes once, keeps one artifact per result, and from then on reads it. There is no other state, so every
notebook runs alone and in any order, and a killed run goes on where it stopped.
"""

import dataclasses
import functools
import json
import numbers
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mia_helpers import attacks, backends, data, jobs, metrics, store
from mia_helpers.errors import MIAError, unknown
from mia_helpers.records import TARGET, Records

SCALINGS = ("paper", "standardised")
OPTIMIZERS = ("adam", "rmsprop", "sgd")
# Raise one of these when its code changes what it computes: older artifacts are then no longer read.
TRAINING_VERSION, ATTACK_VERSION = 2, 2
LATER = ("n_classes", "optimizer")  # fields that an artifact's name tells only where they are not the default


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The scientific parameters; the defaults are the paper's on CIFAR-10 at its smallest size.

    Parameters
    ----------
    dataset : str
        'cifar10', 'adult', 'synthetic_images' or 'synthetic_census'.
    train_size : int
        ds: training records per model, and as many test records.
    n_shadows : int
        Shadow models.
    n_classes : int, optional
        The images' ten classes joined into this many groups, 5 or 2 (see `data.IMAGE_GROUPS`); None leaves the classes
        as they are.
    epochs, batch_size : int
    optimizer : str
        'adam', 'rmsprop' or 'sgd' (without momentum).
    learning_rate, decay : float
        The rate at step t is learning_rate / (1 + decay · t).
    l2 : float
        L2 penalty λ on the kernels of target and shadows; 0 is none.
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
        Bootstrap resamples for the 95% intervals.

    Raises
    ------
    MIAError
        On construction, for a value that makes no sense; the message says what was expected.
    """

    dataset: str = "cifar10"
    train_size: int = 2500
    n_shadows: int = 10
    n_classes: int | None = None
    epochs: int = 100
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    decay: float = 1e-7
    l2: float = 0.0
    scaling: str = "paper"
    seed: int = 0
    l2_sweep: tuple[float, ...] = (5e-4, 5e-3, 5e-2)
    l2_shadows: int = 2
    n_resamples: int = 500

    # --- Parameters -----------------------------------------------------------------------------------------------

    def __post_init__(self):
        if self.dataset not in data.NAMES:
            raise unknown("data set", self.dataset, data.NAMES)
        if self.scaling not in SCALINGS:
            raise unknown("scaling", self.scaling, SCALINGS)
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", self.optimizer, OPTIMIZERS)
        self._set("n_classes", data.check_classes(self.dataset, self.n_classes))
        for name in ("train_size", "n_shadows", "epochs", "batch_size", "l2_shadows", "n_resamples"):
            self._number(name, getattr(self, name), whole=True, least=1)
        self._number("seed", self.seed, whole=True, least=0)
        for name in ("learning_rate", "decay", "l2"):
            self._set(name, float(self._number(name, getattr(self, name), whole=False, least=0)))
        sweep = self.l2_sweep if isinstance(self.l2_sweep, list | tuple) else [self.l2_sweep]
        self._set("l2_sweep", tuple(float(self._number("l2_sweep", value, whole=False, least=0)) for value in sweep))
        data.check_size(data.SIZES[self.dataset], self.train_size)

    @staticmethod
    def _number(name, value, *, whole, least):
        kind = numbers.Integral if whole else numbers.Real
        if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < float("inf"):
            raise MIAError(f"{name}={value!r}: expected a {'whole ' if whole else ''}number of at least {least}")
        return value

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, parameters: dict) -> "Experiment":
        """Return the experiment with these parameters; an unknown name is an error that lists the known ones."""
        for name in parameters:
            if name not in cls.parameter_names():
                raise unknown("parameter", name, cls.parameter_names())
        return cls(**parameters)

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of the fields, in order."""
        return [field.name for field in dataclasses.fields(cls)]

    def parameters(self) -> dict:
        """Return the fields as a dict of plain values (what papermill injects)."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    def replace(self, **changes) -> "Experiment":
        """Return the same walk with other parameters."""
        return Experiment.from_mapping({**dataclasses.asdict(self), **changes})

    def __str__(self) -> str:
        return "_".join([f"{self.dataset}_ds{self.train_size}", *self._unusual(), f"seed{self.seed}"])

    def _unusual(self):
        """Name what differs from the defaults, so that no two experiments of a profile share a folder."""
        skip = {"dataset", "train_size", "seed", "l2_sweep", "l2_shadows", "n_resamples"}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in skip and value != field.default:
                yield f"{field.name.replace('_', '')}{value:g}" if isinstance(value, numbers.Real) else str(value)

    # --- Data -----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> data.Dataset:
        """The data set."""
        return data.load(self.dataset, self.n_classes)

    @property
    def source(self) -> dict[str, str]:
        """sha256 and source of the data; without the data, those of the records that came with the repository."""
        return data.source_of(self.dataset)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; it does not need the data."""
        return data.class_names(self.dataset, self.n_classes)

    def split(self, model_id: int = TARGET) -> tuple[np.ndarray, np.ndarray]:
        """Return a model's training and test indices, each int64 (train_size,)."""
        n, options = data.SIZES[self.dataset], {"train_size": self.train_size, "seed": self.seed}
        return data.target_split(n, **options) if model_id == TARGET else data.shadow_split(n, model_id, **options)

    # --- Models ---------------------------------------------------------------------------------------------------

    def target(self) -> Records:
        """Return the target's answers to its own train_size members and train_size non-members; train it if need be."""
        return self.records(TARGET)

    def shadows(self) -> Records:
        """Return the answers of all shadows to their own members and non-members; train those that are missing."""
        self.train(range(self.n_shadows))
        return Records.concatenate([self.records(i) for i in range(self.n_shadows)])

    def records(self, model_id: int) -> Records:
        """Return one model's answers to its own members and non-members; train it if need be."""
        arrays, _ = self._model_artifact(model_id)
        return Records(**{field.name: arrays[field.name] for field in dataclasses.fields(Records)})

    def train(self, model_ids=None) -> None:
        """Train what is missing of these models (default: target and all shadows), side by side (see `backends`)."""
        jobs.train_all([(self, i) for i in (range(TARGET, self.n_shadows) if model_ids is None else model_ids)])

    def history(self, model_id: int = TARGET) -> pd.DataFrame:
        """Return the learning curves: a row per epoch; loss, accuracy, and for the target test_accuracy."""
        arrays, _ = self._model_artifact(model_id)
        curves = {k.removeprefix("curve_"): v for k, v in arrays.items() if k.startswith("curve_")}
        return pd.DataFrame(curves, index=pd.RangeIndex(1, self.epochs + 1, name="epoch"))

    def model(self, model_id: int = TARGET):
        """Return the trained Keras model. It expects scaled input; `query` takes raw records."""
        from mia_helpers.models import load_model

        self.train([model_id])
        if not store.keras_path(self.artifact(model_id)).exists():  # of this one, only the records came along
            data.load(self.dataset)  # first: without data, the records are not given up
            store.forget([self.artifact(model_id)])
            self.train([model_id])
        return load_model(store.keras_path(self.artifact(model_id)))

    def query(self, x, model_id: int = TARGET) -> np.ndarray:
        """Return a model's answers, float32 (n, k), to raw records x: the black box that an attacker sees."""
        from mia_helpers.training import predict

        arrays, _ = self._model_artifact(model_id)
        return predict(self.model(model_id), (x - arrays["shift"]) * arrays["factor"])

    def artifact(self, model_id: int = TARGET) -> str:
        """Return the name under which a model's records are kept; `.keras` beside it is the model."""
        name = "target" if model_id == TARGET else f"shadow{model_id:02d}"
        return f"{self.dataset}/ds{self.train_size}-{name}-{store.fingerprint(self.depends_on(model_id))}"

    def depends_on(self, model_id: int) -> dict:
        """Return all that a model and its records depend on."""
        fields = ("dataset", "train_size", "epochs", "batch_size", "learning_rate", "decay", "l2", "scaling", "seed")
        chosen = {name: getattr(self, name) for name in fields}
        chosen |= {name: value for name in LATER if (value := getattr(self, name)) != getattr(Experiment, name)}
        return {**chosen, "model_id": model_id, "data": self.source["sha256"], "version": TRAINING_VERSION}

    def _model_artifact(self, model_id):
        self.train([model_id])
        return store.load(self.artifact(model_id))

    def n_parameters(self) -> int:
        """Return how many trainable parameters the target has."""
        return int(self._model_artifact(TARGET)[0]["n_parameters"])

    def new_network(self, seed: int | None = None):
        """Return the untrained network of this data set, with this experiment's L2 penalty."""
        from mia_helpers.models import census_network, image_network

        if self.dataset in data.IMAGES:
            return image_network(l2=self.l2, n_classes=len(self.class_names), seed=seed)
        return census_network(l2=self.l2, seed=seed)

    @property
    def stacks(self) -> bool:
        """Whether models of this kind are trained many at a time, as one program: it pays for small dense networks."""
        return self.dataset not in data.IMAGES

    def scale(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return shift and factor, float32, for `(x - shift) * factor`, from a model's own training records."""
        if self.scaling == "paper":
            return np.float32(0), np.float32(1 / 255)
        x = self.data.x[train].reshape(-1, self.data.x.shape[-1]).astype(np.float64)
        deviation = x.std(axis=0)
        return x.mean(axis=0).astype(np.float32), (1 / np.where(deviation > 0, deviation, 1)).astype(np.float32)

    def models(self) -> list[tuple["Experiment", int]]:
        """Return every model that the notebooks train for this experiment, as (experiment, model_id)."""
        return models_of(self.attackers())

    # --- Attacks --------------------------------------------------------------------------------------------------

    @property
    def attack_names(self) -> tuple[str, str, str]:
        """The paper's attack on this data set, then the two baselines."""
        return ("svm" if self.dataset in data.IMAGES else "network", "threshold", "gap")

    def attack(self, name: str = "shokri", *, shadows_of: "Experiment | None" = None, **options) -> "AttackResult":
        """Fit an attack on the shadows, score the target's records with it, and measure it.

        Parameters
        ----------
        name : str
            'shokri' (the paper's: 'svm' or 'network'), 'gap' or 'threshold'.
        shadows_of : Experiment, optional
            Whose shadows the attacker trains; by default this experiment's own. The paper's attacker ignores the
            target's L2 penalty: `regularised.attack("svm", shadows_of=plain)`.
        **options
            Of the attack's constructor, such as `gamma=(0.1, 1, 10)`.
        """
        shadows_of = shadows_of or self
        name = attacks.resolve(name, shokri=self.attack_names[0])
        artifact = self.attack_artifact(name, shadows_of=shadows_of, options=options)
        found = store.load(artifact)
        if found is None:
            jobs.train_all(Attacker(self, shadows_of, name).models())
            artifact = self.attack_artifact(name, shadows_of=shadows_of, options=options)  # the data may be here by now
            target, began = self.target(), time.monotonic()
            fitted = _fit_attack(name, shadows_of, json.dumps(options, sort_keys=True), store.runs_dir())
            arrays = _measure(fitted, target, seed=self.seed, n_resamples=self.n_resamples)
            depends_on = self._attack_depends_on(name, shadows_of, options)
            store.save(artifact, arrays, seconds=time.monotonic() - began, depends_on=depends_on)
        else:
            arrays, _ = found
        return AttackResult.from_arrays(name, arrays, adaptive=shadows_of.l2 == self.l2)

    def attack_artifact(self, name: str, *, shadows_of: "Experiment", options: dict | None = None) -> str:
        """Return the name under which an attack on this target, fitted on those shadows, is kept."""
        depends_on = self._attack_depends_on(name, shadows_of, options or {})
        return f"{self.dataset}/ds{self.train_size}-attack-{name}-{store.fingerprint(depends_on)}"

    def _attack_depends_on(self, name, shadows_of, options):
        return {
            "attack": name,
            "options": options,
            "target": self.artifact(),
            "shadows": [shadows_of.artifact(i) for i in range(shadows_of.n_shadows)],
            "seed": self.seed,
            "n_resamples": self.n_resamples,
            "version": ATTACK_VERSION,
        }

    def attackers(self) -> list["Attacker"]:
        """Return everything that notebooks 05 and 06 measure.

        First the attacks on the target itself; then, for each λ of the sweep, those of the attacker who ignores the
        penalty (this experiment's shadows) and of the one who adapts (l2_shadows shadows with the same penalty).
        """
        pairs = [(self, self)]
        for l2 in (value for value in self.l2_sweep if value != self.l2):
            regularised = self.replace(l2=l2)
            pairs += [(regularised, self), (regularised, regularised.replace(n_shadows=self.l2_shadows))]
        return [Attacker(victim, shadows, name) for victim, shadows in pairs for name in self.attack_names]


@dataclass(frozen=True)
class Attacker:
    """One measurement: an attack on the target of `victim`, fitted on the shadows of `shadows`.

    Attributes
    ----------
    victim, shadows : Experiment
    name : str
    options : dict
        Of the attack, such as another grid; see its class.
    """

    victim: Experiment
    shadows: Experiment
    name: str
    options: dict = dataclasses.field(default_factory=dict)

    def models(self) -> list[tuple[Experiment, int]]:
        """Return the models that it takes, as (experiment, model_id)."""
        return [(self.victim, TARGET), *((self.shadows, i) for i in range(self.shadows.n_shadows))]

    def artifact(self) -> str:
        """Return the name under which its result is kept."""
        return self.victim.attack_artifact(self.name, shadows_of=self.shadows, options=self.options)

    def is_done(self) -> bool:
        """Tell whether its result and its target are in the store, without computing anything."""
        return store.exists(self.artifact()) and store.exists(self.victim.artifact())

    def is_ready(self) -> bool:
        """Tell whether all models that it takes are in the store."""
        return all(store.exists(exp.artifact(i)) for exp, i in self.models())

    def result(self) -> "AttackResult":
        """Return what it measures; compute it if need be."""
        return self.victim.attack(self.name, shadows_of=self.shadows, **self.options)


def models_of(things: Iterable) -> list[tuple[Experiment, int]]:
    """Return the models that these attackers (or whatever has `models`) take, each once, as (experiment, model_id)."""
    return list({exp.artifact(i): (exp, i) for thing in things for exp, i in thing.models()}.values())


@dataclass(frozen=True, eq=False)
class AttackResult:
    """What one attack says about the target's records, and how good it is.

    Attributes
    ----------
    name : str
    adaptive : bool
        Whether the shadows were trained with the target's L2 penalty.
    member, decision : bool (n,)
    label : int64 (n,)
    score, probability : float64 (n,)
    details : dict
        What the attack reports about its fit (`Attack.details_`).
    table : DataFrame
        A row per criterion: metric, value, low, high (95% bootstrap).
    """

    name: str
    adaptive: bool
    member: np.ndarray
    label: np.ndarray
    score: np.ndarray
    decision: np.ndarray
    probability: np.ndarray
    details: dict
    table: pd.DataFrame

    @classmethod
    def from_arrays(cls, name, arrays, *, adaptive):
        """Return the result that `_measure` packed into arrays."""
        table = pd.DataFrame({"metric": metrics.CRITERIA, **{k: arrays[k] for k in ("value", "low", "high")}})
        columns = {k: arrays[k] for k in ("member", "label", "score", "decision", "probability")}
        return cls(name, adaptive, **columns, details=json.loads(str(arrays["details"])), table=table)

    @property
    def metrics(self) -> pd.Series:
        """The value of each criterion, by name."""
        return self.table.set_index("metric")["value"]

    def per_class(self, **options) -> pd.DataFrame:
        """Return the criteria with intervals for each true class (see `metrics.by_group`)."""
        return metrics.by_group(self.label, self.member, self.score, self.decision, self.probability, **options)


@functools.lru_cache(maxsize=8)
def _fit_attack(name: str, shadows_of: Experiment, options: str, _folder: Path) -> attacks.Attack:
    """Fit once and score many targets with it: the non-adaptive attacker meets every λ with the same attack."""
    kind, chosen = attacks.ATTACKS[name], json.loads(options)
    if name == "svm":
        chosen.setdefault("n_jobs", backends.default_jobs())
    if name in ("svm", "network"):
        chosen.setdefault("seed", shadows_of.seed)
    return kind(**chosen).fit(shadows_of.shadows())


def _measure(fitted: attacks.Attack, target: Records, *, seed: int, n_resamples: int) -> dict[str, np.ndarray]:
    score = fitted.score(target)
    decision, probability = fitted.decide(score), fitted.probability(score)
    table = metrics.with_intervals(target.member, score, decision, probability, seed=seed, n_resamples=n_resamples)
    return {
        **{
            "member": target.member,
            "label": target.label,
            "score": score,
            "decision": decision,
            "probability": probability,
        },
        **{name: table[name].to_numpy() for name in ("value", "low", "high")},
        "details": np.array(json.dumps(fitted.details_)),
    }
