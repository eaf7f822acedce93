"""What reference models say, measured: a figure of an attack over the targets, with its interval over their pairs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mia_helpers.report.claims.values import measured
from mia_helpers.report.intervals import (
    ENOUGH_SEEDS,
    NOT_RUN,
    Value,
    mean,
    minus,
    over_pairs,
    pair_means,
    share_over_seeds,
)
from mia_helpers.report.ledger import kept
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.reference_attackers import ReferenceAttacker

SHARES = {  # what is measured of each target, and how a sentence calls it
    "auc": "AUC",
    "accuracy": "accuracy at its own threshold",
    "balanced_accuracy": "best balanced accuracy",
    "tpr_at_1pct_fpr": "members found at a false-positive rate of 1%",
    "tpr_at_01pct_fpr": "members found at a false-positive rate of 0.1%",
}


def six_digits(found: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Return what was measured as a ledger keeps it: lists of numbers with six significant digits."""
    return {name: [float(f"{x:.6g}") for x in np.atleast_1d(values)] for name, values in found.items()}


@kept
def each_target(attacker: ReferenceAttacker) -> dict[str, list[float]]:
    """Return what was measured of each target, by name; six significant digits."""
    return six_digits(attacker.table())


@kept
def own_target(attacker: ReferenceAttacker) -> dict[str, float]:
    """Return what was measured of the paper's own target."""
    return {name: float(f"{x:.6g}") for name, x in attacker.own().items()}


@kept
def exposure(attacker: ReferenceAttacker) -> dict[str, list[float]]:
    """Return what was measured of the risk of each record (see `ReferenceAttacker.exposure`)."""
    return six_digits(attacker.exposure())


def over_targets(attacker: ReferenceAttacker | None, metric: str) -> Value:
    """Return a figure's mean over the targets, with its interval over their pairs."""
    found = each_target(attacker) if attacker else None
    return share_of(attacker, found, metric) if found else NOT_RUN


def share_of(attacker: ReferenceAttacker, found: dict[str, list[float]], metric: str) -> Value:
    """Return `over_targets` of what `each_target` found."""
    return over_pairs(found[metric], attacker.targets.models[0].split.train_size)


def gap_of(attacker: ReferenceAttacker | None) -> Value:
    """Return the targets' train/test gap, from the gap attack: its accuracy is 1/2 + gap/2 (Yeom et al. 2018)."""
    area = over_targets(attacker, "auc")  # of right or wrong, it is that accuracy
    return Value(*(2 * x - 1 for x in (area.ours, area.low, area.high)), area.interval, area.df)


def paired_change(old: ReferenceAttacker | None, new: ReferenceAttacker | None, metric: str) -> Value:
    """Return by how much a figure differs between two attackers on the same targets: a t-interval over their pairs."""
    before, after = (each_target(a) if a else None for a in (old, new))
    return of_pairs(np.array(after[metric]) - np.array(before[metric])) if before and after else NOT_RUN


def excess(attacker: ReferenceAttacker | None, rate: str) -> Value:
    """Return by how much more members than non-members are called members, at thresholds for '01pct' or '1pct'.

    They were chosen on other models, so without any information it is 0, not the maximum of a curve.
    """
    found = each_target(attacker) if attacker else None
    return of_pairs(np.array(found[f"tpr_{rate}"]) - np.array(found[f"fpr_{rate}"])) if found else NOT_RUN


def realised(attacker: ReferenceAttacker | None, name: str) -> Value:
    """Return what came of a threshold that was chosen on other models: a rate's mean, with a t-interval over pairs."""
    found = each_target(attacker) if attacker else None
    return of_pairs(np.array(found[name])) if found else NOT_RUN


def of_pairs(values: np.ndarray) -> Value:
    """Return the mean over targets of what is no share, with a t-interval over their pairs."""
    pairs = pair_means(values)
    if not len(pairs):
        return NOT_RUN
    known = len(pairs) >= ENOUGH_SEEDS
    return replace(mean(pairs), interval=f"{len(pairs)} pairs") if known else Value(float(pairs.mean()))


def exposed_auc(attacker: ReferenceAttacker | None) -> Value:
    """Return the AUC over the most exposed records, which were chosen by models that have no part in it."""
    found = exposure(attacker) if attacker else None
    return NOT_RUN if not found else over_pairs(found["auc"])


def by_the_paper(pairs: list[tuple[Experiment, Experiment]], metric: str) -> Value:
    """Return a figure of the paper's attack over seeds, of (experiment whose shadows it learns from, the target's)."""
    name = pairs[0][0].attack_names[0]
    return share_over_seeds([measured(victim.attacker(name, shadows_of=plain), metric) for plain, victim in pairs])


def apart(first: Value, second: Value) -> Value:
    """Return the second minus the first of two independent means, from their own intervals."""
    over = " and ".join(dict.fromkeys(text for text in (first.interval, second.interval) if text))
    return replace(minus(second, first), interval=over, df=min(first.df, second.df))
