"""Checks of notebook 07: verdicts by the whole interval, intervals over seeds, several claims at once."""

import numpy as np
from scipy import stats

from mia_helpers.attacks.intervals import holm
from mia_helpers.teaching.checking import exercise, expect

# --- 7.2 ----------------------------------------------------------------------------------------------------------

WORDS = ("reproduced", "not reproduced", "undecided")
PUBLISHED, TOLERANCE = 0.80, 0.03
CASES = (  # ends of the interval, the verdict, and what is wrong with another one
    (0.78, 0.82, WORDS[0], "An interval that lies within the tolerance, around the published figure, is misjudged."),
    (
        *(0.70, 0.90, WORDS[2]),
        "An interval that reaches beyond the tolerance on both sides is misjudged. Its middle decides nothing.",
    ),
    (
        *(0.775, 0.79, WORDS[0]),
        "An interval may lie within the tolerance without holding the published figure: near enough is enough.",
    ),
    (
        *(0.80, 0.85, WORDS[2]),
        "An interval is misjudged of which one part lies within the tolerance and one part above.",
    ),
    (
        *(0.75, 0.79, WORDS[2]),
        "An interval is misjudged of which one part lies within the tolerance and one part below.",
    ),
    (*(0.85, 0.87, WORDS[1]), "An interval that lies above all that the tolerance allows is misjudged."),
    (
        *(0.74, 0.76, WORDS[1]),
        "An interval that lies below all that the tolerance allows is misjudged: two sides count.",
    ),
)


@exercise("7.2")
def verdict_of(function, table) -> str:
    """Try a rule on made-up intervals, one of each kind, and on the figures of the table that were published."""
    expect(callable(function), "verdict_of should be a function; the check calls it with other intervals, too.")
    said = [function(low, high, PUBLISHED, TOLERANCE) for low, high, *_ in CASES]
    expect(None not in said, "For some intervals verdict_of returns nothing so far.")
    expect(set(said) <= set(WORDS), f"It returns something else than {', '.join(map(repr, WORDS))}.")
    expect(len(set(said)) > 1, "It says the same of every interval.")
    expect(
        "undecided" in said,
        "It is never undecided. What if one part of the interval lies within the tolerance, and another part outside?",
    )
    for word, (low, high, right, why) in zip(said, CASES, strict=True):
        expect(word == right, f"{why} (From {low} to {high}, where {PUBLISHED} was published, tolerance {TOLERANCE}.)")
    judged = table.dropna(subset=["published", "tolerance", "low", "high"])
    judged = judged[judged["low"] < judged["high"]]  # a count has no interval
    for row in judged.itertuples():
        word = function(row.low, row.high, row.published, row.tolerance)
        expect(word == row.verdict, f"It is right on made-up intervals, and not on {row.what}.")
    if judged.empty:
        return "This profile has no published figure with an interval; the made-up ones are judged as they should be."
    return f"It judges {len(judged)} published figures of this profile as the table does."


# --- 7.3 ----------------------------------------------------------------------------------------------------------

SAMPLES = ([0.80, 0.82, 0.87, 0.83], [0.58, 0.61, 0.66], [0.90, 0.88, 0.91, 0.93, 0.85, 0.89])
QUANTILES = {  # how many standard errors to each side, and what is wrong with that many
    "right": (lambda n: stats.t.ppf(0.975, n - 1), ""),
    "normal": (
        lambda n: stats.norm.ppf(0.975),
        "That is the normal distribution's width. From so few seeds their deviation is itself uncertain: Student's t.",
    ),
    "two": (lambda n: 2, "Two standard errors are too few where the deviation itself comes from a few seeds."),
    "one side": (lambda n: stats.t.ppf(0.95, n - 1), "95% in the middle leave half of the rest on either side."),
    "freedom": (
        lambda n: stats.t.ppf(0.975, n),
        "The mean was computed from the same seeds: one degree of freedom less.",
    ),
    "none": (lambda n: 1, "One standard error to each side holds the mean less often than in 95 of 100 cases."),
}
SPREADS = {
    "right": (lambda x: stats.sem(x), ""),
    "deviation": (
        lambda x: np.std(x, ddof=1),
        "That is how far seeds lie from each other. How far is the mean of several from the true one?",
    ),
    "over n": (
        lambda x: np.std(x) / np.sqrt(len(x)),
        "A standard deviation from a few values is too small if one divides by their number (NumPy's default): ddof.",
    ),
    "both": (lambda x: np.std(x), "That is how far seeds lie from each other, not how far their mean is off."),
}


