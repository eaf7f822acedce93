"""The attacks by name, each for one target, or for every reference model once the target."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mia_helpers.attacks.references import calibration, entropy, label_only, lira, rmia
from mia_helpers.attacks.references.matrix import References, Target
from mia_helpers.attacks.references.moments import Signal, as_float, leave_pair_out, moments
from mia_helpers.engine.errors import MIAError, unknown

_VARIANCE, _MEAN = 4, 2  # references of which each record has two in and two out models, or one of each


@dataclass(frozen=True)
class ReferenceAttack:
    """An attack, and what it takes.

    Parameters
    ----------
    name : str
        As in `REFERENCE_ATTACKS`.
    reads : str
        What it reads of each answer: 'confidence', 'right' or 'probs'.
    online : bool
        Whether it compares with models that were trained on the very record.
    taught : bool
        Whether it learns from the references' membership; online attacks do too.
    least : int
        The fewest references, without target and pair, of which all that it computes is defined.
    one : function
        From a Target and independent References to scores (records,), higher meaning "member".
    each : function
        From References to scores (models, records), every model once the target, its pair left out.
    """

    name: str
    reads: str
    online: bool
    taught: bool
    least: int
    one: Callable[[Target, References], np.ndarray]
    each: Callable[[References], np.ndarray]


def from_moments(name: str, score: Callable, signal: Signal = as_float, *, online: bool, least: int) -> ReferenceAttack:
    """Return an attack that compares a signal of phi with its moments: `score(signal(phi), moments)`.

    Options of score and signal are given by `functools.partial`, such as
    `from_moments("rmia_offline", partial(rmia.rmia_offline, a=0.5), rmia.probability, online=False, least=2)`.
    """

    def one(target: Target, references: References) -> np.ndarray:
        return score(signal(target.confidence), moments(references, signal))

    def each(references: References) -> np.ndarray:
        return score(signal(references.confidence), leave_pair_out(references, signal))

    return ReferenceAttack(name, "confidence", online, online, least, one, each)


def _alone(name: str, reads: str, score: Callable) -> ReferenceAttack:
    """Return an attack that takes no references: `score(answers)`."""

    def one(target: Target, references: References) -> np.ndarray:
        return score(getattr(target, reads))

    def each(references: References) -> np.ndarray:
        return score(getattr(references, reads))

    return ReferenceAttack(name, reads, online=False, taught=False, least=0, one=one, each=each)


def _of_level(name: str, level: entropy.Level) -> ReferenceAttack:
    """Return an attack with a threshold per class on a level of the probabilities."""
    one, each = (partial(function, level=level) for function in (entropy.entropy_one, entropy.entropy_each))
    return ReferenceAttack(name, "probs", online=False, taught=True, least=_MEAN, one=one, each=each)


def confidence(phi: np.ndarray) -> np.ndarray:
    """Return phi of the record itself: float64 (..., records)."""
    return as_float(phi)[..., 0]


_BY_LABELS = (label_only.label_only_one, label_only.label_only_each)
_ALL = (
    from_moments("lira", lira.lira_online, online=True, least=_VARIANCE),
    from_moments("lira_record", partial(lira.lira_online, variance="record"), online=True, least=_VARIANCE),
    from_moments("lira_bayesian", partial(lira.lira_online, variance="bayesian"), online=True, least=_VARIANCE),
    from_moments("lira_offline", lira.lira_offline, online=False, least=_VARIANCE),
    from_moments("lira_offline_two_sided", partial(lira.lira_offline, two_sided=True), online=False, least=_VARIANCE),
    from_moments("rmia", rmia.rmia_online, rmia.probability, online=True, least=_MEAN),
    from_moments("rmia_offline", rmia.rmia_offline, rmia.probability, online=False, least=_MEAN),
    from_moments("calibrated", calibration.calibrated, calibration.negative_loss, online=False, least=_MEAN),
    _alone("threshold", "confidence", confidence),
    _of_level("entropy", entropy.entropy),
    _of_level("modified_entropy", entropy.modified_entropy),
    ReferenceAttack("label_only", "right", False, True, _MEAN, *_BY_LABELS),
    _alone("gap", "right", label_only.gap),
)
REFERENCE_ATTACKS: dict[str, ReferenceAttack] = {attack.name: attack for attack in _ALL}  # in the order shown


def score_one(attack: str | ReferenceAttack, target: Target, references: References) -> np.ndarray:
    """Return float64 (records,): the attack's scores of a target that is not among the references, nor its pair.

    Raises
    ------
    MIAError
        If the attack is unknown, target or references lack what it reads, there are too few of them, or their shapes do
        not agree.
    """
    attack = _fit_for(attack, references, left_out=0)
    ours, theirs = getattr(target, attack.reads), getattr(references, attack.reads)
    if ours is None:
        raise MIAError(f"the attack {attack.name!r} reads {attack.reads}, and the target has none")
    if ours.shape != theirs.shape[1:]:
        raise MIAError(
            f"the target's {attack.reads} has shape {ours.shape}, expected {theirs.shape[1:]} as the references': the "
            f"same records and queries"
        )
    return attack.one(target, references)


def score_each(attack: str | ReferenceAttack, references: References) -> np.ndarray:
    """Return float64 (models, records): every model once the target, with its pair left out of its references.

    Raises
    ------
    MIAError
        If the attack is unknown, the references lack what it reads, or there are too few of them.
    """
    references.pair_of(0)  # there are targets among them
    attack = _fit_for(attack, references, left_out=2)
    return attack.each(references)


def find(attack: str | ReferenceAttack) -> ReferenceAttack:
    """Return the attack of this name; an attack is returned as it is."""
    if isinstance(attack, ReferenceAttack):
        return attack
    if attack not in REFERENCE_ATTACKS:
        raise unknown("reference attack", attack, REFERENCE_ATTACKS)
    return REFERENCE_ATTACKS[attack]


def _fit_for(attack: str | ReferenceAttack, references: References, left_out: int) -> ReferenceAttack:
    """Return the attack if these references, less those left out, serve it; else an MIAError says what is missing."""
    attack = find(attack)
    if attack.reads not in references.answers:
        instead = [other.name for other in REFERENCE_ATTACKS.values() if other.reads in references.answers]
        raise MIAError(
            f"the attack {attack.name!r} reads {attack.reads}, and these references have only "
            f"{', '.join(references.answers)}; ask the models for it, or take one of: {', '.join(instead)}"
        )
    if not references.paired and (attack.online or attack.taught):
        able = [other.name for other in REFERENCE_ATTACKS.values() if not other.online and not other.taught]
        raise MIAError(
            f"the attack {attack.name!r} needs models trained on these records, and these references were trained on "
            f"none of them; take one of: {', '.join(able)}"
        )
    least = attack.least if references.paired else attack.least // 2  # all of them are out models
    if references.n_models - left_out < least:
        beside = " beside the target and its pair" if left_out else ""
        raise MIAError(
            f"the attack {attack.name!r} needs at least {least} references{beside}, and there are "
            f"{references.n_models - left_out}; train {least + left_out} models or more"
        )
    return attack
