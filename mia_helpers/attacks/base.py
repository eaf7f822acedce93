"""The one interface of all attacks, and the threshold that most of them need."""

import inspect
import numbers
from typing import ClassVar, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve

from mia_helpers.attacks.metrics import LIMITS
from mia_helpers.attacks.records import Records
from mia_helpers.engine.checks import number
from mia_helpers.engine.errors import MIAError


class Limit(NamedTuple):
    """Between what an option of an attack must lie, and why not above; a `grid` is one or more such numbers."""

    least: float
    most: float
    why: str
    kind: type = numbers.Real
    grid: bool = False


class Attack:
    """What all attacks share: a threshold on the score, and a logistic curve from score to probability.

    `fit(shadow_records)` learns from records whose membership the attacker knows. `score(records)` gives each record a
    float, higher meaning "member". `decide(scores)` compares it with a threshold that was chosen on the shadows, never
    on the target. `probability(scores)` turns scores into a membership probability, for the criteria that need one.

    A subclass has a `name`, says which `outputs` of a target it reads, sets `threshold_` in `_fit`, and has a `score`.

    Attributes
    ----------
    threshold_ : float
        A record whose score is above it is called a member.
    details_ : dict
        What there is to report about the fitted attack, as JSON values; among it `cuts`, the thresholds at which one
        false alarm in 100 and in 1,000 is raised on the shadows.
    """

    name: str
    outputs = "any"  # 'many': a probability per class; 'one': a single sigmoid output; 'any': both
    per_class = False
    learns_score = True  # False: the score is given, and the shadows teach at most its threshold
    limits: ClassVar[dict[str, Limit]] = {}  # of its options

    def fit(self, shadows: Records) -> "Attack":
        """Learn the attack from `shadows`, the answers of models whose members are known."""
        check_both_kinds(shadows)
        self.details_ = {}
        self._fit(shadows)
        scores = self._on_shadows(shadows)
        self._calibrate(scores, shadows.member)
        self.details_["cuts"] = {name: cut_at(scores[~shadows.member], limit) for name, limit in LIMITS.items()}
        return self

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Return bool (n,): True where the attack says "member"."""
        scores = np.asarray(scores, float)
        if np.isnan(scores).any():
            raise MIAError(f"the attack {self.name} has a score of NaN for {np.isnan(scores).sum()} records")
        return scores > self.threshold_  # in float32, a threshold between neighbours is one of them

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return float64 (n,): the membership probability, by Platt's method fitted on the shadows."""
        return self._platt.predict_proba(self._standard(scores))[:, 1]

    def _on_shadows(self, shadows):
        """Return the shadows' scores on which thresholds are chosen; an attack that overfits holds some out."""
        return self.score(shadows)

    def _calibrate(self, scores, member):
        self._centre, self._width = scores.mean(), scores.std() or 1.0
        self._platt = LogisticRegression().fit(self._standard(scores), member)

    def _standard(self, scores):
        return ((scores - self._centre) / self._width)[:, None]


def new(kind: type[Attack], options: dict, supplied: dict) -> Attack:
    """Return an unfitted attack with these options, and those of the supplied ones that its constructor takes."""
    options, takes = check_options(kind, options), inspect.signature(kind).parameters
    return kind(**{name: value for name, value in supplied.items() if name in takes} | options)


def check_options(kind: type[Attack], options: dict) -> dict:
    """Return the options as plain numbers and lists; an MIAError if one is not the attack's, or beyond its limits."""
    takes = list(inspect.signature(kind).parameters)
    unknown = sorted(set(options) - set(takes))
    if unknown:
        raise MIAError(f"the attack {kind.name} has no option {unknown[0]!r}; it has: {', '.join(takes) or 'none'}")
    return {name: _plain(name, value, kind.limits.get(name)) for name, value in options.items()}


def _plain(name: str, value, limit: Limit | None):
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if limit is None:
        return value
    values = list(value) if limit.grid and isinstance(value, list | tuple) else [value]
    if not values:
        raise MIAError(f"{name}={value}: expected at least one number")
    checked = [number(name, one, limit.kind, limit.least, limit.most, limit.why) for one in values]
    return checked if limit.grid else checked[0]


def best_threshold(member: np.ndarray, scores: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the threshold t for which `scores > t` tells members best, by balanced accuracy of the weighted records.

    It lies halfway between two scores that occur, or, where no number is between them, on the lower one. The
    comparison must be made in float64.
    """
    scores = np.asarray(scores, float)
    # roc_curve calls a record positive from the threshold upwards
    fpr, tpr, thresholds = roc_curve(member, scores, sample_weight=weight)
    upper = thresholds[np.argmax(tpr - fpr)]
    below = scores[scores < upper]
    if not len(below):
        return float(min(upper - 1, np.nextafter(upper, -np.inf)))
    halfway = (upper + below.max()) / 2
    return float(halfway if halfway < upper or np.isinf(upper) else below.max())


def cut_at(scores: np.ndarray, limit: float) -> float | None:
    """Return the least threshold t for which at most this share of the scores, of non-members, is above it.

    None where the share is less than one record: it cannot be known.
    """
    allowed = int(limit * len(scores) + 1e-9)
    return float(np.sort(scores)[::-1][allowed]) if allowed else None


def check_both_kinds(records: Records, where: str = "the shadow records", *, least: int = 1) -> None:
    """Raise an MIAError if there are fewer than `least` members or non-members."""
    for kind, count in (("members", records.member.sum()), ("non-members", (~records.member).sum())):
        if count < least:
            found = f"only {count} {kind}, and the attack needs {least}" if count else f"no {kind}"
            raise MIAError(f"{where}: {found}; use more shadows or a larger train_size")
