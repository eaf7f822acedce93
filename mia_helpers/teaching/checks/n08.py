"""Checks of notebook 08: LiRA's ratio of one record, one curve or one for each target, the shares of RMIA."""

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from mia_helpers.attacks.intervals import area
from mia_helpers.attacks.references import rmia_shares, score_one
from mia_helpers.attacks.references.moments import moments
from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried

# --- 8.2 ----------------------------------------------------------------------------------------------------------

KNOWS = np.array([True, False, True, False, True, False, False])
CASES_8_2 = (  # what the target answers, what the references answer, which of them know it, and both deviations
    (3.0, np.array([4.0, -1.0, 6.0, 0.5, 4.5, 1.0, -2.0]), KNOWS, 1.0, 3.0),
    (-2.0, np.array([1.0, -4.0, 2.0, -3.0, 0.5, -6.0, -5.0]), KNOWS, 1.5, 2.5),
    (2.0, np.array([3.0, 2.5, 2.0, 1.0, 0.0, 2.5, 1.0]), ~KNOWS, 2.5, 0.7),
)


def _densities(x, answers, knows_it, sd_in, sd_out):
    """Return the log densities under "in" and under "out"."""
    means = answers[knows_it].mean(), answers[~knows_it].mean()
    return norm.logpdf(x, means[0], sd_in), norm.logpdf(x, means[1], sd_out)


def _log_ratio(*case) -> float:
    inside, outside = _densities(*case)
    return inside - outside


def _over(case, **changed) -> float:
    """Return the log ratio of a case with another `x`, other answers or other deviations."""
    values = dict(zip(("x", "answers", "knows_it", "sd_in", "sd_out"), case, strict=True))
    return _log_ratio(*(values | changed).values())


def _own_deviations(case, ddof: int) -> float:
    deviations = [case[1][kind].std(ddof=ddof) for kind in (case[2], ~case[2])]
    return _over(case, sd_in=deviations[0], sd_out=deviations[1])


SLIPS_8_2 = (  # what one may write instead, and what is wrong with it
    (lambda case: -_log_ratio(*case), "In and out are swapped: high should mean that the target knows the record."),
    (lambda case: np.exp(_log_ratio(*case)), "That is the ratio itself; its logarithm is asked for."),
    (lambda case: np.log10(np.exp(_log_ratio(*case))), "That is a logarithm to base 10; the natural one is meant."),
    (
        lambda case: _log_ratio(*case) - np.log(case[4] / case[3]),
        "The two bells have different widths, so different heights as well: each density is divided by its deviation.",
    ),
    (
        lambda case: 2 * (_log_ratio(*case) - np.log(case[4] / case[3])) + np.log(case[4] / case[3]),
        "In the exponent of a normal density the squared distance is halved.",
    ),
    (
        lambda case: _over(case, sd_in=case[3] ** 2, sd_out=case[4] ** 2),
        "Yours takes the variances for deviations: sd_in and sd_out are deviations already, do not square them twice.",
    ),
    (
        lambda case: _over(case, sd_in=case[3] ** 0.5, sd_out=case[4] ** 0.5),
        "Yours takes the deviations for variances: sd_in and sd_out need no square root.",
    ),
    (
        lambda case: _over(case, sd_out=case[3]),
        "Both bells have the width of the models that know the record; those that do not have their own.",
    ),
    (
        lambda case: _over(case, x=expit(case[0]), answers=expit(case[1])),
        "Those are probabilities. The bells are of log-odds, which the arguments are already.",
    ),
    (lambda case: _densities(*case)[0], "That is the density under in alone: it is high for any usual answer."),
    (
        lambda case: np.exp(_densities(*case)[0]) - np.exp(_densities(*case)[1]),
        "That is a difference of densities; a ratio of them becomes a difference only in logarithms.",
    ),
    (
        lambda case: case[0] - case[1][~case[2]].mean(),
        "That is only how far the answer lies above those of models that do not know the record.",
    ),
    (
        lambda case: _own_deviations(case, 0),
        "Those are deviations over these few models. Take sd_in and sd_out, which were computed from all records.",
    ),
    (
        lambda case: _own_deviations(case, 1),
        "Those are deviations over these few models. Take sd_in and sd_out, which were computed from all records.",
    ),
)


