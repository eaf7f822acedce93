"""What an audit measures: by hand, where all leaks, where nothing does, and against the attacks of the package."""

import audits
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mia_helpers.attacks import intervals
from mia_helpers.attacks.base import cut_at
from mia_helpers.attacks.references import References, Target, score_each, score_one
from mia_helpers.attacks.references.privacy import lower_bound
from mia_helpers.auditing import AuditAnswers, attacks, audit_scores, epsilon, groups, measure, references

MEMBER = np.arange(40) < 20
EVEN = AuditAnswers(member=MEMBER, score=np.arange(40.0)[::-1])  # every member above every non-member


def measured(answers, **options):
    table = measure.table(answers, attacks.scores(answers), **{"seed": 0, "delta": 1e-5} | options)
    return table.set_index(["attack", "metric"])


# --- By hand ------------------------------------------------------------------------------------------------------


def test_forty_records_by_hand():
    score = np.where(MEMBER, 1.0, 0.0)
    score[:5] = 0.0  # five members look like non-members, and one non-member like a member
    score[20] = 1.0
    table = measured(AuditAnswers(member=MEMBER, score=score))
    # (member 1, other 0): 15 · 19; ties: 15 · 1 + 5 · 19 count half
    assert table.loc[("score", "auc"), "value"] == pytest.approx((15 * 19 + (15 + 5 * 19) / 2) / 400)
    assert np.isnan(table.loc[("score", "tpr_at_1pct_fpr"), "value"])  # of 20 non-members 1% is none
    half = measure._half(MEMBER, 0)
    assert (half[MEMBER].sum(), half[~MEMBER].sum()) == (10, 10)
    right = ((score > 0.5) == MEMBER)[~half].sum()
    sure = table.loc[("score", "balanced_accuracy")]
    assert (sure["found"], sure["of"], sure["value"]) == (right, 20, pytest.approx(right / 20))


def test_a_rate_its_count_and_its_interval_by_hand():
    member = np.arange(1200) < 200
    score = np.where(member, 0.5, 0.0) + np.linspace(0, 0.1, 1200)
    score[200:205] = 2.0  # five false alarms of 1,000 are above every member
    row = measured(AuditAnswers(member=member, score=score)).loc[("score", "tpr_at_1pct_fpr")]
    assert (row["value"], row["found"], row["of"]) == (1.0, 200, 200)
    assert (row["low"], row["high"]) == intervals.of_rate(member, score, 0.01)
    rare = measured(AuditAnswers(member=member, score=score)).loc[("score", "tpr_at_01pct_fpr")]
    assert (rare["value"], rare["low"]) == (0.0, 0.0)


def test_the_gap_is_that_of_accuracies():
    frame = audits.outputs(n=80)
    answers = audits.answers(frame)
    inside, outside = answers.correct[answers.member], answers.correct[~answers.member]
    row = measured(answers).loc[("", "gap")]
    assert row["value"] == pytest.approx(inside.mean() - outside.mean())
    assert row["low"] < row["value"] < row["high"]
    assert ("", "gap") not in measured(EVEN).index


def test_a_perfect_leak_is_found_and_epsilon_reaches_its_ceiling():
    answers = audits.answers(audits.scores(n=2000, leak=50))
    report = audit_scores(answers)
    assert report.value("tpr_at_1pct_fpr")["value"] == report.value("auc")["value"] == 1
    assert report.value("balanced_accuracy")["value"] == 1
    assert report.value("epsilon")["value"] == report.about["ceiling"]
    p = (0.05 / 3) ** (1 / 1000)  # all of 1,000 guesses right, three shares tried
    assert epsilon.ceiling(1000, delta=0) == pytest.approx(np.log(p / (1 - p)), abs=1e-3)
    assert report.about["ceiling"] == pytest.approx(epsilon.ceiling(1000, delta=0), abs=0.1)


def test_epsilon_by_hand_of_pairs():
    shown = epsilon.shown(EVEN.score, MEMBER, seed=3, delta=0)
    assert (shown.correct, shown.guesses, shown.pairs) == (20, 20, 20)
    assert shown.bound == lower_bound(20, 20, n_canaries=20, confidence=1 - 0.05 / 3)
    ties = epsilon.shown(np.zeros(40), MEMBER, seed=3)
    assert ties.bound == 0
    assert 0 < ties.correct < ties.guesses


def test_the_fewest_non_members_are_those_from_which_the_lower_end_leaves_zero():
    for n_attacks in (1, 3):
        n, level = measure.others_needed("tpr_at_1pct_fpr", n_attacks), measure.level_for(n_attacks)
        for others, leaves in ((n - 1, False), (n, True)):
            member = np.arange(others + 50) < 50
            assert (intervals.of_rate(member, member * 1.0, 0.01, level)[0] > 0) == leaves


def test_groups_by_hand():
    member = np.arange(400) < 200
    score = np.where(member, 0.0, -1.0) + np.linspace(0, 0.1, 400)
    score[:30] = 2.0  # caught, all of one group
    score[200:202] = 1.0  # 1% of the non-members
    group = np.where(np.arange(400) % 200 < 100, "a", "b")
    score[30:200] = -2.0
    table = groups.compare(AuditAnswers(member=member, score=score, group=group), score).set_index("group")
    assert table.loc["a", ["members", "caught", "non_members"]].tolist() == [100, 30, 100]
    assert table.loc["b", ["caught", "false_alarms"]].tolist() == [0, 0]
    assert (table["p_holm"] < 1e-6).all()
    assert not len(groups.compare(EVEN, EVEN.score))


