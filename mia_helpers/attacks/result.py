"""What one attack says about the target's records, and how good it is."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_helpers.attacks import intervals, metrics
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
        A row per criterion: metric, value, low, high (95% over the records).
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

    @property
    def realised(self) -> pd.DataFrame:
        """What comes of the thresholds at which one false alarm in 100, and in 1,000, was raised on the shadows.

        A row for each, where the shadows have enough non-members: `wanted` (the false-positive rate), `called` (records
        called members), `fpr`, `tpr` and `precision`, each with `_low` and `_high` (exact).
        """
        rows = []
        for name, wanted in metrics.LIMITS.items():
            if (cut := self.details["cuts"][name]) is not None:
                said = self.score > cut
                tp, fp = np.count_nonzero(said & self.member), np.count_nonzero(said & ~self.member)
                shares = {"fpr": (fp, (~self.member).sum()), "tpr": (tp, self.member.sum()), "precision": (tp, tp + fp)}
                rows.append({"wanted": wanted, "called": tp + fp, **_with_ends(shares)})
        columns = ["wanted", "called", *(f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high"))]
        return pd.DataFrame(rows, columns=columns)

    def per_class(self, **options) -> pd.DataFrame:
        """Return the criteria with intervals for each true class (see `metrics.by_group`)."""
        return metrics.by_group(self.label, self.member, self.score, self.decision, self.probability, **options)


_SHARES = ("fpr", "tpr", "precision")


def _with_ends(shares: dict[str, tuple[int, int]]) -> dict[str, float]:
    told = {}
    for name, (part, whole) in shares.items():
        told[name] = part / whole if whole else np.nan
        told[f"{name}_low"], told[f"{name}_high"] = intervals.clopper_pearson(part, whole)
    return told


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
