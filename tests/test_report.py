"""Tables: the columns that were promised, the same bytes each time."""

import json

import numpy as np
import pandas as pd
import pytest

from mia_helpers import Experiment, MIAError, report
from mia_helpers.attacks import GapAttack
from mia_helpers.engine import shipped, store
from mia_helpers.report import studies, tables
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile

COLUMNS = """dataset train_size n_shadows epochs l2 scaling seed train_accuracy test_accuracy attack adaptive
precision recall accuracy auc log_loss mae mse tn fp fn tp advantage tpr_at_1pct_fpr tpr_at_01pct_fpr data_sha256
backend"""


def test_metrics_table_has_the_promised_columns_even_when_empty():
    assert list(report.METRICS_COLUMNS) == COLUMNS.split()
    table = report.metrics_table([])
    assert list(table.columns) == COLUMNS.split()
    assert table.empty


def test_written_twice_gives_the_same_bytes_and_reads_back():
    table = pd.DataFrame({"what": ["a_b", "c"], "value": [1 / 3, float("nan")], "n": [1, 2]})
    first = {path: path.read_bytes() for path in report.write("demo", {"numbers": table})}
    assert {path.name for path in first} == {"numbers.csv", "numbers.md", "numbers.tex"}
    assert {path: path.read_bytes() for path in report.write("demo", {"numbers": table})} == first
    assert first[report.results_dir("demo") / "numbers.csv"] == b"what,value,n\na_b,0.333333,1\nc,,2\n"
    assert rb"a\_b & 0.333" in first[report.results_dir("demo") / "numbers.tex"]
    report.write("demo", {"metrics": table_of(1, 2)})
    assert report.read_metrics("demo")["seed"].tolist() == [1, 2]


def test_a_table_that_is_missing_damaged_or_foreign_is_one_clear_error():
    with pytest.raises(MIAError, match=r"metrics\.csv cannot be read .*run 07 again"):
        report.read_metrics("demo")
    report.write("demo", {"metrics": pd.DataFrame({"what": ["a"]})})
    with pytest.raises(MIAError, match=r"metrics\.csv has no column 'dataset'.*Move it away"):
        report.read_metrics("demo")
    (report.results_dir("demo") / "metrics.csv").write_bytes(b"")
    with pytest.raises(MIAError, match=r"metrics\.csv cannot be read"):
        report.read_metrics("demo")


def test_markdown_by_hand():
    table = pd.DataFrame({"a": ["x", "y"], "b": [0.12345, float("nan")], "c": [160554.0, 0.0005]})
    assert tables.markdown(table) == "| a | b | c |\n| --- | --- | --- |\n| x | 0.123 | 160554 |\n| y |  | 0.0005 |\n"


def test_an_interval_shows_that_it_has_a_width():
    assert tables._interval(-0.0001, 0.25) == "0.000 to 0.250"
    assert tables._interval(0.49991, 0.50009) == "0.4999 to 0.5001"
    assert tables._interval(-0.3, -0.1) == "-0.300 to -0.100"


def table_of(*seeds):
    """A metrics table with a row for each of these seeds."""
    row = dict.fromkeys(report.METRICS_COLUMNS, 0) | {"dataset": "cifar10", "attack": "svm", "scaling": "paper"}
    return pd.DataFrame([row | {"seed": seed, "adaptive": True} for seed in seeds])


def test_who_has_run_a_part_does_not_replace_the_whole(tmp_path):
    study = pd.DataFrame([dict.fromkeys([*studies.KEYS, "seed"], 0)])
    assert report.root_for("demo", table_of(0), study) == tmp_path  # nothing there yet
    report.write("demo", {"metrics": table_of(0, 1), "studies": study})
    for more in (table_of(0, 1), table_of(0, 1, 2)):
        assert report.root_for("demo", more, study) == tmp_path
    root = report.root_for("demo", table_of(1), study)
    assert root == report.root_for("demo", table_of(0, 1), study.iloc[:0]) == store.runs_dir() / "demo"
    report.write("demo", {"metrics": table_of(1)}, root=root)
    assert len(report.read_metrics("demo")) == 2
    assert len(report.read_metrics("demo", root)) == 1


