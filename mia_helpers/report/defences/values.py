"""What is measured of defences: canaries found, accuracy kept, epsilon, and DP-SGD at the same utility."""

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mia_helpers.attacks.metrics import is_knowable
from mia_helpers.attacks.references.privacy import DELTA
from mia_helpers.learning import defences
from mia_helpers.learning.defences import DPSGD
from mia_helpers.learning.private import accounting
from mia_helpers.report.claims.values import measured
from mia_helpers.report.intervals import NOT_RUN, Value, largest, over_pairs, pair_means, share
from mia_helpers.report.ledger import kept
from mia_helpers.report.modern.values import of_pairs, over_targets, six_digits
from mia_helpers.report.questions import Points
from mia_helpers.walk.models import Model
from mia_helpers.walk.reference_attackers import ReferenceAttacker
from mia_helpers.walk.studies.defences import ADAPTIVE

RATES = {"tpr_01pct": 0.001, "tpr_1pct": 0.01}  # of false alarms, at thresholds chosen on other models' canaries


@kept
def canaries(attacker: ReferenceAttacker) -> dict[str, list[float]]:
    """Return what was measured of the canaries, target by target (see `ReferenceAttacker.canaries`)."""
    return six_digits(attacker.canaries())


@kept(needs=lambda attacker: [attacker, attacker.targets])
def accuracies(attacker: ReferenceAttacker) -> dict[str, list[float]]:
    """Return how often each target is right (see `ReferenceAttacker.accuracies`)."""
    return six_digits(attacker.accuracies())


class Setting:
    """One defence at one strength: what its points found. Longer than a screen: each method is a figure."""

    def __init__(self, name: str, points: Points):
        self.name, self.family = name, re.split("[=,]", name)[0]
        self._by = {attack: attacker for (setting, attack), attacker in points.items() if setting == name}
        self.attacks = [attack for attack in ADAPTIVE if attack in self._by]
        paper = [attacker for attack, attacker in self._by.items() if attack not in ADAPTIVE]
        self.paper = measured(paper[0]) if paper else NOT_RUN

    @property
    def model(self) -> Model:
        """The first of its targets."""
        return self._by["gap"].targets.models[0]

    @property
    def rate(self) -> str:
        """The figure that counts as found: at 0.1% false alarms, or 1% where the other models' canaries are too few."""
        tried = (len(self._by["gap"].targets.models) - 2) * self.model.split.n_canaries // 2
        return "tpr_01pct" if is_knowable("tpr_at_01pct_fpr", tried) else "tpr_1pct"

    def attacker(self, attack: str) -> ReferenceAttacker | None:
        """Return an attacker who adapts; None where the setting has none of this name."""
        return self._by.get(attack)

    def of_all(self, attack: str, metric: str) -> Value:
        """Return a figure of an attack on all records but the canaries, over the targets."""
        return over_targets(self._by.get(attack), metric)

    def of_canaries(self, attack: str, metric: str = "") -> Value:
        """Return a figure of an attack on the canaries, over the targets; without a name, the share that is found."""
        found = self.canary_targets(attack, metric)
        return _mean(found) if metric == "epsilon" else _share(found, self.model.split.n_canaries)

    def canary_targets(self, attack: str, metric: str = "") -> np.ndarray:
        """Return `of_canaries` of each target, float64 (targets,); none where it was not run."""
        found = canaries(self._by[attack]) if attack in self._by else None
        return np.array(found[metric or self.rate]) if found else np.zeros(0)

    def counts(self, attack: str) -> bool:
        """Tell whether no more false alarms came on the canaries than were aimed at, as far as chance allows.

        Where an attack's scores take few values, as of the label alone, a threshold that was right for models with
        fewer references may let more through, and what is found then is found at another rate.
        """
        came = self.canary_targets(attack, self.rate.replace("tpr", "fpr"))
        if not len(came) or np.isnan(came).any():
            return False
        others = len(came) * self.model.split.n_canaries // 2
        return not share(round(came.mean() * others), others).low > RATES[self.rate]

    def best(self) -> str:
        """Return the attack with references trained alike that finds most canaries; LiRA where none was run."""
        shares = {attack: self.of_canaries(attack).ours for attack in self.attacks if self.counts(attack)}
        known = {attack: share for attack, share in shares.items() if not math.isnan(share)}
        return max(known, key=known.get) if known else "lira"

    def found(self) -> Value:
        """Return the share of canaries that the best of the attacks finds; the interval makes up for the choice."""
        return largest([self.of_canaries(attack) for attack in self.attacks if self.counts(attack)])

    def best_accuracy(self) -> Value:
        """Return the largest accuracy on all records that an attack has at its own threshold."""
        return largest([self.of_all(attack, "accuracy") for attack in self.attacks])

    def utility(self, part: str = "test") -> Value:
        """Return the targets' accuracy on records that they do not know, or that they do ('train')."""
        return _share(self.utility_targets(part), 2 * self.model.split.train_size)

    def utility_targets(self, part: str = "test") -> np.ndarray:
        """Return the same of each target, float64 (targets,); none where it was not run."""
        found = accuracies(self._by["gap"]) if "gap" in self._by else None
        return np.array(found[part]) if found else np.zeros(0)

    def proven(self, delta: float | None = None) -> float:
        """Return DP-SGD's epsilon, an upper bound, for this delta (by default the recipe's own); NaN for others."""
        recipe, defence = self.model.recipe, defences.named(self.model.recipe.defence)
        if not isinstance(defence, DPSGD):
            return math.nan
        spent = defence.privacy(self.model.split.train_size, recipe.batch_size, recipe.epochs)
        return accounting.epsilon(spent["noise"], spent["rate"], spent["steps"], delta or spent["delta"])

    def shown(self) -> Value:
        """Return the epsilon that LiRA's guesses about one target's canaries show, the mean of those lower bounds."""
        found = self.of_canaries("lira", "epsilon")
        return replace(found, low=max(found.low, 0.0))

    def share_refuted(self) -> float:
        """Return the share of the targets whose lower bound is above what DP-SGD proves, which 5% may be."""
        bounds = self.canary_targets("lira", "epsilon")
        proven = self.proven(DELTA)
        return float((bounds > proven).mean()) if len(bounds) and not math.isnan(proven) else math.nan


