"""Which defence keeps a record secret, D1 to D6: a row for each figure, with the defence and beside something else."""

import math
from collections.abc import Iterator

import pandas as pd

from mia_helpers.attacks.references.privacy import DELTA
from mia_helpers.data import registry
from mia_helpers.learning.outputs import OUTPUTS
from mia_helpers.report.defences import expected
from mia_helpers.report.defences.values import RATES, Setting, beside_private, beyond, change, settings_of
from mia_helpers.report.intervals import NOT_RUN, Value, holm, rank_correlation
from mia_helpers.report.questions import Studies, answers_table, row
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import AS_IT_IS, OF_DEFENCES

FEW = f"at most {expected.PROTECTED:.0%} of the canaries are found"


def claims_table(profile: Profile) -> pd.DataFrame:
    """Return a row per figure of D1 to D6, judged by what the store or a ledger holds of this profile.

    Columns: claim; what; `defended` and `beside`, a figure with the defence and what it stands beside (as `what` says),
    each with `_low` and `_high`; question (what is judged); judged, low, high, over; tolerance; verdict; p_holm;
    command. Nothing is trained: what is missing is 'not run'.
    """
    studies = Studies(profile, OF_DEFENCES, "09_*")
    asked = [_Asked(studies, exp, settings_of(points)) for exp, points in studies.of(*OF_DEFENCES)]
    lines = [line for claim in CLAIMS for one in asked for line in claim(one)]
    table = pd.DataFrame(lines).rename(columns={"p": "p_holm"})
    return table.assign(p_holm=holm(table["p_holm"].tolist()))


class _Asked:
    """What the questions are asked of: the settings of one experiment."""

    def __init__(self, studies: Studies, exp: Experiment, settings: list[Setting]):
        self.studies, self.exp, self.settings = studies, exp, settings
        self.plain = next(s for s in settings if s.name == AS_IT_IS)
        is_images = registry.named(exp.dataset).is_images
        self.found = f"canaries found at {100 * RATES[self.plain.rate]:g}% false alarms"
        self.start = exp.dataset if is_images else f"{exp.dataset}, {exp.scaling} columns"

    def of(self, *families: str) -> list[Setting]:
        """Return the settings of these families of defences."""
        return [setting for setting in self.settings if setting.family in families]

    def row(self, claim: str, what: str, values: tuple, question: str = "", judged: Value = NOT_RUN, **options) -> dict:
        """Return a row of the table; the values are one with the defence (or all is not run), and what it is beside."""
        values = values if not math.isnan(values[0].ours) else (NOT_RUN, NOT_RUN)
        figures = dict(zip(("defended", "beside"), values, strict=True))
        return row(claim, f"{self.start}, {what}", figures, question, judged, self.studies, self.exp, **options)

    def few_are_found(self, claim: str, setting: Setting, beside: Value, told: str) -> dict:
        """Return the row that asks whether the best attacker who adapts finds few canaries."""
        found = setting.found()
        judged, options = beyond(found, expected.PROTECTED), {"sign": -1, "tolerance": expected.PROTECTED}
        return self.row(claim, f"{setting.name}{told}", (found, beside), FEW, judged, **options)

    def fewer_than_plain(self, claim: str, setting: Setting, more: str = "") -> dict:
        """Return the same beside no defence."""
        return self.few_are_found(claim, setting, self.plain.found(), f"{more}: {self.found}, beside no defence")

    def costs_nothing(self, claim: str, setting: Setting, other: Setting, name: str) -> dict:
        """Return the row that asks whether a setting's test accuracy is no lower than another's."""
        more = change(other.utility_targets(), setting.utility_targets())
        question = f"it is no more than {expected.NO_COST:g} lower"
        options = {"sign": 1, "tolerance": expected.NO_COST}
        what, both = f"{setting.name}: test accuracy, beside {name}", (setting.utility(), other.utility())
        return self.row(claim, what, both, question, beyond(more, -expected.NO_COST), **options)


