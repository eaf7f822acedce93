"""The claims that experiments test: C1 to C5, and C8."""

import itertools
import math
from collections.abc import Iterator

from mia_helpers.report import paper
from mia_helpers.report.claims.row import SIZES, row
from mia_helpers.report.claims.values import (
    answers,
    criteria,
    gap_change,
    measured,
    n_parameters,
    network_details,
    of_model,
    on_targets,
    test_change,
)
from mia_helpers.report.formats import spelled
from mia_helpers.report.intervals import NOT_RUN, Value, between, largest, over_seeds, share, share_over_seeds
from mia_helpers.walk.attackers import Attacker, names_for
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.models import Model
from mia_helpers.walk.parameters import NO_MODEL


def cifar10(experiments, train_size: int) -> list[Experiment]:
    """Return the seeds of the paper's protocol at this size."""
    return _seeds(experiments, dataset="cifar10", train_size=train_size, n_shadows=10)


def _adult(experiments, scaling: str = "paper") -> list[Experiment]:
    return _seeds(experiments, dataset="adult", train_size=10000, n_shadows=20, scaling=scaling)


def _seeds(experiments, **wanted) -> list[Experiment]:
    protocol = Experiment(**{**wanted, "seed": 0})
    names = [name for name in Experiment.parameter_names() if name not in ("seed", *NO_MODEL)]
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
    """The trend: the largest size against the smallest, and each step on the way, over seeds."""
    published = dict(zip(SIZES, paper.CIFAR10_ATTACK["accuracy"], strict=True))
    pairs = [(SIZES[0], SIZES[-1]), *itertools.pairwise(SIZES)]
    for name in ("svm", "threshold"):
        at = {ds: [measured(exp.attacker(name)) for exp in cifar10(experiments, ds)] for ds in SIZES}
        for small, large in pairs:
            change, figure = between(at[small], at[large]), published[large] - published[small]
            what = f"CIFAR-10: {name} attack's accuracy at ds {large} minus at ds {small}"
            only = "cifar10_ds*_seed*"
            yield row("C2", what, change, published=figure if name == "svm" else math.nan, sign=-1, only=only)


def c3(experiments) -> Iterator[dict]:
    """The accuracies of target and shadow on Adult."""
    for label, model_id, published in (("target", -1, paper.ADULT_TARGET), ("shadow 0", 0, paper.ADULT_SHADOW_0)):
        for part, accuracy in published.items():
            value = share_over_seeds([of_model(exp.model(model_id), part) for exp in _adult(experiments)])
            yield row("C3", f"Adult, {label}: {part} accuracy", value, published=accuracy, only="adult_*")


def c4(experiments) -> Iterator[dict]:
    """The attack on Adult, in both scalings."""
    for scaling in ("paper", "standardised"):
        seeds = _adult(experiments, scaling)
        trained = share_over_seeds([_on_shadows(exp.attacker("network")) for exp in seeds])
        tested = on_targets(seeds, "network")
        told = "" if scaling == "paper" else f", {scaling} columns"
        what = f"Adult{told}: attack accuracy on the"
        yield row("C4", f"{what} shadows (train)", trained, published=paper.ADULT_ATTACK["train"], only="adult_*")
        yield row("C4", f"{what} target (test)", tested, published=paper.ADULT_ATTACK["test"], only="adult_*")
        gap = on_targets(seeds, "gap")
        yield row("C4", f"Adult{told}: gap attack on the target", gap, judged="measured", only="adult_*")
        called = share_over_seeds([_called(exp.attacker("network")) for exp in seeds])
        what = f"Adult{told}: share of the target's records that the attack calls members"
        yield row("C4", what, called, judged="measured", only="adult_*")
        largest_class = share_over_seeds([_one_answer(exp.model()) for exp in seeds])
        what = f"Adult{told}: share of the records that the target puts into its most frequent class"
        yield row("C4", what, largest_class, judged="measured", only="adult_*")


def _called(attacker: Attacker) -> Value:
    found = criteria(attacker)
    if not found:
        return NOT_RUN
    tp, fp, fn, tn = (int(found[name][0]) for name in ("tp", "fp", "fn", "tn"))
    return share(tp + fp, tp + fp + fn + tn)


def _one_answer(model: Model) -> Value:
    found = answers(model)
    return share(found["largest"], found["n_train"] + found["n_test"]) if found else NOT_RUN


def _on_shadows(attacker: Attacker) -> Value:
    found = network_details(attacker)
    if not found:
        return NOT_RUN
    n = 2 * sum(shadow.split.train_size for shadow in attacker.shadows)
    return share(round(found["train_accuracy"] * n), n)


def c5(experiments) -> Iterator[dict]:
    """The paper prints no figure: "stopped" is read as an accuracy of 0.5, less overfitting as a smaller gap."""
    for ds in SIZES:
        seeds, start, only = cifar10(experiments, ds), f"ds {ds} with L2", f"cifar10_ds{ds}_seed*"
        pairs = [(exp, exp.replace(l2=paper.L2)) for exp in seeds]
        gap = over_seeds([gap_change(plain, other) for plain, other in pairs])
        yield row("C5", f"{start}: change of the train/test gap", gap, sign=-1, only=only)
        ignores = over_seeds([measured(other.attacker("svm", shadows_of=plain)) for plain, other in pairs])
        knowing = [
            [other.attacker(name, shadows_of=other.replace(n_shadows=plain.l2_shadows)) for name in plain.attack_names]
            for plain, other in pairs
        ]
        whole = [attackers for attackers in knowing if all(criteria(a) for a in attackers)]
        adapts = [over_seeds([measured(a) for a in kind]) for kind in zip(*whole, strict=True)]
        best = largest(adapts)
        several = f"the best of {spelled(len(names_for('many')))} attackers who adapt"
        for who, value in (("the paper's attacker", ignores), (several, best)):
            what = f"{start}: accuracy of {who}; claimed: stopped"
            yield row("C5", what, value, claimed=0.5, only=only)
        cost = over_seeds([test_change(plain, other) for plain, other in pairs])
        yield row("C5", f"{start}: change of the target's test accuracy", cost, judged="measured", only=only)


def c8(experiments) -> Iterator[dict]:
    """The parameter counts."""
    counts = dict.fromkeys(paper.PARAMETERS, math.nan)
    for exp in experiments:
        model, fitted = n_parameters(exp.model()), None
        if exp.attack_names[0] == "network":
            fitted = network_details(exp.attacker("network"))
        kind = "census network" if exp.attack_names[0] == "network" else "image network"
        counts[kind] = model or counts[kind]
        counts["attack network"] = fitted["n_parameters"] if fitted else counts["attack network"]
    for name, published in paper.PARAMETERS.items():
        only = "cifar10_ds2500_seed0" if name == "image network" else "adult_*"
        yield row("C8", f"parameters of the {name}", Value(*[float(counts[name])] * 3), published=published, only=only)
