"""Checks of notebook 09: a step of DP-SGD on a few records, and what right guesses prove about epsilon."""

import numpy as np
from scipy.stats import binomtest

from mia_helpers.attacks.references.privacy import lower_bound
from mia_helpers.teaching.checking import exercise, expect
from mia_helpers.teaching.checks.answers import number, tried

# --- 9.2 ----------------------------------------------------------------------------------------------------------

QUIET = np.zeros(3)
NORMAL = np.array([0.5, -1.0, 2.0])
BATCH = np.array([[3.0, 4.0, 0.0], [0.3, 0.0, -0.4], [0.0, -2.0, 0.0], [6.0, 0.0, 8.0]])


def _clipped(gradients, C):
    return gradients * np.minimum(1, C / np.linalg.norm(gradients, axis=1, keepdims=True))


@exercise("9.2")
def private_step(function, gradients) -> str:
    """Try a function of a batch's gradients: one record, a short one, a batch, noise, an empty batch."""
    _one_record(function, gradients[2])
    _short(function)
    _batch(function)
    _noise(function)
    empty = _step(function, np.zeros((0, 3)), 1.0, 1.0, 4, NORMAL)
    expect(
        np.allclose(empty, NORMAL / 4),
        "An empty batch: chance may choose nobody. The step must be noisy all the same, or it would tell that.",
    )
    return "No record moves the sum by more than C, and the noise is measured by that, not by how large gradients are."


def _step(function, gradients, C, sigma, expected, normal) -> np.ndarray:
    """Return the student's step, float (3,)."""
    with np.errstate(all="ignore"):
        step = np.asarray(tried(function, gradients, C, sigma, expected, normal), float)
    expect(
        step.size == 3,
        f"A step has a number for each weight, three here; yours has the shape {step.shape}. Over which axis do "
        "records lie?",
    )
    return step.ravel()


def _one_record(function, third) -> None:
    C, length = 0.5, np.linalg.norm(third)
    step = _step(function, third[None], C, 0.0, 1, QUIET)
    slips = (
        (third, "That is the third record's gradient as it was; its length exceeds C."),
        (np.clip(third, -C, C), "Each number was clipped for itself. It is the length that may be at most C."),
        (third / length, "The third record's gradient has the length 1 now, whatever C is."),
        (third * C, "The third record's gradient was multiplied by C. How long is it, and how long may it be?"),
        (
            third * C / np.linalg.norm(third[:2]),
            "For the third record's length the bias counts as well: it is a weight like w1 and w2.",
        ),
        (third * C / length**2, "The length of the third record's gradient is the root of the sum of squares."),
        (third * C / np.abs(third).sum(), "The length is the root of the sum of squares, and not the sum of sizes."),
        (third * C / np.abs(third).max(), "The length is not the largest of the three numbers."),
        (-third * C / length, "The third record's gradient points the other way."),
    )
    for slip, why in slips:
        expect(not np.allclose(step, slip, atol=1e-4), why)
    expect(
        np.allclose(step, third * C / length, atol=1e-4),
        "Begin with the third record alone, without noise: same direction, and no longer than C.",
    )


def _short(function) -> None:
    step = _step(function, BATCH[1:2], 1.0, 0.0, 1, QUIET)
    expect(
        not np.allclose(step, 2 * BATCH[1]),
        "The third record is right. But a gradient that is shorter than C was made longer; it should stay as it is.",
    )
    expect(np.allclose(step, BATCH[1]), "The third record is right. A gradient that is shorter than C should stay.")


def _batch(function) -> None:
    C, n, expected = 2.0, len(BATCH), 8
    step, clipped = _step(function, BATCH, C, 0.0, expected, QUIET), _clipped(BATCH, C).sum(axis=0)
    total = BATCH.sum(axis=0, keepdims=True)
    slips = (
        (clipped / n, "That divides by the number of records in the batch, which tells who is there."),
        (clipped, "Without noise the sum of the clipped gradients is right; it still has to be divided."),
        (
            clipped / n / expected,
            "That divides twice. It is a sum of clipped gradients, divided by the expected number.",
        ),
        (
            _clipped(total, C)[0] / expected,
            "The sum was clipped as a whole. One record could still decide where it points: clip each record's.",
        ),
        (
            _clipped(total / n, C)[0],
            "The mean was clipped as a whole. One record could still decide where it points: clip each record's.",
        ),
        (total[0] / expected, "With several records nothing was clipped."),
    )
    for slip, why in slips:
        expect(not np.allclose(step, slip), why)
    expect(
        np.allclose(step, clipped / expected),
        "One record is right, several are not: clip each one by its own length, add them up, divide by the expected "
        "number.",
    )


def _noise(function) -> None:
    C, sigma, expected, n = 2.0, 3.0, 8, len(BATCH)
    step, clipped = _step(function, BATCH, C, sigma, expected, NORMAL), _clipped(BATCH, C).sum(axis=0)
    slips = (
        (clipped / expected, "Without noise it is right, and with noise it is the same: where does it come in?"),
        (
            (clipped + sigma * NORMAL) / expected,
            "The noise does not grow with C. It must cover a move of C, so it has to.",
        ),
        ((clipped + C * NORMAL) / expected, "The noise does not grow with sigma."),
        ((clipped + n * sigma * C * NORMAL) / expected, "Each record got noise of its own. The sum gets it, once."),
        (clipped / expected + sigma * C * NORMAL, "The noise is added to the sum, so it is divided as the sum is."),
        (
            (clipped + sigma**2 * C**2 * NORMAL) / expected,
            "That takes the noise's variance for its deviation, sigma C.",
        ),
        (
            (_clipped(BATCH + sigma * C * NORMAL, C).sum(axis=0)) / expected,
            "The noise was added before clipping, which takes it off again. Clip first.",
        ),
    )
    for slip, why in slips:
        expect(not np.allclose(step, slip), why)
    expect(
        np.allclose(step, (clipped + sigma * C * NORMAL) / expected),
        "Without noise it is right. Add sigma times C times `normal` to the sum of the clipped gradients, before it is "
        "divided.",
    )


