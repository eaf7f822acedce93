"""The report: words, JSON, a page without a network, comparison, rules, and files written at once."""

import re
from html.parser import HTMLParser

import audits
import matplotlib
import numpy as np
import pandas as pd
import pytest

from mia_helpers import MIAError, audit_scores
from mia_helpers.auditing import AuditReport, page, words
from mia_helpers.auditing.testing import assert_no_leak


def leaky(seed=0, **more):
    rng = np.random.default_rng(seed)
    return audit_scores(audits.outputs(leak=3.0, seed=seed).assign(group=rng.choice(["a", "b<i>"], 1200), **more))


REPORT = leaky()
QUIET = audit_scores(audits.outputs(seed=1))
OF_REFERENCES = audit_scores(audits.with_references())
FEW = audit_scores(audits.scores(n=60))


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.headings = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.tags.append((tag, named))
        self.ids += [named["id"]] if "id" in named else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []


# --- Words ----------------------------------------------------------------------------------------------------------


def test_the_words_say_who_finds_what_against_guessing_and_what_is_not_known():
    text = " ".join(REPORT.summary().split())
    rate = REPORT.value("tpr_at_1pct_fpr")
    assert f"finds {words.percent(rate['value'])} of the members ({rate['found']:.0f} of 600; 95% interval" in text
    for part in (
        "Guessing finds 1%",
        "more than guessing",
        "random split",
        "can show",
        "white-box",
        "no traffic light",
    ):
        assert part in text, part
    assert "Train 16 or more reference models" in text
    quiet = " ".join(QUIET.summary().split())
    assert "no leak is shown, and none is excluded" in quiet
    assert "no proof that training was private" in quiet
    few = " ".join(FEW.summary().split())
    assert "picks the member in" in few
    assert few.count("none is excluded") == 1
    tied = audits.outputs(leak=1.0)
    tied[[f"p{i}" for i in range(4)]] = tied[[f"p{i}" for i in range(4)]].clip(-1, 2).round()  # many share the top
    said = " ".join(audit_scores(tied).summary().split())
    assert "at so few false alarms nothing is sure. Over all records there is a leak" in said
    assert "none is excluded" not in said
    assert "TPR" not in few.partition("How it was")[0]
    with_models = " ".join(OF_REFERENCES.summary().split())
    assert "An attacker who also has 8 reference models like this one (LiRA)" in with_models
    assert "is at most risk" in with_models
    assert max(map(len, REPORT.summary().splitlines())) <= 100


def test_the_records_at_risk():
    worst = REPORT.worst(5)
    assert list(worst.columns) == ["id", "group", "score", "non_members_above"]
    assert worst["score"].is_monotonic_decreasing
    of_models = OF_REFERENCES.worst(5)
    assert of_models["caught"].is_monotonic_decreasing
    assert (of_models["n_in"] == 4).all()
    with pytest.raises(MIAError, match=r"worst\(0\): expected a whole number from 1 to 200"):
        REPORT.worst(0)


# --- Rules and comparison --------------------------------------------------------------------------------------------


def test_a_rule_is_broken_by_the_lower_end_alone():
    row = REPORT.table[REPORT.table["metric"] == "auc"]
    low, value = row["low"].max(), row["value"].max()
    assert REPORT.failures(f"auc={(low + value) / 2}") == []
    (said,) = REPORT.failures(f"auc={low - 1e-6}")
    assert "auc of the attack" in said
    assert f"at least {low:.4g}" in said
    assert len(REPORT.failures("auc=0.1", "gap=0.0", "epsilon=0.1", "balanced_accuracy=0.99")) == 3
    assert REPORT.failures() == []


