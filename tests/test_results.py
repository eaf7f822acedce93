"""Tables: the columns that were promised, the same bytes each time."""

import pandas as pd
import pytest

from mia_helpers import MIAError, files, results

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
    committed = (files.REPOSITORY / "results" / "classroom" / "verdicts.md").read_text(encoding="utf-8")
    assert "| C1 |" in committed
    assert committed in (files.REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_a_results_folder_that_cannot_be_made_is_one_clear_error(monkeypatch, unwritable):
    monkeypatch.setenv("MIA_RESULTS_DIR", str(unwritable))
    with pytest.raises(MIAError, match="cannot write"):
        results.write("demo", {"metrics": results.metrics_table([])})
