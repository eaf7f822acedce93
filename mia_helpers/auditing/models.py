"""Asking a model, whatever it is: a Keras model, a scikit-learn classifier, or a function of records."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from mia_helpers.attacks.records import Records, log_odds_of_logits
from mia_helpers.auditing import faults, inputs
from mia_helpers.auditing.answers import two_columns
from mia_helpers.engine import backends
from mia_helpers.engine.errors import MIAError, sentence

QUERIES = 5  # over which the answers of a model are averaged that answers differently when asked twice
TRIED = 256  # records that are asked about twice
LARGEST_STEP = 0.01
EXPECTED = "expected probabilities or logits, (n, k) for k classes, or (n,) or (n, 1) for a single output"


@dataclass(frozen=True, eq=False)
class Asked:
    """What a model answered.

    Parameters
    ----------
    outputs : float64 (n, k)
        Probabilities or logits, as `kind` says; a probability of 0 or 1 of the true class is taken half a step off.
    label : int64 (n,)
        The column of each record's true class.
    classes : list, optional
        The user's names of the columns; None where y counts the columns.
    kind : str
        'probabilities' or 'logits'.
    step : float
        What stands for a probability of 0.
    queries : int
        How often it was asked about each record.
    notes, warnings : tuple of str
        What the report should say about it.
    """

    outputs: np.ndarray
    label: np.ndarray
    classes: list | None
    kind: str
    step: float
    queries: int = 1
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def ask(model, pool: inputs.Pool) -> Asked:
    """Ask the audited model about all records, and once more about a few of them.

    Raises
    ------
    MIAError
        If it is no model, raises, answers in another shape or with NaN, or if y does not fit its classes.
    """
    with threadpool_limits(backends.default_jobs(), user_api="openmp"):  # more only wait for each other
        return _asked(model, pool)


def _asked(model, pool: inputs.Pool) -> Asked:
    outputs, warnings, queries = _all(model, pool), (), 1
    again = answers(model, pool.x, pool.parts[0][:TRIED])
    apart = float(np.abs(again - outputs[: len(again)]).max())
    if apart > 1e-4 * max(1.0, float(np.abs(again).max())):
        queries = QUERIES
        outputs = np.mean([outputs, *(_all(model, pool) for _ in range(QUERIES - 1))], axis=0)
        warnings = (
            f"The model answers differently when it is asked twice (by up to {apart:.2g}); its answers are means of "
            f"{QUERIES} queries. Is dropout still on, or noise meant? An attacker may ask more often, and find more.",
        )
    label, classes, note = _labels(model, pool.y, outputs.shape[1])
    kind = faults.kind_of(outputs)
    step = _half_step(outputs) if kind == "probabilities" else 0.0
    notes = tuple(said for said in (_how(model), note) if said)
    return Asked(_off_the_ends(outputs, label, step), label, classes, kind, step, queries, notes, warnings)


def confidence(model, x, like: Asked, who: str) -> np.ndarray:
    """Return a reference model's log-odds of the true class, float64 (n,), asked and read as the audited one was."""
    every = np.arange(x.shape[0])
    outputs = np.mean([answers(model, x, every, who) for _ in range(like.queries)], axis=0)
    outputs = _in_columns(outputs, getattr(model, "classes_", None), like, who)
    if outputs.shape[1] != like.outputs.shape[1] or faults.kind_of(outputs) != like.kind:
        raise MIAError(
            f"{who} answers {outputs.shape[1]} {faults.kind_of(outputs)}, the audited model {like.outputs.shape[1]} "
            f"{like.kind}: expected models that answer alike"
        )
    if like.kind == "logits":
        return log_odds_of_logits(outputs, like.label)
    nobody = np.zeros(len(outputs), int)
    return Records(_off_the_ends(outputs, like.label, like.step), like.label, nobody == 1, nobody, nobody).log_odds


def answers(model, x, rows: np.ndarray, who: str = "the model") -> np.ndarray:
    """Return what a model answers about these rows of x, float64 (n, k) with k >= 2; it gets a copy, and may change it.

    Raises
    ------
    MIAError
        If it cannot be asked, or answers anything else.
    """
    question = question_of(model, who)
    try:
        found = np.asarray(question(inputs.rows(x, rows)))
    except Exception as error:  # it is the user's code
        raise MIAError(
            f"{who} cannot be asked about x ({sentence(error)}): {EXPECTED}; wrap it in a function of x where it needs "
            f"something else"
        ) from error
    n = len(rows)
    if found.dtype.kind not in "fiub" or (found.ndim == 1 and found.dtype.kind in "iub"):
        raise MIAError(f"{who} answers {found.dtype}, such as {found.ravel().tolist()[:1]}: {EXPECTED}")
    if found.ndim not in (1, 2) or len(found) != n or not found.size:
        raise MIAError(f"{who} answers with shape {found.shape} to {n} records: {EXPECTED}")
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found.reshape(n, -1)).all(axis=1)))
        raise MIAError(f"{who} answers {found[row]} to record {row}: expected finite numbers; has training diverged?")
    return two_columns(found.reshape(n)) if found.size == n else found.astype(float)


