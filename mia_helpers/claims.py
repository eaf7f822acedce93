"""The paper's claims C1 to C9, and what it leaves open, each measured and judged from artifacts alone."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy import stats

from mia_helpers import paper, store
from mia_helpers.attacks import best_threshold
from mia_helpers.experiment import Attacker, AttackResult, Experiment
from mia_helpers.profiles import Profile
from mia_helpers.records import Records
from mia_helpers.studies import AS_IT_IS, LARGE_C, STUDIES
from mia_helpers.verdicts import (
    NOT_RUN,
    Value,
    change_verdict,
    difference,
    mean,
    over_seeds,
    rank_correlation,
    share,
    slope,
    verdict,
)

COMMAND = "python -m mia_helpers reproduce --profile paper --only"
SIZES = paper.CIFAR10_ATTACK["train_size"].tolist()


def table(profile: Profile) -> pd.DataFrame:
    """Return a row per published figure and claim, judged by what the store holds of this profile.

    Columns: claim, what, published, ours, low, high, interval (over what), tolerance, verdict, command (that computes
    it). Nothing is trained: what is missing is 'not run'.
    """
    made = [claim(profile.experiments) for claim in (_c1, _c2, _c3, _c4, _c5)]
    made += [_c6(profile.studies), _c7(profile.studies), _c8(profile.experiments)]
    made += [_c9(profile.experiments, profile.studies), _open(profile.studies)]
    return pd.DataFrame([row for claim in made for row in claim])


def _row(claim: str, what: str, value: Value, *, only: str, published=math.nan, claimed=math.nan, judged="") -> dict:
    """Return a row of the table, judged by its distance to the published (or claimed) value, unless it is already.

    `only` selects the steps that compute it, of the profile that runs the whole paper.
    """
    tolerance = math.nan if judged else paper.TOLERANCE[claim]
    judged = judged or verdict(value, published if math.isnan(claimed) else claimed, tolerance)
    judged = "not run" if math.isnan(value.ours) else judged
    measured = {"claim": claim, "what": what, "published": published, **vars(value)}
    return {**measured, "tolerance": tolerance, "verdict": judged, "command": f"{COMMAND} '{only}' '07_*'"}


# --- Claims about experiments -------------------------------------------------------------------------------------


def _cifar10(experiments, train_size: int) -> list[Experiment]:
    """Return the seeds of the paper's protocol at this size."""
    return _seeds(experiments, dataset="cifar10", train_size=train_size, n_shadows=10)


def _adult(experiments, scaling: str = "paper") -> list[Experiment]:
    return _seeds(experiments, dataset="adult", train_size=10000, n_shadows=20, scaling=scaling)


def _seeds(experiments, **wanted) -> list[Experiment]:
    protocol = Experiment(**{**wanted, "seed": 0})
    names = [n for n in Experiment.parameter_names() if n not in ("seed", "l2_sweep", "l2_shadows", "n_resamples")]
    return [exp for exp in experiments if all(getattr(exp, name) == getattr(protocol, name) for name in names)]


def _c1(experiments) -> Iterator[dict]:
    for row in paper.CIFAR10_ATTACK.to_dict("records"):
        ds, seeds = row["train_size"], _cifar10(experiments, row["train_size"])
        for metric in ("precision", "recall", "accuracy"):
            value = _on_targets(seeds, "svm", metric)
            what = f"CIFAR-10, ds {ds}: attack {metric}"
            yield _row("C1", what, value, published=row[metric], only=f"cifar10_ds{ds}_seed*")


def _c2(experiments) -> Iterator[dict]:
    """The trend: how much the accuracy changes each time ds doubles."""
    published = float(stats.linregress(np.log2(SIZES), paper.CIFAR10_ATTACK["accuracy"]).slope)
    for name, figure in (("svm", published), ("threshold", math.nan)):  # each size counts once, as in the paper
        means = {ds: _on_targets(_cifar10(experiments, ds), name).ours for ds in SIZES}
        trend = slope([(math.log2(ds), value) for ds, value in means.items() if not math.isnan(value)])
        what = f"CIFAR-10: change of the {name} attack's accuracy for each doubling of ds"
        yield _row("C2", what, trend, published=figure, judged=change_verdict(trend, -1), only="cifar10_ds*_seed*")