# --- 9.4 ----------------------------------------------------------------------------------------------------------

CASES_9_4 = ((180, 200), (520, 600), (90, 100), (1300, 2000))  # right guesses, and how many were made


def _end(right: int, guesses: int, confidence: float = 0.95, alternative: str = "greater", **how) -> float:
    return binomtest(right, guesses, alternative=alternative).proportion_ci(confidence, **how).low


def _odds(p: float) -> float:
    return p / (1 - p)


SLIPS_9_4 = (  # what one may write instead, and what is wrong with it
    (
        lambda v, n: np.log(_odds(v / n)),
        "That is no bound but the best estimate: half of the time luck alone shows more. Take the lower end of an "
        "interval of the share.",
    ),
    (
        lambda v, n: np.log(_odds(_end(v, n, alternative="two-sided"))),
        "That is the lower end of a two-sided interval. Only a share that is too high is evidence, so one side has all "
        "the 5%.",
    ),
    (
        lambda v, n: np.log(_odds(binomtest(v, n).proportion_ci(0.95).high)),
        "That is the upper end of the interval: what is shown for sure begins at the lower one.",
    ),
    (
        lambda v, n: np.log(_odds(binomtest(v, n, alternative="less").proportion_ci(0.95).high)),
        "That is the upper end of the interval: what is shown for sure begins at the lower one.",
    ),
    (lambda v, n: _end(v, n), "That is the share of right guesses which is sure; how large an epsilon does it take?"),
    (lambda v, n: v / n, "That is a share of right guesses, and not yet an epsilon."),
    (lambda v, n: _odds(_end(v, n)), "Those are odds. Epsilon is their logarithm, as p = e^ε / (1 + e^ε)."),
    (lambda v, n: np.log10(_odds(_end(v, n))), "That is a logarithm to base 10; e^ε asks for the natural one."),
    (lambda v, n: np.log2(_odds(_end(v, n))), "That is a logarithm to base 2; e^ε asks for the natural one."),
    (
        lambda v, n: -np.log(_odds(_end(v, n))),
        "The sign is turned: more right guesses should show a larger epsilon.",
    ),
    (lambda v, n: np.log(_end(v, n)), "Solve p = e^ε / (1 + e^ε) for ε: the logarithm of p alone is not it."),
    (lambda v, n: np.log(2 * _end(v, n)), "Solve p = e^ε / (1 + e^ε) for ε: twice p over a coin's half is not it."),
    (
        lambda v, n: np.log(_odds(_end(v, n, 0.99))),
        "That is at 99% confidence; 95% is asked for.",
    ),
    (
        lambda v, n: np.log(_odds(_end(v, n, method="wilson"))),
        "That interval is an approximation (Wilson). The exact one is asked for: a proof needs its 5% to be 5%.",
    ),
    (
        lambda v, n: np.log(_odds(v / n - 1.6449 * np.sqrt(v / n * (1 - v / n) / n))),
        "That interval is an approximation, and at the ends it fails: of nothing but right guesses it has no width.",
    ),
)


@exercise("9.4")
def epsilon_at_least(function, n_canaries) -> str:
    """Try a function of right guesses and guesses: known slips, no evidence, and nothing but right guesses."""
    what = "What epsilon_at_least returns"
    with np.errstate(all="ignore"):
        said = [number(tried(function, *case), what) for case in CASES_9_4]
        for slip, why in SLIPS_9_4:
            expect(not np.allclose(said, [slip(*case) for case in CASES_9_4], rtol=1e-4), why)
        expect(
            np.allclose(said, [_shown(*case) for case in CASES_9_4], atol=2e-3),
            "Not the bound yet. Which share of right guesses is sure, with 95% confidence? And at which epsilon is a "
            "guess right with that probability?",
        )
        _without_evidence(function)
        _ceiling(function, what)
        most = number(tried(function, int(n_canaries), int(n_canaries)), what)
    return (
        f"Were every guess about {n_canaries} canaries right, no more than {most:.2f} would be shown. That is a "
        "ceiling of the audit, and says nothing of the training."
    )


def _shown(right: int, guesses: int) -> float:
    return lower_bound(right, guesses, n_canaries=guesses)


def _without_evidence(function) -> None:
    for right, guesses in ((50, 100), (30, 100), (54, 100)):
        answer = tried(function, right, guesses)
        value = float(np.asarray(answer, float).ravel()[0])
        expect(
            not value < 0,
            "Where few guesses are right yours is negative. Then nothing is shown, and an epsilon of 0 is all.",
        )
        expect(
            abs(value) < 2e-3,
            "It is right where much is shown. With about half of the guesses right, a coin does as well: 0 is shown.",
        )
    value = float(np.asarray(tried(function, 0, 20), float).ravel()[0])
    expect(abs(value) < 2e-3, "With not a single guess right, nothing is shown: 0, and not a missing number.")


def _ceiling(function, what: str) -> None:
    value = np.asarray(tried(function, 500, 500), float).ravel()[0]
    expect(
        np.isfinite(value),
        "Of nothing but right guesses, 500 of 500, yours is not finite. Luck may have helped even then: what is the "
        "lower end of that interval?",
    )
    expect(abs(float(value) - _shown(500, 500)) < 5e-3, "With nothing but right guesses it is not right yet.")
