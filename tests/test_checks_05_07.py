"""The checks of notebooks 05 to 07 take a right answer in whatever form, and on whatever data."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.stats import rankdata

from mia_helpers.attacks import Records
from mia_helpers.attacks.intervals import holm
from mia_helpers.report.intervals import Value
from mia_helpers.report.verdicts import verdict
from mia_helpers.teaching import NotYet, check
from mia_helpers.teaching.checks import n05, n06, n07


class Result:
    """What a check reads of an AttackResult."""

    name = "made up"

    def __init__(self, n=100, seed=0):
        rng = np.random.default_rng(seed)
        self.member = rng.permutation(np.arange(2 * n) < n)
        self.score = rng.normal(self.member * 1.0).round(1)  # with ties
        said = self.score > 0.5
        counts = {
            "tp": np.sum(said & self.member),
            "fp": np.sum(said & ~self.member),
            "fn": np.sum(~said & self.member),
            "tn": np.sum(~said & ~self.member),
        }
        self.metrics = pd.Series(counts | {"precision": counts["tp"] / (counts["tp"] + counts["fp"])})


def test_a_precision_may_be_computed_from_the_odds():
    def by_odds(share, recall, false_alarms):
        odds = share / (1 - share) * recall / false_alarms
        return odds / (1 + odds)

    check("5.2", by_odds, [Result(seed=s) for s in range(3)])


def test_an_attack_that_calls_nobody_has_no_precision_to_compare():
    nobody = Result()
    nobody.metrics[["tp", "fp", "fn", "tn", "precision"]] = 0, 0, 100, 100, np.nan
    check("5.2", n05._precision, [nobody])


def test_an_auc_may_be_computed_from_ranks_and_returned_as_an_array():
    def by_ranks(member, score):
        m, n = member.sum(), (~member).sum()
        return np.array((rankdata(score)[member].sum() - m * (m + 1) / 2) / (m * n))

    check("5.3", by_ranks, Result())


@pytest.mark.parametrize("n", [100, 2500])
def test_scores_at_chance_may_be_random_and_the_threshold_a_score(n):
    member, rng = np.arange(2 * n) < n, np.random.default_rng(0)
    k, score = n // 10, np.zeros(2 * n)
    score[~member] = stats.norm.ppf((np.arange(n) + 0.5) / n)
    score[n // 5 : n] = stats.norm.ppf((np.arange(n - n // 5) + 0.5) / (n - n // 5))
    score[:k], score[k : n // 5] = 10 + rng.random(k), -10 - rng.random(n // 5 - k)
    threshold = np.sort(score[~member])[::-1][int(0.01 * n)]
    check("5.4", score.tolist(), member, (score[member] > threshold).mean())


def test_scores_at_chance_that_find_nobody_are_refused_whatever_their_luck():
    member = np.arange(5000) < 2500
    for seed in range(20):
        with pytest.raises(NotYet, match="too few"):
            check("5.4", np.random.default_rng(seed).random(5000), member, 0.01)


def records(sure, seed):
    rng = np.random.default_rng(seed)
    member = np.arange(400) < 200
    p = 1 / (1 + np.exp(-rng.normal(sure + 2.0 * member)))
    return Records(
        np.stack([p, 1 - p], axis=1).astype(np.float32), np.zeros(400, int), member, np.zeros(400, int), np.arange(400)
    )


def test_two_attackers_may_read_the_probability_instead_of_its_log_odds():
    plain, penalised, victim = records(3, 0), records(-1, 1), records(-1, 2)
    aware, unaware = (n06._accuracies(shadows, victim)[1] for shadows in (penalised, plain))
    check("6.2", aware, unaware, plain, penalised, victim)
    with pytest.raises(NotYet, match="swapped"):
        check("6.2", unaware, aware, plain, penalised, victim)


def test_two_attackers_with_the_same_shadows_may_have_the_same_accuracy():
    shadows, victim = records(0, 0), records(0, 1)
    both = n06._accuracies(shadows, victim)[0]
    check("6.2", both, both, shadows, shadows, victim)


def test_a_penalty_may_be_chosen_with_the_attackers_who_ignore_it_among_the_others():
    def choose(metrics, least):
        return metrics[metrics["test_accuracy"] >= least].groupby("l2")["accuracy"].max().idxmin()

    check("6.3", choose, n06.MADE_UP)
    check("6.3", choose, n06.MADE_UP[n06.MADE_UP["l2"] == 5e-3])


@pytest.mark.parametrize("form", [tuple, list, np.array, pd.Series])
def test_an_interval_over_seeds_may_have_any_form(form):
    def over_seeds(values):
        return form(stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values)))

    check("7.3", over_seeds)


@pytest.mark.parametrize("name", [name for name in n07.QUANTILES if name != "right"])
def test_each_wrong_quantile_has_its_own_hint(name):
    quantile, why = n07.QUANTILES[name]

    def over_seeds(values):
        half = quantile(len(values)) * stats.sem(values)
        return np.mean(values) - half, np.mean(values) + half

    with pytest.raises(NotYet) as told:
        check("7.3", over_seeds)
    assert str(told.value) == why


@pytest.mark.parametrize("form", [list, np.array, pd.Series])
def test_what_stands_after_holm_may_come_from_the_helper(form):
    check("7.5", lambda p: form([bool(q <= 0.05) for q in holm(list(p))]))


def test_the_rule_of_the_report_passes_and_a_profile_without_published_figures_too():
    table = pd.DataFrame(columns=["what", "published", "tolerance", "low", "high", "verdict"])
    check("7.2", lambda low, high, to, within: verdict(Value(0.5, low, high), to, within), table)


@pytest.mark.parametrize(
    ("slips", "cases"),
    [
        ([slip for slip, _ in n05.SLIPS_5_2], lambda slip: [slip(*case) for case in n05.CASES]),
        ([slip for slip, _ in n07.SLIPS_7_5], lambda slip: [slip(np.array(p)).tolist() for p in n07.LISTS]),
    ],
)
def test_no_two_mistakes_look_alike(slips, cases):
    seen = [str(cases(slip)) for slip in slips]
    assert len(set(seen)) == len(seen)