def _c3(experiments) -> Iterator[dict]:
    for label, model_id, published in (("target", -1, paper.ADULT_TARGET), ("shadow 0", 0, paper.ADULT_SHADOW_0)):
        for part, accuracy in published.items():
            value = over_seeds([_of_model(exp, model_id, part == "train") for exp in _adult(experiments)])
            yield _row("C3", f"Adult, {label}: {part} accuracy", value, published=accuracy, only="adult_*")


def _c4(experiments) -> Iterator[dict]:
    for scaling in ("paper", "standardised"):
        seeds = _adult(experiments, scaling)
        trained = over_seeds([_on_shadows(Attacker(exp, exp, "network")) for exp in seeds])
        tested = _on_targets(seeds, "network")
        told = "" if scaling == "paper" else f", {scaling} columns"
        what = f"Adult{told}: attack accuracy on the"
        yield _row("C4", f"{what} shadows (train)", trained, published=paper.ADULT_ATTACK["train"], only="adult_*")
        yield _row("C4", f"{what} target (test)", tested, published=paper.ADULT_ATTACK["test"], only="adult_*")
        gap = _on_targets(seeds, "gap")
        yield _row("C4", f"Adult{told}: gap attack on the target", gap, judged="measured", only="adult_*")


def _on_shadows(attacker: Attacker) -> Value:
    if not attacker.is_done():
        return NOT_RUN
    n = 2 * attacker.shadows.train_size * attacker.shadows.n_shadows
    return share(round(attacker.result().details["train_accuracy"] * n), n)


def _c5(experiments) -> Iterator[dict]:
    """The paper prints no figure: "stopped" is read as an accuracy of 0.5, less overfitting as a smaller gap."""
    for ds in SIZES:
        seeds, start, only = _cifar10(experiments, ds), f"ds {ds} with L2", f"cifar10_ds{ds}_seed*"
        pairs = [(exp, exp.replace(l2=paper.L2)) for exp in seeds]
        gap = over_seeds([_gap_change(plain, other) for plain, other in pairs])
        yield _row("C5", f"{start}: change of the train/test gap", gap, judged=change_verdict(gap, -1), only=only)
        ignores = over_seeds([_measured(Attacker(other, plain, "svm")) for plain, other in pairs])
        knowing = [
            [Attacker(other, other.replace(n_shadows=plain.l2_shadows), name) for name in plain.attack_names]
            for plain, other in pairs
        ]
        whole = [attackers for attackers in knowing if all(a.is_done() for a in attackers)]
        adapts = [over_seeds([_measured(a) for a in kind]) for kind in zip(*whole, strict=True)]
        best = max(adapts, key=lambda value: value.ours, default=NOT_RUN)
        for who, value in (("the paper's attacker", ignores), ("the best of three attackers who adapt", best)):
            what = f"{start}: accuracy of {who}; claimed: stopped"
            yield _row("C5", what, value, claimed=0.5, only=only)
        cost = over_seeds([_test_change(plain, other) for plain, other in pairs])
        yield _row("C5", f"{start}: change of the target's test accuracy", cost, judged="measured", only=only)


def _c8(experiments) -> Iterator[dict]:
    images = [exp for exp in experiments if exp.attack_names[0] == "svm" and store.exists(exp.artifact())]
    census = [exp for exp in experiments if exp.attack_names[0] == "network" and store.exists(exp.artifact())]
    attacks = [a.result() for exp in census if (a := Attacker(exp, exp, "network")).is_done()]
    counts = {
        "image network": images[0].n_parameters() if images else math.nan,
        "census network": census[0].n_parameters() if census else math.nan,
        "attack network": attacks[0].details["n_parameters"] if attacks else math.nan,
    }
    for name, published in paper.PARAMETERS.items():
        only = "cifar10_ds2500_seed0" if name == "image network" else "adult_*"
        yield _row("C8", f"parameters of the {name}", Value(*[counts[name]] * 3), published=published, only=only)


# --- Claims that take a study -------------------------------------------------------------------------------------


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
    return next((a for a in seed.get(setting, []) if a.name == name and a.is_done()), None)


def _over_points(seeds, setting: str, name: str, measure: Callable[[Attacker], Value]) -> Value:
    """Return what `measure` says of an attack at a setting, over the seeds that have it."""
    return over_seeds([measure(a) for seed in seeds if (a := _named(seed, setting, name))])


