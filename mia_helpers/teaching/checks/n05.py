"""Checks of notebook 05: precision under a prior, the AUC over pairs, an AUC of 0.5 that hides what is found."""

import numpy as np
from sklearn.metrics import roc_auc_score

from mia_helpers.attacks.metrics import roc_points, tpr_at_fpr
from mia_helpers.teaching.checking import exercise, expect

FEW, FOUND, ABOUT = 0.01, 0.05, 0.01  # false alarms that are allowed, members to be found at them, width of "about 0.5"

SLACK = 0.01  # a threshold may lie a record higher or lower


def _number(value: object, what: str) -> float:
    """Return a value as a float, or say that it is none."""
    expect(value is not None and value is not Ellipsis, f"{what} is still missing.")
    expect(np.ndim(value) == 0, f"{what} has the shape {np.shape(value)}; one number is asked for.")
    expect(np.isfinite(float(value)), f"{what} is {value}; is something divided by zero?")
    return float(value)


# --- 5.2 ----------------------------------------------------------------------------------------------------------

CASES = ((0.5, 0.8, 0.2), (0.01, 0.9, 0.1), (0.2, 0.3, 0.6), (0.001, 1.0, 0.05))  # share, recall, false alarms
SLIPS_5_2 = (  # what one may write instead, and what is wrong with it
    (
        lambda share, recall, alarms: recall / (recall + alarms),
        "That does not look at the share of members: it is the precision among as many members as non-members.",
    ),
    (
        lambda share, recall, alarms: share * recall,
        "Those are the members found as a share of all candidates. Of whom is the precision a share?",
    ),
    (
        lambda share, recall, alarms: share * recall / (share * recall + alarms),
        "False alarms are a share of the non-members, and not all candidates are non-members: weigh them, too.",
    ),
    (
        lambda share, recall, alarms: (1 - share) * recall / ((1 - share) * recall + share * alarms),
        "The weights of members and non-members are swapped.",
    ),
    (
        lambda share, recall, alarms: (1 - share) * alarms / (share * recall + (1 - share) * alarms),
        "That is the share of those accused who are not members: the other part.",
    ),
    (
        lambda share, recall, alarms: share / (share + (1 - share) * alarms),
        "Not every member is found: where does recall come in?",
    ),
    (
        lambda share, recall, alarms: recall,
        "That is the recall: of the members, those found. Precision is of those accused.",
    ),
)


@exercise("5.2")
def precision_among(function, results) -> str:
    """Try a function of share, recall and false alarms on made-up cases, and on the counts of all attacks."""
    expect(callable(function), "precision_among should be a function; the check calls it with other numbers, too.")
    said = np.array([_number(function(*case), "What precision_among returns") for case in CASES])
    expect(
        np.ptp(said) > 0, "It returns the same for all shares, recalls and false alarms: use what it is called with."
    )
    _known_slip(said)
    expect((said >= 0).all() and (said <= 1).all(), "A precision lies between 0 and 1.")
    right = np.array([_precision(*case) for case in CASES])
    expect(
        np.isclose(said[0], right[0]),
        "With one member in two it should be the precision that the notebook computes from the four counts.",
    )
    expect(
        np.allclose(said, right, rtol=1e-3),
        "It is right for one member in two, and not for fewer. Imagine 1,000 candidates, and count who is accused.",
    )
    for result in results:
        tp, fp, fn, tn = (result.metrics[name] for name in ("tp", "fp", "fn", "tn"))
        if tp + fp:
            said_of_it = function((tp + fn) / (tp + fp + fn + tn), tp / (tp + fn), fp / (fp + tn))
            expect(np.isclose(said_of_it, result.metrics["precision"]), f"It misses the precision of {result.name}.")
    return "The same attack, other candidates: precision is not a property of an attack alone."


def _precision(share: float, recall: float, alarms: float) -> float:
    return share * recall / (share * recall + (1 - share) * alarms)


def _known_slip(said: np.ndarray) -> None:
    right = np.array([_precision(*case) for case in CASES])
    expect(
        not np.allclose(said, 100 * right, rtol=1e-3), "That is a percentage; the precision is asked for as a share."
    )
    for slip, why in SLIPS_5_2:
        expect(not np.allclose(said, [slip(*case) for case in CASES], rtol=1e-6), why)


# --- 5.3 ----------------------------------------------------------------------------------------------------------


