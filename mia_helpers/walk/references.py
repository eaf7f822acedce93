"""Reference models as one matrix: what N models of complementary halves of the target's records answer about them."""

import time
from dataclasses import dataclass

import numpy as np

from mia_helpers.attacks.references import References
from mia_helpers.engine import store
from mia_helpers.walk import jobs
from mia_helpers.walk.models import Model
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
    """

    models: tuple[Model, ...]
    epoch: int
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the matrix depends on."""
        return {"models": [model.name for model in self.models], "epoch": self.epoch, "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which it is kept."""
        first = self.models[0]
        return f"{first.dataset}/ds{first.split.train_size}-references-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the models that it takes."""
        return self.models

    def compute(self) -> None:
        """Train the models that are missing, and put their answers together, the records in the order of their rows."""
        jobs.train_all(list(self.models))
        began = time.monotonic()
        rows = [_in_order(model.arrays(), self.epoch) for model in self.models]
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        for name in ("index", "label"):  # the same for all
            arrays[name] = arrays[name][0]
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def references(self) -> References:
        """Return the matrix that attacks read: confidences, population, and which answers to which queries are right.

        Raises
        ------
        MIAError
            Where a model diverged, or two that should be a pair are not.
        """
        arrays = self.arrays()
        right = arrays.get("right")
        if right is not None:
            right = np.unpackbits(right, axis=-1, count=int(arrays["queries"][0])).astype(bool)
        chosen = {name: arrays[name] for name in ("confidence", "member", "label", "population")}
        return References(**chosen, right=right)

    def index(self) -> np.ndarray:
        """Return the row in the data set of each record of the matrix, int64 (records,)."""
        return self.arrays()["index"]

    def probs(self) -> np.ndarray:
        """Return the whole answers of the trained models, float32 (models, records, k); they are with the models."""
        return np.stack([_sorted_by_index(model.arrays(), "probs") for model in self.models])

    def moved(self) -> np.ndarray:
        """Return the confidences in moved images, float32 (models, records, moves); they are with the models."""
        return np.stack([_sorted_by_index(model.arrays(), "moved", axis=1).T for model in self.models])


def _in_order(arrays: dict, epoch: int) -> dict[str, np.ndarray]:
    """Return a model's part of the matrix: its records in the order of their rows in the data set."""
    at, order = int(np.flatnonzero(arrays["epochs"] == epoch)[0]), np.argsort(arrays["index"])
    row = {name: arrays[name][order] for name in ("index", "label", "member")}
    row |= {"confidence": arrays["confidence"][at, order], "population": arrays["population"][at]}
    if "moved_right" in arrays and epoch == arrays["epochs"][-1]:
        right = np.column_stack([arrays["probs"].argmax(axis=1) == arrays["label"], *arrays["moved_right"]])[order]
        row |= {"right": np.packbits(right, axis=-1), "queries": np.int64(right.shape[1])}
    return row


def _sorted_by_index(arrays: dict, name: str, axis: int = 0) -> np.ndarray:
    return np.take(arrays[name], np.argsort(arrays["index"]), axis=axis)
