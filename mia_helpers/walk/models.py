"""A model as a value: all that training it takes, and so its name; and what it answers once it is trained."""

from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from mia_helpers.attacks.records import Records
from mia_helpers.data import registry, scaling
from mia_helpers.data.canaries import mislabelled
from mia_helpers.data.source import Dataset
from mia_helpers.data.splits import Split, held_out
from mia_helpers.engine import store
from mia_helpers.learning.recipe import Recipe
from mia_helpers.walk import jobs
from mia_helpers.walk.work import Work

VERSION = 2  # raise it when the code changes what is trained: older artifacts are then no longer read
# An artifact's name tells these only where they are not the default.
LATER = {"n_classes": None, "optimizer": "adam", "defence": None, "population": 0, "n_canaries": 0}


@dataclass(frozen=True)
class Model(Work):
    """One model to be trained: a target, a shadow, or whoever else gets a part of a data set.

    Longer than a screen: what training it takes, then what it answers.

    Attributes
    ----------
    dataset : str
    split : Split
        Which records train it, and which it is asked about beside them.
    recipe : Recipe
    seed : int
        Of the split, the initial weights and the order of the records.
    n_classes : int, optional
        Groups into which the classes are joined.
    """

    dataset: str
    split: Split
    recipe: Recipe
    seed: int
    n_classes: int | None = None
    stage = "training"

    def depends_on(self) -> dict:
        """Return all that the model and its records depend on."""
        told = {"dataset": self.dataset, "train_size": self.split.train_size, **asdict(self.recipe), "seed": self.seed}
        told |= {"model_id": self.split.model_id, "n_classes": self.n_classes, "population": self.split.population}
        told["n_canaries"] = self.split.n_canaries
        told |= {"data": registry.source_of(self.dataset)["sha256"], "version": VERSION}
        return {name: value for name, value in told.items() if name not in LATER or value != LATER[name]}

    @property
    def name(self) -> str:
        """The name under which its records are kept; `.keras` beside them is the model."""
        return f"{self.dataset}/ds{self.split.train_size}-{self.split.role}-{store.fingerprint(self.depends_on())}"

    def compute(self) -> None:
        """Train it."""
        jobs.train_all([self])

    # --- What training it takes -----------------------------------------------------------------------------------

    @property
    def data(self) -> Dataset:
        """The data set, with the classes that it learns: wrong ones for canaries."""
        data = registry.load(self.dataset, self.n_classes)
        if not self.split.n_canaries:
            return data
        return mislabelled(data, self.canaries(), self.seed)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; it does not need the data."""
        return registry.named(self.dataset).class_names(self.n_classes)

    @property
    def stacks(self) -> bool:
        """Whether models of this kind are trained many at a time, as one program: it pays for small dense networks."""
        return not registry.named(self.dataset).is_images

    @property
    def samples(self) -> int:
        """How many records it sees while it trains: epochs times records."""
        return self.recipe.epochs * self.split.train_size

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the records that train it, and of the others that it is asked about."""
        return self.split.rows(registry.named(self.dataset).size, self.seed)

    def population(self) -> np.ndarray:
        """Return the indices of the population that a reference model is asked about (see `splits.ReferenceSplit`)."""
        return self.split.others(registry.named(self.dataset).size, self.seed)

    def canaries(self) -> np.ndarray:
        """Return the indices of the records that have a wrong class, the same for all reference models of a pool."""
        return self.split.canaries(registry.named(self.dataset).size, self.seed)

    def held_out(self) -> np.ndarray:
        """Return the indices of records that neither it nor a reference model is trained on or asked about."""
        n, (train, test) = registry.named(self.dataset).size, self.rows()
        return held_out(n, np.concatenate([train, test]), train_size=self.split.train_size, seed=self.seed)

    def scale(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return shift and factor for `(x - shift) * factor`, from the records with these indices."""
        return scaling.fit(self.recipe.scaling, self.data.x[train])

    def untrained(self, seed: int | None = None):
        """Return its Keras network with initial weights."""
        from mia_helpers.learning.networks import census_network, image_network

        options = {"l2": self.recipe.l2, "seed": seed}
        if registry.named(self.dataset).is_images:
            return image_network(shape=self.data.x.shape[1:], n_classes=len(self.class_names), **options)
        return census_network(n_features=self.data.x.shape[1], **options)

    # --- What it answers ------------------------------------------------------------------------------------------

    def records(self) -> Records:
        """Return its answers to its own members and non-members; train it if need be."""
        arrays = self.arrays()
        chosen = {field.name: arrays[field.name] for field in fields(Records) if field.name != "model_id"}
        return Records(**chosen, model_id=np.full(len(arrays["label"]), self.split.model_id))

    def history(self) -> pd.DataFrame:
        """Return the learning curves: a row per epoch; loss, accuracy, and for the target test_accuracy."""
        curves = {k.removeprefix("curve_"): v for k, v in self.arrays().items() if k.startswith("curve_")}
        return pd.DataFrame(curves, index=pd.RangeIndex(1, self.recipe.epochs + 1, name="epoch"))

    def n_parameters(self) -> int:
        """Return how many trainable parameters it has."""
        return int(self.arrays()["n_parameters"])

    def network(self):
        """Return the trained Keras model. It expects scaled input; `query` takes raw records."""
        from mia_helpers.learning.keras_on_tensorflow import from_bytes

        return from_bytes(self.keras_file(), self.name)

    def keras_file(self) -> bytes:
        """Return the trained model as the bytes of its `.keras` file; train it if need be."""
        self.arrays()
        if (content := store.model_file(self.name)) is None:  # of this one, only the records came along
            registry.load(self.dataset)  # first: without data, the records are not given up
            store.forget([self.name], alone=True)  # its answers will be the same, and so what attacks found in them
            self.compute()
            content = store.model_file(self.name)
        return content

    def query(self, x: np.ndarray) -> np.ndarray:
        """Return its answers, float32 (n, k), to raw records x: the black box that an attacker sees."""
        from mia_helpers.learning.training import predict

        arrays = self.arrays()
        return predict(self.network(), (x - arrays["shift"]) * arrays["factor"])


def question(model: Model, rows: np.ndarray) -> tuple:
    """Return what `worker.answers` and `worker.confidences` take to ask a model about these rows of its data set."""
    content, arrays = model.keras_file(), model.arrays()
    return model, model.name, content, arrays["shift"], arrays["factor"], rows


def answers_of(models: tuple[Model, ...]) -> Records:
    """Return the answers of several models to their own records."""
    return Records.concatenate([model.records() for model in models])