@exercise("5.3")
def auc_of_pairs(function, result) -> str:
    """Try a function of membership and scores where scores tie, where kinds differ in number, and on an attack."""
    expect(callable(function), "auc_of_pairs should be a function; the check calls it with other scores, too.")
    member = np.array([True, False, True, False, False])
    clear, tied = (
        _number(function(member, np.array(scores)), "What auc_of_pairs returns")
        for scores in ([0.9, 0.4, 0.2, 0.1, 0.3], [1.0, 1.0, 0.0, 0.0, 0.0])
    )
    n_pairs = 6
    left_out = 4 / n_pairs  # two of the three pairs that do not tie in `tied`, and by accident what `clear` should be
    expect(
        clear != tied or np.isclose(tied, left_out),
        "It returns the same whatever the scores are: use what it is called with.",
    )
    expect(not np.isclose(clear, 4), "That is a count of pairs; how often is asked for, a share of all pairs.")
    expect(not np.isclose(clear, 100 * 4 / n_pairs), "That is a percentage; a share is asked for.")
    expect(not np.isclose(clear, 2 / n_pairs), "Members and non-members are swapped: the member should score higher.")
    expect(
        np.isclose(clear, 4 / n_pairs),
        "Two members and three non-members make six pairs: each member with each non-member, and no others.",
    )
    expect(not np.isclose(tied, left_out), "Ties: yours leaves such pairs out; how often is asked for, of all pairs.")
    expect(not np.isclose(tied, 2 / n_pairs), "Ties: where both score the same, the pair counts for nothing in yours.")
    expect(not np.isclose(tied, 5 / n_pairs), "Ties: where both score the same, yours counts the pair as a whole one.")
    expect(
        np.isclose(tied, 3.5 / n_pairs), "Without ties it is right. What is a pair worth in which both score the same?"
    )
    turned = _number(function(member, np.array([0.1, 0.6, 0.8, 0.9, 0.7])), "What auc_of_pairs returns")
    expect(
        np.isclose(turned, 2 / n_pairs), "Where non-members score higher, it is below one half. Yours turns it round."
    )
    rows = np.r_[np.flatnonzero(result.member)[:400], np.flatnonzero(~result.member)[:300]]
    expected = roc_auc_score(result.member[rows], result.score[rows])
    found = _number(function(result.member[rows], result.score[rows]), "What auc_of_pairs returns")
    expect(np.isclose(found, expected), f"It is right for a few scores, and not for those of the {result.name} attack.")
    return f"Scores that tie count for half: among those of the {result.name} attack that is what makes it right."


# --- 5.4 ----------------------------------------------------------------------------------------------------------


@exercise("5.4")
def found_at_chance(score, member, found) -> str:
    """Measure scores that should have an AUC of about 0.5, and yet find members at few false alarms."""
    score = np.asarray(score, float)
    expect(
        score.shape == member.shape, f"score has the shape {score.shape}; each of the {len(member)} records needs one."
    )
    expect(np.isfinite(score).all(), "Some scores are not finite numbers.")
    auc, tpr = roc_auc_score(member, score), tpr_at_fpr(*roc_points(member, score), FEW)
    expect(np.ptp(score) > 0, "All records have the same score, so nobody stands out. Who should?")
    expect(
        tpr >= FOUND,
        f"The AUC is {auc:.3f}, and at 1% false alarms {tpr:.1%} of the members are found: too few. "
        "Whom does an attacker find who must hardly accuse anybody wrongly?",
    )
    expect(
        auc <= 0.5 + ABOUT,
        f"Members are found, but the AUC is {auc:.3f}, too high. What do the pairs of the others have to make up for?",
    )
    expect(auc >= 0.5 - ABOUT, f"Members are found, but the AUC is {auc:.3f}, too low: you have made up for too much.")
    _found(_number(found, "found"), member, score, tpr)
    return f"The AUC is {auc:.3f}, and {tpr:.1%} of the members are found at 1% false alarms: no contradiction."


def _found(found: float, member: np.ndarray, score: np.ndarray, tpr: float) -> None:
    """Check the rate that the student read from the scores."""
    expect(not np.isclose(found, 100 * tpr), "The scores do it. But found is a percentage; a share is asked for.")
    expect(not np.isclose(found, tpr * member.sum()), "The scores do it. But found is a count; a share is asked for.")
    of_all = tpr * member.mean()
    expect(not np.isclose(found, of_all), "The scores do it. But found is a share of all records, not of the members.")
    few = [score > np.quantile(score[kind], 1 - FEW) for kind in (member, slice(None))]
    wrong = [(said & member).sum() / member.sum() for said in few]
    expect(
        np.isclose(found, tpr, atol=SLACK) or not np.isclose(found, wrong).any(),
        "The scores do it. But for found, choose the threshold on the non-members: they may be accused wrongly.",
    )
    expect(
        np.isclose(found, tpr, atol=SLACK),
        "The scores do it. But found is another number: at most one in a hundred of the non-members may score above "
        "the threshold; which share of the members does?",
    )