@exercise("7.3")
def over_seeds(function) -> str:
    """Try a function that makes an interval of a few values, and say which step of it went wrong."""
    expect(callable(function), "over_seeds should be a function; the check calls it with other values, too.")
    found = [function(list(values)) for values in SAMPLES]
    expect(all(ends is not None for ends in found), "What over_seeds returns is still missing.")
    expect(all(np.shape(ends) == (2,) for ends in found), "over_seeds should return two ends: low, high.")
    found, samples = np.array(found, float), [np.array(values) for values in SAMPLES]
    expect((found[:, 0] < found[:, 1]).all(), "The lower end should come first.")
    ranges = [(values.min(), values.max()) for values in samples]
    expect(not np.allclose(found, ranges), "That is the range of what was seen. Another seed may lie outside of it.")
    middle = [values.mean() for values in samples]
    expect(
        np.allclose(found.mean(axis=1), middle, atol=1e-9),
        "Its middle is not the mean of the seeds. (A bootstrap of so few values sees no others.)",
    )
    half = (found[:, 1] - found[:, 0]) / 2
    for factor, why_factor in QUANTILES.values():
        for spread, why_spread in SPREADS.values():
            is_so = np.allclose(half, [factor(len(values)) * spread(values) for values in samples], rtol=2e-3)
            expect(not is_so or not (why_factor or why_spread), why_spread or why_factor)
    right = [stats.t.ppf(0.975, len(values) - 1) * stats.sem(values) for values in samples]
    expect(
        np.allclose(half, right, rtol=1e-2),
        "The width is another. It takes three things: the deviation of the seeds, their number, and a quantile.",
    )
    return "With three seeds it is more than four standard errors wide on each side, and knows of no record."


# --- 7.5 ----------------------------------------------------------------------------------------------------------

LISTS = (
    [0.04, 0.001, 0.013, 0.2, 0.012],
    [0.045, 0.02, 0.04, 0.03],
    [0.2, 0.003, 0.03],
    [0.045, 0.2, 0.03],
    [0.049],
    [0.3, 0.6],
)
LEVEL = 0.05


def _one_by_one(p: np.ndarray) -> np.ndarray:
    """Compare each with its own limit, and go on after the first that fails."""
    rank = np.argsort(np.argsort(p))
    return p <= LEVEL / (len(p) - rank)


def _from_above(p: np.ndarray, limits) -> np.ndarray:
    """Return all up to the largest that meets its limit."""
    ranked = np.sort(p)
    met = np.flatnonzero(ranked <= limits(len(p), np.arange(len(p))))
    return p <= (ranked[met[-1]] if len(met) else -1)


SLIPS_7_5 = (
    (lambda p: p <= LEVEL, "Each is compared with 0.05 as if it were alone. Who asks many questions pays for each."),
    (
        lambda p: p <= LEVEL / len(p),
        "That is Bonferroni's: all pay for all. Holm asks less of the next one, once the smallest has passed.",
    ),
    (_one_by_one, "Once one has failed, no larger p-value may stand: it goes on after the first failure."),
    (
        lambda p: _from_above(p, lambda n, rank: LEVEL / (n - rank)),
        "It begins at the largest p-value. Holm begins at the smallest, and ends at the first that fails.",
    ),
    (
        lambda p: _from_above(p, lambda n, rank: LEVEL * (rank + 1) / n),
        "That is Benjamini and Hochberg's: among those that stand, few are wrong. Holm's promise is that none is.",
    ),
    (
        lambda p: np.sort(p) <= np.sort(np.where(_stand(p), p, -1)).max(),
        "The answers are those of the sorted p-values: give them back in the order in which they came.",
    ),
    (lambda p: ~_stand(p), "It is the other way round: small p-values stand."),
)


def _stand(p: np.ndarray) -> np.ndarray:
    return np.array(holm(list(p))) <= LEVEL


@exercise("7.5")
def still_stand(function) -> str:
    """Try a function of p-values on lists where one correction after the other goes wrong."""
    expect(callable(function), "still_stand should be a function; the check calls it with other p-values, too.")
    lists = [np.array(values) for values in LISTS]
    said = [function(values.copy()) for values in lists]
    expect(all(answer is not None for answer in said), "What still_stand returns is still missing.")
    said = [np.asarray(answer) for answer in said]
    shapes = all(answer.shape == values.shape for answer, values in zip(said, lists, strict=True))
    expect(shapes, "It should return as many answers as there are p-values.")
    yes_or_no = all(set(np.unique(answer)) <= {0, 1} for answer in said)
    expect(yes_or_no, "It returns other numbers than True and False. Which of them stand?")
    for slip, why in SLIPS_7_5:
        expect(not _agree(said, [slip(values) for values in lists]), why)
    expect(
        _agree(said, [_stand(values) for values in lists]),
        "On some list it is wrong. From the smallest p-value on: what has each to be below, and when is it over?",
    )
    return "The smallest pays for all, the next for one less, and the first that fails ends it."


def _agree(said: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a.astype(bool), b) for a, b in zip(said, other, strict=True))