@exercise("8.2")
def log_ratio(function, target, others) -> str:
    """Try a function of one record's answers on made-up ones, and on records of the target."""
    what = "What log_ratio returns"
    said = np.array([number(tried(function, *case), what) for case in CASES_8_2])
    for slip, why in SLIPS_8_2:
        expect(not np.allclose(said, [slip(case) for case in CASES_8_2], rtol=1e-5), why)
    expect(
        np.allclose(said, [_log_ratio(*case) for case in CASES_8_2], rtol=1e-5, atol=1e-8),
        "Not the ratio yet. Take two means, over the models that know the record and over the others; then the "
        "logarithms of two normal densities at the target's answer; then their difference.",
    )
    known, rows = moments(others), range(min(40, len(others.label)))
    sds = [float(side.pooled[0, 0]) ** 0.5 for side in (known.inside, known.outside)]
    phi, answers = target.confidence[:, 0].astype(float), others.confidence[..., 0].astype(float)
    of_records = [number(tried(function, phi[i], answers[:, i], others.member[:, i], *sds), what) for i in rows]
    if target.confidence.shape[1] == 1:
        expect(
            np.allclose(of_records, score_one("lira", target, others)[: len(rows)], rtol=1e-4, atol=1e-6),
            "It is right for made-up answers, and not for the target's. Does it use something else than its arguments?",
        )
    return "Each record has its own two means, and shares the two widths with all others."


# --- 8.3 ----------------------------------------------------------------------------------------------------------

# Two targets; the second one's scores lie higher as a whole. Members and non-members differ in number.
SCORES = np.array([[4.0, 1.0, 3.0, 2.0, 0.0], [12.0, 11.0, 15.0, 10.0, 14.0]])
MEMBER = np.array([[True, False, False, True, False], [False, False, True, False, True]])


def _own_areas(scores, member) -> list[float]:
    return [float(area(score[kind], score[~kind])) for score, kind in zip(scores, member, strict=True)]


@exercise("8.3")
def two_areas(function, scores, member) -> str:
    """Try a function of scores and membership on two made-up targets, and on some of the reference models."""
    laid, mean = _two(function, SCORES, MEMBER)
    own, end_to_end = _own_areas(SCORES, MEMBER), float(area(SCORES[MEMBER], SCORES[~MEMBER]))
    _known_slip((laid, mean), own, end_to_end)
    expect(
        np.isclose(mean, np.mean(own)),
        "The mean is not right yet: each target's members meet its own non-members alone.",
    )
    expect(
        np.isclose(laid, end_to_end),
        "The mean is right. End to end, every member of any target meets every non-member of any target.",
    )
    few = slice(0, min(8, len(member)))
    laid, mean = _two(function, scores[few], member[few])
    of_few = np.mean(_own_areas(scores[few], member[few]))
    expect(np.isclose(mean, of_few), "It is right for two targets, and not for more.")
    return (
        f"For two made-up targets of different scale they were far apart; for LiRA's first {few.stop} they are "
        f"{laid:.4f} and {mean:.4f}. An attacker meets one target, so the mean is about him."
    )


def _known_slip(said: tuple[float, float], own: list[float], end_to_end: float) -> None:
    right = end_to_end, np.mean(own)
    standard = (SCORES - SCORES.mean(axis=1, keepdims=True)) / SCORES.std(axis=1, keepdims=True)
    scaled, average = area(standard[MEMBER], standard[~MEMBER]), SCORES.mean(axis=0)
    averaged = area(average[MEMBER[0]], average[~MEMBER[0]])
    alone = any(np.isclose(said[1], one) for one in own)
    slips = (
        (np.allclose(said[::-1], right), "The order is swapped: first all scores end to end, then the mean."),
        (
            np.allclose(said, [1 - area for area in right]),
            "Members and non-members are swapped: the area is how often the *member* scores higher.",
        ),
        (np.allclose(said, right[0]), "Both are the area of all scores end to end; the second is a mean."),
        (
            np.allclose(said, right[1]),
            "Both are the mean of the targets' own areas; for the first, forget which target a score is of.",
        ),
        (alone, "The second is the area of one target alone; the mean is over all of them."),
        (
            np.isclose(said[0], scaled),
            "The scores were brought to one scale before they were laid end to end. Lay them as they are.",
        ),
        (
            np.isclose(said[0], averaged),
            "Yours averages the scores of all targets. But a record is a member of one and not of another: average "
            "areas.",
        ),
    )
    for is_so, why in slips:
        expect(not is_so, why)


def _two(function, scores, member) -> tuple[float, float]:
    answer = tried(function, scores, member)
    expect(np.size(answer) == 2, f"Two numbers are asked for; yours has the shape {np.shape(answer)}.")
    laid, mean = np.asarray(answer, float).ravel()
    expect(np.isfinite([laid, mean]).all(), "One of the two is not a finite number.")
    expect(max(laid, mean) <= 1, "An area lies between 0 and 1: no count of pairs, and no percentage.")
    return float(laid), float(mean)


# --- 8.5 ----------------------------------------------------------------------------------------------------------

TIES = (  # with a = 1 the usual answer is that of models which do not know the record; all ratios are exact
    np.array([0.5, 0.25, 0.75]),
    np.array([0.25, 0.25, 0.25]),
    np.array([0.5, 0.5, 0.25, 0.125]),
    np.array([0.25, 0.5, 0.25, 0.25]),
    1.0,
    1.0,
)
ANSWERS = (
    np.array([0.9, 0.4, 0.8, 0.15, 0.65, 0.95]),
    np.array([0.5, 0.35, 0.9, 0.1, 0.2, 0.94]),
    np.array([0.2, 0.7, 0.5, 0.95, 0.05, 0.85, 0.3]),
    np.array([0.3, 0.5, 0.55, 0.9, 0.02, 0.45, 0.33]),
)
CASES_8_5 = ((*ANSWERS, 0.3, 1.0), (*ANSWERS, 0.5, 1.25), (*ANSWERS, 0.0, 0.8))


