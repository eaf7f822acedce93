"""How a model is trained on the records that it gets."""

from dataclasses import dataclass

from mia_helpers.learning import defences


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything about training but the records and the seed; target, shadows and whoever imitates them share it.

    Attributes
    ----------
    epochs, batch_size : int
    optimizer : str
        One of `optimisers.OPTIMISERS`.
    learning_rate, decay : float
        The rate at step t is learning_rate / (1 + decay · t).
    l2 : float
        Penalty on the kernels; 0 is none.
    scaling : str
        One of `data.scaling.SCALINGS`.
    defence : str, optional
        A change of training, 'name=strength' (see `defences`).
    """

    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    decay: float
    l2: float
    scaling: str
    defence: str | None = None

    @property
    def holds_out(self) -> bool:
        """Whether training takes records that no model is trained on, to choose the epoch by."""
        return defences.named(self.defence).changes("stopping")

    def fit_options(self) -> dict:
        """Return what `training.fit` takes of it."""
        names = ("epochs", "batch_size", "optimizer", "learning_rate", "decay", "defence")
        return {name: getattr(self, name) for name in names}
