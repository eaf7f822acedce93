"""The paper's claims before the modern attacker, M1 to M10: a row for each figure, by three attacks side by side."""

import itertools
import math
from collections.abc import Iterator

import pandas as pd

from mia_helpers.attacks.metrics import LIMITS, is_knowable
from mia_helpers.attacks.references.measure import RATES
from mia_helpers.data import registry
from mia_helpers.report.intervals import NOT_RUN, Value, holm
from mia_helpers.report.modern import expected
from mia_helpers.report.modern.values import (
    SHARES,
    apart,
    by_the_paper,
    excess,
    exposed_auc,
    gap_of,
    over_targets,
    paired_change,
    realised,
)
from mia_helpers.report.questions import Points, Studies, row
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import AS_IT_IS, OF_REFERENCES

SEEDS = range(5)  # of the paper's own targets


def claims_table(profile: Profile) -> pd.DataFrame:
    """Return a row per figure of M1 to M10, judged by what the store or a ledger holds of this profile.

    Columns: claim; what; `paper`, `lira` and `rmia`, the figure by the paper's attack and by the two modern ones, each
    with `_low` and `_high`; question (what is judged); judged, low, high, over; tolerance; verdict; p_holm; command.
    Nothing is trained: what is missing is 'not run'.
    """
    studies = _Studies(profile)
    made = [claim(studies) for claim in (m1, m2, m4, m5, m6, m7, m9, m10)]
    table = pd.DataFrame([line for claim in made for line in claim]).rename(columns={"p": "p_holm"})
    return table.assign(p_holm=holm(table["p_holm"].tolist()))


def strict(exp: Experiment) -> str:
    """Return the criterion of few false alarms: 0.1%, or 1% where there are too few non-members to know that."""
    return "tpr_at_01pct_fpr" if is_knowable("tpr_at_01pct_fpr", exp.train_size) else "tpr_at_1pct_fpr"


class _Studies(Studies):
    """The points of a profile's studies of references."""

    def __init__(self, profile: Profile):
        super().__init__(profile, OF_REFERENCES, "08_*")

    def images(self, l2: float = 0.0, n_references: int | None = None) -> list[tuple[Experiment, Points]]:
        """Return the experiments of `modern` on images with this penalty, the smallest first.

        Of each size the one with most references, or with just so many.
        """
        found: dict[int, tuple[Experiment, Points]] = {}
        for exp, points in sorted(self.of("modern"), key=lambda pair: (pair[0].train_size, pair[0].n_references)):
            if registry.named(exp.dataset).is_images and exp.l2 == l2 and n_references in (None, exp.n_references):
                found[exp.train_size] = exp, points
        return list(found.values())


def _three(points: Points, metric: str, paper: Value = NOT_RUN, setting: str = AS_IT_IS) -> dict[str, Value]:
    """Return a figure by the three attacks."""
    found = {name: over_targets(points.get((setting, name)), metric) for name in ("lira", "rmia")}
    return {"paper": paper, **found}


def _paper(exp: Experiment, metric: str) -> Value:
    """Return a figure of the paper's attack on the paper's targets of this kind; a penalty it does not know of."""
    n_shadows = 10 if registry.named(exp.dataset).is_images else 20
    alike = [exp.replace(n_shadows=n_shadows, seed=seed) for seed in SEEDS]
    return by_the_paper([(one.replace(l2=0.0), one) for one in alike], metric)


def _change(old: Points, new: Points, metric: str, settings: tuple[str, str] = (AS_IT_IS, AS_IT_IS)) -> dict:
    """Return by how much a figure by LiRA and by RMIA differs on targets of the same halves."""
    before, after = settings
    names = ("lira", "rmia")
    return {name: paired_change(old.get((before, name)), new.get((after, name)), metric) for name in names}


def _with(n: int) -> str:
    return f"{n} references"


def m1(studies: _Studies) -> Iterator[dict]:
    """Who is found, and how surely, at each size."""
    for exp, points in studies.images():
        for metric in dict.fromkeys((strict(exp), "tpr_at_1pct_fpr", "auc")):
            three = _three(points, metric, _paper(exp, metric))
            more = apart(three["paper"], three["lira"])
            what = f"ds {exp.train_size}, {exp.n_references} models: {SHARES[metric]}"
            question = "LiRA is ahead of the paper's attack"
            yield row("M1", what, three, question, more, studies, exp, sign=1)


