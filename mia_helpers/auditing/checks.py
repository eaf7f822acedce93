"""What is looked at before anything is measured: does the audit measure memory, or something else?

A check is a function of the answers and the attacks' scores that returns None, or the sentence to be said. A new one
has a place in the tuple at the end.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment

from mia_helpers.attacks.intervals import clopper_pearson, of_auc
from mia_helpers.auditing import groups, measure
from mia_helpers.auditing.answers import AuditAnswers
from mia_helpers.auditing.faults import MOST_GROUPS
from mia_helpers.auditing.limits import UNLIKE

SURE = 0.001  # a p-value below it is said: in one audit of a thousand for nothing
Check = Callable[[AuditAnswers, dict[str, np.ndarray]], str | None]


def run(answers: AuditAnswers, scores: dict[str, np.ndarray]) -> list[str]:
    """Return what each check of `CHECKS` has to say, those about the audit's sense first."""
    return [said for check in CHECKS if (said := check(answers, scores))]


def other_classes(answers: AuditAnswers, scores: dict) -> str | None:
    """Members and non-members have other shares of the classes."""
    if answers.label is None or len(set(answers.label)) > MOST_GROUPS:
        return None
    return _mixed_otherwise(answers.label, answers.member, "classes")


def other_groups(answers: AuditAnswers, scores: dict) -> str | None:
    """Members and non-members have other shares of the groups."""
    return None if answers.group is None else _mixed_otherwise(answers.group, answers.member, "groups")


def _mixed_otherwise(values: np.ndarray, member: np.ndarray, what: str) -> str | None:
    p = _p_of_mix(values, member)
    if p >= SURE:
        return None
    return (
        f"{UNLIKE}: their {what} are mixed otherwise (chi-square "
        f"test, p = {p:.1g}). The audit may measure that shift, and not what the model remembers. Draw both from one "
        f"pool at random."
    )


def _p_of_mix(values: np.ndarray, member: np.ndarray) -> float:
    """Return the p-value of the chi-square test; values with fewer than 10 records are taken together."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    which = np.where(counts[which] < 10, len(counts), which)
    _, which = np.unique(which, return_inverse=True)
    if which.max() == 0:
        return 1.0
    seen = np.stack([np.bincount(which[kind], minlength=which.max() + 1) for kind in (member, ~member)])
    return float(stats.chi2_contingency(seen, correction=False).pvalue)


def labels_that_do_not_fit(answers: AuditAnswers, scores: dict) -> str | None:
    """The model is right less often than a guess among the classes."""
    if answers.outputs is None:
        return None
    right, k = answers.correct[~answers.member], answers.outputs.shape[1]
    if clopper_pearson(right.sum(), len(right), 1 - SURE)[1] >= 1 / k:
        return None
    seen = np.zeros((k, k), int)
    np.add.at(seen, (answers.label, answers.outputs.argmax(axis=1)), 1)
    best = seen[linear_sum_assignment(-seen)].sum() / len(answers)
    hint = f" With the columns in another order it would be right for {best:.0%}." if best > 2 / k else ""
    return (
        f"The labels do not seem to fit the answers: the model is right for {right.mean():.1%} of the non-members, and "
        f"a guess among {k} classes for {1 / k:.1%}. Check that label 0 belongs to p0.{hint}"
    )


def turned_around(answers: AuditAnswers, scores: dict) -> str | None:
    """Members have lower scores than non-members."""
    score = scores.get("score")
    if score is None or not of_auc(answers.member, score, 1 - SURE)[1] < 0.5:
        return None
    return (
        f"Members have lower values of {answers.score_from} than expected of members, so the attack is worse than "
        f"guessing. Is it a loss in a column score, or the other way round?"
    )


def references_know_members_otherwise(answers: AuditAnswers, scores: dict) -> str | None:
    """The references were trained on members more, or less, often than on non-members."""
    if answers.known is None or not answers.known.any():
        return None
    counts = answers.known.sum(axis=1)
    inside, outside = counts[answers.member], counts[~answers.member]
    if np.ptp(counts) == 0 or (p := stats.ttest_ind(inside, outside, equal_var=False).pvalue) >= SURE:
        return None
    return (
        f"The reference models know members and non-members differently often: on average {inside.mean():.1f} and "
        f"{outside.mean():.1f} of {answers.n_references} models (p = {p:.1g}). That alone can tell them apart. Train "
        f"them on random halves of both kinds together."
    )


def rounded(answers: AuditAnswers, scores: dict) -> str | None:
    """Many records share the highest score, so that no threshold with few false alarms is between them."""
    score = scores.get("threshold", scores.get("score"))
    share = float(np.mean(score == score.max()))
    if share <= min(measure.LIMITS.values()) or share * len(score) < 2:
        return None
    return (
        f"{share:.1%} of the records share the highest score, so no threshold lies between them. Where answers were "
        f"rounded, an attack that sees all digits may find more: give logits, or more digits."
    )


def too_few_non_members(answers: AuditAnswers, scores: dict) -> str | None:
    """A rate at few false alarms cannot be known, or its interval begins at 0 whatever is found."""
    missing = []
    for metric, limit in measure.LIMITS.items():
        needed = measure.others_needed(metric, len(scores))
        if answers.n_others < needed:
            missing.append(f"{limit:.1%} false alarms ({needed:,} needed)")
    if not missing:
        return None
    return (
        f"There are {answers.n_others:,} non-members, too few to be sure of what is found at "
        f"{' and at '.join(missing)}: the interval there begins at 0 whatever the attack finds."
    )


def small_groups(answers: AuditAnswers, scores: dict) -> str | None:
    """Groups that are too small to be compared."""
    if answers.group is None:
        return None
    names, which = np.unique(answers.group.astype(str), return_inverse=True)
    counts = [np.bincount(which[kind], minlength=len(names)) for kind in (answers.member, ~answers.member)]
    small = names[np.minimum(*counts) < groups.LEAST]
    if not len(small):
        return None
    shown = ", ".join(small[:5]) + (", …" if len(small) > 5 else "")
    return f"Groups with fewer than {groups.LEAST} members or non-members are not compared: {shown}."


def unread_columns(answers: AuditAnswers, scores: dict) -> str | None:
    """Columns that are not read, one of which may be misspelt."""
    if not answers.unread:
        return None
    shown = ", ".join(answers.unread[:8]) + (", …" if len(answers.unread) > 8 else "")
    return f"Columns that are not read: {shown}."


CHECKS: tuple[Check, ...] = (
    other_classes,
    other_groups,
    labels_that_do_not_fit,
    turned_around,
    references_know_members_otherwise,
    rounded,
    too_few_non_members,
    small_groups,
    unread_columns,
)
