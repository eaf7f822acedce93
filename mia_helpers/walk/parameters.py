"""The scientific parameters of an experiment: what they are called, and which values make sense."""

import ast
import contextlib
import dataclasses
import numbers
from collections.abc import Iterable
from dataclasses import dataclass

from mia_helpers.data import registry, scaling
from mia_helpers.data.splits import check_size
from mia_helpers.engine.checks import RESAMPLES, number
from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.learning import defences, outputs
from mia_helpers.learning.optimisers import OPTIMISERS

# The least and the most that makes sense of each number, and why there is a most.
WHOLE = {
    "train_size": (1, 10**9, ""),
    "n_shadows": (1, 10_000, "the paper takes 20, and an attack reads the answers of all at once"),
    "n_references": (2, 10_000, "attacks read the answers of all at once; 256 are enough for every one of them"),
    "n_canaries": (0, 10**9, ""),
    "epochs": (1, 100_000, "the paper takes 100; this would train for days"),
    "batch_size": (1, 1_000_000, "a batch has no more records than a data set"),
    "seed": (0, 2**32 - 1, "NumPy's and scikit-learn's generators take no larger one"),
    "l2_shadows": (1, 10_000, "an attack reads the answers of all at once"),
    "n_resamples": RESAMPLES,
}
# No target or shadow depends on these: they are not part of an experiment's name, nor of a claim's protocol.
NO_MODEL = ("n_references", "l2_sweep", "l2_shadows", "n_resamples")
QUIET = ("defence", "output", "n_canaries")  # an experiment is shown without them where they are not used
REAL = {
    "learning_rate": (0, 1e6, "no network survives a step of that size"),
    "decay": (0, 1e6, "the rate would be zero after a step"),
    "l2": (0, 1e6, "the penalty would be all that is left of the loss"),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Parameters:
    """The fields of `Experiment` and their checks (its docstring says what they mean)."""

    dataset: str = "cifar10"
    train_size: int = 2500
    n_shadows: int = 10
    n_references: int = 64
    n_classes: int | None = None
    epochs: int = 100
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    decay: float = 1e-7
    l2: float = 0.0
    defence: str | None = None
    output: str | None = None
    n_canaries: int = 0
    scaling: str = "paper"
    seed: int = 0
    l2_sweep: tuple[float, ...] = (5e-4, 5e-3, 5e-2)
    l2_shadows: int = 2
    n_resamples: int = 500

    def __post_init__(self):
        source = registry.named(self.dataset)
        for name, known in (("scaling", scaling.SCALINGS), ("optimizer", OPTIMISERS)):
            if getattr(self, name) not in list(known):
                raise unknown(name, getattr(self, name), known)
        for name, (least, most, why) in WHOLE.items():
            self._set(name, int(number(name, getattr(self, name), numbers.Integral, least, most, why)))
        for name, (least, most, why) in REAL.items():
            self._set(name, float(number(name, getattr(self, name), numbers.Real, least, most, why)))
        if self.n_references % 2:
            raise MIAError(
                f"n_references={self.n_references}: expected an even number; two references share out the target's "
                f"records, so that each record is a member of one of them"
            )
        if self.defence is not None:
            self._set("defence", str(defences.named(self.defence)))
        if self.output is not None:
            self._set("output", str(outputs.named(self.output)))
        if self.n_canaries and (self.n_canaries % 2 or not 20 <= self.n_canaries <= self.train_size):
            raise MIAError(
                f"n_canaries={self.n_canaries}: expected 0, or an even number from 20 (some in, some out) "
                f"up to train_size={self.train_size}: more than half of the records with a wrong class leave little"
            )
        self._set("n_classes", source.check_classes(self.n_classes))
        sweep = self.l2_sweep if isinstance(self.l2_sweep, list | tuple) else [self.l2_sweep]
        self._set("l2_sweep", tuple(float(number("l2_sweep", l2, numbers.Real, *REAL["l2"])) for l2 in sweep))
        check_size(source.size, self.train_size)

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, parameters: dict):
        """Return the experiment with these parameters; an unknown name is an error that lists the known ones."""
        for name in parameters:
            if name not in cls.parameter_names():
                raise unknown("parameter", name, cls.parameter_names())
        return cls(**parameters)

    @classmethod
    def from_notebook(cls, variables: dict):
        """Return the experiment that a notebook's parameters describe; `variables` are its `globals()`.

        A parameter that papermill was given (`-p`) and that does not exist is an error: papermill only warns.
        """
        names = cls.parameter_names()
        check_injected(variables, names)
        return cls(**{name: variables[name] for name in names})

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of the fields, in order."""
        return [field.name for field in dataclasses.fields(cls)]

    def parameters(self) -> dict:
        """Return the fields as a dict of plain values (what papermill injects)."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    def replace(self, **changes):
        """Return the same walk with other parameters."""
        return self.from_mapping({**dataclasses.asdict(self), **changes})

    def __repr__(self) -> str:
        told = {name: value for name, value in vars(self).items() if name not in QUIET or value}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in told.items())})"

    def __str__(self) -> str:
        return "_".join([f"{self.dataset}_ds{self.train_size}", *self._unusual(), f"seed{self.seed}"])

    def _unusual(self):
        """Name what differs from the defaults, so that no two experiments of a profile share a folder."""
        skip = {"dataset", "train_size", "seed", *NO_MODEL}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in skip and value != field.default:
                yield f"{field.name.replace('_', '')}{value:g}" if isinstance(value, numbers.Real) else str(value)


def check_injected(variables: dict, known: Iterable[str]) -> None:
    """Raise an MIAError if papermill injected a parameter that is not among the `known` ones."""
    cells = [source for source in variables.get("In", []) if source.startswith("# Parameters\n")]
    for source in cells:
        with contextlib.suppress(SyntaxError):  # not papermill's
            for statement in ast.parse(source).body:
                targets = getattr(statement, "targets", [getattr(statement, "target", None)])
                for target in (target for target in targets if isinstance(target, ast.Name)):
                    if target.id not in known:
                        raise unknown("parameter", target.id, known)
