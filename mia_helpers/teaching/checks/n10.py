"""Checks of notebook 10: members among the non-members, a shift that needs no model, when a rule is broken."""

import numpy as np
import pandas as pd

from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried

# --- 10.3 ---------------------------------------------------------------------------------------------------------

MEMBERS = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [5.0, 6.0], [3.0, 3.0]])
OTHERS = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [1.0, 2.0], [5.0, 6.0], [1.0, 2.0], [2.0, 1.0]])
SLIPS_10_3 = (  # what one may write instead, and what is wrong with it
    (1, "That compares the first record with the first, the second with the second. A twin may stand anywhere."),
    (7, "That finds every value somewhere among the members. A twin has the same values in the same columns."),
    (2, "That counts different contents, or twins of one kind once. Each of the others is a false alarm of its own."),
    (3, "That counts members that have a twin, not the others that have one."),
    (4 / 7, "That is a share of the others; their number is asked for."),
    (4 / 5, "That is a number divided by that of the members; the others that have a twin are to be counted."),
    (
        6,
        "That counts what repeats within a set, too, or the same values in other columns. A twin is a member here, and "
        "a non-member there, value by value.",
    ),
    (14, "That counts equal values, and not records."),
)
PAIRS = 3 * 2 + 1  # each of three others with each of two members, and one with one
N_PUT_IN = 10


@exercise("10.3")
def copies(function, members, others) -> str:
    """Try a function of two sets on made-up records, and on the digits with ten members among the others."""
    what = "What copies returns"
    made = MEMBERS, OTHERS
    said = number(tried(function, *made), what)
    known = {tuple(row) for row in MEMBERS}
    right = sum(tuple(row) in known for row in OTHERS)
    expect(
        said != PAIRS or number(tried(function, MEMBERS[:2], OTHERS), what) != 3,
        "That counts pairs: a member that occurs twice makes two of each twin. Count the others, each once.",
    )
    for slip, why in SLIPS_10_3:
        expect(not np.isclose(said, slip), why)
    expect(said == right, "Not the number yet. For each of the others: is there a member with the same values?")
    expect(number(tried(function, MEMBERS[:2], OTHERS[1:3]), what) == 0, "Two sets without a twin should give 0.")
    put_in = np.concatenate([others, members[:N_PUT_IN]])
    before, after = (int(number(tried(function, members, part), what)) for part in (others, put_in))
    expect(after - before == N_PUT_IN, "It is right for made-up records, but misses members put among the digits.")
    return (
        f"The digits have {before} of them; put {N_PUT_IN} in, and even an attacker who knows every member is charged "
        f"with {after} false alarms of {len(put_in)}, {after / len(put_in):.1%}."
    )


# --- 10.4 ---------------------------------------------------------------------------------------------------------


@exercise("10.4")
def shift(function, members, others, noisy) -> str:
    """Try a function of two sets on sets that do not differ, on some that do, and on the digits."""
    _alike(function)
    _apart(function)
    pairs = ((others, "the same scanner"), (noisy, "the worse scanner"))
    found = {scanner: _auc(function, members[:400], part[:400]) for part, scanner in pairs}
    expect(
        0.35 < found["the same scanner"] < 0.65,
        "It sees a difference between digits of one scanner, which were dealt at random.",
    )
    told = ", ".join(f"{auc:.2f} for {scanner}" for scanner, auc in found.items())
    if found["the worse scanner"] < 0.9:
        return f"The AUC is {told}. Classifiers of another kind see more: what one does not find may be there."
    return f"The AUC is {told}, and no model was asked. Where it is far from 0.5, no audit measures memory."


def _auc(function, members, others) -> float:
    auc = number(tried(function, members, others), "What shift returns")
    expect(0 <= auc <= 1, "An AUC lies between 0 and 1: no percentage, and nothing else.")
    return auc


