"""What the controls take, as values: records that the target never saw, what attacks say of them, and twins."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_helpers.attacks.records import Records
from mia_helpers.data import registry, splits, twins
from mia_helpers.engine import backends, store
from mia_helpers.walk import worker
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.models import Model, question
from mia_helpers.walk.work import Work

VERSION = 1  # raise it when the code changes what is found: older artifacts are then no longer read


@dataclass(frozen=True)
class Outsiders(Work):
    """The answers of a target to records of its data set that neither trained nor tested it.

    Attributes
    ----------
    target : Model
        One with the target's split.
    """

    target: Model
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the answers depend on."""
        return {"target": self.target.name, "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which they are kept."""
        kind = f"ds{self.target.split.train_size}-outsiders"
        return f"{self.target.dataset}/{kind}-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the model that is asked."""
        return (self.target,)

    def rows(self) -> np.ndarray:
        """Return the indices of the records, int64 (2 · train_size,)."""
        size = registry.named(self.target.dataset).size
        return splits.outsiders(size, train_size=self.target.split.train_size, seed=self.target.seed)

    def compute(self) -> None:
        """Ask the target, in a worker: who only reads the answers never imports TensorFlow."""
        data, rows = self.target.data, self.rows()
        task, began = question(self.target, rows), time.monotonic()
        [(_, probs)] = backends.run(worker.answers, [task])
        arrays = {"probs": probs, "label": data.y[rows], "index": rows}
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def records(self) -> Records:
        """Return the answers; all are to non-members."""
        arrays = self.arrays()
        n = len(arrays["label"])
        return Records(**arrays, member=np.zeros(n, bool), model_id=np.full(n, self.target.split.model_id))


@dataclass(frozen=True)
class Control(Work):
    """What a fitted attack says about outsiders.

    Attributes
    ----------
    attacker : Attacker
    outsiders : Outsiders
        Of the attacker's victim.
    """

    attacker: Attacker
    outsiders: Outsiders
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that it depends on."""
        return {"attacker": self.attacker.depends_on(), "outsiders": self.outsiders.name, "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which it is kept."""
        victim = self.attacker.victim
        kind = f"ds{victim.split.train_size}-control-{self.attacker.attack}"
        return f"{victim.dataset}/{kind}-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the models that it takes."""
        return self.attacker.needs()

    def check(self) -> None:
        """Raise an MIAError if the shadows' answers do not fit into this machine's memory."""
        self.attacker.check()

    def compute(self) -> None:
        """Fit the attack, unless that was just done, and score the outsiders."""
        records, began = self.outsiders.records(), time.monotonic()
        score, decision = self.attacker.judge(records)
        arrays, seconds = {"score": score, "decision": decision}, time.monotonic() - began
        store.save(self.name, arrays, seconds=seconds, depends_on=self.depends_on())

    def said(self) -> tuple[np.ndarray, np.ndarray]:
        """Return score and decision for each outsider."""
        arrays = self.arrays()
        return arrays["score"], arrays["decision"]


@dataclass(frozen=True)
class Twins(Work):
    """The closest pairs of a target's members and non-members, whatever classes are joined.

    Attributes
    ----------
    dataset : str
    train_size, seed : int
        Of the target's split.
    """

    dataset: str
    train_size: int
    seed: int
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the pairs depend on."""
        told = {"dataset": self.dataset, "train_size": self.train_size, "seed": self.seed}
        return told | {"data": registry.source_of(self.dataset)["sha256"], "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which they are kept."""
        return f"{self.dataset}/ds{self.train_size}-twins-{store.fingerprint(self.depends_on())}"

    def compute(self) -> None:
        """Search for them."""
        data, began = registry.load(self.dataset), time.monotonic()
        rows = splits.target_split(len(data), train_size=self.train_size, seed=self.seed)
        found = twins.pairs(data, *rows)
        store.save(self.name, found, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def table(self) -> pd.DataFrame:
        """Return a row per pair, the closest first: member, other, distance, likeness and kind.

        member and other are indices into the data; for the rest see `data.twins.pairs`. A pair whose `kind` is
        'identical' or 'near' are twins; one that is 'close' is not.
        """
        table = pd.DataFrame({name: self.arrays()[name] for name in ("member", "other", "distance", "likeness")})
        return table.assign(kind=twins.kinds(table["distance"].to_numpy(), table["likeness"].to_numpy()))

    def of(self, records: Records) -> np.ndarray:
        """Return bool (n,): which of the target's records have a twin on the other side of its split."""
        table = self.table()
        return np.isin(records.index, table.loc[table["kind"] != "close", ["member", "other"]])