def m2(studies: _Studies) -> Iterator[dict]:
    """Does leakage fall with more training records, before this attacker too? With as many references at each size."""
    most = [exp.n_references for exp, _ in studies.images()]
    sizes = studies.images(n_references=min(most, default=0))
    steps = [*([(sizes[0], sizes[-1])] if len(sizes) > 2 else []), *itertools.pairwise(sizes)]
    for metric, (small, large) in itertools.product((strict(sizes[0][0]), "auc") if steps else (), steps):
        ends = [_three(points, metric, _paper(exp, metric)) for exp, points in (small, large)]
        change = {who: apart(ends[0][who], ends[1][who]) for who in ends[0]}
        what = f"ds {large[0].train_size} minus ds {small[0].train_size}, {min(most)} models: {SHARES[metric]}"
        yield row("M2", what, change, "less with more records, by LiRA", change["lira"], studies, sign=-1)


def m4(studies: _Studies) -> Iterator[dict]:
    """Is the attack on Adult at chance, for all records and for the most exposed percent?"""
    for exp, points in studies.of("modern"):
        if registry.named(exp.dataset).is_images:
            continue
        start, metric = f"{exp.dataset}, {exp.scaling} columns", strict(exp)
        three = _three(points, "auc", _paper(exp, "auc"))
        options = {"claimed": 0.5, "tolerance": expected.AT_CHANCE}
        question = f"LiRA is within {expected.AT_CHANCE} of chance"
        yield row("M4", f"{start}: AUC", three, question, three["lira"], studies, exp, **options)
        three = {"paper": NOT_RUN} | {name: exposed_auc(points.get((AS_IT_IS, name))) for name in ("lira", "rmia")}
        options = {"claimed": 0.5, "tolerance": expected.EXPOSED_AT_CHANCE}
        question = f"LiRA is within {expected.EXPOSED_AT_CHANCE} of chance"
        what = f"{start}: AUC over the most exposed percent of the records"
        yield row("M4", what, three, question, three["lira"], studies, exp, **options)
        yield _somebody("M4", start, points, metric, studies, exp, _paper(exp, metric))


def _somebody(claim: str, start: str, points: Points, metric: str, studies, exp, paper=NOT_RUN, setting=AS_IT_IS):
    """Return the row that asks whether LiRA finds anybody, at thresholds that were chosen on other models."""
    three = _three(points, metric, paper, setting)
    found = excess(points.get((setting, "lira")), RATES[metric])
    question = "LiRA finds somebody: members are accused more often than others"
    return row(claim, f"{start}: {SHARES[metric]}", three, question, found, studies, exp, sign=1)


def m5(studies: _Studies) -> Iterator[dict]:
    """Does the penalty stop this attacker, who trains his references with it?"""
    for l2 in sorted({exp.l2 for exp, _ in studies.of("modern") if exp.l2}):
        for exp, points in studies.images(l2):
            start, metric = f"ds {exp.train_size} with L2", strict(exp)
            three = _three(points, "accuracy", _paper(exp, "accuracy"))
            options = {"claimed": 0.5, "tolerance": expected.STOPPED}
            what = f"{start}: {SHARES['accuracy']}"
            yield row("M5", what, three, "LiRA is stopped", three["lira"], studies, exp, **options)
            yield _somebody("M5", start, points, metric, studies, exp, _paper(exp, metric))
            same = [p for plain, p in studies.images() if plain.train_size == exp.train_size]
            change = {"paper": NOT_RUN, **_change(same[0] if same else {}, points, metric)}
            what = f"{start} minus without: {SHARES[metric]}"
            yield row("M5", what, change, "fewer are found by LiRA", change["lira"], studies, exp, sign=-1)


