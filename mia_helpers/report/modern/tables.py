"""Every figure of every attack with reference models, over the targets."""

from pathlib import Path

import pandas as pd

from mia_helpers.report.modern.values import SHARES, each_target, exposed_auc, exposure, own_target, share_of
from mia_helpers.report.questions import answers_table, write_answers
from mia_helpers.report.tables import root_unless_lost
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import OF_REFERENCES, STUDIES, Point

KEYS = ["study", "setting", "dataset", "train_size", "n_classes", "scaling", "l2", "seed", "n_references", "attack"]


def attacks_table(profile: Profile) -> pd.DataFrame:
    """Return a row per attack and setting that was measured.

    Columns: `KEYS`; targets (how many models were the target once); each figure of `SHARES` with `_low` and `_high`
    (95% over pairs of targets); what came of thresholds that were chosen on other models for 1% and 0.1% of false
    alarms (`fpr_…`, `tpr_…` and `false_alarms_…`, means over targets); of the risk of single records `stability`,
    `never`, `always` (see `ReferenceAttacker.exposure`) and `exposed_auc`; and the figures of the paper's own target,
    in hindsight (`own_…`).
    """
    points = [(s, p) for s, exp in profile.studies if s in OF_REFERENCES for p in STUDIES[s](exp)]
    rows = [_row(study, point, found) for study, point in points if (found := each_target(point.attacker))]
    figures = [f"{metric}{end}" for metric in SHARES for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=None if rows else [*KEYS, "targets", *figures])


def _row(study: str, point: Point, found: dict[str, list[float]]) -> dict:
    attacker, model = point.attacker, point.attacker.targets.models[0]
    row = {"study": study, "setting": point.setting, "dataset": model.dataset, "train_size": model.split.train_size}
    row |= {"n_classes": len(model.class_names), "scaling": model.recipe.scaling, "l2": model.recipe.l2}
    row |= {"seed": model.seed, "n_references": attacker.n_used, "attack": attacker.attack}
    row["targets"] = len(found["auc"])
    for metric in SHARES:
        value = share_of(attacker, found, metric)
        row |= {metric: value.ours, f"{metric}_low": value.low, f"{metric}_high": value.high}
    row |= {name: values[0] for name, values in (exposure(attacker) or {}).items() if name != "auc"}
    row["exposed_auc"] = exposed_auc(attacker).ours
    realised = [name for name in found if name not in SHARES]
    row |= {name: sum(found[name]) / len(found[name]) for name in realised}
    return row | {f"own_{name}": value for name, value in (own_target(attacker) or {}).items()}


def overview(attacks: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that fit on a screen, rounded; of experiments as they are."""
    columns = ["dataset", "train_size", "l2", "scaling", "n_references", "attack", *SHARES]
    rows = attacks[attacks["study"] == "modern"]
    return rows[columns].round({name: 3 for name in SHARES})


def verdicts_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that were run, as pages show them (see `questions.answers_table`)."""
    return answers_table(claims, {"paper": "the paper's attack", "lira": "LiRA", "rmia": "RMIA"})


def root_for(profile: Profile, attacks: pd.DataFrame) -> Path:
    """Return where tables and figures go: into the runs folder if rows would be lost (see `report.root_for`)."""
    return root_unless_lost(profile.name, [(f"{_start(profile)}attacks", attacks, KEYS)])


def _start(profile: Profile) -> str:
    return "modern_" if profile.experiments else ""


def write(profile: Profile, attacks: pd.DataFrame, claims: pd.DataFrame) -> tuple[Path, list[Path]]:
    """Write both tables, manifest and ledger to `results/<profile>/`; return the root of that folder, and the paths.

    Where the profile has experiments, notebook 07 writes manifest and ledger, and a table `claims` of its own; these
    are then called `modern_attacks` and `modern_claims`.
    """
    root = root_for(profile, attacks)
    named = {"attacks": attacks, "claims": claims, "verdicts": verdicts_table(claims)}
    return root, write_answers(profile, _start(profile), named, root)
