"""Checks of notebook 04: the best threshold in spite of ties, who is a member by confidence, shuffled marks."""

import numpy as np

from mia_helpers.attacks.base import best_threshold
from mia_helpers.attacks.records import Records
from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried

# --- 4.2 ----------------------------------------------------------------------------------------------------------

CASES_4_2 = (  # members as 1, scores, the accuracy of the best threshold, and what is wrong with another one
    (
        [1, 0, 1, 0],
        [0.9, 0.1, 0.7, 0.3],
        1.0,
        "Every member scores above every non-member, and yours finds no such cut.",
    ),
    (
        [1, 0, 0, 1],
        [2, 2, 1, 1],
        0.5,
        "Ties: records with the same score get the same answer. Yours cuts between two of them.",
    ),
    ([1, 0, 1, 0], [-1, -4, -2, -3], 1.0, "Scores need not lie between 0 and 1: log-odds can be any number."),
    (
        [1, 1, 0, 0],
        [1, 2, 3, 4],
        0.5,
        "The rule says member *above* the threshold. Yours turns it round where it pays.",
    ),
    ([1, 1, 1, 0], [1, 2, 3, 4], 0.75, "Calling everybody a member is allowed, too: a threshold below all scores."),
    ([0, 0, 0, 1], [4, 3, 2, 1], 0.75, "Calling nobody a member is allowed, too: no score above the threshold."),
    (
        [1, 1, 0, 0],
        [1000, 0.002, 0.001, -1000],
        1.0,
        "A grid steps over scores that lie close together. Which thresholds make a difference?",
    ),
)


@exercise("4.2")
def best_accuracy(function, shadows) -> str:
    """Try a function of membership and scores on small cases, and on some of the shadows' answers."""
    member, score, *_ = CASES_4_2[0]
    said = number(tried(function, np.array(member, bool), np.array(score)), "What best_accuracy returns")
    expect(said not in score, "Is that the threshold? Its accuracy is asked for.")
    for member, score, right, otherwise in CASES_4_2:
        said = number(tried(function, np.array(member, bool), np.array(score, float)), "What best_accuracy returns")
        expect(said <= 1, "An accuracy is a share: at most 1. Is yours a count, a percentage, or the threshold?")
        expect(np.isclose(said, right), f"Members {member}, scores {score}: {otherwise}")
    rows = np.linspace(0, len(shadows) - 1, min(len(shadows), 1000)).astype(int)
    member, score = shadows.member[rows], shadows.log_odds[rows]
    cuts = np.append(np.unique(score), -np.inf)
    right = max(((score > cut) == member).mean() for cut in cuts)
    said = number(tried(function, member.copy(), score.copy()), "What best_accuracy returns")
    expect(
        said <= right + 1e-9,
        "On the shadows it is better than any threshold can be. Do records that score the same get the same answer?",
    )
    expect(
        said >= right - 1e-9,
        "It is right for a few records, and on the shadows a better threshold exists. Do you try all that make a "
        "difference?",
    )
    tied = 1 - (len(cuts) - 1) / len(score)
    return f"Of the shadows' answers tried, {tied:.0%} repeat a score: the more ties, the fewer cuts there are."


# --- 4.3 ----------------------------------------------------------------------------------------------------------


@exercise("4.3")
def share_by_confidence(function, shadows) -> str:
    """Try a function of records on made-up ones, whose confidences all differ, and on the shadows'."""
    made = _made_up()
    said = _ten_shares(tried(function, made))
    for slip, why in _slips(made):
        expect(not np.allclose(said, slip, atol=1e-6), why)
    right = _by(made.log_odds, made.member)
    expect(
        not np.allclose(said, _by(shadows.log_odds, shadows.member), atol=1e-6),
        "Those are groups of the shadows, whatever records it is given. Does it use something else than its argument?",
    )
    expect(np.allclose(said, right, atol=0.06), "Those are other groups. Sort by the log-odds of the true class.")
    found = _ten_shares(tried(function, shadows))
    most, ties = int(np.argmax(found)) + 1, 1 - len(np.unique(shadows.log_odds)) / len(shadows)
    if ties > 0.2:  # then who of the equally sure is in which group is chance
        return f"But {ties:.0%} of the shadows' answers repeat a log-odds: a group is not a matter of confidence alone."
    return f"Of the shadows, most members, {found.max():.0%}, are in group {most}; in the surest, {found[-1]:.0%}."


def _made_up() -> Records:
    """Return 200 answers with three classes: the members are neither the surest nor the least sure."""
    rng, n = np.random.default_rng(4), 200
    of_true = rng.permutation(np.linspace(0.01, 0.98, n) ** 2)
    first = (1 - of_true) * rng.uniform(0.1, 0.9, n)
    label, rows = rng.integers(3, size=n), np.arange(n)
    probs = np.empty((n, 3), np.float32)
    for shift, p in enumerate((of_true, first, 1 - of_true - first)):
        probs[rows, (label + shift) % 3] = p
    member = rng.random(n) < 0.1 + 0.8 * np.exp(-(((of_true - 0.6) / 0.25) ** 2))
    return Records(probs, label, member, np.zeros(n, int), rows)