def m6(studies: _Studies) -> Iterator[dict]:
    """How many reference models does he need, and which attack wins with few?"""
    for exp, points in studies.of("modern_number"):
        metric = strict(exp)
        for setting, (kind, ending) in itertools.product(_settings(points), (("online", ""), ("offline", "_offline"))):
            both = {name: points.get((setting, f"{name}{ending}")) for name in ("lira", "rmia")}
            if not any(both.values()):
                continue
            three = {"paper": NOT_RUN} | {name: over_targets(a, metric) for name, a in both.items()}
            what = f"ds {exp.train_size}, {_models(both, setting)}, {kind}: {SHARES[metric]}"
            ahead = paired_change(both["rmia"], both["lira"], metric)
            yield row("M6", what, three, "LiRA is ahead of RMIA", ahead, studies, exp, sign=1)
            if setting != AS_IT_IS:
                less = paired_change(points[AS_IT_IS, f"lira{ending}"], both["lira"], metric)
                options = {"claimed": 0.0, "tolerance": expected.SAME}
                what = f"ds {exp.train_size}, {_models(both, setting)} instead of all, {kind}: {SHARES[metric]}"
                change = {"paper": NOT_RUN, "lira": less}
                change["rmia"] = paired_change(points[AS_IT_IS, f"rmia{ending}"], both["rmia"], metric)
                yield row("M6", what, change, "as good for LiRA as all", less, studies, exp, **options)


def _settings(points: Points) -> list[str]:
    return list(dict.fromkeys(setting for setting, _ in points))


def _models(attackers: dict, setting: str) -> str:
    n = next(a.n_used for a in attackers.values() if a)
    return f"{n} shadows" if setting.startswith("n_shadows") else _with(n)


def m7(studies: _Studies) -> Iterator[dict]:
    """Do models with fewer classes leak less, before this attacker too?"""
    for exp, points in studies.of("modern_classes"):
        metric = strict(exp)
        papers = {k: by_the_paper([(one, one) for one in _with_classes(exp, k)], metric) for k in (2, 5, 10)}
        for k, paper in papers.items():
            three = _three(points, metric, paper, f"n_classes={k}")
            yield row("M7", f"{k} classes: {SHARES[metric]}", three, "", three["lira"], studies, exp)
        for k in (2, 5):
            change = {"paper": apart(papers[10], papers[k])}
            change |= _change(points, points, metric, ("n_classes=10", f"n_classes={k}"))
            what = f"{k} classes minus 10: {SHARES[metric]}"
            yield row("M7", what, change, "LiRA finds fewer", change["lira"], studies, exp, sign=-1)


def _with_classes(exp: Experiment, k: int) -> list[Experiment]:
    return [exp.replace(n_classes=k, n_shadows=3, seed=seed) for seed in SEEDS]


def m9(studies: _Studies) -> Iterator[dict]:
    """Is anybody found before there is a gap?"""
    for exp, points in studies.of("modern_epochs"):
        for setting in _settings(points):
            gap = gap_of(points.get((setting, "gap")))
            if math.isnan(gap.ours):
                told = "gap not run"
            else:
                told = f"{'no gap yet' if gap.high <= expected.NO_GAP else 'gap'}, {gap.ours:.3f}"
            start = f"ds {exp.train_size}, {setting} ({told})"
            yield _somebody("M9", start, points, strict(exp), studies, exp, setting=setting)


def m10(studies: _Studies) -> Iterator[dict]:
    """Does it matter how sure he is of the recipe?"""
    for exp, points in studies.of("modern_recipes"):
        metric = strict(exp)
        for setting in _settings(points):
            who = "the right recipe" if setting == AS_IT_IS else f"references with {setting}"
            if setting != AS_IT_IS:
                change = {"paper": NOT_RUN, **_change(points, points, metric, (AS_IT_IS, setting))}
                options = {"claimed": 0.0, "tolerance": expected.SAME}
                what = f"{who} minus the right recipe: {SHARES[metric]}"
                yield row("M10", what, change, "no matter to LiRA", change["lira"], studies, exp, **options)
            came = {name: realised(points.get((setting, name)), f"fpr_{RATES[metric]}") for name in ("lira", "rmia")}
            what = f"{who}: rate of false alarms that came, of {_percent(metric)} aimed at"
            yield row("M10", what, {"paper": NOT_RUN, **came}, "", came["lira"], studies, exp)


def _percent(metric: str) -> str:
    return f"{100 * LIMITS[metric]:g}%"
