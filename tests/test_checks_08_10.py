"""Checks of notebooks 08 to 10: right answers of another kind pass, and the made-up cases are what they should be."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

from mia_helpers.attacks.references import References
from mia_helpers.teaching import NotYet, check
from mia_helpers.teaching.checks import n08, n10


@pytest.fixture
def references():
    """Four pairs of models, of 60 records and 40 that none of them knows."""
    rng = np.random.default_rng(0)
    half = rng.permuted(np.tile(np.arange(60) < 30, (4, 1)), axis=1)
    member = np.stack([part for row in half for part in (row, ~row)])
    phi = rng.normal(0, 2, member.shape) + 3 * member + rng.normal(0, 1, 60)
    return References(phi.astype(np.float32), member, rng.integers(0, 3, 60), rng.normal(0, 2, (8, 40)))


@pytest.mark.parametrize(
    "ratio",
    [n08._log_ratio, lambda *case: [n08._log_ratio(*case)], lambda *case: np.float32(n08._log_ratio(*case))],
    ids=["number", "list", "float32"],
)
def test_8_2_takes_a_number_a_list_of_one_and_a_rounded_number(ratio, references, capsys):
    check("8.2", ratio, references.row(0), references.without(0))
    assert "right" in capsys.readouterr().out


def test_8_2_says_which_slip_it_is_and_not_the_ratio(references):
    for slip, why in n08.SLIPS_8_2:
        with pytest.raises(NotYet) as told:
            check("8.2", lambda *case, slip=slip: slip(case), references.row(0), references.without(0))
        assert str(told.value) == why


def test_8_3_areas_of_made_up_targets_are_told_apart():
    """Only then does the check see which one is which."""
    own = n08._own_areas(n08.SCORES, n08.MEMBER)
    laid = n08.area(n08.SCORES[n08.MEMBER], n08.SCORES[~n08.MEMBER])
    assert len({round(area, 6) for area in (*own, np.mean(own), laid)}) == 4


def test_8_5_takes_a_loop_in_logarithms_and_refuses_each_slip(references):
    def shares(p_x, out_x, p_z, out_z, a, gamma):
        def log_ratio(p, out):
            return np.log(p) - np.log((1 + a) * out + 1 - a)  # the half is in both

        of_z = log_ratio(p_z, out_z)
        return [np.mean(one - of_z >= np.log(gamma) - 1e-12) for one in log_ratio(p_x, out_x)]

    context = references.row(0), references.without(0), 0.3
    check("8.5", shares, *context)
    for slip, why in n08.SLIPS_8_5:
        with pytest.raises(NotYet) as told:
            check("8.5", slip, *context)
        assert str(told.value) == why


def test_9_4_takes_a_root_that_is_searched_for():
    def epsilon_at_least(right, guesses):
        def excess(epsilon):
            return binom.sf(right - 1, guesses, 1 / (1 + np.exp(-epsilon))) - 0.05

        return brentq(excess, 0, 40) if excess(0) < 0 else 0

    check("9.4", epsilon_at_least, np.int64(300))


@pytest.mark.parametrize("judge", [GaussianNB(), LogisticRegression(max_iter=1000)], ids=["bayes", "logistic"])
def test_10_4_takes_another_classifier_and_one_split(judge):
    def shift(members, others):
        raw, kind = np.concatenate([members, others]), np.repeat([1, 0], [len(members), len(others)])
        seen, new, learnt, asked = train_test_split(raw, kind, test_size=0.5, stratify=kind, random_state=0)
        return roc_auc_score(asked, judge.fit(seen, learnt).predict_proba(new)[:, 1])

    rng = np.random.default_rng(0)
    members, others, noisy = rng.normal(size=(500, 64)), rng.normal(size=(500, 64)), rng.normal(size=(500, 64)) + 1
    check("10.4", shift, members, others, noisy)


def test_10_3_each_slip_has_a_number_of_its_own():
    numbers = [slip for slip, _ in n10.SLIPS_10_3]
    known = {tuple(row) for row in n10.MEMBERS}
    assert sum(tuple(row) in known for row in n10.OTHERS) not in numbers
    assert len(set(numbers)) == len(numbers)
