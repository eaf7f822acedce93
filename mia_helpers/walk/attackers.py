"""An attack as a value: whom it attacks, which models it learns from, and so its name; and what it finds."""

import functools
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mia_helpers import attacks
from mia_helpers.attacks.records import Records
from mia_helpers.attacks.result import AttackResult, measure
from mia_helpers.engine import backends, environment, store
from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.walk import jobs, worker
from mia_helpers.walk.models import Model, answers_of
from mia_helpers.walk.outputs import fitted, learnt_from, mapped_by, shown
from mia_helpers.walk.work import Work

VERSION = 5  # raise it when the code changes what an attack finds: older artifacts are then no longer read


@dataclass(frozen=True)
class Attacker(Work):
    """One measurement: an attack on the target `victim`, learned from the answers of `shadows`.

    Attributes
    ----------
    attack : str
        One of `attacks.ATTACKS`.
    victim : Model
    shadows : tuple of Model
    n_resamples : int
        Bootstrap resamples for the 95% intervals; the victim's seed is theirs.
    options : dict
        Of the attack, such as another grid; see its class.
    output, own_output : str, optional
        The map of the answers (see `learning.outputs`) before the victim, and the one before the attacker's shadows.
    defender : tuple of Model
        The shadows from which the victim's map is learnt, where it learns; the attacker's is learnt from `shadows`.
    """

    attack: str
    victim: Model
    shadows: tuple[Model, ...]
    n_resamples: int
    options: dict = field(default_factory=dict, hash=False)
    output: str | None = None
    own_output: str | None = None
    defender: tuple[Model, ...] = ()
    stage = "attacks"

    def depends_on(self) -> dict:
        """Return all that the result depends on."""
        told = {
            "attack": self.attack,
            "options": self.options,
            "target": self.victim.name,
            "shadows": [shadow.name for shadow in self.shadows],
            "seed": self.victim.seed,
            "n_resamples": self.n_resamples,
            "version": VERSION,
        }
        maps = mapped_by(self.output, self.defender) | ({"own_output": self.own_output} if self.own_output else {})
        return told | maps

    @property
    def name(self) -> str:
        """The name under which its result is kept."""
        kind = f"ds{self.victim.split.train_size}-attack-{self.attack}"
        return f"{self.victim.dataset}/{kind}-{store.fingerprint(self.depends_on())}"

    def needs(self) -> tuple[Model, ...]:
        """Return the models that it takes."""
        return (self.victim, *self.shadows, *learnt_from(self.output, self.defender))

    def is_done(self) -> bool:
        """Tell whether its result and its target are in the store, without computing anything."""
        return self.is_there() and self.victim.is_there()

    def is_ready(self) -> bool:
        """Tell whether all models that it takes are in the store."""
        return all(model.is_there() for model in self.needs())

    def check(self) -> None:
        """Raise an MIAError if the shadows' answers do not fit into this machine's memory."""
        check_memory(self)

    def label(self) -> str:
        """Return which attack it is, on whom, and from what it learns."""
        shadows = f"{len(self.shadows)} shadows with λ = {self.shadows[0].recipe.l2:g}"
        return f"attack: {self.attack} on {self.victim.name}, {shadows}"

    @property
    def adapts(self) -> bool:
        """Whether its shadows were trained as the target was, penalty included, and answer through the same map."""
        alike = all(shadow.recipe == self.victim.recipe for shadow in self.shadows)
        return alike and self.output == self.own_output

    def compute(self) -> None:
        """Fit the attack on the shadows, score the target's records with it, and measure it."""
        self.check()
        jobs.train_all(list(self.needs()))
        target, began = self._seen(self.victim.records()), time.monotonic()
        arrays = measure(self._fitted(), target, seed=self.victim.seed, n_resamples=self.n_resamples)
        store.save(self.name, arrays, seconds=time.monotonic() - began, depends_on=self.depends_on())

    def result(self) -> AttackResult:
        """Return what it measures; compute it if need be."""
        return AttackResult.from_arrays(self.attack, self.arrays(), adaptive=self.adapts)

    def judge(self, records: Records) -> tuple[np.ndarray, np.ndarray]:
        """Return score float64 (n,) and decision bool (n,) of the fitted attack for whatever the victim answers."""
        self.check()
        jobs.train_all(list(self.needs()))
        score = self._fitted().score(self._seen(records))
        return score, self._fitted().decide(score)

    def _seen(self, records: Records) -> Records:
        return shown(fitted(self.output, self.defender), records)

    def _fitted(self) -> attacks.Attack:
        options = json.dumps(self.options, sort_keys=True)
        return _fit(self.attack, self.shadows, self.own_output, options, store.runs_dir())


def names_for(dataset_outputs: str) -> tuple[str, ...]:
    """Return the attacks on a target with 'one' output or 'many', the paper's first."""
    return tuple(n for n, kind in attacks.ATTACKS.items() if kind.outputs in ("any", dataset_outputs))


def resolve(name: str, known: tuple[str, ...]) -> str:
    """Return the attack's own name, where 'shokri' stands for the paper's attack, the first of the `known` ones."""
    if name == "shokri":
        return known[0]
    if name not in attacks.ATTACKS:
        raise unknown("attack", name, ["shokri", *attacks.ATTACKS])
    return name


def new_attack(name: str, seed: int, options: dict) -> attacks.Attack:
    """Return an unfitted attack, with what the walk supplies: a seed, the cores, and a way to train a network."""
    supplied = {"seed": seed, "n_jobs": backends.default_jobs(), "train": _train_network}
    return attacks.new(attacks.ATTACKS[name], options, supplied)


def check_memory(attacker: Attacker) -> None:
    """Raise an MIAError, before hours of training, if the shadows' answers do not fit into this machine's memory."""
    first = attacker.shadows[0]
    outputs = 1 if first.stacks else len(first.class_names)
    answers = 2 * sum(shadow.split.train_size for shadow in attacker.shadows)
    wanted = 2 * answers * (4 * outputs + 25)  # of one model each, then all together
    if wanted > environment.memory():
        raise MIAError(
            f"{answers:,} answers of {len(attacker.shadows):,} shadows would take {wanted / 1e9:,.0f} GB of memory, "
            f"and there are {environment.memory() / 1e9:,.0f}. Use fewer shadows or a smaller train_size."
        )


def _train_network(*task):
    [(_, fitted)] = backends.run(worker.fit_attack_network, [task])
    return fitted


@functools.lru_cache(maxsize=8)
def _fit(name: str, shadows: tuple[Model, ...], output: str | None, options: str, _folder: Path) -> attacks.Attack:
    """Fit once and score many targets with it: the non-adaptive attacker meets every λ with the same attack."""
    seen = shown(fitted(output, shadows), answers_of(shadows))
    return new_attack(name, shadows[0].seed, json.loads(options)).fit(seen)