def _alike(function) -> None:
    """Two sets of one distribution: what is found is what was learnt by heart, or how many there are of each."""
    rng = np.random.default_rng(1)
    few, many = rng.normal(size=(60, 64)), rng.normal(size=(240, 64))
    auc = _auc(function, rng.normal(size=(120, 64)), rng.normal(size=(120, 64)))
    expect(
        auc < 0.7,
        "Two sets of the same distribution, and yours tells them apart. Did the classifier judge records that it has "
        "learnt from? Then it knows them by heart, and finds a shift in everything.",
    )
    expect(auc > 0.3, "Two sets of the same distribution, and yours is far below one half. Which is which?")
    auc = _auc(function, few, many)
    expect(
        auc < 0.68,
        "With four times as many others as members, and no difference, yours is high. Is that an accuracy? Calling all "
        "of them others is right for most.",
    )
    expect(auc > 0.32, "With four times as many others as members, and no difference, yours is low. Is it an AUC?")


def _apart(function) -> None:
    """Two sets that differ in four columns, so that they overlap; one of them has few records."""
    rng = np.random.default_rng(2)
    members, others = np.zeros((40, 64)), np.zeros((400, 64))  # most columns are empty, as the corners of the digits
    up_and_down = [0.9, -0.9, 0.9, -0.9]  # so that their sum says nothing
    members[:, :4], others[:, :4] = rng.normal(up_and_down, 1, (40, 4)), rng.normal(0, 1, (400, 4))
    auc = _auc(function, members, others)
    expect(
        auc > 0.3,
        "Two sets differ, and yours is far below one half. Is it turned round, or was the model asked, which has no "
        "part in this?",
    )
    expect(
        auc > 0.78,
        "Two sets differ, one of them with few records, and yours hardly sees it. Do you ask the classifier for yes or "
        "no, where the AUC needs its scores (`predict_proba`)? Is it a single tree, whose scores are hardly more than "
        "that? Or is nothing learnt, from columns as they are, or from the model, which has no part in this?",
    )


# --- 10.5 ---------------------------------------------------------------------------------------------------------

# attack, metric, value, low, high
TABLE = pd.DataFrame(
    [
        ("one", "auc", 0.70, 0.65, 0.75),
        ("one", "balanced_accuracy", 0.98, 0.95, 0.99),
        ("two", "auc", 0.80, 0.55, 0.90),
        ("two", "balanced_accuracy", 0.50, 0.45, 0.55),
    ],
    columns=["attack", "metric", "value", "low", "high"],
)
CASES_10_5 = (  # limit, whether the rule auc=limit is broken, and what is wrong if that is not what is said
    (0.60, True, "An attack's whole interval is above the limit. One attack is enough, whatever the others find."),
    (0.50, True, "All intervals are above the limit, so the rule is broken."),
    (0.72, False, "That would fail by bad luck: the value is above the limit, and its interval is not."),
    (0.85, False, "The upper end alone is above the limit. What may be is not what is sure."),
    (0.92, False, "Of this metric nothing is above the limit. Other metrics have limits of their own."),
    (0.65, False, "The interval begins at the limit, and does not lie above it. At most so much is allowed."),
)


@exercise("10.5")
def is_broken(function, *reports) -> str:
    """Try a function of a report's table, a metric and a limit on made-up rows, and on reports."""
    for limit, right, why in CASES_10_5:
        expect(_said(function, TABLE, "auc", limit) == right, why)
    expect(
        _said(function, TABLE, "balanced_accuracy", 0.9) and not _said(function, TABLE, "balanced_accuracy", 0.96),
        "It is right for the AUC, and not for another metric. Does it look at the one that it is asked about?",
    )
    for report in reports:
        for limit in (0.5, 0.6, 0.9):
            right = bool(report.failures(f"auc={limit}"))
            expect(
                _said(function, report.table, "auc", limit) == right,
                f"It is right for made-up rows, and wrong for a report of this notebook at auc={limit}.",
            )
    return "The lower end decides: a rule is broken only where the leak is sure, so more records make it sharper."


def _said(function, table, metric: str, limit: float) -> bool:
    answer = tried(function, table, metric, limit)
    expect(
        np.size(answer) == 1,
        f"One answer, True or False, is asked for all attacks together; yours has the shape {np.shape(answer)}.",
    )
    value = np.asarray(answer).ravel()[0]
    expect(not isinstance(value, str), "True or False is asked for, and not a sentence.")
    return bool(value)
