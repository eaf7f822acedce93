"""One matrix: what reference models answer about the target's own pool of records, and who was trained on which."""

from dataclasses import dataclass, fields, replace

import numpy as np

from mia_helpers.engine.errors import MIAError

# By name: the kinds of a NumPy type, in words, how it is stored, and how to get there.
TYPES = {
    "confidence": ("f", "floats", np.float32, "confidence.astype(np.float32)"),
    "population": ("f", "floats", np.float32, "population.astype(np.float32)"),
    "probs": ("f", "floats", None, "probs.astype(np.float32)"),
    "right": ("b", "True and False", None, "right == 1"),
    "member": ("b", "True and False", None, "member == 1"),
    "label": ("iu", "whole numbers", None, "label.astype(int)"),
    "index": ("iu", "whole numbers", None, "index.astype(int)"),
    "population_index": ("iu", "whole numbers", None, "population_index.astype(int)"),
}
OF_RECORDS = ("label", "index", "population_index", "paired")  # not of the models
ANSWERS = ("confidence", "right", "probs")  # what an attack may read


@dataclass(frozen=True, eq=False)
class Target:
    """What one model, the target, answers about the pool.

    Parameters
    ----------
    confidence : float (records, queries), optional
        phi, the log-odds of the true class from the logits; query 0 is the record itself. One query may go without its
        axis. Stored as float32.
    right : bool (records, queries), optional
        Whether the predicted class is the true one.
    probs : float (records, k), optional
        Class probabilities of the record itself; k = 1 for a single sigmoid output.
    population : float (z,), optional
        phi of records that neither the target nor any reference model was trained on.

    Raises
    ------
    MIAError
        On construction, if an array has another number of axes or another type, or a confidence is not finite.
    """

    confidence: np.ndarray | None = None
    right: np.ndarray | None = None
    probs: np.ndarray | None = None
    population: np.ndarray | None = None

    def __post_init__(self):
        _store(self, {"confidence": 2, "right": 2, "probs": 2, "population": 1})
        _check_finite(self)


@dataclass(frozen=True, eq=False)
class References:
    """Answers of N models to the same records, each model trained on one half of them, in complementary pairs.

    Model 2i was trained on a random half and model 2i + 1 on the other, so each record is a member of exactly N / 2
    models, and any model can play the target once its pair, whose membership is the target's negated, is left out.

    Parameters
    ----------
    confidence : float (models, records, queries) or None
        phi, the log-odds of the true class from the logits; query 0 is the record itself. One query may go without its
        axis. Stored as float32; all attacks compute in float64.
    member : bool (models, records)
        Whether the model was trained on the record.
    label : int (records,)
        The true class.
    population : float (models, z), optional
        phi of records that no model was trained on.
    right : bool (models, records, queries), optional
        Whether the predicted class is the true one: all that a label-only attacker sees.
    probs : float (models, records, k), optional
        Class probabilities of the record itself, for the entropy attacks; k = 1 for a single sigmoid output.
    index, population_index : int (records,) and (z,), optional
        Rows of the data set: who gives both is told where the population overlaps the pool.
    paired : bool
        False only for what `outside` returns: models of which none was trained on any of the records.

    Raises
    ------
    MIAError
        On construction: the first fault, with the array, the model and the record, and what was expected.
    """

    confidence: np.ndarray | None
    member: np.ndarray
    label: np.ndarray
    population: np.ndarray | None = None
    right: np.ndarray | None = None
    probs: np.ndarray | None = None
    index: np.ndarray | None = None
    population_index: np.ndarray | None = None
    paired: bool = True

    def __post_init__(self):
        axes = {"confidence": 3, "member": 2, "label": 1, "population": 2, "right": 3, "probs": 3}
        axes |= {"index": 1, "population_index": 1}
        _store(self, axes)
        _check_shapes(self)
        _check_finite(self)
        _check_labels(self)
        _check_pairs(self)
        _check_population(self)

    @classmethod
    def outside(cls, confidence: np.ndarray, label: np.ndarray, population: np.ndarray | None = None) -> "References":
        """Return references of which none was trained on any of these records: shadows, asked about the target's pool.

        They serve the offline attacks on a target of its own; there is no target among them.
        """
        return cls(confidence, np.zeros(np.shape(confidence)[:2], bool), label, population, paired=False)

    @property
    def n_models(self) -> int:
        """The number of models."""
        return len(self.member)

    @property
    def answers(self) -> tuple[str, ...]:
        """Which of `ANSWERS` are there."""
        return tuple(name for name in ANSWERS if getattr(self, name) is not None)

    def pair_of(self, model: int) -> int:
        """Return the model that was trained on the other half."""
        if not self.paired:
            raise MIAError("these references were trained on none of the records: there are no pairs, and no target")
        if isinstance(model, bool) or not isinstance(model, int | np.integer) or not 0 <= model < self.n_models:
            raise MIAError(f"model {model!r}: expected a whole number from 0 to {self.n_models - 1}")
        return int(model) ^ 1

    def row(self, model: int) -> Target:
        """Return what one of the models answers, as a target."""
        self.pair_of(model)
        names = (*ANSWERS, "population")
        return Target(**{name: None if (all_ := getattr(self, name)) is None else all_[model] for name in names})

    def without(self, target: int) -> "References":
        """Return all models but the target and its pair."""
        left = np.setdiff1d(np.arange(self.n_models), (target, self.pair_of(target)))
        return self.take(left)

    def first(self, n: int) -> "References":
        """Return the first n models; n is even where they come in pairs."""
        if not 0 < n <= self.n_models:
            raise MIAError(f"first({n}): expected 1 to {self.n_models} models")
        return self.take(slice(n))

    def only(self, records) -> "References":
        """Return the same models on these records alone: a mask, or whole numbers."""
        changed = {name: array[records] for name in ("label", "index") if (array := getattr(self, name)) is not None}
        of_models = [name for name in ("member", *ANSWERS) if getattr(self, name) is not None]
        return replace(self, **changed, **{name: getattr(self, name)[:, records] for name in of_models})

    def take(self, models) -> "References":
        """Return these models, whole numbers or a slice; where they come in pairs, pairs."""
        every = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in OF_RECORDS}
        return replace(self, **{name: array[models] for name, array in every.items() if array is not None})


