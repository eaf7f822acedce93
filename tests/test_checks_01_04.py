"""Checks of notebooks 01 to 04: other right answers pass, and what is handed in instead of an answer is told apart."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from mia_helpers.attacks import ThresholdAttack
from mia_helpers.attacks.base import best_threshold
from mia_helpers.attacks.records import Records
from mia_helpers.teaching import NotYet, check
from mia_helpers.teaching.checks import n04

PAIRS = pd.DataFrame({"member": [], "other": [], "distance": [], "likeness": [], "kind": []})


def records(n=200, model_id=0, saturated=False):
    """Return answers of a single output to n records, half of them members."""
    rng = np.random.default_rng(model_id + 1)
    probs = np.where(saturated, 1.0, rng.random(n)).astype(np.float32)[:, None]
    index = np.arange(n) + 1000 * (model_id + 1)
    return Records(probs, rng.integers(2, size=n), np.arange(n) < n // 2, np.full(n, model_id), index)


TARGET, SHADOWS = records(model_id=-1), Records.concatenate([records(model_id=i) for i in range(3)])


def curves(rows):
    return pd.DataFrame(rows, columns=["accuracy", "test_accuracy"], index=pd.RangeIndex(1, len(rows) + 1))


HISTORY = curves([(0.5, 0.5), (1.0, 0.7)])


def test_right_answers_of_another_form_pass(capsys):
    def dealt(pool, size, seed):
        order = np.random.RandomState(seed).permutation(np.asarray(pool))
        return tuple(order[i : i + size].tolist() for i in range(0, len(order) - size + 1, size))

    def distances(found):
        parts = [found[found.model_id == i] for i in range(found.model_id.max() + 1)]
        p = [(part.true_class_probability, part.member) for part in parts]
        return [ks_2samp(q[m], q[~m]).statistic for q, m in p]

    check("1.2", lambda n, ds: np.array([2 * ds / (n - 2 * ds)]))
    check("1.3", dealt, range(50), 5)
    check("1.5", lambda pairs: set(pairs.other[pairs.kind.isin(["identical", "near"])]), PAIRS)
    check("2.2", lambda found: pd.Series([f.accuracy(True) - f.accuracy(False) for f in of_classes(found)]), TARGET)
    check("2.3", lambda found: float((h := found.accuracy - found.test_accuracy).iloc[-1] - h[_best(found)]), HISTORY)
    check("2.4", lambda a, b: ks_2samp(a, b).statistic, TARGET.true_class_probability, TARGET.member)
    check("3.2", lambda found: float(len({*found.index[found.member]} & {*found.index[~found.member]})), SHADOWS)
    check("3.3", distances, SHADOWS, TARGET)
    assert capsys.readouterr().out.count(": right. ") == 8


def of_classes(found):
    return [found[found.label == k] for k in np.unique(found.label)]


def _best(found):
    return found.index[found.test_accuracy.to_numpy().argmax()]


@pytest.mark.parametrize("number", ["1.2", "1.3", "1.5", "2.2", "2.3", "2.4", "3.2", "3.3", "3.4", "4.2", "4.3", "4.5"])
def test_what_is_no_function_and_what_returns_nothing_is_told(number):
    context = {
        "1.3": (range(50), 5),
        "1.5": (PAIRS,),
        "2.2": (TARGET,),
        "2.3": (HISTORY,),
        "2.4": (TARGET.true_class_probability, TARGET.member),
        "3.2": (SHADOWS,),
        "3.3": (SHADOWS, TARGET),
        "3.4": (TARGET, SHADOWS),
        "4.2": (SHADOWS,),
        "4.3": (SHADOWS,),
        "4.5": (SHADOWS, TARGET),
    }.get(number, ())
    with pytest.raises(NotYet, match="the function itself"):
        check(number, 0.5, *context)
    with pytest.raises(NotYet, match="returns nothing so far"):
        check(number, lambda *_: None, *context)


def test_the_quick_threshold_is_that_of_the_attack():
    attack = ThresholdAttack().fit(SHADOWS)
    expected = (attack.decide(attack.score(TARGET)) == TARGET.member).mean()
    assert n04._of_threshold(SHADOWS, TARGET) == expected
    assert attack.threshold_ == best_threshold(SHADOWS.member, SHADOWS.log_odds)


def test_where_answers_tie_the_groups_are_said_to_be_chance(capsys):
    def shares(found):
        return [found.member[group].mean() for group in np.array_split(np.argsort(found.log_odds), 10)]

    check("4.3", shares, records(saturated=True))
    assert "repeat a log-odds" in capsys.readouterr().out
    check("4.3", shares, records())
    assert "most members" in capsys.readouterr().out


def test_overlap_with_the_target_is_not_said_to_be_none():
    def known(target, shadows):
        also = np.isin(shadows.index, target.index)
        return [int(also[shadows.model_id == i].sum()) for i in np.unique(shadows.model_id)]

    check("3.4", known, TARGET, SHADOWS)
    overlapping = Records.concatenate([SHADOWS, records(model_id=-1)])
    with pytest.raises(NotYet, match="no record in common"):
        check("3.4", known, TARGET, overlapping)
