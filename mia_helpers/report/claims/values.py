"""What claims are about, measured: a criterion, a gap, a change; each with its interval."""

import numpy as np

from mia_helpers.report.intervals import NOT_RUN, Value, difference, mean, over_seeds, share
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.models import Model


def on_targets(seeds: list[Experiment], name: str, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack on the targets of these seeds, fitted on their own shadows."""
    return over_seeds([measured(exp.attacker(name), metric) for exp in seeds])


def measured(attacker: Attacker, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack with its bootstrap interval."""
    if not attacker.is_done():
        return NOT_RUN
    row = attacker.result().table.set_index("metric").loc[metric]
    return Value(*(float(row[name]) for name in ("value", "low", "high")))


def of_model(model: Model, member: bool) -> Value:
    """Return a model's accuracy on its training or test records."""
    if not model.is_there():
        return NOT_RUN
    records = model.records()
    right = records.correct[records.member == member]
    return share(int(right.sum()), len(right))


def gap(attacker: Attacker) -> Value:
    """Return the target's train/test gap with its interval over the records."""
    target = attacker.victim.records()
    return difference(*(target.correct[target.member == member].astype(float) for member in (True, False)))


def beyond_gap(attacker: Attacker) -> Value:
    """Return an attack's advantage minus its target's train/test gap."""
    result, target = attacker.result(), attacker.victim.records()
    # Of a member, the attack's "in" and the right answer count for the two; of a non-member, both against them.
    extra = result.decision.astype(float) - target.correct
    return difference(extra[result.member], extra[~result.member])


def gap_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the train/test gap differs, over the records that both targets share."""
    change, member = _answers_changed(plain, other)
    return difference(change[member], change[~member]) if len(change) else NOT_RUN


def test_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the test accuracy differs, over the records that both targets share."""
    change, member = _answers_changed(plain, other)
    return mean(change[~member]) if len(change) else NOT_RUN


def _answers_changed(plain, other) -> tuple[np.ndarray, np.ndarray]:
    """Return for each record 1, 0 or -1: the second target got it right, and the first not, or the other way round."""
    if not (plain.model().is_there() and other.model().is_there()):
        return np.empty(0), np.empty(0, bool)
    return other.target().correct.astype(float) - plain.target().correct, plain.target().member
