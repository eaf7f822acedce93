"""Attacks with reference models: by hand, each target as in a loop, and on planted records."""

from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from mia_helpers import MIAError
from mia_helpers.attacks import controls, references
from mia_helpers.attacks.references import (
    REFERENCE_ATTACKS,
    References,
    Target,
    bayesian,
    entropy,
    lira,
    moments,
    rmia,
    score_each,
    score_one,
)

CONFIDENT = [name for name, attack in REFERENCE_ATTACKS.items() if attack.reads == "confidence"]


def halves(rng, models, records):
    """Return bool (models, records): complementary pairs."""
    half = np.array([rng.permutation(records) < records // 2 for _ in range(models // 2)])
    return np.stack([half, ~half], axis=1).reshape(models, records)


def planted(seed, *, models=8, records=200, queries=2, gap=2.0, k=3):
    """Return references to which members give a confidence that is higher by `gap`, are right more often, and surer."""
    rng = np.random.default_rng(seed)
    member, label = halves(rng, models, records), rng.integers(0, k, records)
    phi = rng.normal(size=(1, records, 1)) * 2 + gap * member[..., None] + rng.normal(size=(models, records, queries))
    right = rng.random(phi.shape) < 0.5 + 0.1 * gap * member[..., None]
    logits = rng.normal(size=(models, records, k)) + gap * member[..., None] * (np.arange(k) == label[:, None])
    probs = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return References(phi, member, label, population=rng.normal(size=(models, 50)), right=right, probs=probs)


def mean_auc(scores, member):
    return np.mean([roc_auc_score(*row) for row in zip(member, scores, strict=True)])


# --- By hand ------------------------------------------------------------------------------------------------------

# Records A, B, C. In: A 4, 6; B 3, 5; C 8, 2. Out: A 0, 2; B -1, 3; C 1, 3.
MEMBER = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1]]) == 1
PHI = np.array([[4, -1, 8], [0, 3, 1], [6, 5, 3], [2, 3, 2]], float)
THREE = References(PHI, MEMBER, np.zeros(3, int))
TARGET = Target(np.array([5.0, 1, 2]))
# Means in 5, 4, 5 and out 1, 1, 2; variances in 2, 2, 18 (pooled 22/3) and out 2, 8, 2 (pooled 4)


def test_moments_by_hand():
    found = moments.moments(THREE)
    assert (found.inside.n, found.outside.n) == (2, 2)
    assert found.inside.mean[:, 0].tolist() == [5, 4, 5]
    assert found.outside.mean[:, 0].tolist() == [1, 1, 2]
    assert found.inside.variance[:, 0].tolist() == [2, 2, 18]
    assert found.outside.variance[:, 0].tolist() == [2, 8, 2]
    assert found.inside.pooled == pytest.approx(22 / 3)
    assert found.outside.pooled == pytest.approx(4)


def test_lira_by_hand():
    # A is at the in mean, 4 above the out mean: 16 / (2·2). B is 3 below the in mean, at the out mean. C too.
    of_record = [4, -9 / 4 + np.log(8 / 2) / 2, -9 / 36 + np.log(2 / 18) / 2]
    assert score_one("lira_record", TARGET, THREE) == pytest.approx(of_record)
    wider = np.log(4 / (22 / 3)) / 2
    pooled = [wider + 16 / 8, wider - 9 / (44 / 3), wider - 9 / (44 / 3)]
    assert score_one("lira", TARGET, THREE) == pytest.approx(pooled)
    # z is (5 - 1) / 2, 0 and 0; 1 - Φ(2) is 0.02275
    assert score_one("lira_offline", TARGET, THREE) == pytest.approx([-np.log(0.022750131948179), np.log(2), np.log(2)])
    two_sided = score_one("lira_offline_two_sided", TARGET, THREE)
    assert two_sided == pytest.approx([np.log(4) / 2 + 16 / 8, np.log(4) / 2, np.log(4) / 2])


