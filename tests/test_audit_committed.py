"""What `docs/audit.md` shows is what the code makes: reports from the shipped answers, pictures, and trials."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import audit_trials, audits
from mia_helpers import audit_scores
from mia_helpers.auditing import AuditReport, read
from mia_helpers.engine import files, shipped
from mia_helpers.report.tables import markdown

FOREST = Path(__file__).parent / "data" / "audit_forest.npz"
PICTURES = {"paper_target": 1400, "adult_target": 1400, "forest": 1400, "forest-phone": 390}


def committed(name):
    return AuditReport.load(audits.RESULTS / f"{name}.json")


def same_table(ours, theirs):
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["paper_target", "adult_target"])
def test_reports_of_the_targets_are_made_again(name, monkeypatch):
    monkeypatch.delenv("MIA_RECORDS_DIR")
    if shipped.source_of({"paper_target": "cifar10", "adult_target": "adult"}[name]) is None:
        pytest.skip("the answers of the target are not among the shipped records: make these again")
    made, kept = audits.REPORTS[name](), committed(name)
    assert made.warnings == kept.warnings
    assert made.about == pytest.approx(kept.about)
    for table in ("table", "groups", "records"):
        same_table(getattr(made, table), getattr(kept, table))
    for attack, curve in kept.curves["roc"].items():
        assert made.curves["roc"][attack]["tpr"] == pytest.approx(curve["tpr"])
    assert made.curves["histogram"]["members"] == kept.curves["histogram"]["members"]


def test_the_report_of_the_forest_is_that_of_its_answers():
    made, kept = audit_scores(read(FOREST)), committed("forest")
    same_table(made.table, kept.table)
    same_table(made.records, kept.records)
    assert kept.about["shift"] is False


def test_the_table_is_that_of_the_reports():
    reports = {name: committed(name) for name in audits.REPORTS}
    assert (audits.RESULTS / "reports.md").read_text(encoding="utf-8") == markdown(audits.table(reports))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_there_small_and_as_wide_as_they_say(name):
    content = (audits.FIGURES / f"{name}.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(content[16:20], "big") == PICTURES[name]
    assert len(content) < 400_000
    page = (files.CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
    (alt,) = re.findall(rf"!\[([^\]]+)\]\(\.\./figures/audits/{name}\.png\)", page)
    assert len(alt) > 40


# --- Trials with a known truth --------------------------------------------------------------------------------------


def tables_of(text):
    """Return the tables of a Markdown text, a DataFrame each; shares like 97.5% as numbers."""
    found = []
    for block in re.findall(r"(?m)(?:^\|.*\n?)+", text):
        head, _, *rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in block.splitlines()]
        table = pd.DataFrame(rows, columns=head)
        found.append(table.map(lambda cell: float(cell[:-1]) / 100 if cell.endswith("%") else cell))
    return found


def test_the_committed_trials_are_as_good_as_an_audit_says():
    null, leaks, epsilons = tables_of(audit_trials.PAGE.read_text(encoding="utf-8"))
    held = [name for name in null if name.endswith("held")]
    assert set(null["audited"]) == set(leaks["audited"]) == set(audit_trials.ATTACK)
    assert null[held].replace("", np.nan).astype(float).min(axis=None) >= 0.93
    assert (null["epsilon 0"] >= 0.95).all()
    assert (null[[name for name in null if name.endswith("fires") or name.startswith("answer")]] <= 0.05).all(axis=None)
    assert leaks[[name for name in leaks if name.endswith("held")]].min(axis=None) >= 0.93
    largest = leaks[leaks["members higher by"].astype(float) == max(audit_trials.SIZES)]
    assert (largest[["AUC found", "answer: Yes"]] > 0.95).all(axis=None)
    assert (largest["TPR at 1% FPR found"] > 0.75).all()  # 600 non-members are hardly enough to be sure of it
    assert (epsilons["bound not above it"] >= 0.95).all()


def test_a_few_trials_again():
    for table, least in ((audit_trials.leak_trials(12), "held"), (audit_trials.epsilon_trials(40), "not above it")):
        (shown,) = tables_of(markdown(table))
        assert shown[[name for name in shown if name.endswith(least)]].min(axis=None) >= 0.75  # of 12, nine