def settings_of(points: Points) -> list[Setting]:
    """Return the settings of a study, in order."""
    return [Setting(name, points) for name in dict.fromkeys(setting for setting, _ in points)]


def change(old: np.ndarray, new: np.ndarray) -> Value:
    """Return by how much a figure differs target by target, on the same halves: a t-interval over their pairs."""
    return of_pairs(new - old) if len(old) and len(new) else NOT_RUN


def beside_private(setting: Setting, private: list[Setting]) -> tuple[Value, Value]:
    """Return the share of canaries found under DP-SGD at this setting's test accuracy, and how much more here.

    DP-SGD at that accuracy lies on the line between two of its noises. Target by target, so that the difference has an
    interval over pairs: both shares, weighted as the mean accuracies say, and the line's slope times how far off that
    accuracy the target itself is, for the weights are measured too. Each side has the attack that finds most there. Not
    run where DP-SGD was not trained to be as accurate, or as inaccurate.
    """
    wanted, known = setting.utility().ours, [p for p in private if len(p.utility_targets())]
    line = sorted(known, key=lambda p: p.utility().ours)
    for low, high in itertools.pairwise(line):
        below, above = low.utility().ours, high.utility().ours
        if below <= wanted <= above and above > below:
            weight = (wanted - below) / (above - below)
            found, accuracy = (_between(low, high, weight, of) for of in (_found_of_each, Setting.utility_targets))
            if len(found):
                slope = (high.found().ours - low.found().ours) / (above - below)
                found = found + slope * (setting.utility_targets() - accuracy)
                more = change(found, _found_of_each(setting))
                return _share(found, setting.model.split.n_canaries), more
    return NOT_RUN, NOT_RUN


def _found_of_each(setting: Setting) -> np.ndarray:
    return setting.canary_targets(setting.best())


def _between(low: Setting, high: Setting, weight: float, of: Callable[[Setting], np.ndarray]) -> np.ndarray:
    first, second = of(low), of(high)
    return (1 - weight) * first + weight * second if len(first) and len(second) else np.zeros(0)


def beyond(value: Value, limit: float) -> Value:
    """Return a value less a limit."""
    return replace(value, ours=value.ours - limit, low=value.low - limit, high=value.high - limit)


def _share(values: np.ndarray, n: int) -> Value:
    """Return the mean of shares over targets, of which a pair shares out n records.

    Where all pairs agree, as where none finds anybody, the interval is over those records instead.
    """
    pairs = pair_means(values)
    if not len(pairs):
        return NOT_RUN
    return over_pairs(values.tolist(), n / 2) if np.ptp(pairs) else share(round(pairs[0] * n), n)


def _mean(values: np.ndarray) -> Value:
    return of_pairs(values) if len(values) else NOT_RUN