@pytest.mark.parametrize(
    ("report", "rule", "said"),
    [
        (REPORT, "aux=0.5", "unknown metric 'aux'; known: tpr_at_1pct_fpr.*Did you mean 'auc'"),
        (REPORT, "auc", "'auc': expected METRIC=NUMBER"),
        (REPORT, "auc=high", "'auc=high': expected METRIC=NUMBER"),
        (REPORT, "auc=nan", "expected METRIC=NUMBER"),
        (REPORT, "tpr_at_01pct_fpr=0.1", "cannot be judged with 600 non-members.* give at least 5,478"),
        (FEW, "tpr_at_1pct_fpr=0.1", "cannot be judged with 30 non-members"),
        (FEW, "gap=0.1", "the gap is not known"),
    ],
)
def test_rules_that_cannot_be_judged(report, rule, said):
    with pytest.raises(MIAError, match=said):
        report.failures(rule)


def test_the_helper_for_pytest():
    assert assert_no_leak(QUIET, "tpr_at_1pct_fpr=0.05", "auc=0.6") is QUIET
    assert assert_no_leak(audits.outputs(seed=1), "auc=0.6").about == QUIET.about
    with pytest.raises(AssertionError, match="tpr_at_1pct_fpr of the attack"):
        assert_no_leak(REPORT, "tpr_at_1pct_fpr=0.01")


def test_what_changed_has_an_interval():
    table = REPORT.compare(QUIET).set_index(["attack", "metric"])
    auc = table.loc[("threshold", "auc")]
    assert auc["change"] == pytest.approx(auc["new"] - auc["old"])
    assert 0 < auc["low"] < auc["change"] < auc["high"]
    assert np.isnan(table.loc[("threshold", "epsilon"), "low"])
    same = REPORT.compare(leaky(seed=1))
    known = same.dropna(subset=["low"])
    assert ((known["low"] <= 0) & (known["high"] >= 0)).all()
    text = " ".join(REPORT.summary(QUIET).split())
    assert "What changed" in text
    assert "a change" in text
    with pytest.raises(MIAError, match="no attack in common"):
        FEW.compare(REPORT)


def test_of_no_change_the_interval_rarely_excludes_zero():
    wrong = 0
    for seed in range(100):
        one, two = (audit_scores(audits.scores(n=300, leak=1, seed=2 * seed + i)) for i in range(2))
        auc = one.compare(two).set_index("metric").loc["auc"]
        wrong += not auc["low"] <= 0 <= auc["high"]
    assert wrong <= 11


# --- JSON and page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [REPORT, QUIET, OF_REFERENCES, FEW], ids=["leaky", "quiet", "references", "few"])
def test_json_comes_back(report):
    again = AuditReport.from_json(report.to_json())
    assert again.to_json() == report.to_json()
    assert page.html(again) == page.html(report)
    assert again.summary() == report.summary()
    for name in ("table", "groups", "records"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(report, name), check_dtype=False)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_half():
    again = leaky()
    assert again.to_json() == REPORT.to_json()
    assert page.html(again) == page.html(REPORT)
    other = audit_scores(audits.outputs(leak=3.0), seed=1)
    assert other.value("balanced_accuracy") != REPORT.value("balanced_accuracy")
    assert other.value("auc")["value"] == REPORT.value("auc")["value"]


NO_TABLE = '{"format": 1, "about": {}, "warnings": [], "curves": {}, "table": {}, "groups": {}, "records": {}}'


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "no JSON", NO_TABLE])
def test_other_json_is_refused(text, tmp_path):
    with pytest.raises(MIAError, match="no JSON of an audit"):
        AuditReport.from_json(text)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(MIAError, match=r"a\.json: no JSON of an audit"):
        AuditReport.load(tmp_path / "a.json")


def test_json_of_another_format_and_files_that_are_none(tmp_path):
    with pytest.raises(MIAError, match="of format 9: expected 1; audit again"):
        AuditReport.from_json('{"format": 9}')
    with pytest.raises(MIAError, match="cannot be read"):
        AuditReport.load(tmp_path / "none.json")
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(MIAError, match="no text in UTF-8"):
        AuditReport.load(tmp_path / "a.json")