def d1(asked: _Asked) -> Iterator[dict]:
    """Does L2 stop the attacker who adapts, at no cost?"""
    for setting in asked.of("l2"):
        both, options = (setting.best_accuracy(), asked.plain.best_accuracy()), {"tolerance": expected.STOPPED}
        what = f"{setting.name}: accuracy of the best attack, beside no defence"
        yield asked.row("D1", what, both, "it is stopped", both[0], claimed=0.5, **options)
        yield asked.fewer_than_plain("D1", setting)
        yield asked.costs_nothing("D1", setting, asked.plain, "no defence")


def d2(asked: _Asked) -> Iterator[dict]:
    """Does hiding the confidence protect?"""
    for setting in asked.of(*OUTPUTS):
        yield asked.fewer_than_plain("D2", setting, f" (best attack: {setting.best()})")
        yield asked.costs_nothing("D2", setting, asked.plain, "no defence")


def d3(asked: _Asked) -> Iterator[dict]:
    """Is early stopping as good as L2, at the paper's penalty?"""
    for penalty in asked.of("l2")[-1:]:
        for setting in asked.of("early_stopping"):
            more = change(*(one.canary_targets(one.best()) for one in (penalty, setting)))
            question, options = f"no more than {expected.SAME:g} more are found", {"tolerance": expected.SAME}
            what, both = f"{setting.name}: {asked.found}, beside {penalty.name}", (setting.found(), penalty.found())
            yield asked.row("D3", what, both, question, beyond(more, expected.SAME), sign=-1, **options)
            yield asked.costs_nothing("D3", setting, penalty, penalty.name)


def d4(asked: _Asked) -> Iterator[dict]:
    """Is the paper's attacker enough to judge a defence? Of those that stop him, which stop the others?"""
    points = [(s.paper.ours, s.found().ours) for s in asked.settings if NOT_RUN not in (s.paper, s.found())]
    what = f"{len(points)} settings: rank correlation of the paper's attack's accuracy with {asked.found}"
    together = rank_correlation(points)
    if len(points) < 4 or not math.isnan(together.ours):  # where the paper's attack never moves, there is none to tell
        yield asked.row("D4", what, (together, NOT_RUN))
    for setting in asked.settings:
        if setting.name != AS_IT_IS and setting.paper.high <= 0.5 + expected.STOPPED:
            told = f", which stops the paper's attack: {asked.found}, beside that attack's accuracy"
            yield asked.few_are_found("D4", setting, setting.paper, told)


def d5(asked: _Asked) -> Iterator[dict]:
    """At equal utility, does a heuristic beat DP-SGD?"""
    for setting in (s for s in asked.settings if s.family != "dp_sgd"):
        private, more = beside_private(setting, asked.of("dp_sgd"))
        name = "no defence" if setting.name == AS_IT_IS else setting.name
        what = f"{name}: {asked.found}, beside DP-SGD at the same test accuracy"
        question = f"DP-SGD lets no more than {expected.SAME:g} more be found"
        judged, options = beyond(more, -expected.SAME), {"sign": 1, "tolerance": expected.SAME}
        yield asked.row("D5", what, (setting.found(), private), question, judged, **options)


def d6(asked: _Asked) -> Iterator[dict]:
    """Does DP-SGD with an epsilon that promises nothing protect the canaries? And is more ever shown than proven?"""
    for setting in asked.of("dp_sgd"):
        own, shown = setting.proven(), setting.shown()
        proven = NOT_RUN if math.isnan(shown.ours) else Value(setting.proven(DELTA))
        told = f"epsilon {own:.3g}" + (", vacuous" if own > expected.VACUOUS else "")
        yield asked.fewer_than_plain("D6", setting, f" ({told})")
        yield asked.costs_nothing("D6", setting, asked.plain, "no defence")
        what = f"{setting.name}: epsilon that LiRA shows on the canaries, beside the one proven for delta {DELTA:g}"
        yield asked.row("D6", what, (shown, proven))


CLAIMS = (d1, d2, d3, d4, d5, d6)


def verdicts_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that were run, as pages show them (see `questions.answers_table`)."""
    return answers_table(claims, {"defended": "defended", "beside": "beside"})
