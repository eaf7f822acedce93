"""What is wrong with a matrix, or with what is asked of it, is told in one sentence."""

from dataclasses import replace

import numpy as np
import pytest
from test_references import planted

from mia_helpers import MIAError
from mia_helpers.attacks.references import References, Target, lira, moments, rmia, score_each, score_one, thresholds

OURS = planted(0, records=20)
PHI, MEMBER, LABEL = OURS.confidence, OURS.member, OURS.label


def changed(array, where, value):
    array = array.copy()
    array[where] = value
    return array


BOTH = changed(MEMBER, (3, 7), MEMBER[2, 7])
NEVER = changed(MEMBER, (slice(None), 7), False)
KIND = "in" if MEMBER[2, 7] else "out"

WRONG = {
    "odd": (dict(confidence=PHI[:7], member=MEMBER[:7]), "7 models, expected an even number of at least 2"),
    "one": (dict(confidence=PHI[:1], member=MEMBER[:1]), "1 model, expected an even number"),
    "none": (dict(confidence=PHI[:0], member=MEMBER[:0]), r"confidence has shape \(0, 20, 2\)"),
    "no pair": (
        dict(member=BOTH),
        f"models 2 and 3 are no complementary pair: record 7 is {KIND} for both, and 0",
    ),
    "in no model": (dict(member=NEVER), "models 0 and 1 are no complementary pair: record 7 is out for both, and 3"),
    "NaN": (dict(confidence=changed(PHI, (5, 6, 1), np.nan)), "confidence is nan for model 5, record 6"),
    "infinite": (dict(confidence=changed(PHI, (5, 6, 1), np.inf)), "confidence is inf for model 5, record 6.*logits"),
    "float64": (
        dict(confidence=changed(PHI.astype(float), (1, 2, 0), 1e99)),
        "confidence is inf for model 1",
    ),
    "population": (dict(population=np.full((8, 3), np.nan)), "population is nan for model 0, record 0"),
    "records": (dict(confidence=PHI[:, :19]), r"confidence has shape \(8, 19, 2\), expected \(8, 20, …\)"),
    "labels": (dict(label=LABEL[:19]), r"label has shape \(19,\), expected \(20,\)"),
    "right": (dict(right=np.ones((8, 21, 2), bool)), r"right has shape \(8, 21, 2\), expected \(8, 20, …\)"),
    "models": (dict(population=np.zeros((6, 3))), r"population has shape \(6, 3\), expected \(8, …\)"),
    "axes": (dict(confidence=PHI[0, 0]), "confidence has shape .* expected 3 axes"),
    "list": (dict(confidence=PHI.tolist()), r"confidence is a list; give a NumPy array"),
    "no members": (dict(member=None), "member is a NoneType"),
    "whole": (dict(confidence=PHI.astype(int)), "confidence is int64, expected floats"),
    "numbers": (dict(member=MEMBER.astype(int)), "member is int64, expected True and False.*member == 1"),
    "right as numbers": (dict(right=OURS.right.astype(int)), "right is int64, expected True and False"),
    "label as floats": (dict(label=LABEL.astype(float)), "label is float64, expected whole numbers"),
    "below 0": (dict(label=LABEL - 1), "labels go from -1 to 1, expected 0 to 2"),
    "no class": (dict(label=LABEL + 1), "labels go from 1 to 3, expected 0 to 2"),
    "nothing": (dict(confidence=None, right=None, probs=None), "there are no answers"),
    "seen": (dict(paired=False), "was trained on record .*, and paired=False says none was"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name):
    fields, message = WRONG[name]
    whole = dict(confidence=PHI, member=MEMBER, label=LABEL)
    whole |= {"probs": OURS.probs} if "label" in fields else {}
    with pytest.raises(MIAError, match=message):
        References(**(whole | fields))


def test_one_query_may_go_without_its_axis_and_confidences_are_kept_as_float32():
    one = References(PHI[..., 0].astype(float), MEMBER, LABEL, right=OURS.right[..., 0])
    assert (one.confidence.shape, one.right.shape, one.confidence.dtype) == ((8, 20, 1), (8, 20, 1), np.float32)
    assert Target(PHI[0, :, 0]).confidence.shape == (20, 1)


def test_parts_of_the_matrix():
    assert [OURS.pair_of(i) for i in range(4)] == [1, 0, 3, 2]
    left = OURS.without(5)
    assert left.confidence.tolist() == PHI[[0, 1, 2, 3, 6, 7]].tolist()
    assert left.member.tolist() == OURS.without(4).member.tolist() == MEMBER[[0, 1, 2, 3, 6, 7]].tolist()
    assert len(left.population) == len(left.right) == len(left.probs) == 6
    assert OURS.first(4).member.tolist() == MEMBER[:4].tolist()
    assert OURS.row(3).confidence.tolist() == PHI[3].tolist()
    for call, message in (
        (lambda: OURS.first(3), "3 models, expected an even number"),
        (lambda: OURS.first(10), r"first\(10\): expected 1 to 8"),
        (lambda: OURS.without(8), "model 8: expected a whole number from 0 to 7"),
        (lambda: OURS.pair_of(-1), "model -1"),
        (lambda: OURS.first(2).without(0), "expected 2 axes and none of them empty|none of them empty"),
    ):
        with pytest.raises(MIAError, match=message):
            call()


def test_references_from_outside_know_nobody():
    shadows = References.outside(PHI[:3], LABEL)
    assert (shadows.n_models, shadows.member.any()) == (3, False)
    assert shadows.first(1).n_models == 1
    for call in (lambda: shadows.without(0), lambda: shadows.row(0), lambda: thresholds("lira_offline", shadows)):
        with pytest.raises(MIAError, match="no pairs, and no target|need at least"):
            call()
    with pytest.raises(MIAError, match="needs at least 2 references, and there are 1; train 2 models"):
        score_one("lira_offline", OURS.row(0), shadows.first(1))


@pytest.mark.parametrize(("name", "least"), [("lira", 6), ("lira_offline", 6), ("rmia", 4), ("label_only", 4)])
def test_too_few_references_are_told_with_how_many_it_takes(name, least):
    assert np.isfinite(score_each(name, OURS.first(least))).all()
    with pytest.raises(MIAError, match=f"'{name}' needs at least {least - 2} references beside.*train {least} models"):
        score_each(name, OURS.first(least - 2))
    assert np.isfinite(thresholds(name, OURS.first(least + 2))[:, 0]).all()
    with pytest.raises(MIAError, match=f"need at least {least + 2} models"):
        thresholds(name, OURS.first(least))


def test_without_references_a_threshold_is_an_attack_still():
    assert score_each("threshold", OURS.first(2)).tolist() == PHI[:2, :, 0].astype(float).tolist()
    with pytest.raises(MIAError, match="train at least 4"):
        moments.leave_pair_out(OURS.first(2))


def test_an_attack_says_what_it_needs():
    labels = replace(OURS, confidence=None, probs=None)
    with pytest.raises(MIAError, match="'lira' reads confidence, and these .* only right.*label_only, gap"):
        score_each("lira", labels)
    with pytest.raises(MIAError, match="'entropy' reads probs"):
        score_one("entropy", labels.row(0), labels.without(0))
    assert score_each("label_only", labels).shape == (8, 20)
    with pytest.raises(MIAError, match="'gap' reads right, and the target has none"):
        score_one("gap", Target(PHI[0]), OURS.without(0))
    with pytest.raises(MIAError, match=r"confidence has shape \(20, 1\), expected \(20, 2\)"):
        score_one("lira", Target(PHI[0, :, 0]), OURS.without(0))
    with pytest.raises(MIAError, match="Target: confidence is nan for model the target, record 1"):
        Target(changed(PHI[0], (1, 0), np.nan))
    with pytest.raises(MIAError, match="right has 63 queries.*at most 62"):
        score_each("label_only", References(None, MEMBER, LABEL, right=np.ones((8, 20, 63), bool)))


def test_names_and_options_are_checked():
    with pytest.raises(MIAError, match="unknown reference attack 'lyra'.*Did you mean 'lira'"):
        score_each("lyra", OURS)
    known = moments.moments(OURS)
    for call, message in (
        (lambda: lira.lira_online(PHI[0], known, "poled"), "unknown variance 'poled'.*Did you mean 'pooled'"),
        (lambda: lira.lira_offline(PHI[0], known, "bayesian"), "unknown variance of lira_offline 'bayesian'"),
        (lambda: rmia.guessed(np.ones(1), 1.5), "a=1.5: expected 0 to 1"),
        (lambda: rmia.probability(PHI[0], 0), "temperature=0: expected a positive number"),
        (lambda: rmia.rmia_shares(Target(PHI[0]), OURS), "needs the population"),
        (lambda: rmia.rmia_shares(OURS.row(0), OURS.without(0), gamma=0), "gamma=0: expected a positive number"),
    ):
        with pytest.raises(MIAError, match=message):
            call()
