"""Early stopping: a network that learns no longer than it helps with records which it does not train on."""

import numpy as np

from mia_helpers.learning.defences.base import Defence


class EarlyStopping(Defence):
    """Training ends when the loss on held-out records has not fallen for s epochs; the weights of the best one stay.

    The held-out records are nobody's: neither a model's members nor the others that it is asked about.
    """

    name = "early_stopping"

    def check(self) -> None:
        """Raise an MIAError unless s is a number of epochs."""
        if not (self.strength >= 1 and float(self.strength).is_integer()):
            self._refuse("a whole number of epochs, at least 1")

    def stopping(self, weights: list, loss) -> "Stopping":
        """Return what is asked after each epoch."""
        return Stopping(weights, loss, int(self.strength))


class Stopping:
    """Keeps the weights of the best epoch, and tells when to end; of a stack, for each model alone."""

    def __init__(self, weights: list, loss, patience: int):
        self._weights, self._loss, self._patience = weights, loss, patience
        self._kept = [weight.numpy() for weight in weights]
        self._best = self._least = self._ended = None

    def ends_after(self, epoch: int) -> bool:
        """Measure after this epoch (the first is 0), and tell whether there has been nothing better for long enough."""
        loss = np.asarray(self._loss())
        if self._best is None:
            self._best, self._least = np.full(loss.shape, -1), np.full(loss.shape, np.inf)
            self._ended = np.zeros(loss.shape, bool)
        better = np.asarray((loss < self._least) & ~self._ended)
        self._best, self._least = np.where(better, epoch, self._best), np.where(better, loss, self._least)
        for kept, weight in zip(self._kept, self._weights, strict=True):
            kept[better] = weight.numpy()[better]
        self._ended = self._ended | (epoch - self._best >= self._patience)
        return bool(self._ended.all())

    def restore(self, curves: dict[str, np.ndarray]) -> None:
        """Give the weights of the best epoch back; from then on the curves (epochs, ...) stay as they are."""
        if self._best is None:  # it diverged before there was anything to keep
            return
        for kept, weight in zip(self._kept, self._weights, strict=True):
            weight.assign(kept)
        for curve in curves.values():
            for model, best in np.ndenumerate(self._best):
                of_model = curve[(slice(None), *model)]
                of_model[best + 1 :] = of_model[best] if best >= 0 else np.nan
