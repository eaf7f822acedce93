"""The paper's claims before the modern attacker, M1 to M10: a row for each figure, by three attacks side by side."""

import itertools
import math
from collections.abc import Iterator

import pandas as pd

from mia_helpers.data import registry
from mia_helpers.report.intervals import NOT_RUN, Value, holm
from mia_helpers.report.modern import expected
from mia_helpers.report.modern.row import row
from mia_helpers.report.modern.values import (
    SHARES,
    apart,
    by_the_paper,
    exposure_of,
    gap_of,
    over_targets,
    paired_change,
)
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import AS_IT_IS, OF_REFERENCES, STUDIES

STRICT = "tpr_at_01pct_fpr"
SEEDS = range(5)  # of the paper's own targets
Points = dict[tuple[str, str], object]  # from (setting, attack) to the attacker


def claims_table(profile: Profile) -> pd.DataFrame:
    """Return a row per figure of M1 to M10, judged by what the store or a ledger holds of this profile.

    Columns: claim; what; `paper`, `lira` and `rmia`, the figure by the paper's attack and by the two modern ones, each
    with `_low` and `_high`; question (what is judged); judged, low, high, over; tolerance; verdict; p_holm; command.
    Nothing is trained: what is missing is 'not run'.
    """
    made = [claim(_Studies(profile)) for claim in (m1, m2, m4, m5, m6, m7, m9, m10)]
    table = pd.DataFrame([line for claim in made for line in claim]).rename(columns={"p": "p_holm"})
    return table.assign(p_holm=holm(table["p_holm"].tolist()))


class _Studies:
    """The points of a profile's studies of references, by study and experiment."""

    def __init__(self, profile: Profile):
        self.profile = profile.name
        self._found = [(study, exp) for study, exp in profile.studies if study in OF_REFERENCES]

    def of(self, study: str) -> list[tuple[Experiment, Points]]:
        """Return each experiment of a study with its points."""
        chosen = [exp for name, exp in self._found if name == study]
        return [(exp, {(p.setting, p.attacker.attack): p.attacker for p in STUDIES[study](exp)}) for exp in chosen]

    def images(self, l2: float = 0.0) -> list[tuple[Experiment, Points]]:
        """Return the experiments of `modern` on images with this penalty, the smallest first."""
        found = [(exp, points) for exp, points in self.of("modern") if registry.named(exp.dataset).is_images]
        return sorted(((e, p) for e, p in found if e.l2 == l2), key=lambda pair: pair[0].train_size)


def _three(points: Points, metric: str, paper: Value = NOT_RUN, setting: str = AS_IT_IS) -> dict[str, Value]:
    """Return a figure by the three attacks."""
    found = {name: over_targets(points.get((setting, name)), metric) for name in ("lira", "rmia")}
    return {"paper": paper, **found}


def _paper(exp: Experiment, metric: str) -> Value:
    """Return a figure of the paper's attack on the paper's targets of this kind; a penalty it does not know of."""
    n_shadows = 10 if registry.named(exp.dataset).is_images else 20
    alike = [exp.replace(n_shadows=n_shadows, seed=seed) for seed in SEEDS]
    return by_the_paper([(one, one.replace(l2=0.0)) for one in alike], metric)


def m1(studies: _Studies) -> Iterator[dict]:
    """Who is found, and how surely, at each size."""
    for exp, points in studies.images():
        for metric in (STRICT, "tpr_at_1pct_fpr", "auc"):
            three = _three(points, metric, _paper(exp, metric))
            more = apart(three["paper"], three["lira"])
            what = f"ds {exp.train_size}: {SHARES[metric]}"
            yield row("M1", what, three, "LiRA finds more than the paper's attack", more, studies, exp, sign=1)


def m2(studies: _Studies) -> Iterator[dict]:
    """Does leakage fall with more training records, before this attacker too?"""
    sizes = studies.images()
    pairs = [*([(sizes[0], sizes[-1])] if len(sizes) > 2 else []), *itertools.pairwise(sizes)]
    for metric, (small, large) in itertools.product((STRICT, "auc"), pairs):
        ends = [_three(points, metric, _paper(exp, metric)) for exp, points in (small, large)]
        change = {who: apart(ends[0][who], ends[1][who]) for who in ends[0]}
        what = f"ds {large[0].train_size} minus ds {small[0].train_size}: {SHARES[metric]}"
        yield row("M2", what, change, "LiRA finds fewer of more records", change["lira"], studies, sign=-1)


def m4(studies: _Studies) -> Iterator[dict]:
    """Is the attack on Adult at chance, for all records and for the most exposed percent?"""
    for exp, points in studies.of("modern"):
        if registry.named(exp.dataset).is_images:
            continue
        three, near = _three(points, "auc", _paper(exp, "auc")), expected.AT_CHANCE
        start = f"{exp.dataset}, {exp.scaling} columns"
        options = {"claimed": 0.5, "tolerance": near}
        yield row("M4", f"{start}: AUC", three, "LiRA is at chance", three["lira"], studies, exp, **options)
        found = {name: exposure_of(points.get((AS_IT_IS, name)), "auc") for name in ("lira", "rmia")}
        options = {"claimed": 0.5, "tolerance": expected.EXPOSED_AT_CHANCE}
        what = f"{start}: AUC over the most exposed percent of the records"
        three = {"paper": NOT_RUN, **found}
        yield row("M4", what, three, "LiRA is at chance", three["lira"], studies, exp, **options)