# --- What is wrong with them --------------------------------------------------------------------------------------


def _store(self, axes: dict[str, int]) -> None:
    """Put each array into the form in which it is kept, or raise an MIAError that names the one which is wrong."""
    who = type(self).__name__
    for name, n_axes in axes.items():
        array = getattr(self, name)
        if array is None and name not in ("member", "label"):
            continue
        if not isinstance(array, np.ndarray):
            raise MIAError(f"{who}: {name} is a {type(array).__name__}; give a NumPy array: np.asarray({name})")
        kinds, what, stored, remedy = TYPES[name]
        if array.dtype.kind not in kinds:
            raise MIAError(f"{who}: {name} is {array.dtype}, expected {what}; if they mean that, give {remedy}")
        if name in ("confidence", "right") and array.ndim == n_axes - 1:
            array = array[..., None]
        if array.ndim != n_axes or not array.size:
            raise MIAError(f"{who}: {name} has shape {array.shape}, expected {n_axes} axes and none of them empty")
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is told then
            object.__setattr__(self, name, array.astype(stored, copy=False) if stored else array)
    if not any(getattr(self, name) is not None for name in ANSWERS):
        raise MIAError(f"{who}: there are no answers; give at least one of {', '.join(ANSWERS)}")


def _check_shapes(references: References) -> None:
    models, records = references.member.shape
    wanted = {"label": (records,), "index": (records,), "population": (models,)} | dict.fromkeys(
        ANSWERS, (models, records)
    )
    for name, begin in wanted.items():
        array = getattr(references, name)
        if array is not None and array.shape[: len(begin)] != begin:
            shape = f"({', '.join(map(str, begin))}{',' if name in OF_RECORDS else ', …'})"
            raise MIAError(
                f"References: {name} has shape {array.shape}, expected {shape} as member has {models} models and "
                f"{records} records"
            )


def _check_finite(answers: Target | References) -> None:
    for name in ("confidence", "population", "probs"):
        array = getattr(answers, name)
        if array is None or np.isfinite(array).all():
            continue
        where = np.argwhere(~np.isfinite(array))[0]
        value = array[tuple(where)]
        model, record = where[:2] if isinstance(answers, References) else ("the target", where[0])
        raise MIAError(
            f"{type(answers).__name__}: {name} is {value} for model {model}, record {record}, expected finite numbers; "
            f"take log-odds from logits, not from probabilities"
        )


def _check_labels(references: References) -> None:
    low, high = int(references.label.min()), int(references.label.max())
    k = references.probs.shape[2] if references.probs is not None else None
    most = max(k - 1, 1) if k else high
    if low < 0 or high > most:
        raise MIAError(f"References: labels go from {low} to {high}, expected 0 to {most}")


def _check_pairs(references: References) -> None:
    if not references.paired:
        if references.member.any():
            model, record = np.argwhere(references.member)[0]
            raise MIAError(f"References: model {model} was trained on record {record}, and paired=False says none was")
        return
    if (n := references.n_models) < 2 or n % 2:
        raise MIAError(f"References: {n} model{'s' * (n != 1)}, expected an even number of at least 2: pairs")
    same = references.member[0::2] == references.member[1::2]
    if same.any():
        pair, record = np.argwhere(same)[0]
        kind = "in" if references.member[2 * pair, record] else "out"
        raise MIAError(
            f"References: models {2 * pair} and {2 * pair + 1} are no complementary pair: record {record} is {kind} "
            f"for both, and {same.sum() - 1} more are wrong; train the second on what the first leaves out, or, if no "
            f"model saw any of the records, use References.outside"
        )


def _check_population(references: References) -> None:
    rows, population = references.index, references.population_index
    if rows is None or population is None:
        return
    shared = np.intersect1d(rows, population)
    if len(shared):
        raise MIAError(
            f"References: record {shared[0]} and {len(shared) - 1} more are in the population and in the pool; the "
            f"population must be records that no model was trained on"
        )
