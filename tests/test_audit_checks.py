"""What an audit says before it measures: shifts, labels that do not fit, too few records."""

import audits
import numpy as np
import pytest

from mia_helpers.auditing import attacks, audit_scores, checks


def said(frame):
    return " ".join(audit_scores(frame).warnings)


def test_a_random_split_of_enough_records_is_told_nothing():
    frame = audits.outputs(n=12_000, leak=0.5).assign(group="a")
    assert audit_scores(frame).warnings == []


def test_other_classes_and_groups_are_told_first():
    frame = audits.outputs(n=2000)
    rare = (frame["member"] == 0) & (frame["label"] == 3) & (np.arange(2000) % 2 == 0)
    report = audit_scores(frame[~rare].reset_index(drop=True))
    assert "not from the same distribution: their classes are mixed otherwise" in report.warnings[0]
    assert report.summary().startswith("Before anything else")
    assert "may measure that shift" in report.summary().partition("What an attacker")[0].replace("\n ", "")
    old = np.where((frame["member"] == 1) & (np.arange(2000) % 3 == 0), "old", "young")
    assert "their groups are mixed otherwise" in said(frame.assign(group=old))


def test_a_shift_is_rarely_told_for_nothing():
    frames = (audits.outputs(n=300, k=10, seed=seed) for seed in range(200))
    assert sum(checks.other_classes(audits.answers(frame), {}) is not None for frame in frames) <= 2


def test_labels_that_do_not_fit():
    frame = audits.outputs(n=400, k=10, shift=4)
    turned = frame.assign(label=(frame["label"] + 1) % 10)
    assert "labels do not seem to fit" in said(turned)
    assert "With the columns in another order it would be right for" in said(turned)
    assert "labels do not" not in said(frame)


def test_a_loss_in_the_column_score():
    frame = audits.scores(leak=1)
    assert "worse than guessing" in said(frame.assign(score=-frame["score"]))
    as_loss = frame.assign(loss=-frame["score"]).drop(columns="score")
    assert audit_scores(as_loss).table.equals(audit_scores(frame).table)
    assert "a loss for each record, negated" in audit_scores(as_loss).summary()


def test_references_that_know_members_more_often():
    frame = audits.with_references(paired=False)
    assert "know members and non-members differently often" not in said(frame)
    for i in range(2):
        frame[f"in_{i}"] = np.where(frame["member"] == 1, 1, frame[f"in_{i}"])
        frame.loc[::9, f"in_{i}"] = 0
    known = frame[[f"in_{i}" for i in range(8)]].sum(axis=1)
    assert "know members and non-members differently often" in said(frame[known.between(1, 7)].reset_index(drop=True))


def test_rounded_answers():
    frame = audits.scores(leak=1)
    assert "share the highest score, so no threshold lies between them" in said(
        frame.assign(score=frame["score"].clip(upper=0))
    )


@pytest.mark.parametrize(("n", "told"), [(100, ["1.0%", "0.1%"]), (2000, ["0.1%"]), (12_000, [])])
def test_too_few_non_members(n, told):
    answers = audits.answers(audits.scores(n=n))
    text = checks.too_few_non_members(answers, attacks.scores(answers)) or ""
    assert [rate for rate in ("1.0%", "0.1%") if f"{rate} false alarms" in text] == told


def test_small_groups_and_columns_that_are_not_read():
    frame = audits.scores(n=400).assign(group=["few"] * 10 + ["many"] * 390, agegroup=1)
    text = said(frame)
    assert "are not compared: few." in text
    assert "Columns that are not read: agegroup." in text
    assert audit_scores(frame).groups.set_index("group")["p_holm"].isna()["few"]
