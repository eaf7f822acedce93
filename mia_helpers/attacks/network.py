"""The paper's attack on UCI Adult: a network of 16 parameters."""

from collections.abc import Callable
from numbers import Integral
from typing import ClassVar

import numpy as np
from scipy.special import expit

from mia_helpers.attacks.base import Attack, Limit
from mia_helpers.attacks.records import Records


class AttackNetwork(Attack):
    """The paper's attack on UCI Adult: Dense 5 sigmoid → Dense 1 sigmoid on the target's single output, 16 parameters.

    The paper leaves its epochs and batch size open: 10 epochs in batches of 32 are this project's choice.

    Parameters
    ----------
    train : callable
        `train(probs, member, seed, recipe)` trains the network and returns its weights, float32 (1, 5), (5,), (5, 1)
        and (1,), and its last loss. Attacks know no Keras: `Experiment.new_attack` supplies it.
    epochs, batch_size, seed : int
    """

    name = "network"
    outputs = "one"
    limits: ClassVar = {
        "epochs": Limit(1, 100_000, "it would train for days", Integral),
        "batch_size": Limit(1, 1_000_000, "a batch has no more records than there are", Integral),
    }

    def __init__(self, *, train: Callable, epochs=10, batch_size=32, seed=0):
        self.train, self.epochs, self.batch_size, self.seed = train, epochs, batch_size, seed

    def _fit(self, shadows):
        recipe = dict(epochs=self.epochs, batch_size=self.batch_size, learning_rate=1e-3, decay=1e-7)
        self.weights_, loss = self.train(shadows.probs, shadows.member, self.seed, recipe)
        self.threshold_ = 0.5
        right = self.decide(self.score(shadows)) == shadows.member
        self.details_ = {
            "train_accuracy": float(right.mean()),
            "final_loss": loss,
            "n_parameters": sum(weight.size for weight in self.weights_),
        }

    def score(self, records: Records) -> np.ndarray:
        """Return the network's output, which is already a probability."""
        hidden, hidden_bias, output, output_bias = self.weights_
        return expit(expit(records.probs @ hidden + hidden_bias) @ output + output_bias)[:, 0].astype(float)

    def _calibrate(self, scores, member):
        pass

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return the scores: the network answers with a probability."""
        return scores
