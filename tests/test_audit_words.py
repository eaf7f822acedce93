"""What a report says of a leak that its headline's attack does not see."""

import audits
import numpy as np
import pandas as pd
import pytest

from mia_helpers import audit_scores
from mia_helpers.auditing import words


@pytest.mark.parametrize(
    ("more_right", "said"), [(0.9, "sees no more than whether the model is right"), (0.5, "no leak")]
)
def test_a_leak_that_only_the_gap_attack_sees_is_told(more_right, said):
    rng, n = np.random.default_rng(0), 600
    member = np.arange(2 * n) < n
    right = rng.random(2 * n) < np.where(member, more_right, 0.5)
    confidence = np.where(right, 0.5 + 0.01 * rng.random(2 * n), 0.1 * rng.random(2 * n))
    confidence[rng.permutation(np.flatnonzero(~member))[:200]] = 0.99  # the surest are others
    answers = pd.DataFrame({"p0": 1 - confidence, "p1": confidence}).assign(label=1, member=member.astype(int))
    report = audit_scores(answers)
    text = " ".join(report.summary().split())
    assert said in text.partition("Audited:")[0]
    assert words.answer(report).startswith("Not by these attacks" if said == "no leak" else "Yes, over all records")


def test_where_only_epsilon_is_bounded_no_sentence_says_that_no_leak_is_shown():
    report = audit_scores(audits.outputs(seed=1))
    report.table.loc[(report.table["metric"] == "epsilon") & (report.table["attack"] == "gap"), "value"] = 0.1
    assert "no leak is shown" not in report.summary()
    assert "bound on epsilon is above 0" in " ".join(report.summary().split())
    assert words.answer(report).startswith("Perhaps:")
