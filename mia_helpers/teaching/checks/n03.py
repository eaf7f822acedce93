"""Checks of notebook 03: records in and out, the distance shadow by shadow, records that are also the target's."""

import numpy as np
from scipy.stats import ks_2samp

from mia_helpers.attacks.records import Records
from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried


def _records(index, member, model_id, confidence=None) -> Records:
    """Return answers of a single output, as sure of the true class as `confidence` says."""
    n = len(index)
    probs = np.full(n, 0.5) if confidence is None else np.asarray(confidence)
    kinds = np.array(member, bool), np.asarray(model_id, int), np.asarray(index, int)
    return Records(probs.astype(np.float32)[:, None], np.ones(n, int), *kinds)


# --- 3.2 ----------------------------------------------------------------------------------------------------------

# Records 1 and 2 are in and out, the first of them twice in; 3 and 4 are asked twice, on one side.
IN_AND_OUT = _records(
    index=[1, 2, 3, 5, 1, 3, 6, 4, 2, 1, 7, 4],
    member=[1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0],
    model_id=[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
)
SLIPS_3_2 = (
    (4, "That counts records asked more than once. Some of these are members each time, and others never."),
    (3, "That counts answers: a record that was a member twice is one record."),
    (5, "That counts all answers to such records, and not the records."),
    (7, "That counts all records that were asked."),
    (12, "That counts all answers."),
    (5 / 12, "That is a share of the answers; a number of records is asked for."),
    (2 / 7, "That is a share of the records; their number is asked for."),
)


@exercise("3.2")
def in_and_out(function, shadows) -> str:
    """Try a function of records on made-up ones, and on the shadows'."""
    answer = tried(function, IN_AND_OUT)
    expect(np.size(answer) == 1, "How many is asked for: one number, and not the records themselves.")
    said = number(answer, "What in_and_out returns")
    for slip, why in SLIPS_3_2:
        expect(not np.isclose(said, slip), why)
    expect(said == 2, "Not the number yet. Which records have an answer marked in, and which have one marked out?")
    found = number(tried(function, shadows), "What in_and_out returns")
    right = len(set(shadows.index[shadows.member]) & set(shadows.index[~shadows.member]))
    expect(found == right, "It is right for a few answers, and not for the shadows'.")
    return (
        f"{right:,} records: there is nothing in a record that makes it a member, so all must be learnt from answers."
    )


# --- 3.3 ----------------------------------------------------------------------------------------------------------

# Three shadows with the distances 1, 0.5 and 0, whose answers stand in mixed order.
MIXED = _records(
    index=range(24),
    member=[1, 1, 0, 0] * 6,
    model_id=[2, 0, 2, 0, 1, 0, 1, 0] * 3,
    confidence=[
        *(0.4, 0.90, 0.4, 0.10, 0.5, 0.91, 0.5, 0.11),
        *(0.4, 0.92, 0.4, 0.12, 0.8, 0.93, 0.6, 0.13),
        *(0.4, 0.94, 0.4, 0.14, 0.8, 0.95, 0.6, 0.15),
    ],
)


@exercise("3.3")
def distances(function, shadows, target) -> str:
    """Try a function of records on three made-up shadows, and on those of the notebook."""
    said, right = _row(tried(function, MIXED), 3), _distances(MIXED)
    pooled = ks_2samp(*_parts(MIXED)).statistic
    expect(not np.allclose(said, pooled), "You pool the answers of all shadows. Take those of one shadow at a time.")
    expect(
        not np.allclose(said, right[[2, 0, 1]]),
        "The order is that in which the shadows come in the table; asked for is that of their numbers, 0 first.",
    )
    means = [np.subtract(*map(np.mean, _parts(MIXED[MIXED.model_id == i]))) for i in range(3)]
    expect(not np.allclose(said, means), "Those are differences of two means; ks_2samp looks at whole distributions.")
    expect(not np.allclose(said, -np.array(means)), "Those are differences of two means, with the sign turned.")
    p_values = [ks_2samp(*_parts(MIXED[MIXED.model_id == i])).pvalue for i in range(3)]
    expect(not np.allclose(said, p_values), "Those are p-values; the distance is the `statistic`.")
    expect(
        np.allclose(said, right, atol=1e-6),
        "Not the distances yet: of each shadow, compare its own members and others.",
    )
    found, right = _row(tried(function, shadows), len(np.unique(shadows.model_id))), _distances(shadows)
    expect(np.allclose(found, right, atol=1e-4), "It is right for made-up shadows, and not for those of the notebook.")
    own = ks_2samp(*_parts(target)).statistic
    return f"From shadow to shadow it goes from {right.min():.3f} to {right.max():.3f}; the target's is {own:.3f}."


def _row(answer, n: int) -> np.ndarray:
    said = np.asarray(answer, float)
    expect(said.ndim == 1, "A distance for each shadow is asked for, in a row. Is yours that of all together?")
    expect(len(said) == n, f"There are {n} shadows, and yours has {len(said)} distances.")
    expect(bool(np.isfinite(said).all()), "One of the distances is not a number.")
    return said


def _parts(records: Records) -> tuple[np.ndarray, np.ndarray]:
    p = records.true_class_probability
    return p[records.member], p[~records.member]


def _distances(records: Records) -> np.ndarray:
    chosen = (records[records.model_id == i] for i in np.unique(records.model_id))
    return np.array([ks_2samp(*_parts(one)).statistic for one in chosen])


# --- 3.4 ----------------------------------------------------------------------------------------------------------

VICTIM = _records(index=[10, 11, 12, 13, 20, 21, 22, 23], member=[1] * 4 + [0] * 4, model_id=[-1] * 8)
# Of shadow 0 none is the target's; 1 was trained on one of its members and on two of its test records; 2 is tested on
# three of its test records and one member; 3 has as many of each, two.
RIVALS = _records(
    index=[
        *range(30, 38),
        *(10, 22, 23, 40, 41, 42, 43, 44),
        *(50, 51, 52, 53, 20, 21, 23, 12),
        *(11, 20, 60, 61, 13, 22, 62, 63),
    ],
    member=[1, 1, 1, 1, 0, 0, 0, 0] * 4,
    model_id=[0] * 8 + [1] * 8 + [2] * 8 + [3] * 8,
)


@exercise("3.4")
def known_to_target(function, target, shadows) -> str:
    """Try a function of the target's and the shadows' records where they overlap, and on those of the notebook."""
    said = np.asarray(tried(function, VICTIM, RIVALS), float)
    expect(said.ndim == 1, "A count for each shadow is asked for, in a row. Is yours that of all together?")
    expect(len(said) == 4, f"The check has 4 shadows, and yours counts for {len(said)}.")
    for slip, why in _slips_3_4():
        expect(not np.allclose(said, slip), why)
    expect(
        np.allclose(said, [0, 3, 4, 4]),
        "Not the counts yet. Membership plays no part here: a record is the same if its `index` is.",
    )
    found = np.asarray(tried(function, target, shadows))
    expect(
        len(found) == len(np.unique(shadows.model_id)) and not np.any(found),
        "It is right for made-up shadows; those of the notebook have no record in common with the target.",
    )
    return "And for the shadows of the notebook it is 0 each, members and non-members alike."


def _slips_3_4() -> tuple:
    by = [RIVALS[RIVALS.model_id == i] for i in range(4)]
    inside, outside = VICTIM.index[VICTIM.member], VICTIM.index[~VICTIM.member]
    count = [
        [np.isin(one.index[part(one)], own).sum() for one in by]
        for own, part in (
            (inside, lambda one: one.member),
            (VICTIM.index, lambda one: one.member),
            (VICTIM.index, lambda one: ~one.member),
            (inside, lambda one: one.member | True),
            (outside, lambda one: ~one.member),
            (outside, lambda one: one.member | True),
        )
    ]
    alike = np.add(count[0], count[4])
    all_of_them = np.array([0, 3, 4, 4])
    return (
        (count[0], "You look at members on both sides. A shadow must not be *tested* on the target's records either."),
        (
            count[1],
            "You look at the shadows' members only. A shadow must not be *tested* on the target's records either.",
        ),
        (count[2], "You look at the shadows' test records only, and not at those that train them."),
        (count[3], "You look at the target's members only. Its test records are what the attack is judged on, too."),
        (count[4], "You look at non-members on both sides. What of the members?"),
        (count[5], "You look at the target's test records only. What of its members?"),
        (
            alike,
            "You compare members with members and others with others. A record that changed sides is in both, too.",
        ),
        (all_of_them > 0, "You tell whether there are any. How many is asked for."),
        (all_of_them / 8, "Those are shares of a shadow's records. How many is asked for."),
        (8 - all_of_them, "You count the records that are not the target's."),
    )
