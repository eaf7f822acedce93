"""Groups compared: at one threshold for all, is a group's share of members that are caught another than the rest's?"""

import numpy as np
import pandas as pd
from scipy import stats

from mia_helpers.attacks.base import best_threshold, cut_at
from mia_helpers.attacks.intervals import clopper_pearson, holm
from mia_helpers.auditing.answers import AuditAnswers

LEAST = 20  # members and non-members of a group: with fewer it is not compared
LIMIT = 0.01  # false alarms among all non-members
COLUMNS = (
    *("group", "members", "non_members", "caught", "share", "low", "high"),
    *("false_alarms", "false_share", "p_holm"),
)


def compare(answers: AuditAnswers, score: np.ndarray) -> pd.DataFrame:
    """Return a row per group, those of whom most are caught first; no row without groups.

    The threshold is the one at which 1 in 100 of all non-members is called a member; with fewer than 100 non-members
    it is that of the best balanced accuracy.

    Returns
    -------
    DataFrame
        group; members and non_members, how many; caught, the members above the threshold, their share with low and high
        (exact, 95%); false_alarms, the non-members above it, and false_share; p_holm, the p-value of Fisher's exact
        test of caught members against all other groups, after Holm's correction for the number of groups compared; NaN
        for a group with fewer than `LEAST` records of one kind.
    """
    if answers.group is None:
        return pd.DataFrame(columns=COLUMNS)
    cut = cut_at(score[~answers.member], LIMIT)
    called = score > (best_threshold(answers.member, score) if cut is None else cut)
    rows = []
    for name in sorted(set(answers.group)):
        of_group = answers.group == name
        inside, outside = of_group & answers.member, of_group & ~answers.member
        counts = [int(rows.sum()) for rows in (inside, outside, inside & called, outside & called)]
        members, others, caught, alarms = counts
        shares = [caught / members if members else np.nan, *clopper_pearson(caught, members)]
        rows.append((name, members, others, caught, *shares, alarms, alarms / others if others else np.nan, np.nan))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_holm"] = holm([_p_value(table, i) for i in range(len(table))])
    return table.sort_values(["share", "group"], ascending=[False, True], ignore_index=True)


def _p_value(table: pd.DataFrame, row: int) -> float:
    own, rest = table.iloc[row], table.drop(index=row)
    if min(own["members"], own["non_members"]) < LEAST or not rest["members"].sum():
        return np.nan
    caught, members = (int(rest[name].sum()) for name in ("caught", "members"))
    counts = [[own["caught"], own["members"] - own["caught"]], [caught, members - caught]]
    return float(stats.fisher_exact(counts).pvalue)
