"""What follows from a report: whether a rule is broken, and what changed since another one."""

import math

import numpy as np
import pandas as pd

from mia_helpers.attacks.intervals import weighted_sum
from mia_helpers.auditing import measure
from mia_helpers.engine.errors import MIAError, unknown

KNOWN = (*measure.METRICS, measure.GAP)


def row(report, metric: str, attack: str) -> dict[str, float]:
    """Return value, low, high, found and of, of one metric of one attack ('' for the gap)."""
    if metric not in KNOWN:
        raise unknown("metric", metric, KNOWN)
    table = report.table
    if attack not in set(table["attack"]):
        if metric == measure.GAP:
            raise MIAError("the gap is not known: it needs the model's answers p0, p1, … and not a score alone")
        raise unknown("attack of this audit", attack, [name for name in table["attack"].unique() if name])
    found = table[(table["attack"] == attack) & (table["metric"] == metric)].iloc[0]
    return {name: float(found[name]) for name in ("value", "low", "high", "found", "of")}


def failure(report, rule: str) -> str | None:
    """Return the sentence that tells how a rule "METRIC=NUMBER" is broken, None if it is not."""
    metric, most = parse(rule)
    attacks = [""] if metric == measure.GAP else [name for name in report.table["attack"].unique() if name]
    rows = {attack: row(report, metric, attack) for attack in attacks}
    _check_enough(report, metric, len(attacks))
    attack, worst = max(rows.items(), key=lambda one: np.nan_to_num(one[1]["low"], nan=-math.inf))
    if not worst["low"] > most:
        return None
    of = f" of the attack {attack}" if attack else ""
    return (
        f"{metric}{of} is at least {worst['low']:.4g} (measured {worst['value']:.4g}), more than the {most:g} that "
        f"{rule!r} allows"
    )


def parse(rule: str) -> tuple[str, float]:
    """Return metric and number of a rule "METRIC=NUMBER"; an MIAError says what else it is."""
    metric, equals, number = str(rule).partition("=")
    metric = metric.strip()
    if metric not in KNOWN:
        raise unknown("metric", metric, KNOWN)
    try:
        most = float(number)
    except ValueError:
        most = math.nan
    if not equals or not math.isfinite(most):
        raise MIAError(f"{rule!r}: expected METRIC=NUMBER, such as tpr_at_1pct_fpr=0.05")
    return metric, most


def _check_enough(report, metric: str, n_attacks: int) -> None:
    """Raise an MIAError where a rate's lower end is 0 whatever is found: such a rule would never be broken."""
    if metric not in measure.LIMITS:
        return
    needed, found = measure.others_needed(metric, n_attacks), report.about["non_members"]
    if found < needed:
        raise MIAError(
            f"{metric} cannot be judged with {found:,} non-members: its interval begins at 0 whatever the attacks "
            f"find; give at least {needed:,} non-members, or judge auc or balanced_accuracy"
        )


def changes(new, old) -> pd.DataFrame:
    """Return a row per attack and metric that both reports have.

    Returns
    -------
    DataFrame
        attack, metric, old, new, change (new - old), low, high. The interval is that of two independent audits, from
        the intervals of both (Zou and Donner 2008); of the same records it is too wide, never too narrow. NaN where a
        value is not known, and for epsilon, which is a bound.
    """
    both = old.table.merge(new.table, on=["attack", "metric"], suffixes=("_old", "_new"))
    rows = []
    for one in both.itertuples():
        low, high = math.nan, math.nan
        if one.metric != "epsilon":
            ends = ((one.low_new, one.high_new), (-one.high_old, -one.low_old))
            low, high = weighted_sum((1, 1), (one.value_new, -one.value_old), ends)
        rows.append((one.attack, one.metric, one.value_old, one.value_new, one.value_new - one.value_old, low, high))
    if not rows:
        raise MIAError("the two audits have no attack in common: one is of answers p0, p1, … and the other of a score")
    return pd.DataFrame(rows, columns=["attack", "metric", "old", "new", "change", "low", "high"])
