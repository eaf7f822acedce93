"""How a model is trained once more, on other records: cloned, rebuilt, or by the user's own function."""

import contextlib
import importlib
import inspect
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mia_helpers.auditing.models import is_keras
from mia_helpers.engine.errors import MIAError, sentence

ASK = "give train=, a function of x and y that returns a trained model"


@dataclass(frozen=True, eq=False)
class Cloned:
    """A scikit-learn estimator: cloned, with each `random_state` in it set to the reference's seed."""

    estimator: object

    def train(self, x, y: np.ndarray, label: np.ndarray, k: int, seed: int):
        """Return the fitted clone."""
        from sklearn.base import clone

        model = clone(self.estimator)
        states = [name for name in model.get_params() if name == "random_state" or name.endswith("__random_state")]
        model.set_params(**dict.fromkeys(states, seed))
        return model.fit(x, y)

    def told(self) -> str | None:
        """Return all that it depends on as a text, None where that cannot be told."""
        kind = type(self.estimator)
        given = sorted((name, repr(value)) for name, value in self.estimator.get_params(deep=True).items())
        return _without_addresses(f"{kind.__module__}.{kind.__qualname__} {given}")


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """A Keras model: rebuilt from its configuration with fresh weights, its own optimizer and loss.

    Parameters
    ----------
    kind : type
    config, compiled : dict
        What `get_config` and `get_compile_config` of the model gave.
    fit : dict
        Options of `fit`, such as epochs and batch_size.
    """

    kind: type
    config: dict
    compiled: dict
    fit: dict

    def train(self, x, y: np.ndarray, label: np.ndarray, k: int, seed: int):
        """Return the trained network; classes are given as its loss takes them."""
        importlib.import_module("keras").utils.set_random_seed(seed)
        model = self.kind.from_config(self.config)
        model.compile_from_config(self.compiled)
        model.fit(x, self._classes(label, k, model), verbose=0, **self.fit)
        return model

    def _classes(self, label: np.ndarray, k: int, model) -> np.ndarray:
        loss = json.dumps(self.compiled.get("loss"), default=str).replace("_", "").lower()
        if "sparsecategorical" in loss:
            return label
        outputs = k
        with contextlib.suppress(AttributeError, ValueError):  # one that is not built yet
            outputs = model.output_shape[-1]
        return label[:, None].astype("float32") if outputs == 1 else np.eye(k, dtype="float32")[label]

    def told(self) -> str | None:
        """Return all that it depends on as a text, None where that cannot be told."""
        parts = [self.kind.__qualname__, self.config, self.compiled, self.fit]
        return _without_addresses(json.dumps(parts, sort_keys=True, default=repr))


@dataclass(frozen=True, eq=False)
class Called:
    """The user's function of x and y, which returns a trained model; it gets `seed` where it has such a parameter."""

    function: Callable

    def train(self, x, y: np.ndarray, label: np.ndarray, k: int, seed: int):
        """Return what the function returns."""
        with contextlib.suppress(TypeError, ValueError):  # built-in ones tell no parameters
            if "seed" in inspect.signature(self.function).parameters:
                return self.function(x, y, seed=seed)
        return self.function(x, y)

    def told(self) -> None:
        """Return None: what a function does cannot be told from outside."""
        return None


def recipe_of(model, train=None, fit: dict | None = None) -> Cloned | Rebuilt | Called:
    """Return how references of this model are trained.

    Raises
    ------
    MIAError
        If that cannot be told from the model, or `train` is no function.
    """
    if train is not None:
        if not callable(train):
            raise MIAError(f"train is a {type(train).__name__}: expected a function of x and y that returns a model")
        if fit:
            raise MIAError("fit= is for a Keras model that is rebuilt: with train=, say it in that function")
        return Called(train)
    if is_keras(model):
        return _rebuilt(model, fit)
    if fit:
        raise MIAError(f"fit={fit!r} is for Keras models: a {type(model).__name__} has its options in itself")
    try:
        from sklearn.base import clone

        return Cloned(clone(model))
    except (TypeError, RuntimeError):  # it has no get_params, or does not keep what it was given
        raise MIAError(f"it cannot be told how a {type(model).__name__} is trained: {ASK}") from None


def _rebuilt(model, fit: dict | None) -> Rebuilt:
    compiled = model.get_compile_config() if getattr(model, "compiled", False) else None
    if not compiled or not compiled.get("loss"):
        raise MIAError(
            f"the Keras model is not compiled, so its optimizer and loss are not known: compile it, or {ASK}"
        )
    if not isinstance(fit, dict) or "epochs" not in fit:
        raise MIAError(f"a Keras model does not tell how long it was trained: give fit={{'epochs': …}}, or {ASK}")
    try:
        config = model.get_config()
        type(model).from_config(config).compile_from_config(compiled)
    except Exception as error:  # a class of the user's own, or an optimizer or loss that Keras does not know by name
        raise MIAError(f"the Keras model cannot be rebuilt ({sentence(error)}): {ASK}") from None
    return Rebuilt(type(model), config, compiled, fit)


def train(recipe, x, y: np.ndarray, label: np.ndarray, k: int, seed: int, who: str):
    """Return a trained reference, or raise one MIAError; the process's random numbers are as they were afterwards."""
    with _seeded(seed):
        try:
            model = recipe.train(x, y, label, k, seed)
        except MIAError:
            raise
        except Exception as error:  # the user's code, or an estimator that does not take a half
            raise MIAError(f"training {who} on {len(y):,} records failed ({sentence(error)})") from error
    if model is None:
        raise MIAError("train(x, y) returned nothing: expected a trained model; does it end with return model?")
    return model


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    before = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


def _without_addresses(text: str) -> str | None:
    """Return the text, None where it has places in memory or was cut, and so stands for nothing."""
    return None if " at 0x" in text or "..." in text else text
