"""What claims are about, measured: a criterion, a gap, a change; each with its interval over the records.

What is read from artifacts is `kept` in the ledger, so it is plain numbers; the functions around make values of them.
"""

import numpy as np

from mia_helpers.report.intervals import NOT_RUN, Value, change, minus, share, share_over_seeds
from mia_helpers.report.ledger import kept
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.models import Model

# --- Of an attack -------------------------------------------------------------------------------------------------


@kept
def criteria(attacker: Attacker) -> dict[str, list[float]]:
    """Return each criterion of an attack: its value, and the ends of its interval over the records."""
    table = attacker.result().table.set_index("metric")
    return {name: [float(x) for x in row] for name, *row in table[["value", "low", "high"]].itertuples()}


@kept
def realised(attacker: Attacker) -> list[dict[str, float]]:
    """Return what came of the thresholds for few false alarms that were chosen on the shadows."""
    return attacker.result().realised.astype(float).to_dict("records")


@kept
def network_details(attacker: Attacker) -> dict[str, float]:
    """Return what the paper's attack network reports of its fit: accuracy on the shadows, parameters."""
    return {name: attacker.result().details[name] for name in ("train_accuracy", "n_parameters")}


def measured(attacker: Attacker, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack with its interval over the records."""
    found = criteria(attacker)
    return Value(*found[metric], n=attacker.victim.split.train_size) if found else NOT_RUN


def on_targets(seeds: list[Experiment], name: str, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack on the targets of these seeds, fitted on their own shadows."""
    return share_over_seeds([measured(exp.attacker(name), metric) for exp in seeds])


@kept
def _beyond_gap(attacker: Attacker) -> list[float]:
    result, target = attacker.result(), attacker.victim.records()
    # Of a member, the attack's "in" and the right answer count for the two; of a non-member, both against them.
    extra = result.decision.astype(int) - target.correct
    return ends(minus(_mean_change(extra[result.member]), _mean_change(extra[~result.member])))


def beyond_gap(attacker: Attacker) -> Value:
    """Return an attack's advantage minus its target's train/test gap."""
    return value_of(_beyond_gap(attacker))


@kept
def _paired(old: Attacker, new: Attacker) -> list[float]:
    first, second = old.result(), new.result()
    return ends(_mean_change((second.decision == second.member).astype(int) - (first.decision == first.member)))


def paired(old: Attacker, new: Attacker) -> Value:
    """Return by how much the accuracy of two attacks differs on the same records."""
    return value_of(_paired(old, new))


# --- Of a model ---------------------------------------------------------------------------------------------------


@kept
def answers(model: Model) -> dict[str, float]:
    """Return what a model got right of its training and test records, and how many those are.

    `largest` is how many of them it puts into the class that it predicts most often.
    """
    records = model.records()
    predicted = records.probs[:, 0] > 0.5 if records.probs.shape[1] == 1 else records.probs.argmax(axis=1)
    right = {kind: int(records.correct[records.member == is_in].sum()) for kind, is_in in _KINDS.items()}
    n = {f"n_{kind}": int((records.member == is_in).sum()) for kind, is_in in _KINDS.items()}
    largest = int(np.unique(predicted, return_counts=True)[1].max())
    return {**right, **n, "largest": largest}


_KINDS = {"train": True, "test": False}


@kept
def n_parameters(model: Model) -> int:
    """Return how many parameters a model has."""
    return model.n_parameters()


def of_model(model: Model, part: str) -> Value:
    """Return a model's accuracy on its 'train' or 'test' records."""
    found = answers(model)
    return share(found[part], found[f"n_{part}"]) if found else NOT_RUN


def gap(attacker: Attacker) -> Value:
    """Return the target's train/test gap with its interval over the records."""
    found = answers(attacker.victim)
    if not found:
        return NOT_RUN
    return minus(*(share(found[part], found[f"n_{part}"]) for part in _KINDS))


@kept
def _answers_changed(plain: Model, other: Model) -> dict[str, list[float]]:
    # For each record 1, 0 or -1: the second target got it right, and the first not, or the other way round.
    records = plain.records()
    changed = other.records().correct.astype(int) - records.correct
    inside, outside = (_mean_change(changed[rows]) for rows in (records.member, ~records.member))
    return {"gap": ends(minus(inside, outside)), "test": ends(outside)}


def gap_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the train/test gap differs, over the records that both targets share."""
    return value_of((_answers_changed(plain.model(), other.model()) or {}).get("gap"))


def test_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the test accuracy differs, over the records that both targets share."""
    return value_of((_answers_changed(plain.model(), other.model()) or {}).get("test"))


# --- As the ledger keeps them -------------------------------------------------------------------------------------


def _mean_change(changes: np.ndarray) -> Value:
    return change(int((changes > 0).sum()), int((changes < 0).sum()), len(changes))


def ends(value: Value) -> list[float]:
    """Return a value as the ledger keeps it."""
    return [value.ours, value.low, value.high, value.df]


def value_of(kept_ends: list[float] | None) -> Value:
    """Return the value that `ends` gave to the ledger."""
    return NOT_RUN if kept_ends is None else Value(*kept_ends[:3], df=kept_ends[3])
