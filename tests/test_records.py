"""Records and metrics believe nothing: what is wrong is told in a sentence, and never scored."""

from dataclasses import replace

import numpy as np
import pytest

from mia_helpers import MIAError, Records
from mia_helpers.attacks import ATTACKS, metrics

N = 6
PROBS = np.full((N, 3), 1 / 3, np.float32)
GOOD = Records(PROBS, np.arange(N) % 3, np.arange(N) < 3, np.zeros(N, int), np.arange(N))
ONE = Records(PROBS[:, :1], np.arange(N) % 2, np.arange(N) < 3, np.zeros(N, int), np.arange(N))
LOGITS = np.log(PROBS) * 3
NAN = PROBS.copy()
NAN[4, 1] = np.nan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probs": PROBS[0]}, r"probs has shape \(3,\), expected \(n, k\)"),
        ({"probs": PROBS.tolist()}, r"probs is a list; give a NumPy array"),
        ({"probs": PROBS[:5]}, r"label has shape \(6,\), expected \(5,\) as probs has 5 rows"),
        ({"probs": np.zeros((N, 0), np.float32)}, r"probs has shape \(6, 0\)"),
        ({"probs": PROBS.astype(int)}, "probs is int64, expected floats"),
        ({"probs": PROBS.astype(str)}, "probs is <U"),
        (
            {"probs": LOGITS},
            r"probs go from -3\.3 to -3\.3, expected 0 to 1; of logits, take softmax over each row first",
        ),
        ({"probs": PROBS * 0.9}, r"the 3 probabilities of row 0 add up to 0\.9, expected 1"),
        ({"probs": NAN}, r"model 0 answers \[.*nan.*\] to record 4, expected finite .* has its training diverged"),
        ({"label": np.eye(3, dtype=int)[GOOD.label]}, r"label has shape \(6, 3\).*take label\.argmax\(axis=1\)"),
        ({"label": GOOD.label[:, None]}, r"label has shape \(6, 1\), .*of a column, take label\.ravel\(\)"),
        ({"label": GOOD.label.astype(float)}, r"label is float64, expected whole numbers; .* label\.astype\(int\)"),
        ({"label": GOOD.label.astype(str)}, "label is <U"),
        (
            {"label": GOOD.label + 1},
            "labels go from 1 to 3, expected 0 to 2 for 3 columns; of labels that count from 1",
        ),
        ({"label": GOOD.label - 1}, "labels go from -1 to 1, expected 0 to 2"),
        ({"member": GOOD.member.astype(int)}, "member is int64, expected True and False; .* give member == 1"),
        ({"member": GOOD.member[:4]}, r"member has shape \(4,\), expected \(6,\)"),
        ({"model_id": np.zeros(N)}, "model_id is float64, expected whole numbers"),
        ({"index": np.array(list("abcdef"))}, "index is <U1"),
    ],
)
def test_what_is_no_record_is_one_sentence(changes, message):
    with pytest.raises(MIAError, match=message) as caught:
        replace(GOOD, **changes)
    assert "\n" not in str(caught.value)


def test_a_single_output_has_its_own_range():
    with pytest.raises(MIAError, match="of logits, take the sigmoid first"):
        replace(ONE, probs=ONE.probs * 4)
    with pytest.raises(MIAError, match="labels go from 0 to 2, expected 0 to 1 for a single output"):
        replace(ONE, label=np.arange(N) % 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_of_a_softmax_is_allowed_and_so_are_no_records(dtype):
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(100), N).astype(dtype)
    assert len(replace(GOOD, probs=probs)) == N
    assert len(GOOD[:0]) == 0


def test_no_attack_scores_nan():
    """Whoever gets around the constructor is told by the metrics."""
    fitted = ATTACKS["threshold"]().fit(ONE)
    smuggled = replace(ONE)
    object.__setattr__(smuggled, "probs", np.full_like(ONE.probs, np.nan))
    score = fitted.score(smuggled)
    with pytest.raises(MIAError, match="the attack threshold has a score of NaN for 6 records"):
        fitted.decide(score)
    with pytest.raises(MIAError, match="score is NaN for record 0"):
        metrics.with_intervals(ONE.member, score, ONE.member, ONE.probs[:, 0], seed=0)


MEMBER, SCORE = np.arange(8) < 4, np.linspace(0, 1, 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": np.where(MEMBER, SCORE, np.nan)}, r"score is NaN for record 4 \(and 3 more\)"),
        ({"score": np.where(MEMBER, SCORE, np.inf)}, r"score is inf for record 4"),
        ({"probability": SCORE + 0.5}, r"probability is 1\.0.*, expected 0 to 1"),
        ({"probability": np.full(8, np.nan)}, "probability is NaN"),
        ({"decision": SCORE}, "decision is float64, expected True and False"),
        ({"member": MEMBER.astype(int)}, "member is int64, expected True and False"),
        ({"score": SCORE[:5]}, r"score has shape \(5,\)"),
        ({"score": SCORE[:, None]}, r"score has shape \(8, 1\)"),
        ({"score": SCORE.astype(str)}, "score is <U"),
    ],
)
def test_a_criterion_is_of_numbers(changes, message):
    columns = {"member": MEMBER, "score": SCORE, "decision": SCORE > 0.5, "probability": SCORE} | changes
    with pytest.raises(MIAError, match=message):
        metrics.criteria(**columns)


@pytest.mark.parametrize(("n", "unknown"), [(99, 2), (100, 1), (999, 1), (1000, 0)])
def test_a_rate_for_which_there_are_too_few_non_members_is_not_told(n, unknown):
    member = np.arange(n + 10) < 10
    score = np.random.default_rng(0).random(n + 10)
    columns = (member, score, score > 0.5, score)
    rates = [metrics.criteria(*columns)[name] for name in ("tpr_at_1pct_fpr", "tpr_at_01pct_fpr")]
    assert [np.isnan(rate) for rate in rates] == [unknown == 2, unknown > 0]
    table = metrics.with_intervals(*columns, seed=0, n_resamples=20).set_index("metric")
    assert table.loc["tpr_at_01pct_fpr"].isna().all() == (unknown > 0)


def test_one_record_of_a_class_has_values_and_hardly_an_interval():
    group = np.array([0, 0, 0, 0, 0, 0, 0, 1])
    table = metrics.by_group(group, MEMBER, SCORE, SCORE > 0.5, SCORE, seed=0, n_resamples=20)
    alone = table[table["group"] == 1].set_index("metric")
    assert alone.loc["accuracy", ["value", "low", "high"]].tolist() == pytest.approx([0, 0, 0.975])
    assert alone.loc[["auc", "log_loss", "advantage"], ["low", "high"]].isna().all(axis=None)
