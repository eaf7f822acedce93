"""The claims that take a study: C6, C7 and C9, and what the paper leaves open."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from mia_helpers.attacks import Records, best_threshold
from mia_helpers.report.claims.of_experiments import cifar10
from mia_helpers.report.claims.row import SIZES, row
from mia_helpers.report.claims.values import beyond_gap, criteria, ends, gap, measured, paired, value_of
from mia_helpers.report.intervals import NOT_RUN, Value, over_seeds, rank_correlation
from mia_helpers.report.ledger import kept
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.models import answers_of
from mia_helpers.walk.studies import AS_IT_IS, LARGE_C, STUDIES


def _points(studies, name: str) -> list[dict[str, list[Attacker]]]:
    """Return, for each seed of a study on CIFAR-10, its attackers by setting."""
    found = []
    for study, exp in studies:
        if study == name and exp.dataset == "cifar10":
            by_setting: dict[str, list[Attacker]] = {}
            for point in STUDIES[study](exp):
                by_setting.setdefault(point.setting, []).append(point.attacker)
            found.append(by_setting)
    return found


def _named(seed: dict[str, list[Attacker]], setting: str, name: str) -> Attacker | None:
    return next((a for a in seed.get(setting, []) if a.attack == name and criteria(a)), None)


def _over_points(seeds, setting: str, name: str, measure: Callable[[Attacker], Value]) -> Value:
    """Return what `measure` says of an attack at a setting, over the seeds that have it."""
    return over_seeds([measure(a) for seed in seeds if (a := _named(seed, setting, name))])


def _change(seeds, old: str, new: str, name: str) -> Value:
    """Return by how much an attack's accuracy changes between two settings, paired by seed (and by record)."""
    pairs = [(_named(seed, old, name), _named(seed, new, name)) for seed in seeds]
    return over_seeds([paired(old, new) for old, new in pairs if old and new])


def c6(studies) -> Iterator[dict]:
    """More shadows, a better attack."""
    seeds, only = _points(studies, "shadows"), "*/study of shadows"
    for name in ("svm", "boosted", "threshold"):
        for n in (1, 2, 5, 10, 20):
            value = _over_points(seeds, f"n_shadows={n}", name, measured)
            yield row("C6", f"ds 2500: {name} attack, {n} shadow{'s' * (n > 1)}", value, judged="measured", only=only)
        for n in (10, 20):
            change = _change(seeds, "n_shadows=1", f"n_shadows={n}", name)
            what = f"ds 2500: {name} attack, {n} shadows against 1"
            yield row("C6", what, change, sign=1, only=only)
    for n in (1, 10):
        value = _over_points(seeds, f"n_shadows={n}, C={LARGE_C['C']}", "svm", measured)
        what = f"ds 2500: svm attack with C up to {max(LARGE_C['C']):g}, {n} shadow{'s' * (n > 1)}"
        yield row("C6", what, value, judged="measured", only=only)


def c7(studies) -> Iterator[dict]:
    """Fewer classes, less leakage: as it comes, and at the same train/test gap."""
    seeds, only = _points(studies, "classes"), "*/study of classes"

    def setting(k):
        return f"n_classes={k}, epochs=100"

    for k in (2, 5, 10):
        value = _over_points(seeds, setting(k), "threshold", gap)
        yield row("C7", f"the same images, {k} classes: train/test gap", value, judged="measured", only=only)
        for name in ("svm", "boosted", "threshold"):
            value = _over_points(seeds, setting(k), name, measured)
            what = f"the same images, {k} classes: {name} attack"
            yield row("C7", what, value, judged="measured", only=only)
    for k in (2, 5):
        for name in ("svm", "boosted", "threshold"):
            change = _change(seeds, setting(10), setting(k), name)
            what = f"{name} attack, {k} classes against 10"
            yield row("C7", what, change, sign=-1, only=only)
        pairs = [[_named(seed, setting(n), "threshold") for n in (k, 10)] for seed in seeds]
        at_equal_gap = over_seeds([_at_equal_gap(few, many) for few, many in pairs])
        what = f"threshold attack, {k} classes against 10 at the same train/test gap"
        yield row("C7", what, at_equal_gap, sign=-1, only=only)


def _at_equal_gap(few: Attacker | None, many: Attacker | None) -> Value:
    """Return the threshold attack's accuracy on the target with few classes minus that with many, at the same gap."""
    return value_of(_equal_gap(few, many)) if few and many else NOT_RUN


