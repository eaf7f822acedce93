"""Checks of notebook 02: the gap of each class, the gap after the best epoch, how far two distributions part."""

import numpy as np
import pandas as pd

from mia_helpers.attacks.records import Records
from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried

# --- 2.2 ----------------------------------------------------------------------------------------------------------


@exercise("2.2")
def class_gaps(function, target) -> str:
    """Try a function of records on made-up ones, where classes and kinds differ in number, and on the target's."""
    made = _made_up()
    said = _gaps_of(function, made)
    for slip, why in _slips_2_2(made):
        expect(not np.allclose(said, slip, atol=1e-6), why)
    expect(
        np.allclose(said, _gaps(made), atol=1e-6),
        "Not the gaps yet. For each class: of its members, which share is right; of its non-members, which share is.",
    )
    found, right = _gaps_of(function, target), _gaps(target)
    expect(np.allclose(found, right, atol=1e-6), "It is right for made-up records, and not for the target's.")
    return f"From class to class the gap goes from {right.min():.3f} to {right.max():.3f}."


def _made_up() -> Records:
    """Return the answers to 60 records of three classes, right for more members than others, in each class another."""
    label, rows = np.repeat([0, 1, 2], [10, 20, 30]), np.arange(60)
    member = np.concatenate([np.arange(n) < m for n, m in ((10, 4), (20, 12), (30, 10))])
    is_right = np.concatenate([_first(4, 4), _first(6, 1), _first(12, 9), _first(8, 5), _first(10, 7), _first(20, 2)])
    probs = np.full((60, 3), 0.1, np.float32)
    probs[rows, np.where(is_right, label, (label + 1) % 3)] = 0.8
    return Records(probs, label, member, np.full(60, -1), rows)


def _first(n: int, right: int) -> np.ndarray:
    return np.arange(n) < right


def _gaps_of(function, records) -> np.ndarray:
    said = np.asarray(tried(function, records), float)
    classes = len(np.unique(records.label))
    expect(said.ndim == 1, "A gap for each class is asked for, one row of numbers. Is yours the gap of all records?")
    expect(len(said) == classes, f"{classes} classes are there, and yours has {len(said)} gaps.")
    expect(bool(np.isfinite(said).all()), "One of the gaps is not a number.")
    expect(bool(np.all(np.abs(said) <= 1)), "A gap is a difference of two shares, between -1 and 1, and no percentage.")
    return said


def _gaps(records: Records) -> np.ndarray:
    return np.array([_accuracy(records, k, True) - _accuracy(records, k, False) for k in np.unique(records.label)])


def _accuracy(records: Records, k: int, member: bool) -> float:
    return records.correct[(records.label == k) & (records.member == member)].mean()


def _slips_2_2(records: Records) -> tuple:
    right, answers = _gaps(records), records.probs.argmax(axis=1)
    of_class, kinds = [records.label == k for k in range(3)], (records.member, ~records.member)
    inner, outer = ([(of & kind & records.correct).sum() for of in of_class] for kind in kinds)
    sizes = np.array([of.sum() for of in of_class])
    answered = [[records.correct[(answers == k) & kind].mean() for k in range(3)] for kind in kinds]
    counts = [kind.sum() for kind in kinds]
    return (
        (-right, "The sign is turned: the gap is training accuracy less test accuracy."),
        (np.full(3, records.accuracy(True) - records.accuracy(False)), "That is the gap of all classes together."),
        (
            np.subtract(inner, outer) / sizes,
            "You divide by all records of a class. Members and non-members have a size of their own.",
        ),
        (
            np.array(inner) / counts[0] - np.array(outer) / counts[1],
            "You divide by all members, or non-members, of whatever class. Take those of the class.",
        ),
        (np.subtract(*answered), "Your classes are those that the model answers; take the true ones, `label`."),
        ([_accuracy(records, k, True) for k in range(3)], "That is the training accuracy of each class."),
    )


# --- 2.3 ----------------------------------------------------------------------------------------------------------

