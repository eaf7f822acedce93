"""An attack with reference models as a value: each of the targets is attacked once, and measured."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_helpers.attacks import references as attacks
from mia_helpers.attacks.records import Records
from mia_helpers.attacks.references import REFERENCE_ATTACKS, References, Target, find
from mia_helpers.attacks.references.privacy import epsilon_shown
from mia_helpers.engine import store
from mia_helpers.engine.errors import MIAError
from mia_helpers.walk.models import Model
from mia_helpers.walk.outputs import fitted, shown
from mia_helpers.walk.references import Answers, ShadowAnswers
from mia_helpers.walk.work import Work

VERSION = 1  # raise it when the code changes what an attack finds: older artifacts are then no longer read
STRICT = attacks.THRESHOLDS.index("tpr_at_01pct_fpr")
EXPOSED = 0.01  # the share of the records that counts as most exposed


@dataclass(frozen=True)
class ReferenceAttacker(Work):
    """One measurement: an attack on every one of the `targets`, by somebody who has the models of `sources`.

    Longer than a screen: what it depends on, then a method for each part of what it measured.

    Attributes
    ----------
    attack : str
        One of `attacks.references.REFERENCE_ATTACKS`.
    targets : Answers
        Models of complementary halves; each is the target once.
    sources : Answers or ShadowAnswers
        The attacker's: the same models (the target and its pair left out), others of the same halves, such as models
        trained by another recipe, or shadows, which have none of the records.
    n_references : int, optional
        How many of them he uses, those that follow the target's pair; by default all.
    victim : Model, optional
        The paper's own target, which is attacked with all the sources.
    """

    attack: str
    targets: Answers
    sources: Answers | ShadowAnswers
    n_references: int | None = None
    victim: Model | None = None
    stage = "attacks"

    def __post_init__(self):
        _check_number(self.n_references, self.sources)

    def depends_on(self) -> dict:
        """Return all that the result depends on."""
        told = {"attack": self.attack, "targets": self.targets.name, "sources": self.sources.name}
        victim = self.victim and self.victim.name
        return told | {"n_references": self.n_references, "target": victim, "version": VERSION}

    @property
    def name(self) -> str:
        """The name under which its result is kept."""
        first = self.targets.models[0]
        kind = f"ds{first.split.train_size}-references-{self.attack}"
        return f"{first.dataset}/{kind}-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the models that it takes."""
        return (*self.targets.needs(), *self.sources.needs(), *((self.victim,) if self.victim else ()))

    def label(self) -> str:
        """Return which attack it is, on whom, and with how many references."""
        return f"attack: {self.attack} on {len(self.targets.models)} targets with {self.n_used} references"

    @property
    def n_used(self) -> int:
        """How many reference models he uses on each target."""
        left_out = 0 if isinstance(self.sources, ShadowAnswers) else 2
        return self.n_references or len(self.sources.models) - left_out

    def check(self) -> None:
        """Raise an MIAError, before hours of training, if there are too few models for attack and thresholds."""
        _check_enough(self)

    def compute(self) -> None:
        """Score every target, choose thresholds on the other models, and measure."""
        self.check()
        targets = self._read(self.targets)
        sources = targets if self.sources == self.targets else self._read(self.sources)
        _check_same(targets, sources)
        began, arrays, planted = time.monotonic(), {}, _planted(self.targets.models[0], targets)
        if planted.any():
            arrays |= _of_canaries(self, targets.only(planted), sources.only(planted))
            targets, sources = targets.only(~planted), sources.only(~planted)
        scores, chosen, found = _measured(self, "each", targets, sources)
        arrays |= found
        if self._are_targets:
            exposure = _exposure(self.attack, targets, scores, chosen)
            arrays |= {f"exposure_{name}": np.asarray(x, float) for name, x in exposure.items()}
        if self.victim and REFERENCE_ATTACKS[self.attack].reads != "right":  # it was not asked about moved images
            arrays |= {f"own_{name}": np.float64(x) for name, x in _of_victim(self, sources).items()}
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def table(self) -> pd.DataFrame:
        """Return a row per target (see `attacks.references.per_target`)."""
        return pd.DataFrame(self._part("each"))

    def own(self) -> dict[str, float]:
        """Return what was measured of the paper's own target, in hindsight."""
        return {name: float(value) for name, value in self._part("own").items()}

    def canaries(self) -> dict[str, np.ndarray]:
        """Return what was measured of the canaries, float64 (targets,) each; nothing where there are none.

        The columns of `attacks.references.per_target`, and `epsilon`, the lower bound that they prove (95%, one run
        each; see `attacks.references.privacy`) for the delta that is told there.
        """
        return self._part("canary")

    def accuracies(self) -> dict[str, np.ndarray]:
        """Return how often each target is right, float64 (targets,): of the records that it knows, and of the others.

        `train` and `test`; canaries are left out, for which the right answer is a wrong one.
        """
        targets = self.targets.references()
        usual = ~_planted(self.targets.models[0], targets)
        right, member = targets.right[:, usual, 0], targets.member[:, usual]
        return {"train": right.mean(axis=1, where=member), "test": right.mean(axis=1, where=~member)}

    def exposure(self) -> dict[str, np.ndarray]:
        """Return what was measured of single records' risk; nothing where the attacker's models are others.

        `auc` over the most exposed percent, for each target, and `stability` (see `attacks.references.risk`); and the
        shares of records that are, at 0.1% false alarms, `never` and `always` caught where they are known.
        """
        return self._part("exposure")

    def _part(self, kind: str) -> dict[str, np.ndarray]:
        return {k.removeprefix(f"{kind}_"): v for k, v in self.arrays().items() if k.startswith(f"{kind}_")}

    @property
    def _are_targets(self) -> bool:  # all the others, and nothing else
        return self.sources == self.targets and self.n_references is None

    def _read(self, answers: Answers) -> References:
        return answers.references(probs=REFERENCE_ATTACKS[self.attack].reads == "probs")

    def scores(self, targets: References, sources: References) -> np.ndarray:
        """Return the scores of each target, float64 (models, records)."""
        if self._are_targets:
            return attacks.score_each(self.attack, targets)
        left = (_left(sources, i, self.n_used) for i in range(targets.n_models))
        return np.stack([attacks.score_one(self.attack, targets.row(i), models) for i, models in enumerate(left)])