def test_student_by_hand():
    side = moments.Side(5, np.array([[1.0]]), np.array([[3.0]]))
    prior = bayesian.Prior(np.array([[6.0]]), np.array([[2.0]]))
    scale = np.sqrt((6 * 2 + 4 * 3) / (6 + 4) * (1 + 1 / 5))
    difference = np.diff([bayesian.student_log_density(np.array([[x]]), side, prior)[0, 0] for x in (0.0, 7.0)])
    assert difference == pytest.approx(np.diff(stats.t(10, 1, scale).logpdf([0, 7])))
    other = bayesian.Prior(np.array([[20.0]]), np.array([[2.0]]))
    width = np.sqrt((20 * 2 + 4 * 3) / 24 * (1 + 1 / 5))
    at_centre = [bayesian.student_log_density(side.mean, side, one)[0, 0] for one in (prior, other)]
    expected = [stats.t(10, 1, scale).logpdf(1), stats.t(24, 1, width).logpdf(1)]
    assert np.diff(at_centre) == pytest.approx(np.diff(expected))  # what is left out is the same for any df


def of_p(*p):
    p = np.array(p, float)
    return np.log(p / (1 - p))


def test_rmia_and_calibration_by_hand():
    member = np.array([[1], [0], [1], [0]]) == 1
    population = of_p([0.4, 0.1], [0.6, 0.3], [0.5, 0.2], [0.5, 0.2])  # means .5 and .2
    ours = References(of_p([0.8], [0.2], [0.6], [0.4]), member, np.zeros(1, int), population)
    target = Target(of_p([0.75])[0], population=of_p(0.5, 0.5))
    close = {"rel": 1e-6}  # phi is float32
    # P = (.7 + .3) / 2; offline (1.3 · .3 + .7) / 2
    assert score_one("rmia", target, ours) == pytest.approx([np.log(0.75 / 0.5)], **close)
    assert score_one("rmia_offline", target, ours) == pytest.approx([np.log(0.75 / 0.545)], **close)
    assert score_one("calibrated", target, ours) == pytest.approx(
        [np.log(0.75) - (np.log(0.2) + np.log(0.4)) / 2], **close
    )
    # Ratios of the population: .5 / .5 = 1 and .5 / .2 = 2.5; of x: 1.5
    assert [rmia.rmia_shares(target, ours, gamma=gamma)[0] for gamma in (0.5, 1, 1.6)] == [1, 0.5, 0]
    # offline: x .75 / .545 = 1.38; z .5 / (.65 + .7) · 2 = .74 and .5 / (.26 + .7) · 2 = 1.04
    assert [rmia.rmia_shares(target, ours, online=False, gamma=gamma)[0] for gamma in (1.3, 1.35, 1.9)] == [1, 0.5, 0]
    same = Target(np.zeros((1, 1)), population=np.zeros(50))
    alike = References(np.zeros((4, 1)), member, np.zeros(1, int), np.zeros((4, 50)))
    assert rmia.rmia_shares(same, alike) == 1  # a ratio of gamma counts
    lost = References(np.full((4, 1), -1e4), member, np.zeros(1, int))
    assert score_one("rmia", Target(np.full((1, 1), -1e4)), lost) == 0  # and not the logarithm of nothing
    # half the log-odds: p = √3 / (1 + √3)
    assert rmia.probability(of_p([0.75]), temperature=2) == pytest.approx(np.sqrt(3) / (1 + np.sqrt(3)))


def test_entropies_by_hand():
    probs, label = np.array([[0.5, 0.25, 0.25], [1, 0, 0], [1, 0, 0]], np.float32), np.array([0, 0, 1])
    log2 = np.log(2)
    assert entropy.entropy(probs) == pytest.approx([0.5 * log2 + 2 * 0.25 * 2 * log2, 0, 0])
    found = entropy.modified_entropy(probs, label)
    assert found[:2] == pytest.approx([0.5 * log2 - 2 * 0.25 * np.log(0.75), 0])
    assert 100 < found[2] < np.inf  # sure and wrong
    one = np.array([[0.75], [0.75]])
    assert entropy.entropy(one) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    # y = 1: -.25 log .75 twice; y = 0: -.75 log .25 twice
    assert entropy.modified_entropy(one, np.array([1, 0])) == pytest.approx([-0.5 * np.log(0.75), -1.5 * np.log(0.25)])


