"""How good each attack is. All intervals of a metric hold together, so the best attack may be picked from them.

With M attacks each interval is one of 1 - 0.05 / M (Bonferroni): whichever attack looks best, its interval misses the
truth in at most 5% of audits.
"""

import math

import numpy as np
import pandas as pd

from mia_helpers.attacks import intervals
from mia_helpers.attacks.base import best_threshold
from mia_helpers.attacks.metrics import LIMITS, is_knowable, roc_points, tpr_at_fpr
from mia_helpers.auditing import epsilon
from mia_helpers.auditing.answers import AuditAnswers

LEVEL = 0.95
METRICS = (*LIMITS, "auc", "balanced_accuracy", "epsilon")  # of each attack
GAP = "gap"  # a metric of the model: its accuracy on members less that on non-members
COLUMNS = ("attack", "metric", "value", "low", "high", "found", "of")


def level_for(n_attacks: int) -> float:
    """Return the level of each interval at which those of so many attacks hold together."""
    return 1 - (1 - LEVEL) / n_attacks


def others_needed(metric: str, n_attacks: int) -> int:
    """Return how many non-members it takes for the lower end of a rate of `LIMITS` to be above 0.

    With fewer, the threshold in question may lie above every non-member (see `intervals.of_rate`), whatever is found.
    """
    return math.floor(math.log((1 - level_for(n_attacks)) / 4) / math.log1p(-LIMITS[metric])) + 1


def table(answers: AuditAnswers, scores: dict[str, np.ndarray], *, seed: int, delta: float) -> pd.DataFrame:
    """Return a row per attack and metric.

    Returns
    -------
    DataFrame
        attack, metric, value, low, high, and the count behind the value, found of `of` (NaN for an AUC). Rates at a low
        false-positive rate are those of the target's own curve; NaN with too few non-members. Balanced accuracy is of a
        threshold chosen on one half of the records and measured on the other, so chance is 0.5 and not more. Epsilon is
        a lower bound: its high is NaN, and found of `of` are the right guesses. The last row, without an attack, is the
        gap; it is not there without outputs.
    """
    level, rows = level_for(len(scores)), []
    half = _half(answers.member, seed)
    for attack, score in scores.items():
        measured = {name: _rate(answers, score, name, level) for name in LIMITS}
        measured["auc"] = (intervals.area(score[answers.member], score[~answers.member]),)
        measured["auc"] += (*intervals.of_auc(answers.member, score, level), np.nan, np.nan)
        measured["balanced_accuracy"] = _balanced(answers.member, score, half, level)
        shown = epsilon.shown(score, answers.member, seed=seed, delta=delta, confidence=level)
        measured["epsilon"] = (shown.bound, shown.bound, np.nan, shown.correct, shown.guesses)
        rows += [(attack, metric, *measured[metric]) for metric in METRICS]
    if answers.outputs is not None:
        rows.append(("", GAP, *_gap(answers)))
    return pd.DataFrame(rows, columns=COLUMNS)


def headline(table: pd.DataFrame) -> str:
    """Return the attack that surely finds most: by the lower end of the TPR at 1% FPR, then by that of the AUC.

    The gap attack stands in the table alone: it has one threshold, and none with few false alarms.
    """
    low = table.pivot(index="attack", columns="metric", values="low").fillna(-1)
    names = [name for name in table["attack"].unique() if name not in ("", GAP)]
    return str(max(names, key=lambda name: (low.loc[name, "tpr_at_1pct_fpr"], low.loc[name, "auc"])))


def clearest(table: pd.DataFrame) -> str:
    """Return the attack to be told of over all records: the headline's, unless only another's AUC is surely above 0.5.

    That may be the gap attack's.
    """
    low = table[table["metric"] == "auc"].set_index("attack")["low"].fillna(-1)
    first = headline(table)
    return first if low[first] > 0.5 or not low.max() > 0.5 else str(low.idxmax())


def shows_epsilon(table: pd.DataFrame) -> bool:
    """Return whether the bound on epsilon of any attack is above 0."""
    return bool((table.loc[table["metric"] == "epsilon", "value"] > 0).any())


def _rate(answers: AuditAnswers, score: np.ndarray, name: str, level: float) -> tuple[float, ...]:
    n = len(answers) - answers.n_others
    if not is_knowable(name, answers.n_others):
        return (np.nan,) * 4 + (n,)
    value = tpr_at_fpr(*roc_points(answers.member, score), LIMITS[name])
    low, high = intervals.of_rate(answers.member, score, LIMITS[name], level)
    return value, low, high, round(value * n), n


def _half(member: np.ndarray, seed: int) -> np.ndarray:
    """Return bool (n,): a random half of the members and of the non-members, on which thresholds are chosen."""
    rng, chosen = np.random.default_rng((seed, 1)), np.zeros(len(member), bool)
    for rows in (np.flatnonzero(member), np.flatnonzero(~member)):
        chosen[rng.permutation(rows)[: len(rows) // 2]] = True
    return chosen


def _balanced(member: np.ndarray, score: np.ndarray, half: np.ndarray, level: float) -> tuple[float, ...]:
    called = score[~half] > best_threshold(member[half], score[half])
    truth = member[~half]
    tp, tn = int((called & truth).sum()), int((~called & ~truth).sum())
    inside, outside = int(truth.sum()), int((~truth).sum())
    ends = [intervals.clopper_pearson(tp, inside, level), intervals.clopper_pearson(tn, outside, level)]
    shares = (tp / inside, tn / outside)
    return sum(shares) / 2, *intervals.weighted_sum((0.5, 0.5), shares, ends), tp + tn, inside + outside


def _gap(answers: AuditAnswers) -> tuple[float, ...]:
    right = [answers.correct[kind] for kind in (answers.member, ~answers.member)]
    inside, outside = (float(of.mean()) for of in right)
    (low, high), (o_low, o_high) = (intervals.clopper_pearson(of.sum(), len(of), LEVEL) for of in right)
    ends = intervals.weighted_sum((1, 1), (inside, -outside), ((low, high), (-o_high, -o_low)))
    return inside - outside, *ends, np.nan, np.nan