def _change(seeds, old: str, new: str, name: str) -> Value:
    """Return by how much an attack's accuracy changes between two settings, paired by seed (and by record)."""
    pairs = [(_named(seed, old, name), _named(seed, new, name)) for seed in seeds]
    return over_seeds([_paired(old.result(), new.result()) for old, new in pairs if old and new])


def _paired(old: AttackResult, new: AttackResult) -> Value:
    """Return the change of the accuracy on the same records."""
    return mean((new.decision == new.member).astype(float) - (old.decision == old.member))


def _c6(studies) -> Iterator[dict]:
    seeds, only = _points(studies, "shadows"), "*/study of shadows"
    for name in ("svm", "threshold"):
        for n in (1, 2, 5, 10, 20):
            value = _over_points(seeds, f"n_shadows={n}", name, _measured)
            yield _row("C6", f"ds 2500: {name} attack, {n} shadow{'s' * (n > 1)}", value, judged="measured", only=only)
        for n in (10, 20):
            change = _change(seeds, "n_shadows=1", f"n_shadows={n}", name)
            what = f"ds 2500: {name} attack, {n} shadows against 1"
            yield _row("C6", what, change, judged=change_verdict(change, 1), only=only)
    for n in (1, 10):
        value = _over_points(seeds, f"n_shadows={n}, C={LARGE_C['C']}", "svm", _measured)
        what = f"ds 2500: svm attack with C up to {max(LARGE_C['C']):g}, {n} shadow{'s' * (n > 1)}"
        yield _row("C6", what, value, judged="measured", only=only)


def _c7(studies) -> Iterator[dict]:
    seeds, only = _points(studies, "classes"), "*/study of classes"

    def setting(k):
        return f"n_classes={k}, epochs=100"

    for k in (2, 5, 10):
        gap = _over_points(seeds, setting(k), "threshold", _gap)
        yield _row("C7", f"the same images, {k} classes: train/test gap", gap, judged="measured", only=only)
        for name in ("svm", "threshold"):
            value = _over_points(seeds, setting(k), name, _measured)
            what = f"the same images, {k} classes: {name} attack"
            yield _row("C7", what, value, judged="measured", only=only)
    for k in (2, 5):
        for name in ("svm", "threshold"):
            change = _change(seeds, setting(10), setting(k), name)
            what = f"{name} attack, {k} classes against 10"
            yield _row("C7", what, change, judged=change_verdict(change, -1), only=only)
        pairs = [[_named(seed, setting(n), "threshold") for n in (k, 10)] for seed in seeds]
        at_equal_gap = over_seeds([_at_equal_gap(few, many) for few, many in pairs])
        what = f"threshold attack, {k} classes against 10 at the same train/test gap"
        yield _row("C7", what, at_equal_gap, judged=change_verdict(at_equal_gap, -1), only=only)


def _at_equal_gap(few: Attacker | None, many: Attacker | None) -> Value:
    """Return the threshold attack's accuracy on the target with few classes minus that with many, at the same gap.

    Both targets know all their members, so their gaps differ by their test accuracies alone. The non-members of the one
    with many classes are weighted so that as large a share is right as with few: the same gap after the same epochs.
    """
    if few is None or many is None:
        return NOT_RUN
    target, shadows = many.victim.target(), many.shadows.shadows()
    share_right = few.victim.target().accuracy(member=False)
    threshold = best_threshold(shadows.member, shadows.true_class_probability, weight=_weight(shadows, share_right))
    said = target.true_class_probability > threshold
    kinds = [(1.0, said[target.member])]  # how much each kind of record counts, and what the attack says of it
    kinds += [(-share_right, said[~target.member & target.correct])]
    kinds += [(share_right - 1, said[~target.member & ~target.correct])]
    other = (1 + sum(weight * part.mean() for weight, part in kinds)) / 2
    deviation = math.hypot(*(weight * stats.sem(part.astype(float)) for weight, part in kinds)) / 2
    ours = _measured(few)
    half = math.hypot((ours.high - ours.low) / 2, stats.norm.ppf(0.975) * deviation)
    return Value(ours.ours - other, ours.ours - other - half, ours.ours - other + half)


def _weight(records: Records, share_right: float) -> np.ndarray:
    """Return weights with which this share of the non-members is right, and members and non-members count alike."""
    right, out = records.correct, ~records.member
    of_right, of_wrong = share_right / (out & right).sum(), (1 - share_right) / (out & ~right).sum()
    return np.where(records.member, 1 / records.member.sum(), np.where(right, of_right, of_wrong))


