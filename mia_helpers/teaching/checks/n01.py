"""Checks of notebook 01: what two shadows share, a deal without overlap, and records that were seen after all."""

import numpy as np
import pandas as pd

from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import indices, number, tried

# --- 1.2 ----------------------------------------------------------------------------------------------------------

SIZES = ((60_000, 2_500), (48_842, 10_000), (1_000, 100))  # records in all, and ds
SLIPS_1_2 = (  # what one may write instead, and what is wrong with it
    (lambda n, ds: 2 * ds / n, "Shadows do not draw from all records: the target's are not in their pool."),
    (lambda n, ds: ds / (n - 2 * ds), "A shadow draws more than its training records: those of its test count, too."),
    (lambda n, ds: ds / (n - ds), "Both the target and a shadow take training records and test records."),
    (lambda n, ds: 2 * ds / (n - ds), "The target takes more than its training records out of the pool."),
    (
        lambda n, ds: (2 * ds) ** 2 / (n - 2 * ds),
        "That is how many records they share, a count. How large a part of a shadow's records is it?",
    ),
    (lambda n, ds: 200 * ds / (n - 2 * ds), "That is a percentage; a share lies between 0 and 1."),
    (
        lambda n, ds: (2 * ds / (n - 2 * ds)) ** 2,
        "That is the chance that both draw a given record of the pool. Here one of them has drawn it already.",
    ),
)


@exercise("1.2")
def expected_share(function) -> str:
    """Try a function of the number of records and of ds on three sizes."""
    said = np.array([number(tried(function, n, ds), "What expected_share returns") for n, ds in SIZES])
    for slip, why in SLIPS_1_2:
        expect(not np.allclose(said, [slip(n, ds) for n, ds in SIZES], rtol=1e-6), why)
    expect(np.ptp(said) > 0, "It returns the same for any size. Use its two arguments, not what was counted above.")
    expect(bool(np.all((said >= 0) & (said <= 1))), "A share lies between 0 and 1.")
    right = [2 * ds / (n - 2 * ds) for n, ds in SIZES]
    expect(
        np.allclose(said, right, rtol=1e-3),
        "Not the share yet. Take one record that a shadow has: out of how many does the other shadow draw, and how "
        "many does it draw?",
    )
    return f"Of Adult at ds 10000, two shadows share {said[1]:.0%}; the largest ds of any data set makes it 100%."


# --- 1.3 ----------------------------------------------------------------------------------------------------------

POOL, SIZE = np.arange(1000, 1503), 100


@exercise("1.3")
def deal(function, pool, train_size) -> str:
    """Try a function of pool, size and seed on a small pool, one that is too small, and that of the notebook."""
    small = _parts(tried(function, POOL.copy(), SIZE, 0))
    _are_disjoint(small)
    _are_of_the_pool(small)
    _are_shuffled(function, small)
    none = _parts(tried(function, POOL[: SIZE - 1].copy(), SIZE, 0))
    expect(not none, "A pool of fewer records than one part should give an empty list.")
    dealt = _parts(tried(function, np.array(pool), 2 * train_size, 0))
    expect(
        len(dealt) == len(pool) // (2 * train_size),
        "It is right for a small pool. For the attacker's pool the number of parts is wrong.",
    )
    return f"So many shadows with no record in common fit into this pool: {len(dealt)}."


def _parts(answer) -> list[np.ndarray]:
    expect(isinstance(answer, list | tuple | np.ndarray), "deal should return a list of arrays.")
    return [indices(part, "Each part of what deal returns") for part in answer]


def _are_disjoint(parts):
    expect(
        all(len(np.unique(part)) == len(part) for part in parts),
        "Within a part some records come twice: they were drawn with replacement, put back after each draw.",
    )
    drawn = np.concatenate(parts) if parts else np.zeros(0)
    expect(
        len(np.unique(drawn)) == len(drawn),
        "No part has a record twice, but two parts share some: each part was drawn from the whole pool again.",
    )


def _are_of_the_pool(parts):
    drawn = np.concatenate(parts) if parts else np.zeros(0)
    if len(drawn) and drawn.max() < len(POOL):
        expect(False, "Those are positions in the pool, 0 and up, and not the records of the pool.")
    expect(bool(np.isin(drawn, POOL).all()), "Some of the records dealt are not in the pool.")
    sizes = sorted({len(part) for part in parts})
    expect(sizes in ([SIZE], []), "Each part should have exactly `size` records; what is left over stays undealt.")
    expect(len(parts) >= len(POOL) // SIZE, "The pool holds more parts than you deal.")


def _are_shuffled(function, parts):
    drawn = np.concatenate(parts)
    expect(
        bool((np.diff(drawn) < 0).any()),
        "The records come in the order of the pool. Files are often sorted, by class or by date, so shuffle first.",
    )
    again, other = (np.concatenate(_parts(tried(function, POOL.copy(), SIZE, seed))) for seed in (0, 1))
    expect(np.array_equal(drawn, again), "The same seed gives another deal each time: make the generator from `seed`.")
    expect(not np.array_equal(drawn, other), "Two seeds give the same deal: make the generator from `seed`.")
    inside = [np.array_equal(np.sort(part), np.sort(POOL)[i * SIZE : (i + 1) * SIZE]) for i, part in enumerate(parts)]
    expect(not all(inside), "Each part is a stretch of the pool, shuffled in itself. Shuffle before you cut.")


# --- 1.5 ----------------------------------------------------------------------------------------------------------

PAIRS = pd.DataFrame(
    {
        "member": [11, 12, 13, 13, 14, 15],
        "other": [21, 22, 22, 23, 24, 25],
        "distance": [0.0, 0.0, 9.0, 12.0, 14.0, 29.0],
        "likeness": [1.0, 1.0, 0.9, 0.8, 0.2, 0.1],
        "kind": ["identical", "identical", "near", "near", "close", "close"],
    },
    index=[5, 4, 3, 2, 1, 0],
)
SEEN, CLOSE, ONCE = [21, 22, 23], [24, 25], [21, 22]


@exercise("1.5")
def seen(function, pairs) -> str:
    """Try a function of a table of pairs on a made-up table, on an empty one, and on that of the notebook."""
    found = indices(tried(function, PAIRS.copy()), "What seen returns")
    some = set(found.tolist())
    expect(not some & set(PAIRS["member"]), "Members are among them. Asked for are those who count as non-members.")
    expect(some <= set(PAIRS["other"]), "Those are no indices of records: look at the column `other`.")
    expect(
        not some & set(CLOSE), "Pairs that are only close do not count as twins: most of them show different things."
    )
    expect(
        some != set(ONCE),
        "Only identical pairs count in yours. A near pair is the same photograph, cut or compressed once more.",
    )
    expect(set(SEEN) - some != {22}, "A record that is in two pairs is missing; it should be there, once.")
    expect(some == set(SEEN), "Some non-members that have a twin among the members are missing.")
    expect(len(found) == len(some), "A record with two twins is there twice. Asked for are records, not pairs.")
    expect(not len(indices(tried(function, PAIRS[:0].copy()), "What seen returns")), "Without pairs, nobody was seen.")
    of_data = indices(tried(function, pairs.copy()), "What seen returns")
    twins = pairs.loc[pairs["kind"] != "close", "other"].nunique()
    expect(len(of_data) == twins, "It is right for a few pairs, and not for those of the notebook.")
    return f"Of the target's non-members, so many have a twin among its members: {twins}."
