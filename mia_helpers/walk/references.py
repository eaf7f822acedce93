"""Reference models as one matrix: what N models of complementary halves of the target's records answer about them."""

import functools
import time
from dataclasses import dataclass

import numpy as np

from mia_helpers.attacks.references import References
from mia_helpers.data import registry
from mia_helpers.engine import backends, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.walk import jobs, worker
from mia_helpers.walk.models import Model, question
from mia_helpers.walk.outputs import confidence_of, fitted, learnt_from, mapped_by, shown
from mia_helpers.walk.work import Work

VERSION = 1  # raise it when the code changes what is assembled: older artifacts are then no longer read


@dataclass(frozen=True)
class Answers(Work):
    """The confidences of reference models after one epoch of their training, in one matrix.

    Attributes
    ----------
    models : tuple of Model
        In pairs: models 2i and 2i + 1 have complementary halves.
    epoch : int
        One of those watched (see `walk.worker.watched_epochs`).
    output : str, optional
        A map that stands before every one of the trained models, 'name=strength' (see `learning.outputs`).
    shadows : tuple of Model
        Those of the defender, from whose answers the map is learnt.
    """

    models: tuple[Model, ...]
    epoch: int
    output: str | None = None
    shadows: tuple[Model, ...] = ()
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the matrix depends on."""
        told = {"models": [model.name for model in self.models], "epoch": self.epoch, "version": VERSION}
        return told | mapped_by(self.output, self.shadows)

    @property
    def name(self) -> str:
        """The name under which it is kept."""
        return _name(self, registry.source_of(self.models[0].dataset)["sha256"])

    def needs(self) -> tuple[Model, ...]:
        """Return the models that it takes."""
        return (*self.models, *learnt_from(self.output, self.shadows))

    def compute(self) -> None:
        """Train the models that are missing, and put their answers together, the records in the order of their rows."""
        jobs.train_all(list(self.needs()))
        began, before = time.monotonic(), fitted(self.output, self.shadows)
        rows = [_in_order(model.arrays(), self.epoch) for model in self.models]
        if before:
            rows = [_shown(before, model, row) for row, model in zip(rows, self.models, strict=True)]
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        for name in ("index", "label", "queries"):  # the same for all
            arrays[name] = arrays[name][0]
        arrays["population_index"] = self.models[0].population()
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def references(self, *, probs: bool = False, moves: bool = False) -> References:
        """Return the matrix that attacks read: confidences, population, and which answers to which queries are right.

        With `probs` also the whole answers, with `moves` the confidences in moved images, both of the trained models.
        For these the models have to be there, not the matrix alone.

        Raises
        ------
        MIAError
            Where a model diverged, two that should be a pair are not, or what only trained models were asked is wanted
            of an earlier epoch.
        """
        last = self.models[0].recipe.epochs
        if moves and self.output:
            raise MIAError(f"output={self.output!r}: moved images are kept as confidences, which no map can change")
        if (probs or moves) and self.epoch != last:
            raise MIAError(
                f"epoch={self.epoch}: whole answers and moved images are kept of the last epoch, {last}, alone"
            )
        arrays = self.arrays()
        right = np.unpackbits(arrays["right"].astype(np.uint8), axis=-1, count=int(arrays["queries"])).astype(bool)
        names = ("confidence", "member", "label", "population", "index", "population_index")
        chosen = {name: arrays[name] for name in names}
        if self.output:  # of the population, no whole answers are kept that a map could change
            chosen |= {"population": None, "population_index": None}
        if moves:
            chosen["confidence"] = np.concatenate([chosen["confidence"][..., None], self._of_models("moved")], axis=-1)
        return References(**chosen, right=right, probs=self._of_models("probs") if probs else None)

    def index(self) -> np.ndarray:
        """Return the row in the data set of each record of the matrix, int64 (records,)."""
        return self.arrays()["index"]

    def _of_models(self, name: str) -> np.ndarray:
        """Return what the trained models keep under this name, float32 (models, records, columns)."""
        parts, before = [], fitted(self.output, self.shadows)
        for model in self.models:
            arrays = model.arrays()
            array = arrays[name].T if name == "moved" else arrays[name]
            array = before.transform(array) if before and name == "probs" else array
            parts.append(array[np.argsort(arrays["index"])])
        return np.stack(parts)


@functools.lru_cache(maxsize=1024)
def _name(answers: Answers, _data: str) -> str:
    """Return the name of a matrix on these data; reports ask for it again and again, and it takes N models' names."""
    first = answers.models[0]
    return f"{first.dataset}/ds{first.split.train_size}-references-{store.fingerprint(answers.depends_on())}"


def _in_order(arrays: dict, epoch: int) -> dict[str, np.ndarray]:
    """Return a model's part of the matrix: its records in the order of their rows in the data set."""
    at, order = int(np.flatnonzero(arrays["epochs"] == epoch)[0]), np.argsort(arrays["index"])
    row = {name: arrays[name][order] for name in ("index", "label", "member")}
    row |= {"confidence": arrays["confidence"][at, order], "population": arrays["population"][at]}
    moved = arrays["moved_right"] if "moved_right" in arrays and epoch == arrays["epochs"][-1] else ()
    right = np.column_stack([arrays["right"][at], *moved])[order]
    return row | {"right": np.packbits(right, axis=-1), "queries": np.int64(right.shape[1])}


def _shown(before, model: Model, row: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a model's part of the matrix, as it is seen through the map; of moved images, only the class is kept."""
    records = shown(before, model.records())
    records = records[np.argsort(records.index)]
    right = np.unpackbits(row["right"], axis=-1)
    right[:, 0] = records.correct
    return row | {"confidence": confidence_of(before, records), "right": np.packbits(right, axis=-1)}


@dataclass(frozen=True)
class ShadowAnswers(Work):
    """What shadows, which have none of these records, answer about the target's pool: an offline attacker's models.

    Attributes
    ----------
    models : tuple of Model
        The shadows.
    target : Model
    """

    models: tuple[Model, ...]
    target: Model
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the answers depend on."""
        return {"models": [model.name for model in self.models], "target": self.target.name, "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which they are kept."""
        kind = f"ds{self.target.split.train_size}-outside"
        return f"{self.target.dataset}/{kind}-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the models that are asked."""
        return self.models

    def compute(self) -> None:
        """Ask all shadows, in workers."""
        jobs.train_all(list(self.models))
        rows, began = np.sort(np.concatenate(self.target.rows())), time.monotonic()
        tasks = [question(model, rows) for model in self.models]
        label, found = self.target.data.y[rows], dict(backends.run(worker.confidences, tasks))
        confidence = np.stack([found[number] for number in range(len(tasks))])
        arrays = {"confidence": confidence, "label": label, "index": rows}
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def references(self, **_options) -> References:
        """Return the matrix that offline attacks read: all models are out."""
        arrays = self.arrays()
        return References.outside(arrays["confidence"], arrays["label"])