def _ten_shares(answer) -> np.ndarray:
    said = np.asarray(answer, float)
    expect(said.shape == (10,), f"Ten numbers are asked for, one for each group; yours have the shape {said.shape}.")
    expect(bool(np.isfinite(said).all()), "One of the shares is not a number: is one of your groups empty?")
    expect(
        bool((said <= 1).all() and (said >= 0).all()), "Shares lie between 0 and 1; are yours counts or percentages?"
    )
    return said


def _by(score: np.ndarray, member: np.ndarray) -> np.ndarray:
    return np.array([member[group].mean() for group in np.array_split(np.argsort(score), 10)])


def _slips(made: Records) -> tuple:
    """Return pairs of what one may compute instead, and what is wrong with it."""
    score, member = made.log_odds, made.member
    right, cuts = _by(score, member), np.quantile(score, np.linspace(0, 0.9, 10))
    first = np.quantile(score, np.linspace(0.1, 1, 10))
    place = np.clip(np.digitize(score, np.linspace(score.min(), score.max(), 11)) - 1, 0, 9)
    wide = np.array([member[place == i].mean() if (place == i).any() else 0 for i in range(10)])
    return (
        (_by(np.arange(len(member)), member), "Those groups are stretches of the table: sort by confidence first."),
        (_by(made.probs.max(axis=1), member), "You sorted by the largest probability; asked for is the true class's."),
        (right[::-1], "They run from sure to unsure; asked for is the other direction."),
        (1 - right, "Those are the shares of non-members."),
        (wide, "Your groups are equally wide. Groups of equally many answers are asked for."),
        (right / 10, "Those are parts of all answers. Of each group, which share are members?"),
        (right / right.sum(), "Those are parts of all members. Of each group, which share are members?"),
        (np.array([member[score >= cut].mean() for cut in cuts]), "Your groups contain one another: cut them apart."),
        (np.array([member[score <= cut].mean() for cut in first]), "Your groups contain one another: cut them apart."),
        (np.sort(right), "You sorted the shares; the groups should be in the order of their confidence."),
    )


# --- 4.5 ----------------------------------------------------------------------------------------------------------


@exercise("4.5")
def shuffled_marks(function, shadows, target) -> str:
    """Try a function of shadows and seed: the same answers, and marks that say nothing."""
    before = Records(**{name: array.copy() for name, array in shadows.arrays().items()})
    made = tried(function, before, 0)
    expect(isinstance(made, Records), "It should return Records: dataclasses.replace makes new ones from the old.")
    expect(
        np.array_equal(before.member, shadows.member) and np.array_equal(before.probs, shadows.probs),
        "It has changed the shadows that it was given: every later cell would read them. Shuffle a copy of the marks.",
    )
    _only_marks_moved(made, shadows)
    other, again = (tried(function, before, seed) for seed in (1, 0))
    expect(not np.array_equal(made.member, other.member), "Two seeds shuffle alike: make the generator from `seed`.")
    expect(np.array_equal(made.member, again.member), "The same seed shuffles differently: make the generator from it.")
    found = [_of_threshold(tried(function, before, seed), target) for seed in range(10)]
    return (
        f"Thresholds from ten shuffles are right for {min(found):.2f} to {max(found):.2f} of the target's records."
        " A shuffle moves the cut; that the surer is a member was never learnt, but put in. So this control tests"
        " attacks that learn their score (notebook 05), and not this one."
    )


def _only_marks_moved(made, shadows):
    expect(len(made) == len(shadows), "It returns another number of records.")
    key, own = (np.lexsort((records.index, records.model_id)) for records in (made, shadows))
    expect(
        np.array_equal(made.index, shadows.index)
        or not np.array_equal(made.member[key], shadows.member[own])
        or not np.array_equal(made.probs[key], shadows.probs[own]),
        "You moved whole rows: each answer still has its own mark, and there is as much to learn as before.",
    )
    for name in ("index", "model_id", "label", "probs"):
        same = np.array_equal(getattr(made, name), getattr(shadows, name))
        expect(same, f"Only the marks should move, and `{name}` is not what it was.")
    agree = float((made.member == shadows.member).mean())
    expect(agree < 1, "The marks are what they were.")
    expect(agree > 0, "Turned round is not shuffled: all is there to be learnt, the other way round.")
    expect(
        made.member.sum() == shadows.member.sum(),
        "The number of members has changed. Shuffle the marks that are there, instead of making new ones.",
    )
    expect(agree < 0.75, "Most marks are still where they were.")


def _of_threshold(shadows: Records, target: Records) -> float:
    """Return the accuracy on the target of the threshold that is best on the shadows, as `ThresholdAttack` has it."""
    few = shadows[:: -(-len(shadows) // 20_000)]  # enough for a threshold, and quick
    threshold = best_threshold(few.member, few.log_odds)
    return float(((target.log_odds > threshold) == target.member).mean())