def test_manifest_tells_versions_data_parameters_and_seconds():
    exp = Experiment(dataset="synthetic_census", train_size=50, n_shadows=2, l2_sweep=())
    store.save(exp.model().name, {}, seconds=7200, depends_on=exp.model().depends_on())
    profile = Profile("demo", "", 1, (exp,), (("shadows", exp),))
    about = json.loads(json.dumps(report.manifest(profile, ["a claim"])))
    assert about["core_hours_of_training"] == 2
    assert about["stages"][str(exp)]["training"] == {"artifacts": 1, "seconds": 7200}
    assert about["stages"][str(exp)]["missing"] == 6  # two shadows and four attacks
    assert about["stages"][f"{exp}, shadows"]["training"]["artifacts"] == 0  # counted once
    assert about["data"] == {"synthetic_census": exp.source}
    assert about["not_run"] == ["a claim"]
    assert about["experiments"] == [exp.parameters()]
    assert {"python", "numpy"} <= set(about["versions"][0])
    assert about["machines"]
    assert about["git_commit"]


def test_manifest_counts_twins_and_tells_what_they_change(monkeypatch):
    """By hand: of four members and four others, a pair is the same row; an attack finds both."""
    exp = Experiment(dataset="synthetic_census", train_size=4, n_shadows=1, l2_sweep=(), n_resamples=20)
    for model in exp.models():
        label, member = np.arange(8) % 2, np.arange(8) < 4
        probs = np.where(member, label, 1 - label).astype(np.float32)[:, None]  # right for members alone
        arrays = dict(probs=probs, label=label, member=member, index=np.arange(8))
        store.save(model.name, arrays, seconds=1, depends_on=model.depends_on())
    profile = Profile("demo", "", 1, (exp, exp.replace(seed=1)))
    assert report.manifest(profile)["twins"] == {}
    pairs = dict(member=[0, 1], other=[5, 6], distance=[0.0, 9.0], likeness=[1.0, 0.1])
    arrays = {name: np.array(column) for name, column in pairs.items()}
    store.save(exp.twins_work().name, arrays, seconds=3, depends_on=exp.twins_work().depends_on())
    assert report.manifest(profile)["twins"] == {str(exp): {"identical": 1, "near": 0, "accuracy": []}}
    monkeypatch.setattr("mia_helpers.walk.attackers.new_attack", lambda *_args: GapAttack())
    exp.attack("threshold")
    about = json.loads(json.dumps(report.manifest(profile)))
    [told] = about["twins"][str(exp)]["accuracy"]
    assert told == {"attack": "threshold", "records": 2, "accuracy": 1.0, "without": 1.0}
    assert about["stages"][str(exp)]["attacks"]["artifacts"] == 2


@pytest.mark.slow
def test_the_shipped_records_give_the_committed_rows(monkeypatch, tmp_path):
    """Without data or training: the attacks on the first seed at ds 2500 (processors round differently)."""
    monkeypatch.delenv("MIA_RECORDS_DIR")
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    exp = profiles.load("classroom").experiments[0].replace(l2_sweep=[])
    assert exp.source == shipped.source_of("cifar10")
    for name in exp.attack_names:
        exp.attack(name)
    assert not list((store.runs_dir() / "artifacts").glob("*/*-target-*"))
    monkeypatch.delenv("MIA_RESULTS_DIR")
    ours = report.metrics_table([exp]).merge(
        report.read_metrics("classroom"), on=tables.KEYS, suffixes=("", "_committed")
    )
    assert ours["attack"].tolist() == ["svm", "boosted", "threshold", "gap"]
    for metric in ("train_accuracy", "test_accuracy", "precision", "recall", "accuracy", "auc", "log_loss"):
        assert ours[metric].tolist() == pytest.approx(ours[f"{metric}_committed"].tolist(), abs=1e-4)


def test_a_results_folder_that_cannot_be_made_is_one_clear_error(monkeypatch, unwritable):
    monkeypatch.setenv("MIA_RESULTS_DIR", str(unwritable))
    with pytest.raises(MIAError, match="cannot write"):
        report.write("demo", {"metrics": report.metrics_table([])})