def test_gap_and_label_only_read_what_is_right_alone():
    ours = planted(0, queries=3)
    assert score_each("gap", ours).tolist() == ours.right[..., 0].tolist()
    scores = score_each("label_only", ours)
    of_patterns = {tuple(r): s for r, s in zip(ours.right[0], scores[0], strict=True)}
    assert len(of_patterns) == len(set(scores[0])) == 8
    assert of_patterns[True, True, True] == max(of_patterns.values())
    assert of_patterns[False, False, False] == min(of_patterns.values())


# --- One target and all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFERENCE_ATTACKS)
def test_each_model_once_the_target_is_the_same_as_in_a_loop(name):
    ours = planted(1, models=8)
    loop = [score_one(name, ours.row(i), ours.without(i)) for i in range(8)]
    assert score_each(name, ours) == pytest.approx(np.array(loop), rel=1e-9, abs=1e-9)


def test_moments_are_those_of_a_loop_far_from_zero_and_beside_one_outlier():
    ours = planted(2, models=10)
    phi = ours.confidence.astype(float) / 64 + 1000
    phi[3, 5] = -900
    ours = References(phi, ours.member, ours.label)
    every = moments.leave_pair_out(ours)
    for i in range(10):
        one = moments.moments(ours.without(i))
        for ours_, theirs in ((every.inside, one.inside), (every.outside, one.outside)):
            assert ours_.n == theirs.n == 4
            assert ours_.mean[i] == pytest.approx(theirs.mean, abs=1e-9)
            assert ours_.variance[i] == pytest.approx(theirs.variance, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", REFERENCE_ATTACKS)
def test_scores_use_neither_the_target_nor_its_pair_nor_its_membership(name):
    ours = planted(3)
    rng = np.random.default_rng(0)
    member, phi = ours.member.copy(), ours.confidence.copy()
    member[4] = rng.permutation(member[4])
    member[5], phi[5] = ~member[4], 20
    other = References(phi, member, ours.label, right=ours.right, probs=ours.probs)
    assert score_each(name, other)[4] == pytest.approx(score_each(name, ours)[4], rel=1e-8, abs=1e-8)


def test_offline_attacks_take_references_from_outside():
    ours = planted(4, records=1000)
    shadows = References.outside(ours.confidence[:4] - 2 * ours.member[:4, :, None], ours.label)
    for name in ("lira_offline", "lira_offline_two_sided", "rmia_offline", "calibrated", "threshold"):
        found = score_one(name, ours.row(5), shadows)
        assert roc_auc_score(ours.member[5], found) > 0.6
    for name in ("lira", "lira_record", "lira_bayesian", "rmia"):
        with pytest.raises(MIAError, match=f"'{name}' needs models trained on these records.*lira_offline"):
            score_one(name, ours.row(5), shadows)
    for formula in (lira.lira_online, rmia.rmia_online):
        with pytest.raises(MIAError, match="needs models that know the records"):
            formula(ours.confidence[5], moments.moments(shadows))
    with pytest.raises(MIAError, match="no pairs, and no target"):
        score_each("lira_offline", shadows)


# --- Planted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFERENCE_ATTACKS)
def test_members_that_stand_out_are_found_and_others_are_not(name):
    low, high = controls.auc_interval(1000, 1000, level=0.9999)
    nothing, something = (planted(5, records=2000, gap=gap) for gap in (0, 2))
    found = references.measure.in_hindsight
    without = [found(m, s) for m, s in zip(nothing.member, score_each(name, nothing), strict=True)]
    assert all(low < one["auc"] < high for one in without)
    # How many members come before the second non-member, of as many that stand in any order: negative binomial
    most = stats.nbinom.ppf(1 - 1e-6, 2, 0.5) / 1000
    assert all(one["tpr_at_01pct_fpr"] <= most for one in without)
    with_gap = [found(m, s) for m, s in zip(something.member, score_each(name, something), strict=True)]
    assert all(one["auc"] > high for one in with_gap)


def test_each_attack_is_best_on_what_it_assumes():
    rng = np.random.default_rng(6)
    member = halves(rng, 8, 2000)
    noise, hard, widths = rng.normal(size=member.shape), rng.normal(size=2000) * 2, np.exp(1.5 * rng.normal(size=2000))
    either = rng.normal(size=2000) * 3 * member + noise  # members are more confident here, and less there
    for phi, best, worst in (
        (hard + 2 * member + noise, "lira_offline", "threshold"),  # some records are hard
        (either, "lira", "lira_offline"),  # only in models tell which
        (either, "lira_offline_two_sided", "lira_offline"),
        (either, "lira_bayesian", "lira_record"),  # three models know little of a variance
        (either * widths, "lira_bayesian", "lira"),  # each record has its own
    ):
        ours = References(phi, member, np.zeros(2000, int))
        auc = {name: mean_auc(score_each(name, ours), member) for name in (best, worst)}
        assert auc[best] > auc[worst] + 0.02, auc


@pytest.mark.parametrize("name", CONFIDENT)
def test_constant_answers_are_one_block_of_ties(name):
    member = halves(np.random.default_rng(0), 8, 2000)
    scores = score_each(name, References(np.full(member.shape, 1.7), member, np.zeros(2000, int)))
    found = references.measure.in_hindsight(member[0], scores[0])
    assert list(found.values()) == [0.5, 0.5, 0, 0]


def test_one_sided_is_monotone_and_two_sided_is_not():
    far = np.array([[-60.0], [-9], [0], [8.5], [9], [60]])
    side = moments.Side(4, np.zeros((6, 1)), np.ones((6, 1)))
    known = moments.Moments(None, side)
    one_sided = lira.lira_offline(far, known)
    assert (np.diff(one_sided[1:]) > 0).all()  # also where Φ is 1 in floats
    assert one_sided[0] <= one_sided[1]
    two_sided = lira.lira_offline(far, known, two_sided=True)
    assert two_sided[0] == two_sided[5] == max(two_sided)
    assert two_sided[1] > two_sided[3]  # far below, and yet called a member before one above


def test_the_prior_lies_between_one_variance_and_each_its_own():
    rng = np.random.default_rng(7)
    phi = rng.normal(size=(50, 1))
    side = moments.Side(4, rng.normal(size=(50, 1)), rng.gamma(1, 1, (50, 1)))
    density = partial(bayesian.student_log_density, phi, side)
    pooled = stats.norm(side.mean, np.sqrt(side.pooled * 1.25)).logpdf(phi)
    huge = density(bayesian.Prior(np.full((1, 1), bayesian.MANY), side.pooled))
    assert np.ptp(huge - pooled) < 1e-4  # but for a constant
    own = stats.t(3, side.mean, np.sqrt(side.variance * 1.25)).logpdf(phi)
    none = density(bayesian.Prior(np.full((1, 1), 1e-9), side.pooled))
    assert np.ptp(none - own) < 1e-6


@pytest.mark.parametrize("df", [3.0, 12.0])
def test_the_prior_is_found_again(df):
    rng = np.random.default_rng(8)
    truth = 2.5 * df / rng.chisquare(df, (40000, 1))
    side = moments.Side(6, None, truth * rng.chisquare(5, truth.shape) / 5)
    prior = bayesian.prior_of(side)
    assert prior.df.item() == pytest.approx(df, rel=0.1)
    assert prior.variance.item() == pytest.approx(2.5, rel=0.03)
    same = bayesian.prior_of(moments.Side(6, None, np.full((100, 1), 2.5)))
    assert same.df.item() == pytest.approx(bayesian.MANY, rel=1e-3)  # they vary less than samples would
    x = np.geomspace(1e-6, 1e4, 50)
    assert bayesian.polygamma(1, bayesian.trigamma_inverse(x)) == pytest.approx(x, rel=1e-9)


def test_a_is_chosen_on_the_references():
    rng = np.random.default_rng(9)
    member = halves(rng, 8, 400)
    hard = rng.uniform(0.05, 0.95, 400)
    for a in (0.2, 0.8):  # in models say a · P_out + 1 - a
        p = np.where(member, a * hard + 1 - a, hard) + rng.normal(size=member.shape) * 0.1
        phi = of_p(*np.clip(p, 0.01, 0.99))
        ours = References(phi, member, np.zeros(400, int))
        chosen = rmia.choose_a(ours)
        assert abs(chosen - a) < 0.15
        auc = {}
        for b in (a, 1 - a, chosen):
            formula = partial(rmia.rmia_offline, a=b)
            attack = references.from_moments(f"a={b}", formula, rmia.probability, online=False, least=2)
            auc[b] = mean_auc(score_each(attack, ours), member)
        assert auc[chosen] >= auc[a] > auc[1 - a] + 0.02