def question_of(model, who: str = "the model") -> Callable:
    """Return the function that asks it; an MIAError where there is none."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba
    if hasattr(model, "decision_function"):
        if getattr(model, "decision_function_shape", None) == "ovo" and len(model.classes_) > 2:
            raise MIAError(f"{who} answers pairs of classes: expected decision_function_shape='ovr'")
        return model.decision_function
    if is_keras(model):
        return lambda x: model.predict(x, verbose=0)
    if callable(model) and not isinstance(model, type):
        return model
    raise MIAError(
        f"{who} is a {type(model).__name__}: expected a Keras model, a fitted classifier with predict_proba or "
        f"decision_function, or a function of x"
    )


def is_keras(model) -> bool:
    """Tell whether it is a Keras model, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def _how(model) -> str:
    if not hasattr(model, "predict_proba") and hasattr(model, "decision_function"):
        return "The model gives no probabilities; its decision function was taken for logits."
    return ""


def _all(model, pool: inputs.Pool) -> np.ndarray:
    """Return what it answers to both sets, each asked about as it was given."""
    first, second = (answers(model, pool.x, part) for part in pool.parts)
    if first.shape[1] != second.shape[1]:
        raise MIAError(f"the model answers {first.shape[1]} columns to members and {second.shape[1]} to non-members")
    return np.concatenate([first, second])


def _labels(model, y: np.ndarray, k: int) -> tuple[np.ndarray, list | None, str]:
    """Return the column of each record's class, the names of the columns, and what was assumed."""
    classes, note = getattr(model, "classes_", None), ""
    if classes is None or np.ndim(classes) != 1:
        if y.dtype.kind != "U":
            return faults.labels(y, k), None, ""
        classes = sorted(set(y))
        note = f"The model names no classes; its columns were taken in sorted order: {', '.join(classes[:10])}."
    classes = np.asarray(classes)
    classes = classes.astype(str) if y.dtype.kind == "U" else classes
    if len(classes) != k:
        raise MIAError(
            f"there are {len(classes)} classes ({', '.join(map(str, classes[:5]))}, …) and {k} columns of answers: "
            f"give y as whole numbers, 0 for the first column"
        )
    columns = {value: column for column, value in enumerate(classes.tolist())}
    label = np.array([columns.get(value, -1) for value in y.tolist()])
    if (label < 0).any():
        row = int(np.argmax(label < 0))
        shown = ", ".join(map(str, classes[:8]))
        raise MIAError(
            f"y is {y[row]!s} in row {row} of the pool: the model knows {shown}; name the classes as it does"
        )
    return label, classes.tolist(), note


def _in_columns(outputs: np.ndarray, classes, like: Asked, who: str) -> np.ndarray:
    """Return answers with a column for each class of the audited model, also those that a half did not have."""
    if classes is None or like.classes is None or np.ndim(classes) != 1:
        return outputs
    named = np.asarray(classes).astype(type(like.classes[0])).tolist()
    if named == like.classes:
        return outputs
    if not set(named) <= set(like.classes) or len(named) != outputs.shape[1]:
        raise MIAError(f"{who} knows other classes than the audited model: expected some of {like.classes[:8]}")
    full = np.zeros((len(outputs), len(like.classes)))
    if like.kind == "logits":
        full += outputs.min() - 10
    full[:, [like.classes.index(value) for value in named]] = outputs
    return full


def _half_step(probs: np.ndarray) -> float:
    """Return half the smallest distance of an answer from 0 and 1: what an answer of exactly 0 or 1 stands for."""
    inside = probs[(probs > 0) & (probs < 1)]
    steps = (inside.min(), 1 - inside.max()) if len(inside) else ()
    return float(min(LARGEST_STEP, *steps)) / 2 if steps else LARGEST_STEP / 2


def _off_the_ends(outputs: np.ndarray, label: np.ndarray, step: float) -> np.ndarray:
    """Return answers whose true class has neither all of the probability nor none of it; step 0 changes nothing.

    Forests and neighbours answer exactly 0 and 1. Their log-odds would have no end, and the variances of LiRA no sense.
    """
    if not step:
        return outputs
    outputs, every = outputs.copy(), np.arange(len(outputs))
    p = outputs[every, label]
    outputs[every, label] = 0
    alone = outputs.sum(axis=1) <= 0
    outputs[alone] = step / (outputs.shape[1] - 1)
    outputs[every, label] = np.maximum(p, step)
    moved = alone | (p < step)
    outputs[moved] /= outputs[moved].sum(axis=1, keepdims=True)
    return outputs
