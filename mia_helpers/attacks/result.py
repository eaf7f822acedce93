"""What one attack says about the target's records, and how good it is."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_helpers.attacks import metrics
from mia_helpers.attacks.base import Attack
from mia_helpers.attacks.records import Records


@dataclass(frozen=True, eq=False)
class AttackResult:
    """What one attack says about the target's records, and how good it is.

    Attributes
    ----------
    name : str
    adaptive : bool
        Whether the models that it learned from were trained as the target was, penalty included.
    member, decision : bool (n,)
    label : int64 (n,)
    score, probability : float64 (n,)
    details : dict
        What the attack reports about its fit (`Attack.details_`).
    table : DataFrame
        A row per criterion: metric, value, low, high (95% bootstrap).
    """

    name: str
    adaptive: bool
    member: np.ndarray
    label: np.ndarray
    score: np.ndarray
    decision: np.ndarray
    probability: np.ndarray
    details: dict
    table: pd.DataFrame

    @classmethod
    def from_arrays(cls, name: str, arrays: dict[str, np.ndarray], *, adaptive: bool) -> "AttackResult":
        """Return the result that `measure` packed into arrays."""
        table = pd.DataFrame({"metric": metrics.CRITERIA, **{k: arrays[k] for k in ("value", "low", "high")}})
        columns = {k: arrays[k] for k in ("member", "label", "score", "decision", "probability")}
        return cls(name, adaptive, **columns, details=json.loads(str(arrays["details"])), table=table)

    @property
    def metrics(self) -> pd.Series:
        """The value of each criterion, by name."""
        return self.table.set_index("metric")["value"]

    def per_class(self, **options) -> pd.DataFrame:
        """Return the criteria with intervals for each true class (see `metrics.by_group`)."""
        return metrics.by_group(self.label, self.member, self.score, self.decision, self.probability, **options)


def measure(fitted: Attack, target: Records, *, seed: int, n_resamples: int) -> dict[str, np.ndarray]:
    """Return what a fitted attack says about the target's records, and its criteria, as arrays to be kept."""
    score = fitted.score(target)
    decision, probability = fitted.decide(score), fitted.probability(score)
    table = metrics.with_intervals(target.member, score, decision, probability, seed=seed, n_resamples=n_resamples)
    said = {"score": score, "decision": decision, "probability": probability}
    ends = {name: table[name].to_numpy() for name in ("value", "low", "high")}
    return {
        "member": target.member,
        "label": target.label,
        **said,
        **ends,
        "details": np.array(json.dumps(fitted.details_)),
    }