def _usual(out, a):
    return ((1 + a) * out + 1 - a) / 2


def _table(p_x, out_x, p_z, out_z, a, gamma, usual=_usual, usual_z=_usual):
    """Return a bool (records, z): whether the record's ratio is at least gamma times that of z."""
    return (p_x / usual(out_x, a))[:, None] / (p_z / usual_z(out_z, a)) >= gamma


def _plain(out, _a):
    return out


SLIPS_8_5 = (
    (lambda *case: _table(*case).sum(axis=1), "Those are counts of z; each record's share of them is asked for."),
    (lambda *case: 100 * _table(*case).mean(axis=1), "Those are percentages; a share lies between 0 and 1."),
    (
        lambda *case: 1 - _table(*case).mean(axis=1),
        "It is turned round: yours is the share of z that the record does *not* beat.",
    ),
    (
        lambda *case: _table(*case, usual_z=_plain).mean(axis=1),
        "P(z) is of another kind than P(x) there: guess both from models that do not know the record.",
    ),
    (
        lambda *case: _table(*case, usual=_plain, usual_z=_plain).mean(axis=1),
        "Where does a come in? P guesses what models would say that do know the record, too.",
    ),
    (
        lambda *case: _table(*case, usual=lambda *_: 1.0, usual_z=lambda *_: 1.0).mean(axis=1),
        "That compares p(x) with p(z). What makes RMIA relative is what is usual for each: P.",
    ),
    (
        lambda p_x, out_x, p_z, out_z, a, gamma: _table(p_x, out_x, p_z, out_z, 1 - a, gamma).mean(axis=1),
        "Look at the guess of P again: with a = 1 nothing is guessed, with a = 0 models that know it are quite sure.",
    ),
    (
        lambda p_x, out_x, p_z, out_z, a, gamma: _table(p_x, out_x, p_z, out_z, a, 1 / gamma).mean(axis=1),
        "Gamma stands on the wrong side: with a larger one it should be harder to beat a z.",
    ),
    (lambda *case: _table(*case[:5], 1.0).mean(axis=1), "Where does gamma come in?"),
    (
        lambda p_x, out_x, p_z, out_z, a, gamma: (
            (p_x - _usual(out_x, a))[:, None] - (p_z - _usual(out_z, a)) >= gamma
        ).mean(axis=1),
        "That is how far p lies above what is usual, a difference; RMIA divides.",
    ),
)


@exercise("8.5")
def shares(function, target, others, a) -> str:
    """Try a function of answers on made-up ones, with ties, and on records of the target."""
    made = CASES_8_5[0]
    first = np.asarray(tried(function, *made), float)
    of_z = first.shape == made[2].shape
    expect(not of_z, "That is a share for each z, the wrong axis: each *record* is compared with all z.")
    expect(first.shape == made[0].shape, f"Each record needs one share; for six records yours has shape {first.shape}.")
    said = np.concatenate([first, *(np.asarray(tried(function, *case), float) for case in CASES_8_5[1:])])
    for slip, why in SLIPS_8_5:
        expect(not np.allclose(said, np.concatenate([slip(*case) for case in CASES_8_5])), why)
    right = np.concatenate([_table(*case).mean(axis=1) for case in CASES_8_5])
    expect(
        np.allclose(said, right, atol=1e-6),
        "Not the share yet. Divide each p by what is usual for it, x and z alike; then, for each record, look how many "
        "of the z have a ratio that is at least gamma times smaller.",
    )
    tied = np.asarray(tried(function, *TIES), float)
    expect(np.allclose(tied, _table(*TIES).mean(axis=1)), "Ties: a z with the same ratio counts, too (≥, and not >).")
    if target.population is not None:
        _on_records(function, target, others, a)
    return "A record is not compared with a fixed number, but with records of which one knows that nobody knows them."


def _on_records(function, target, others, a: float) -> None:
    """Try it on the first records of the target, where rounding may decide about z with the same ratio."""
    few, p = slice(0, 100), expit(others.confidence[..., 0].astype(float))
    out = p.mean(axis=0, where=~others.member)
    answers = expit(target.confidence[few, 0].astype(float)), out[few], expit(target.population.astype(float))
    found = np.asarray(tried(function, *answers, expit(others.population.astype(float)).mean(axis=0), a, 1.0), float)
    right = rmia_shares(target, others, online=False, a=a)[few]
    expect(
        np.mean(np.abs(found - right) < 0.02) > 0.9,
        "It is right for made-up answers, and not for the target's. Does it use something else than its arguments?",
    )
