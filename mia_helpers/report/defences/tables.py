"""Every figure of every defence and attack, over the targets."""

import math
from pathlib import Path

import pandas as pd

from mia_helpers.attacks.references.privacy import DELTA
from mia_helpers.report.defences.claims import verdicts_table
from mia_helpers.report.defences.values import RATES, Setting, settings_of
from mia_helpers.report.intervals import Value
from mia_helpers.report.modern.values import SHARES, exposed_auc
from mia_helpers.report.questions import Studies, write_answers
from mia_helpers.report.tables import root_unless_lost
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import OF_DEFENCES

KEYS = ["dataset", "train_size", "scaling", "seed", "n_references", "n_canaries", "setting", "attack"]
OF_CANARIES = ("tpr_01pct", "fpr_01pct", "tpr_1pct", "fpr_1pct", "auc", "balanced_accuracy")


def points_table(profile: Profile) -> pd.DataFrame:
    """Return a row per setting and attack with references trained alike that was measured.

    Columns: `KEYS`; family; targets; `train_accuracy` and `test_accuracy` of the targets; `paper`, the accuracy of the
    paper's attack, whose shadows know no defence; each figure of `SHARES` on all records but the canaries; exposed_auc,
    over the most exposed percent of them; `found`, the share of the canaries that is found at this `rate` of false
    alarms, which `counts` where no more came than that; `canary_…`, figures on the canaries (`tpr_…`, and the `fpr_…`
    that came, at thresholds that were chosen on other models); `epsilon_shown`, the mean of the targets' lower bounds,
    at delta 1e-5, and of DP-SGD `epsilon_proven` for that delta, `epsilon` for the recipe's own, and `share_refuted`,
    of the targets whose lower bound is above what is proven. Figures have `_low` and `_high`, 95% over pairs of
    targets.
    """
    studies = Studies(profile, OF_DEFENCES, "09_*")
    found = [(exp, setting) for exp, points in studies.of(*OF_DEFENCES) for setting in settings_of(points)]
    rows = [_row(exp, s, attack) for exp, s in found for attack in s.attacks if len(s.canary_targets(attack))]
    return pd.DataFrame(rows, columns=None if rows else KEYS)


def _row(exp, setting: Setting, attack: str) -> dict:
    told = {name: getattr(exp, name) for name in KEYS[:-2]} | {"setting": setting.name, "attack": attack}
    told |= {"family": setting.family, "targets": len(setting.utility_targets())}
    for part in ("train", "test"):
        told |= _with_ends(f"{part}_accuracy", setting.utility(part))
    told |= _with_ends("paper", setting.paper)
    told |= {"rate": RATES[setting.rate], "counts": setting.counts(attack)}
    told |= _with_ends("found", setting.of_canaries(attack))
    for metric in SHARES:
        told |= _with_ends(metric, setting.of_all(attack, metric))
    told |= _with_ends("exposed_auc", exposed_auc(setting.attacker(attack)))
    for metric in OF_CANARIES:
        told |= _with_ends(f"canary_{metric}", setting.of_canaries(attack, metric))
    if attack == "lira":
        told |= _with_ends("epsilon_shown", setting.shown())
    told |= {"epsilon_proven": setting.proven(DELTA), "epsilon": setting.proven()}
    return told | {"share_refuted": setting.share_refuted() if attack == "lira" else math.nan}


def _with_ends(name: str, value: Value) -> dict[str, float]:
    return {name: value.ours, f"{name}_low": value.low, f"{name}_high": value.high}


def overview(points: pd.DataFrame) -> pd.DataFrame:
    """Return what fits on a screen: of each setting the attack that finds most canaries."""
    if points.empty:
        return points
    known = points[points["found"].notna() & points["counts"]]
    best = known.loc[known.groupby(KEYS[:-1], sort=False)["found"].idxmax()]
    columns = ["dataset", "scaling", "setting", "test_accuracy", "paper", "attack", "accuracy", "found", "epsilon"]
    return best[columns].round({name: 3 for name in columns[3:]})


def root_for(profile: Profile, points: pd.DataFrame) -> Path:
    """Return where tables and figures go: into the runs folder if rows would be lost (see `report.root_for`)."""
    return root_unless_lost(profile.name, [(f"{_start(profile)}points", points, KEYS)])


def _start(profile: Profile) -> str:
    return "" if profile.parts == {"defences"} else "defences_"


def write(profile: Profile, points: pd.DataFrame, claims: pd.DataFrame) -> tuple[Path, list[Path]]:
    """Write both tables, manifest and ledger to `results/<profile>/`; return the root of that folder, and the paths.

    Where another notebook writes manifest and ledger of the profile, the tables' names begin with `defences_`.
    """
    root = root_for(profile, points)
    named = {"points": points, "claims": claims, "verdicts": verdicts_table(claims)}
    return root, write_answers(profile, _start(profile), named, root)