@pytest.mark.parametrize("report", [REPORT, OF_REFERENCES, FEW], ids=["leaky", "references", "few"])
def test_the_page_needs_no_network_and_can_be_read_by_all(report):
    text = page.html(report, report)
    found = Page(text)
    links = [value for _, named in found.tags for name, value in named.items() if name in ("src", "href", "xlink:href")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"https?://|@import|<script|url\((?!#)", text)
    figures = [named for tag, named in found.tags if tag == "svg"]
    assert len(figures) == (3 if len(report.groups) else 2)
    assert all(named["role"] == "img" and len(named["aria-label"]) > 30 for named in figures)
    assert found.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert found.headings.count(1) == 1
    assert len(set(found.ids)) == len(found.ids)
    assert {"main", "title", "caption"} <= {tag for tag, _ in found.tags}
    tables = text.count("<table>")
    assert tables == text.count('<div class="scroll" role="region"') > 0
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert len(text) < 600_000


def test_text_of_the_file_is_no_html():
    text = page.html(REPORT)
    assert "b<i>" not in text
    assert "b&lt;i&gt;" in text


def test_groups_may_have_any_name(recwarn):
    names = ["$x^$", "東京", "a\nb", "aged 20 to 40, of a very long name"]
    report = audit_scores(audits.scores().assign(group=names * 300))
    text = page.html(report)
    assert not recwarn
    for shown in ("$x^$</text>", "東京</text>", "aged 20 to 40,…</text>"):
        assert shown in text, shown


def test_the_page_answers_its_question_first():
    def said(report):
        return page.html(report).partition('<p class="answer">')[2].partition("</p>")[0]

    rate = REPORT.value("tpr_at_1pct_fpr")["value"]
    assert said(REPORT).startswith("Yes, of some: an attacker who falsely accuses 1 in 100 others finds ")
    assert f"finds {words.percent(rate)} of the members" in said(REPORT)
    assert said(QUIET).startswith("Not by these attacks on these records")
    some = audit_scores(audits.scores(n=1200, leak=0.4))
    assert said(some).startswith("Yes, over all records: ")
    frame = audits.outputs(leak=3.0)
    frame["group"] = np.where((frame["member"] == 1) & (np.arange(1200) % 3 == 0), "old", "young")
    assert said(audit_scores(frame)).startswith("This audit cannot tell")


def test_figures_leave_the_users_settings_alone():
    with matplotlib.rc_context({"font.size": 17.5}):
        page.html(FEW)
        assert matplotlib.rcParams["font.size"] == 17.5


# --- Files ------------------------------------------------------------------------------------------------------------


def test_a_report_is_saved_with_its_json(tmp_path):
    html, beside = REPORT.save(tmp_path / "new" / "r.html")
    assert html.read_text(encoding="utf-8") == page.html(REPORT)
    assert AuditReport.load(beside).to_json() == REPORT.to_json()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["r.html", "r.json"]
    with pytest.raises(MIAError, match="expected a name that ends in .html"):
        REPORT.save(tmp_path / "r.txt")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch, error):
    QUIET.save(tmp_path / "r.html")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = type(tmp_path).write_text

    def fails(self, text, **options):
        if self.suffix == ".json":
            real(self, text[:100], **options)
            raise error
        return real(self, text, **options)

    monkeypatch.setattr(type(tmp_path), "write_text", fails)
    with pytest.raises((MIAError, KeyboardInterrupt)):
        REPORT.save(tmp_path / "r.html")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("taken", ["r.html", "r.json"])
def test_where_one_file_cannot_be_replaced_neither_is(taken, tmp_path):
    other = {"r.html": "r.json", "r.json": "r.html"}[taken]
    (tmp_path / taken).mkdir()
    (tmp_path / other).write_text("old")
    with pytest.raises(MIAError, match=f"cannot write .*{taken}: Is a directory"):
        REPORT.save(tmp_path / "r.html")
    assert (tmp_path / other).read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json"]


def test_a_folder_that_cannot_be_made_is_told(unwritable):
    with pytest.raises(MIAError, match="cannot write"):
        REPORT.save(unwritable / "r.html")