CURVES = pd.DataFrame(
    {
        "loss": [2.0, 1.5, 1.0, 0.6, 0.3, 0.2],
        "accuracy": [0.30, 0.50, 0.70, 0.85, 0.95, 0.99],
        "test_accuracy": [0.30, 0.44, 0.52, 0.50, 0.52, 0.49],
    },
    index=pd.RangeIndex(1, 7, name="epoch"),
)
SLIPS_2_3 = (  # what one may compute, and what is wrong with it
    (0.50, "That is the gap after the last epoch. How large was it at the best one?"),
    (0.18, "That is the gap at the best epoch. How much comes after it?"),
    (-0.32, "The sign is turned: what was there at the best epoch is taken from what is there in the end."),
    (0.44, "Yours starts an epoch too early: the table's epochs count from 1, and positions from 0."),
    (0.15, "Yours starts an epoch too late: the table's epochs count from 1, and positions from 0."),
    (0.07, "The best test accuracy comes twice. Asked for is its first epoch."),
    (0.29, "That is by how much the training accuracy grew; the gap has a second part."),
    (0.03, "That is by how much the test accuracy fell; the gap has a second part."),
    (-0.03, "That is how the test accuracy changed; the gap has a second part."),
    (0.0, "Yours starts at the end: is the best epoch that of the highest *test* accuracy?"),
)


@exercise("2.3")
def grown_since_best(function, history) -> str:
    """Try a function of learning curves on made-up ones and on the target's."""
    said = number(tried(function, CURVES.copy()), "What grown_since_best returns")
    expect(abs(said) <= 1, "A gap is a difference of two shares, not a percentage.")
    for slip, why in SLIPS_2_3:
        expect(not np.isclose(said, slip, atol=1e-6), why)
    expect(np.isclose(said, 0.32), "Not yet. The gap after the last epoch, less the gap at the best one: draw both.")
    best = history["test_accuracy"].idxmax()
    gap = history["accuracy"] - history["test_accuracy"]
    found = number(tried(function, history.copy()), "What grown_since_best returns")
    right = gap.iloc[-1] - gap.loc[best]
    expect(np.isclose(found, right, atol=1e-6), "It is right for made-up curves, and not for the target's.")
    before = ((history["accuracy"] >= 0.99) & (history.index < best)).any()
    more = " Look at the loss, too: accuracies can stand still while confidence grows." if before else ""
    return f"The best epoch is {best} of {len(history)}; after it the gap changed by {right:+.3f}.{more}"


# --- 2.4 ----------------------------------------------------------------------------------------------------------

CASES_2_4 = (  # members, others, the largest distance, and what is wrong with another answer
    ([0.9, 0.8], [0.1, 0.2], 1.0, "No member is as unsure as any of the others: the distance is as large as can be."),
    ([0.1, 0.2], [0.9, 0.8], 1.0, "A distance has no sign: it counts, too, where the *others* are surer."),
    ([0.5, 0.5, 0.5], [0.5, 0.5], 0.0, "If all are equally sure, nothing parts them. How do you treat ties?"),
    (
        [0.9987, 0.9989, 0.999],
        [0.99, 0.991, 0.9988],
        2 / 3,
        "Look at every cut where something changes, those near 1 as well.",
    ),
    (
        [0.2, 0.6, 0.6, 0.8],
        [0.2, 0.6, 0.1, 0.1],
        0.5,
        "It is right where all numbers differ. Records as sure as the cut are on the same side of it.",
    ),
)


@exercise("2.4")
def largest_distance(function, confidence, member) -> str:
    """Try a function of two arrays of confidences on small cases, and on the target's."""
    for members, others, right, otherwise in CASES_2_4:
        said = number(tried(function, np.array(members), np.array(others)), "What largest_distance returns")
        expect(-1 <= said <= 1, "The distance of two shares is at most 1. Is yours a count or a percentage?")
        expect(
            np.isclose(right, 0) or not np.isclose(said, np.mean(members) - np.mean(others)),
            "That is the distance of the two means. The distributions may part more, or with equal means.",
        )
        expect(np.isclose(said, right, atol=1e-6), f"Members {members}, others {others}: {otherwise}")
    few = slice(None, None, -(-len(member) // 4000))  # enough to compare, and quick for whoever loops
    members, others = (confidence[few][member[few] == kind].astype(float) for kind in (True, False))
    cuts = np.unique(np.concatenate([members, others]))
    parts = [np.searchsorted(np.sort(part), cuts, side="right") / len(part) for part in (members, others)]
    said = number(tried(function, members, others), "What largest_distance returns")
    expect(
        np.isclose(said, np.abs(parts[0] - parts[1]).max(), atol=1e-6),
        "It is right for small cases. Of the target's confidences, it misses the cut where they part most.",
    )
    return "Half of it, over one half, is what the best single cut is right for, if one knew the target's members."
