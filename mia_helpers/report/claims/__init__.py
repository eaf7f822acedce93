"""The paper's claims C1 to C9, what it leaves open and what is beyond it, measured and judged from artifacts alone."""

import pandas as pd

from mia_helpers.report.claims.beyond import beyond
from mia_helpers.report.claims.of_experiments import c1, c2, c3, c4, c5, c8
from mia_helpers.report.claims.of_studies import c6, c7, c9, open_choices
from mia_helpers.report.intervals import holm
from mia_helpers.walk.profiles import Profile


def claims_table(profile: Profile) -> pd.DataFrame:
    """Return a row per published figure and claim, judged by what the store holds of this profile.

    Columns: claim, what, published, ours, low, high, interval (over what), tolerance, verdict, p_holm (of claims that
    something rises or falls: the p-value, adjusted for how many such claims there are), command (that computes it).
    Nothing is trained: what is missing is 'not run'.
    """
    made = [claim(profile.experiments) for claim in (c1, c2, c3, c4, c5)]
    made += [c6(profile.studies), c7(profile.studies), c8(profile.experiments)]
    made += [c9(profile.experiments, profile.studies), open_choices(profile.studies), beyond(profile.experiments)]
    table = pd.DataFrame([row for claim in made for row in claim]).rename(columns={"p": "p_holm"})
    return table.assign(p_holm=holm(table["p_holm"].tolist()))