@kept(needs=lambda few, many: [few, many, *many.shadows])
def _equal_gap(few: Attacker, many: Attacker) -> list[float]:
    """Weight the non-members of the target with many classes so that as large a share is right as with few.

    Both targets know all their members, so their gaps differ by their test accuracies alone: with these weights they
    have the same gap, after the same epochs.
    """
    target, shadows = many.victim.records(), answers_of(many.shadows)
    share_right = few.victim.records().accuracy(member=False)
    threshold = best_threshold(shadows.member, shadows.log_odds, weight=_weight(shadows, share_right))
    said = target.log_odds > threshold
    kinds = [(1.0, said[target.member])]  # how much each kind of record counts, and what the attack says of it
    kinds += [(-share_right, said[~target.member & target.correct])]
    kinds += [(share_right - 1, said[~target.member & ~target.correct])]
    other = (1 + sum(weight * part.mean() for weight, part in kinds)) / 2
    deviation = math.hypot(*(weight * stats.sem(part.astype(float)) for weight, part in kinds)) / 2
    ours = measured(few)
    half = math.hypot((ours.high - ours.low) / 2, stats.norm.ppf(0.975) * deviation)
    return ends(Value(ours.ours - other, ours.ours - other - half, ours.ours - other + half))


def _weight(records: Records, share_right: float) -> np.ndarray:
    """Return weights with which this share of the non-members is right, and members and non-members count alike."""
    right, out = records.correct, ~records.member
    of_right, of_wrong = share_right / (out & right).sum(), (1 - share_right) / (out & ~right).sum()
    return np.where(records.member, 1 / records.member.sum(), np.where(right, of_right, of_wrong))


def c9(experiments, studies) -> Iterator[dict]:
    """Overfitting is why it works: leakage follows the gap, nothing leaks without it, nothing beyond it."""
    seeds, only = _points(studies, "overfitting"), "*/study of overfitting"
    followed = [_follows(experiments, seed, points) for seed, points in _by_seed(studies)]
    correlation = over_seeds(followed, within=(-1, 1))
    what = "rank correlation of the threshold attack's accuracy with the train/test gap, over a seed's targets"
    yield row("C9", what, correlation, sign=1, only=only)
    early = _over_points(seeds, "epochs=1", "threshold", measured)
    what = "ds 2500 after 1 epoch: accuracy of the threshold attack; claimed: nothing leaks without a gap"
    yield row("C9", what, early, claimed=0.5, only=only)
    for name in ("gap", "threshold"):
        beyond = _over_points(seeds, "epochs=100", name, beyond_gap)
        what = f"ds 2500 after 100 epochs: advantage of the {name} attack beyond the train/test gap"
        yield row("C9", what, beyond, judged="measured", only=only)


def _by_seed(studies) -> list[tuple[int, dict[str, list[Attacker]]]]:
    seeds = [exp.seed for study, exp in studies if study == "overfitting" and exp.dataset == "cifar10"]
    return list(zip(seeds, _points(studies, "overfitting"), strict=True))


def _follows(experiments, seed: int, points: dict[str, list[Attacker]]) -> Value:
    """Return the correlation over the targets of one seed: after more and more epochs, and at all sizes.

    They share records, so it has no interval; over seeds, each with splits and weights of its own, it has one.
    """
    larger = [exp.attacker("threshold") for ds in SIZES[1:] for exp in cifar10(experiments, ds) if exp.seed == seed]
    alone = [_named(points, setting, "threshold") for setting in points]
    targets = [*alone, *larger]
    if not all(a and criteria(a) for a in targets) or len(larger) < len(SIZES[1:]):
        return NOT_RUN  # over other targets it would be another number
    return rank_correlation([(gap(a).ours, measured(a).ours) for a in targets])


def open_choices(studies) -> Iterator[dict]:
    """What the paper leaves open, and how much it matters: each choice against the one that we made."""
    seeds, only = _points(studies, "choices"), "*/study of choices"
    for setting in dict.fromkeys(setting for seed in seeds for setting in seed if setting != AS_IT_IS):
        change = _change(seeds, AS_IT_IS, setting, "svm")
        yield row("open", f"svm attack at ds 2500, {setting}: change", change, judged="measured", only=only)