def _thresholds(attacker: ReferenceAttacker, sources: References) -> np.ndarray:
    if attacker.n_references is None and sources.paired:
        return attacks.thresholds(attacker.attack, sources)
    # Too few models to try them on, or none that knows a record.
    return np.full((len(attacker.targets.models), len(attacks.THRESHOLDS)), np.nan)


def _measured(attacker: ReferenceAttacker, kind: str, targets: References, sources: References) -> tuple:
    """Return scores, thresholds, and what is measured of each target with them, under names that begin with `kind`."""
    scores, chosen = attacker.scores(targets, sources), _thresholds(attacker, sources)
    table = attacks.per_target(scores, targets.member, chosen).drop(columns="target")
    return scores, chosen, {f"{kind}_{name}": table[name].to_numpy(float) for name in table}


def _of_canaries(attacker: ReferenceAttacker, targets: References, sources: References) -> dict[str, np.ndarray]:
    """Return what is measured of the canaries, given these alone (see `ReferenceAttacker.canaries`)."""
    scores, _, found = _measured(attacker, "canary", targets, sources)
    bounds = [epsilon_shown(score, member) for score, member in zip(scores, targets.member, strict=True)]
    return found | {"canary_epsilon": np.array(bounds)}


def _planted(model: Model, targets: References) -> np.ndarray:
    """Return which of the records are canaries, bool (records,)."""
    if not model.split.n_canaries:
        return np.zeros(len(targets.label), bool)
    return np.isin(targets.index, model.canaries())


def _left(sources: References, target: int, n: int) -> References:
    """Return the n references that follow this target's pair, in a circle; shadows serve all targets."""
    if not sources.paired:
        return sources
    return sources.take([(target // 2 * 2 + 2 + i) % sources.n_models for i in range(n)])


def _check_enough(attacker: ReferenceAttacker) -> None:
    least = find(attacker.attack).least
    if isinstance(attacker.sources, ShadowAnswers):
        return
    n, wanted = len(attacker.sources.models), max(least, 2) + (4 if attacker.n_references is None else 2)
    if n < wanted or attacker.n_used < least:
        raise MIAError(
            f"n_references={attacker.n_references or n}: the attack {attacker.attack!r} and its thresholds take at "
            f"least {wanted} models, and {least} references beside the target and its pair"
        )


def _of_victim(attacker: ReferenceAttacker, sources: References) -> dict[str, float]:
    records = shown(fitted(attacker.targets.output, attacker.targets.shadows), attacker.victim.records())
    target, member = as_target(records, sources), records.member[np.argsort(records.index)]
    return attacks.in_hindsight(member, attacks.score_one(attacker.attack, target, sources))


def _check_number(n: int | None, sources: Answers | ShadowAnswers) -> None:
    if n is None:
        return
    if isinstance(sources, ShadowAnswers):
        raise MIAError(f"n_references={n!r}: all shadows serve each target; give the experiment another n_shadows")
    most = len(sources.models) - 2
    if isinstance(n, bool) or not isinstance(n, int) or n % 2 or not 2 <= n <= most:
        told = f"expected an even number from 2 to {most}; of {most + 2} models, the target and its pair are left out"
        raise MIAError(f"n_references={n!r}: {told}")


def _check_same(targets: References, sources: References) -> None:
    if not np.array_equal(targets.label, sources.label):
        raise MIAError(
            "the attacker's models were not asked about the targets' records; give both the same dataset, train_size "
            "and seed"
        )
    if sources.paired and not np.array_equal(targets.member, sources.member):
        raise MIAError(
            "the attacker's models were not trained on the targets' halves, so a target's pair would be among them; "
            "give both the same seed and n_references"
        )


def as_target(records: Records, references: References) -> Target:
    """Return the answers of the paper's target in the order of the references: only the record itself was asked."""
    ordered = records[np.argsort(records.index)]
    if not np.array_equal(ordered.label, references.label):
        raise MIAError("the target's records are not those of the references; give both the same experiment")
    return Target(confidence=ordered.log_odds.astype(np.float32), right=ordered.correct, probs=ordered.probs)


def _exposure(attack: str, references: References, scores: np.ndarray, chosen: np.ndarray) -> dict[str, object]:
    found = {"auc": attacks.exposed_auc(attack, references, EXPOSED)}
    found["stability"] = attacks.stability(attack, references)
    if np.isnan(chosen[:, STRICT]).any():  # there are too few non-members for such a threshold
        return found | {"never": np.nan, "always": np.nan}
    caught = attacks.per_record(attacks.decide(scores, chosen)[..., STRICT], references.member)["caught"]
    return found | {"never": (caught == 0).mean(), "always": (caught == 1).mean()}
