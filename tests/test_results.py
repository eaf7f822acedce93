"""Tables: the columns that were promised, the same bytes each time."""

import json
import re

import pandas as pd
import pytest

from mia_helpers import Experiment, MIAError, files, profiles, results, shipped, store, studies
from mia_helpers.profiles import Profile

COLUMNS = """dataset train_size n_shadows epochs l2 scaling seed train_accuracy test_accuracy attack adaptive
precision recall accuracy auc log_loss mae mse tn fp fn tp advantage tpr_at_1pct_fpr tpr_at_01pct_fpr data_sha256
backend"""


def test_metrics_table_has_the_promised_columns_even_when_empty():
    assert list(results.METRICS_COLUMNS) == COLUMNS.split()
    table = results.metrics_table([])
    assert list(table.columns) == COLUMNS.split()
    assert table.empty


def test_written_twice_gives_the_same_bytes_and_reads_back():
    table = pd.DataFrame({"what": ["a_b", "c"], "value": [1 / 3, float("nan")], "n": [1, 2]})
    first = {path: path.read_bytes() for path in results.write("demo", {"metrics": table})}
    assert {path.name for path in first} == {"metrics.csv", "metrics.md", "metrics.tex"}
    assert {path: path.read_bytes() for path in results.write("demo", {"metrics": table})} == first
    assert first[results.results_dir("demo") / "metrics.csv"] == b"what,value,n\na_b,0.333333,1\nc,,2\n"
    assert results.read_metrics("demo")["n"].tolist() == [1, 2]
    assert rb"a\_b & 0.333" in first[results.results_dir("demo") / "metrics.tex"]


def test_markdown_by_hand():
    table = pd.DataFrame({"a": ["x", "y"], "b": [0.12345, float("nan")], "c": [160554.0, 0.0005]})
    assert results.markdown(table) == "| a | b | c |\n| --- | --- | --- |\n| x | 0.123 | 160554 |\n| y |  | 0.0005 |\n"


def test_readme_shows_the_committed_verdicts():
    committed = (files.REPOSITORY / "results" / "paper" / "verdicts.md").read_text(encoding="utf-8")
    assert "| C1 |" in committed
    assert committed in (files.REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_readme_says_no_number_that_was_not_measured():
    """What the section on results tells in prose stands, rounded, in a table of the results."""
    text = (files.REPOSITORY / "README.md").read_text(encoding="utf-8")
    prose = text.partition("## What came out")[2].partition("<details>")[0]
    told = {float(number) for number in re.findall(r"(?<![\d.])0\.\d{3}(?!\d)", prose)}
    assert len(told) > 10
    folder = files.REPOSITORY / "results" / "paper"
    figures = pd.read_csv(folder / "claims.csv")[["published", "ours", "low", "high"]].to_numpy().ravel()
    studied = pd.read_csv(folder / "studies.csv").query("train_size == 2500")["accuracy"]
    carried = pd.read_csv(folder / "thresholds.csv")[["accuracy", "in_hindsight"]].to_numpy().ravel()
    known = {round(abs(x), 3) for x in (*figures, *studied, *carried) if x == x}
    assert told - known == set()


def table_of(*seeds):
    """A metrics table with a row for each of these seeds."""
    row = dict.fromkeys(results.METRICS_COLUMNS, 0) | {"dataset": "cifar10", "attack": "svm", "scaling": "paper"}
    return pd.DataFrame([row | {"seed": seed, "adaptive": True} for seed in seeds])


def test_who_has_run_a_part_does_not_replace_the_whole(tmp_path):
    study = pd.DataFrame([dict.fromkeys([*studies.KEYS, "seed"], 0)])
    assert results.root_for("demo", table_of(0), study) == tmp_path  # nothing there yet
    results.write("demo", {"metrics": table_of(0, 1), "studies": study})
    for more in (table_of(0, 1), table_of(0, 1, 2)):
        assert results.root_for("demo", more, study) == tmp_path
    root = results.root_for("demo", table_of(1), study)
    assert root == results.root_for("demo", table_of(0, 1), study.iloc[:0]) == store.runs_dir() / "demo"
    results.write("demo", {"metrics": table_of(1)}, root=root)
    assert len(results.read_metrics("demo")) == 2
    assert len(results.read_metrics("demo", root)) == 1


def test_manifest_tells_versions_data_parameters_and_seconds():
    exp = Experiment(dataset="synthetic_census", train_size=50, n_shadows=2, l2_sweep=())
    store.save(exp.artifact(), {}, seconds=7200, depends_on={})
    profile = Profile("demo", "", 1, (exp,), (("shadows", exp),))
    about = json.loads(json.dumps(results.manifest(profile, ["a claim"])))
    assert about["core_hours_of_training"] == 2
    assert about["stages"][str(exp)]["training"] == {"artifacts": 1, "seconds": 7200}
    assert about["stages"][str(exp)]["missing"] == 5  # two shadows and three attacks
    assert about["stages"][f"{exp}, shadows"]["training"]["artifacts"] == 0  # counted once
    assert about["data"] == {"synthetic_census": exp.source}
    assert about["not_run"] == ["a claim"]
    assert about["experiments"] == [exp.parameters()]
    assert {"python", "numpy"} <= set(about["versions"][0])
    assert about["machines"]
    assert about["git_commit"]


@pytest.mark.slow
def test_the_shipped_records_give_the_committed_rows(monkeypatch, tmp_path):
    """Without data or training: the attacks on the first seed at ds 2500 (processors round differently)."""
    monkeypatch.delenv("MIA_RECORDS_DIR")
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    exp = profiles.load("classroom").experiments[0]
    assert exp.source == shipped.source_of("cifar10")
    for name in exp.attack_names:
        exp.attack(name)
    assert not list((store.runs_dir() / "artifacts").glob("*/*-target-*"))
    monkeypatch.delenv("MIA_RESULTS_DIR")
    for profile in ("classroom", "paper"):
        committed = results.read_metrics(profile)
        ours = results.metrics_table([exp]).merge(committed, on=results.KEYS, suffixes=("", "_committed"))
        assert ours["attack"].tolist() == ["svm", "threshold", "gap"]
        for metric in ("train_accuracy", "test_accuracy", "precision", "recall", "accuracy", "auc", "log_loss"):
            assert ours[metric].tolist() == pytest.approx(ours[f"{metric}_committed"].tolist(), abs=1e-4)


def test_a_results_folder_that_cannot_be_made_is_one_clear_error(monkeypatch, unwritable):
    monkeypatch.setenv("MIA_RESULTS_DIR", str(unwritable))
    with pytest.raises(MIAError, match="cannot write"):
        results.write("demo", {"metrics": results.metrics_table([])})