# --- Against the package's own attacks ------------------------------------------------------------------------------


def test_of_pairs_lira_and_rmia_are_the_scores_of_the_package():
    answers = audits.answers(audits.with_references())
    matrix = References(answers.phi.T.astype(np.float32), answers.known.T, np.zeros(len(answers), int))
    target = Target(answers.score.astype(np.float32))
    for name in ("lira", "rmia"):
        assert attacks.scores(answers)[name] == pytest.approx(score_one(name, target, matrix), rel=1e-3, abs=1e-3)


def test_of_models_that_know_none_the_offline_attacks_are_those_of_the_package():
    frame = audits.with_references()
    frame[[f"in_{i}" for i in range(8)]] = 0
    answers = audits.answers(frame)
    found = attacks.scores(answers)
    assert list(found) == ["score", "lira_offline", "rmia_offline"]
    matrix = References.outside(answers.phi.T.astype(np.float32), np.zeros(len(answers), int))
    for name in ("lira_offline", "rmia_offline"):
        ours = score_one(name, Target(answers.score.astype(np.float32)), matrix)
        assert found[name] == pytest.approx(ours, rel=1e-3, abs=1e-3)
    assert references.caught(answers.phi, answers.known) is None


def test_counts_may_differ_from_record_to_record():
    answers = audits.answers(audits.with_references(paired=False))
    counted = references.Counted.of(answers.phi, answers.known)
    for i in (0, 7):
        values = answers.phi[i][answers.known[i]]
        assert counted.mean[i] == pytest.approx(values.mean())
        assert counted.squares[i] == pytest.approx(values.var() * len(values))
    left = counted.without(answers.phi[:, 0], answers.known[:, 0])
    again = references.Counted.of(answers.phi[:, 1:], answers.known[:, 1:])
    assert left.mean == pytest.approx(again.mean)
    assert left.squares == pytest.approx(again.squares, abs=1e-9)
    assert measured(answers).loc[("lira", "auc"), "value"] > measured(answers).loc[("score", "auc"), "value"] + 0.1


def test_records_are_caught_as_in_the_package():
    answers = audits.answers(audits.with_references(n=400, models=12))
    ours = references.caught(answers.phi, answers.known)
    matrix = References(answers.phi.T.astype(np.float32), answers.known.T, np.zeros(400, int))
    scores = score_each("lira", matrix)
    called = np.array([s > cut_at(s[~m], 0.01) for s, m in zip(scores, matrix.member, strict=True)])
    caught = (called & matrix.member).sum(axis=0) / 6
    assert np.mean(np.isclose(ours["caught"], caught)) > 0.99  # float32 may move a threshold's neighbour
    assert (ours["n_in"] == 6).all()


# --- Where nothing leaks, 200 times -----------------------------------------------------------------------------------


def test_two_hundred_audits_without_a_leak():
    chance = {"tpr_at_1pct_fpr": 0.01, "auc": 0.5, "balanced_accuracy": 0.5, "gap": 0.0}
    covered, shown, fired = dict.fromkeys(chance, 0), 0, 0
    for seed in range(200):
        report = audit_scores(audits.answers(audits.outputs(seed=seed)), seed=seed)
        for metric, value in chance.items():
            ends = report.value(metric)
            covered[metric] += ends["low"] <= value <= ends["high"]
        shown += any(report.value("epsilon", name)["value"] > 0 for name in ("threshold", "gap", "modified_entropy"))
        fired += bool(report.failures("auc=0.5")) or bool(report.failures("tpr_at_1pct_fpr=0.01"))
    assert min(covered.values()) >= 186
    assert shown <= 10
    assert fired <= 10


def test_references_find_nothing_where_the_target_remembers_nothing():
    found = []
    for seed in range(60):
        frame = audits.with_references(n=400, seed=seed)
        rng = np.random.default_rng(seed)
        frame["member"] = rng.permutation(frame["member"])  # the references remember, the target does not
        found.append(audit_scores(frame, seed=seed).failures("auc=0.5", "epsilon=0"))
    assert sum(map(bool, found)) <= 6


@pytest.mark.parametrize("leak", [0.0, 1.0, 3.0])
def test_the_interval_of_the_auc_covers_the_truth(leak):
    truth, covered = norm.cdf(leak / np.sqrt(2)), 0
    for seed in range(300):
        answers = audits.answers(audits.scores(n=300, leak=leak, seed=seed))
        low, high = intervals.of_auc(answers.member, answers.score)
        covered += low <= truth <= high
    assert covered >= 0.92 * 300


def test_the_interval_of_the_auc_is_that_of_the_bootstrap():
    answers = audits.answers(audits.scores(n=600, leak=1))
    ours = intervals.of_auc(answers.member, answers.score)
    theirs = intervals.bootstrapped(answers.member, answers.score, {"none": np.ones(600)}, seed=0, n_resamples=2000)[
        "auc"
    ]
    assert ours == pytest.approx(theirs, abs=0.004)
    assert np.isnan(intervals.of_auc(answers.member, np.zeros(600))).all()
    assert intervals.of_auc(MEMBER, EVEN.score) == intervals.clopper_pearson(20, 20)


def test_a_table_names_each_attack_and_metric_once():
    report = audit_scores(audits.outputs(n=200))
    assert list(report.table.columns) == list(measure.COLUMNS)
    assert not report.table.duplicated(["attack", "metric"]).any()
    assert isinstance(report.groups, pd.DataFrame)