def _c9(experiments, studies) -> Iterator[dict]:
    seeds, only = _points(studies, "overfitting"), "*/study of overfitting"
    alone = [[a] for seed in seeds[:1] for setting in seed if (a := _named(seed, setting, "threshold"))]
    larger = [[Attacker(exp, exp, "threshold") for exp in _cifar10(experiments, ds)] for ds in SIZES[1:]]
    groups = [[a for a in attackers if a.is_done()] for attackers in alone + larger]
    points = [tuple(over_seeds([of(a) for a in group]).ours for of in (_gap, _measured)) for group in groups if group]
    correlation = rank_correlation(points)
    what = "rank correlation of the threshold attack's accuracy with the train/test gap, over epochs and sizes"
    yield _row("C9", what, correlation, judged=change_verdict(correlation, 1), only=only)
    early = _over_points(seeds, "epochs=1", "threshold", _measured)
    what = "ds 2500 after 1 epoch: accuracy of the threshold attack; claimed: nothing leaks without a gap"
    yield _row("C9", what, early, claimed=0.5, only=only)
    for name in ("gap", "threshold"):
        beyond = _over_points(seeds, "epochs=100", name, _beyond_gap)
        what = f"ds 2500 after 100 epochs: advantage of the {name} attack beyond the train/test gap"
        yield _row("C9", what, beyond, judged="measured", only=only)


def _open(studies) -> Iterator[dict]:
    """What the paper leaves open, and how much it matters: each choice against the one that we made."""
    seeds, only = _points(studies, "choices"), "*/study of choices"
    for setting in dict.fromkeys(setting for seed in seeds for setting in seed if setting != AS_IT_IS):
        change = _change(seeds, AS_IT_IS, setting, "svm")
        yield _row("open", f"svm attack at ds 2500, {setting}: change", change, judged="measured", only=only)


# --- Values -------------------------------------------------------------------------------------------------------


def _on_targets(seeds: list[Experiment], name: str, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack on the targets of these seeds, fitted on their own shadows."""
    return over_seeds([_measured(Attacker(exp, exp, name), metric) for exp in seeds])


def _measured(attacker: Attacker, metric: str = "accuracy") -> Value:
    """Return a criterion of an attack with its bootstrap interval."""
    if not attacker.is_done():
        return NOT_RUN
    row = attacker.result().table.set_index("metric").loc[metric]
    return Value(*(float(row[name]) for name in ("value", "low", "high")))


def _of_model(exp: Experiment, model_id: int, member: bool) -> Value:
    """Return a model's accuracy on its training or test records."""
    if not store.exists(exp.artifact(model_id)):
        return NOT_RUN
    records = exp.records(model_id)
    right = records.correct[records.member == member]
    return share(int(right.sum()), len(right))


def _gap(attacker: Attacker) -> Value:
    """Return the target's train/test gap with its interval over the records."""
    target = attacker.victim.target()
    return difference(*(target.correct[target.member == member].astype(float) for member in (True, False)))


def _beyond_gap(attacker: Attacker) -> Value:
    """Return an attack's advantage minus its target's train/test gap."""
    result, target = attacker.result(), attacker.victim.target()
    # Of a member, the attack's "in" and the right answer count for the two; of a non-member, both against them.
    extra = result.decision.astype(float) - target.correct
    return difference(extra[result.member], extra[~result.member])


def _gap_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the train/test gap differs, over the records that both targets share."""
    change, member = _answers_changed(plain, other)
    return difference(change[member], change[~member]) if len(change) else NOT_RUN


def _test_change(plain: Experiment, other: Experiment) -> Value:
    """Return by how much the test accuracy differs, over the records that both targets share."""
    change, member = _answers_changed(plain, other)
    return mean(change[~member]) if len(change) else NOT_RUN


def _answers_changed(plain, other) -> tuple[np.ndarray, np.ndarray]:
    """Return for each record 1, 0 or -1: the second target got it right, and the first not, or the other way round."""
    if not (store.exists(plain.artifact()) and store.exists(other.artifact())):
        return np.empty(0), np.empty(0, bool)
    return other.target().correct.astype(float) - plain.target().correct, plain.target().member
