"""The ledger: the report's numbers outlast the artifacts that they were read from."""

import json
import math

import pandas as pd
import pytest

from mia_helpers import Experiment, MIAError, report
from mia_helpers.engine import environment, files, store
from mia_helpers.report import ledger, modern
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import STUDIES

EXP = Experiment(dataset="synthetic_images", train_size=50, n_shadows=2, epochs=2, l2_sweep=(), n_resamples=20)
PROFILE = Profile("demo", "", 0, (EXP,), (("shadows", EXP),))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder of results of its own, as the checkout's."""
    folder = tmp_path / "results" / "demo"
    folder.mkdir(parents=True)
    monkeypatch.setattr(ledger.files, "of_checkout", lambda name: tmp_path / name)
    return folder


def tables():
    return {
        "metrics": report.metrics_table(PROFILE.experiments),
        "intervals": report.intervals_table(PROFILE.experiments),
        "realised": report.realised_table(PROFILE.experiments),
        "studies": report.studies_table(PROFILE.studies),
        "thresholds": report.thresholds_table(PROFILE.experiments),
        "claims": report.claims_table(PROFILE),
    }


@pytest.mark.slow
def test_tables_are_the_same_without_the_artifacts(results, monkeypatch, tmp_path):
    for name in ("svm", "boosted", "threshold", "gap"):
        EXP.attack(name)
    before, about = tables(), report.manifest(PROFILE)
    assert len(before["metrics"]) == 4
    (results / "ledger.json").write_text(ledger.text(report.entries_of(PROFILE)), encoding="utf-8")
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "empty"))
    assert not EXP.model().is_there()
    for name, table in tables().items():
        pd.testing.assert_frame_equal(table, before[name], check_exact=True)
    again = report.manifest(PROFILE)
    assert again["stages"].popitem()[1]["from_ledger"] == 0  # the study has no artifact that was not counted before
    assert next(iter(again["stages"].values()))["from_ledger"] == 7
    for told in (again, about):
        del told["stages"]
    assert again == about
    written = report.write("demo", {}, entries=report.entries_of(PROFILE))
    assert written[0].read_bytes() == (results / "ledger.json").read_bytes()


def test_the_same_numbers_leave_manifest_and_ledger_of_whoever_computed_them(tmp_path):
    def write(commit, value, told=1.0):
        table = pd.DataFrame({"value": [value]})
        entry = {"f": [told, math.nan], "facts": {"machine": commit}, "commit": commit}
        return report.write("demo", {"a": table}, {"git_commit": commit}, tmp_path, {"w": entry})

    def commits():
        return [json.loads(path.read_text()) for path in written[:2]]

    written = write("first", 0.5)
    before = {path: path.read_bytes() for path in written}
    assert write("second", 0.5) == written
    assert {path: path.read_bytes() for path in written} == before
    write("third", 0.25)  # another way to draw the table
    assert commits()[0] == {"git_commit": "third"}
    write("fourth", 0.25, told=2.0)  # another number behind the same table
    assert commits()[0] == {"git_commit": "fourth"}
    assert commits()[1]["entries"]["w"]["commit"] == "fourth"
    written[0].with_name("a.md").unlink()
    write("fifth", 0.25, told=2.0)
    assert commits()[0] == {"git_commit": "fifth"}
    written[0].unlink()
    write("sixth", 0.25, told=2.0)
    assert commits()[0] == {"git_commit": "sixth"}


@pytest.mark.slow
def test_tables_of_reference_models_are_the_same_without_the_artifacts(results, monkeypatch, tmp_path):
    exp = EXP.replace(dataset="synthetic_census", train_size=150, n_references=8)
    profile = Profile("demo", "", 0, (), (("modern", exp), ("modern_epochs", exp)))
    monkeypatch.setenv("MIA_JOBS", "1")
    for point in (point for study, exp in profile.studies for point in STUDIES[study](exp)):
        point.attacker.arrays()
    before = modern.attacks_table(profile), modern.claims_table(profile)
    assert len(before[0]) == 9 + 2 * 6  # attacks, and fewer of them after each of two epochs
    assert before[0]["own_auc"].notna().any()
    assert (before[1]["verdict"] != "not run").any()
    (results / "ledger.json").write_text(ledger.text(report.entries_of(profile)), encoding="utf-8")
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "empty"))
    assert not exp.answers().is_there()
    after = modern.attacks_table(profile), modern.claims_table(profile)
    for table, expected in zip(after, before, strict=True):
        pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_an_entry_is_of_its_artifacts_and_of_nobody_else(results):
    @ledger.kept
    def seconds(work, factor):
        return factor * store.facts(work.name)["seconds"]

    model, other = EXP.model(), EXP.model(0)
    assert seconds(model, 2) is None
    store.save(model.name, {}, seconds=3, depends_on=model.depends_on())
    assert (seconds(model, 2), seconds(model, 3), seconds(other, 2)) == (6, 9, None)
    entries = report.entries_of(Profile("demo", "", 0, (EXP,)))
    assert entries[model.name].pop("commit") == environment.git_commit()
    assert entries[model.name] == {"seconds 2": 6, "seconds 3": 9}
    entries[model.name]["commit"] = "of long ago"
    (results / "ledger.json").write_text(ledger.text(entries), encoding="utf-8")
    store.forget([model.name])
    assert (seconds(model, 2), seconds(model, 4), seconds(other, 2)) == (6, None, None)
    assert ledger.commits_of(Profile("demo", "", 0, (EXP,))) == ["of long ago"]
    assert report.entries_of(Profile("another", "", 0, (EXP.replace(seed=5),))) == {}


def test_a_ledger_of_other_code_is_not_read_and_a_damaged_one_is_told(results):
    path = results / "ledger.json"
    told = {"version": ledger.VERSION, "entries": {"a": {"f": [1.0, math.nan]}}}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert ledger.committed()["a"]["f"][0] == 1
    path.write_text(json.dumps({**told, "version": ledger.VERSION + 1}), encoding="utf-8")
    assert ledger.committed() == {}
    for content in ("", "[]", "null", '{"version": 1}', '{"version": 1, "entries": [1]}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(MIAError, match=r"ledger\.json is damaged. To restore it: git checkout"):
            ledger.committed()


@pytest.mark.parametrize("name", ["classroom", "paper"])
def test_the_committed_tables_follow_from_the_committed_ledger(name, monkeypatch, tmp_path):
    """Without data, training or attacks: whoever doubts a number can follow it to the byte."""
    monkeypatch.delenv("MIA_RECORDS_DIR", raising=False)
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    profile = profiles.load(name)
    found = {
        "metrics": report.metrics_table(profile.experiments),
        "intervals": report.intervals_table(profile.experiments),
        "realised": report.realised_table(profile.experiments),
        "studies": report.studies_table(profile.studies),
        "claims": report.claims_table(profile),
    }
    found["verdicts"] = report.verdicts_table(found["claims"])
    for path in report.write(name, found, root=tmp_path):
        assert path.read_bytes() == (files.CHECKOUT / "results" / name / path.name).read_bytes(), path.name


def test_the_committed_tables_of_modern_attacks_follow_from_the_committed_ledger(monkeypatch, tmp_path):
    monkeypatch.delenv("MIA_RECORDS_DIR", raising=False)
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    profile = profiles.load("modern")
    found = {"attacks": modern.attacks_table(profile), "claims": modern.claims_table(profile)}
    found["verdicts"] = modern.verdicts_table(found["claims"])
    for path in report.write("modern", found, root=tmp_path):
        assert path.read_bytes() == (files.CHECKOUT / "results" / "modern" / path.name).read_bytes(), path.name
