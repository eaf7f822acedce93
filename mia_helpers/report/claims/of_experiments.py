"""The claims that experiments test: C1 to C5, and C8."""

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from mia_helpers.report import paper
from mia_helpers.report.claims.row import SIZES, row
from mia_helpers.report.claims.values import gap_change, measured, of_model, on_targets, test_change
from mia_helpers.report.intervals import NOT_RUN, Value, over_seeds, share, slope
from mia_helpers.report.verdicts import change_verdict
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


def cifar10(experiments, train_size: int) -> list[Experiment]:
    """Return the seeds of the paper's protocol at this size."""
    return _seeds(experiments, dataset="cifar10", train_size=train_size, n_shadows=10)


def _adult(experiments, scaling: str = "paper") -> list[Experiment]:
    return _seeds(experiments, dataset="adult", train_size=10000, n_shadows=20, scaling=scaling)


def _seeds(experiments, **wanted) -> list[Experiment]:
    protocol = Experiment(**{**wanted, "seed": 0})
    names = [n for n in Experiment.parameter_names() if n not in ("seed", "l2_sweep", "l2_shadows", "n_resamples")]
    return [exp for exp in experiments if all(getattr(exp, name) == getattr(protocol, name) for name in names)]


def c1(experiments) -> Iterator[dict]:
    """The twelve published figures of the attack on CIFAR-10."""
    for figures in paper.CIFAR10_ATTACK.to_dict("records"):
        ds, seeds = figures["train_size"], cifar10(experiments, figures["train_size"])
        for metric in ("precision", "recall", "accuracy"):
            value = on_targets(seeds, "svm", metric)
            what = f"CIFAR-10, ds {ds}: attack {metric}"
            yield row("C1", what, value, published=figures[metric], only=f"cifar10_ds{ds}_seed*")


def c2(experiments) -> Iterator[dict]:
    """The trend: how much the accuracy changes each time ds doubles."""
    published = float(stats.linregress(np.log2(SIZES), paper.CIFAR10_ATTACK["accuracy"]).slope)
    for name, figure in (("svm", published), ("threshold", math.nan)):  # each size counts once, as in the paper
        means = {ds: on_targets(cifar10(experiments, ds), name).ours for ds in SIZES}
        trend = slope([(math.log2(ds), value) for ds, value in means.items() if not math.isnan(value)])
        what = f"CIFAR-10: change of the {name} attack's accuracy for each doubling of ds"
        yield row("C2", what, trend, published=figure, judged=change_verdict(trend, -1), only="cifar10_ds*_seed*")


def c3(experiments) -> Iterator[dict]:
    """The accuracies of target and shadow on Adult."""
    for label, model_id, published in (("target", -1, paper.ADULT_TARGET), ("shadow 0", 0, paper.ADULT_SHADOW_0)):
        for part, accuracy in published.items():
            value = over_seeds([of_model(exp.model(model_id), part == "train") for exp in _adult(experiments)])
            yield row("C3", f"Adult, {label}: {part} accuracy", value, published=accuracy, only="adult_*")


def c4(experiments) -> Iterator[dict]:
    """The attack on Adult, in both scalings."""
    for scaling in ("paper", "standardised"):
        seeds = _adult(experiments, scaling)
        trained = over_seeds([_on_shadows(exp.attacker("network")) for exp in seeds])
        tested = on_targets(seeds, "network")
        told = "" if scaling == "paper" else f", {scaling} columns"
        what = f"Adult{told}: attack accuracy on the"
        yield row("C4", f"{what} shadows (train)", trained, published=paper.ADULT_ATTACK["train"], only="adult_*")
        yield row("C4", f"{what} target (test)", tested, published=paper.ADULT_ATTACK["test"], only="adult_*")
        gap = on_targets(seeds, "gap")
        yield row("C4", f"Adult{told}: gap attack on the target", gap, judged="measured", only="adult_*")


def _on_shadows(attacker: Attacker) -> Value:
    if not attacker.is_done():
        return NOT_RUN
    n = 2 * sum(shadow.split.train_size for shadow in attacker.shadows)
    return share(round(attacker.result().details["train_accuracy"] * n), n)


def c5(experiments) -> Iterator[dict]:
    """The paper prints no figure: "stopped" is read as an accuracy of 0.5, less overfitting as a smaller gap."""
    for ds in SIZES:
        seeds, start, only = cifar10(experiments, ds), f"ds {ds} with L2", f"cifar10_ds{ds}_seed*"
        pairs = [(exp, exp.replace(l2=paper.L2)) for exp in seeds]
        gap = over_seeds([gap_change(plain, other) for plain, other in pairs])
        yield row("C5", f"{start}: change of the train/test gap", gap, judged=change_verdict(gap, -1), only=only)
        ignores = over_seeds([measured(other.attacker("svm", shadows_of=plain)) for plain, other in pairs])
        knowing = [
            [other.attacker(name, shadows_of=other.replace(n_shadows=plain.l2_shadows)) for name in plain.attack_names]
            for plain, other in pairs
        ]
        whole = [attackers for attackers in knowing if all(a.is_done() for a in attackers)]
        adapts = [over_seeds([measured(a) for a in kind]) for kind in zip(*whole, strict=True)]
        best = max(adapts, key=lambda value: value.ours, default=NOT_RUN)
        n = len(seeds[0].attack_names) if seeds else 3
        several = f"the best of {NUMBERS.get(n, n)} attackers who adapt"
        for who, value in (("the paper's attacker", ignores), (several, best)):
            what = f"{start}: accuracy of {who}; claimed: stopped"
            yield row("C5", what, value, claimed=0.5, only=only)
        cost = over_seeds([test_change(plain, other) for plain, other in pairs])
        yield row("C5", f"{start}: change of the target's test accuracy", cost, judged="measured", only=only)


def c8(experiments) -> Iterator[dict]:
    """The parameter counts."""
    there = [exp for exp in experiments if exp.model().is_there()]
    images, census = ([exp for exp in there if exp.attack_names[0] == name] for name in ("svm", "network"))
    attacks = [a.result() for exp in census if (a := exp.attacker("network")).is_done()]
    counts = {
        "image network": images[0].model().n_parameters() if images else math.nan,
        "census network": census[0].model().n_parameters() if census else math.nan,
        "attack network": attacks[0].details["n_parameters"] if attacks else math.nan,
    }
    for name, published in paper.PARAMETERS.items():
        only = "cifar10_ds2500_seed0" if name == "image network" else "adult_*"
        yield row("C8", f"parameters of the {name}", Value(*[counts[name]] * 3), published=published, only=only)