def m5(studies: _Studies) -> Iterator[dict]:
    """Does the penalty stop this attacker, who trains his references with it?"""
    plain = {exp.train_size: points for exp, points in studies.images()}
    for l2 in sorted({exp.l2 for exp, _ in studies.of("modern") if exp.l2}):
        for exp, points in studies.images(l2):
            start = f"ds {exp.train_size} with L2"
            three = _three(points, "accuracy", _paper(exp, "accuracy"))
            options = {"claimed": 0.5, "tolerance": expected.STOPPED}
            yield row(
                "M5", f"{start}: {SHARES['accuracy']}", three, "LiRA is stopped", three["lira"], studies, exp, **options
            )
            three = _three(points, STRICT, _paper(exp, STRICT))
            chance = {"claimed": expected.FOUND_BY_CHANCE, "tolerance": expected.FOUND - expected.FOUND_BY_CHANCE}
            what = f"{start}: {SHARES[STRICT]}"
            yield row("M5", what, three, "LiRA finds no more than chance", three["lira"], studies, exp, **chance)
            before = _three(plain.get(exp.train_size, {}), STRICT)
            change = {who: apart(before[who], three[who]) for who in ("lira", "rmia")}
            what = f"{start} minus without: {SHARES[STRICT]}"
            change = {"paper": NOT_RUN, **change}
            yield row("M5", what, change, "the penalty hides members from LiRA", change["lira"], studies, exp, sign=-1)


def m6(studies: _Studies) -> Iterator[dict]:
    """How many reference models does he need, and which attack wins with few?"""
    for exp, points in studies.of("modern_number"):
        for setting in dict.fromkeys(setting for setting, _ in points):
            for kind, ending in (("online", ""), ("offline", "_offline")):
                both = {name: points.get((setting, f"{name}{ending}")) for name in ("lira", "rmia")}
                if any(both.values()):
                    three = {"paper": NOT_RUN, **{name: over_targets(a, STRICT) for name, a in both.items()}}
                    ahead = paired_change(both["rmia"], both["lira"], STRICT)
                    what = f"ds {exp.train_size}, {_models(both, setting)}, {kind}: {SHARES[STRICT]}"
                    yield row("M6", what, three, "LiRA is ahead of RMIA", ahead, studies, exp, sign=1)


def _models(attackers: dict, setting: str) -> str:
    n = next(a.n_used for a in attackers.values() if a)
    return f"{n} shadows" if setting.startswith("n_shadows") else f"{n} references"


def m7(studies: _Studies) -> Iterator[dict]:
    """Do models with fewer classes leak less, before this attacker too?"""
    for exp, points in studies.of("modern_classes"):
        papers = {k: by_the_paper([(one, one) for one in _with_classes(exp, k)], STRICT) for k in (2, 5, 10)}
        ends = {k: _three(points, STRICT, papers[k], f"n_classes={k}") for k in papers}
        for k, three in ends.items():
            yield row("M7", f"{k} classes: {SHARES[STRICT]}", three, "", three["lira"], studies, exp)
        for k in (2, 5):
            change = {who: apart(ends[10][who], ends[k][who]) for who in ends[k]}
            what = f"{k} classes minus 10: {SHARES[STRICT]}"
            yield row("M7", what, change, "LiRA finds fewer", change["lira"], studies, exp, sign=-1)


def _with_classes(exp: Experiment, k: int) -> list[Experiment]:
    return [exp.replace(n_classes=k, n_shadows=3, seed=seed) for seed in SEEDS]


def m9(studies: _Studies) -> Iterator[dict]:
    """Is anybody found before there is a gap?"""
    for exp, points in studies.of("modern_epochs"):
        for setting in dict.fromkeys(setting for setting, _ in points):
            gap, three = gap_of(points.get((setting, "gap"))), _three(points, STRICT, setting=setting)
            told = "gap not run" if math.isnan(gap.ours) else f"train/test gap {gap.ours:.3f}"
            what = f"ds {exp.train_size}, {setting} ({told}): {SHARES[STRICT]}"
            if gap.high <= expected.NO_GAP:
                chance = {"claimed": expected.FOUND_BY_CHANCE, "tolerance": expected.FOUND - expected.FOUND_BY_CHANCE}
                yield row("M9", what, three, "no gap, and none found", three["lira"], studies, exp, **chance)
            else:
                yield row("M9", what, three, "", three["lira"], studies, exp)


def m10(studies: _Studies) -> Iterator[dict]:
    """Does it matter how sure he is of the recipe?"""
    for exp, points in studies.of("modern_recipes"):
        for setting in dict.fromkeys(setting for setting, _ in points):
            three = _three(points, STRICT, setting=setting)
            if setting == AS_IT_IS:
                yield row("M10", f"the right recipe: {SHARES[STRICT]}", three, "", three["lira"], studies, exp)
                continue
            change = {
                who: paired_change(points.get((AS_IT_IS, who)), points.get((setting, who)), STRICT)
                for who in ("lira", "rmia")
            }
            what = f"references with {setting} minus the right recipe: {SHARES[STRICT]}"
            options = {"claimed": 0.0, "tolerance": expected.SAME}
            change = {"paper": NOT_RUN, **change}
            yield row("M10", what, change, "it does not matter to LiRA", change["lira"], studies, exp, **options)
