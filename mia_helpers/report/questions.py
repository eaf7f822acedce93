"""Questions to a profile's studies: the points that answer them, and one row of a table of answers."""

import math
from pathlib import Path

import pandas as pd

from mia_helpers.report.intervals import Value
from mia_helpers.report.ledger import entries_of
from mia_helpers.report.provenance import manifest
from mia_helpers.report.tables import p_values
from mia_helpers.report.tables import write as write_tables
from mia_helpers.report.verdicts import change_verdict, verdict
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import STUDIES

# The same three answers as on the paper's claims, in words for a question that nobody has answered before.
WORDS = {"reproduced": "yes", "not reproduced": "no"}
Points = dict[tuple[str, str], object]  # from (setting, attack) to the attacker


class Studies:
    """The points of some of a profile's studies, by study and experiment; `page` is the notebook that reads them."""

    def __init__(self, profile: Profile, names: tuple[str, ...], page: str):
        self.profile, self.page = profile.name, page
        chosen = [(study, exp, STUDIES[study](exp)) for study, exp in profile.studies if study in names]
        self._found = [
            (s, exp, {(p.setting, p.attacker.attack): p.attacker for p in found}) for s, exp, found in chosen
        ]

    def of(self, *names: str) -> list[tuple[Experiment, Points]]:
        """Return each experiment of these studies with its points."""
        return [(exp, points) for name, exp, points in self._found if name in names]


def row(
    claim: str,
    what: str,
    figures: dict[str, Value],
    question: str,
    judged: Value,
    studies: Studies,
    exp=None,
    *,
    sign=0,
    claimed=math.nan,
    tolerance=math.nan,
) -> dict:
    """Return a row of a table of questions: the figures by name, each with its interval, and the answer to one.

    The question is judged by whether a change rises (`sign` 1) or falls (-1), then with a p-value, or by the distance
    of a value to what was `claimed`; without either, or with nothing to compare it with, a figure is "measured".
    """
    if sign:
        found = change_verdict(judged, sign)
    elif not math.isnan(claimed):
        found = verdict(judged, claimed, tolerance)
    else:
        found = "measured"
    if math.isnan(judged.ours):  # there may be a figure, and nothing to compare it with
        found = "not run" if all(math.isnan(value.ours) for value in figures.values()) else "measured"
    found = WORDS.get(found, found)
    told = {"claim": claim, "what": what}
    for name, value in figures.items():
        told |= {name: value.ours, f"{name}_low": value.low, f"{name}_high": value.high}
    told |= {"question": question, "judged": judged.ours, "low": judged.low, "high": judged.high}
    told |= {"over": judged.interval, "tolerance": tolerance, "verdict": found, "p": judged.p if sign else math.nan}
    only = f"{exp}/*" if exp else "*"
    command = f"python -m mia_helpers reproduce --profile {studies.profile} --only '{only}' '{studies.page}'"
    return told | {"command": command}


def answers_table(claims: pd.DataFrame, figures: dict[str, str]) -> pd.DataFrame:
    """Return the questions that were run, as pages show them: each figure with its interval, and what was answered.

    `figures` tells for each of the figures in `claims` under which name it is shown.
    """
    ran = claims[claims["verdict"] != "not run"]
    table = ran[["claim", "what"]].copy()
    for name, shown in figures.items():
        rows = ran[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        table[shown] = [_with_interval(*row) for row in rows]
    return table.assign(question=ran["question"], answer=ran["verdict"], **{"p (Holm)": p_values(ran["p_holm"])})


def _with_interval(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if low < high else "")


def write_answers(profile: Profile, start: str, named: dict[str, pd.DataFrame], root: Path) -> list[Path]:
    """Write the tables of a notebook, `claims` among them, to `results/<profile>/` below `root`; return the paths.

    Where `start` is empty, manifest and ledger are written too. Else another notebook of the profile writes those, and
    the names of these tables begin with `start`.
    """
    tables = {f"{start}{name}": table for name, table in named.items()}
    if start:
        return write_tables(profile.name, tables, root=root)
    claims = named["claims"]
    about = manifest(profile, claims.loc[claims["verdict"] == "not run", "what"])
    return write_tables(profile.name, tables, about, root, entries_of(profile))
