"""`python -m mia_helpers audit`: what it prints, what it writes, and its exit codes."""

import json
import re
import subprocess
import sys
import time
import zipfile

import audits
import numpy as np
import pytest

from mia_helpers import audit_scores
from mia_helpers.auditing import AuditReport
from mia_helpers.batch import cli
from mia_helpers.engine import files


@pytest.fixture
def leaky(tmp_path):
    audits.outputs(leak=3.0).to_csv(tmp_path / "leaky.csv", index=False)
    return tmp_path / "leaky.csv"


@pytest.fixture
def quiet(tmp_path):
    audits.outputs().to_csv(tmp_path / "quiet.csv", index=False)
    return tmp_path / "quiet.csv"


def audit(*arguments):
    return cli.main(["audit", *map(str, arguments)])


def test_it_prints_the_summary_and_says_where_the_files_are(leaky, tmp_path, capsys):
    assert audit(leaky, "--out", tmp_path / "out" / "r.html") == 0
    told = capsys.readouterr().out
    report = AuditReport.load(tmp_path / "out" / "r.json")
    assert told.startswith(report.summary())
    assert f"report  {tmp_path / 'out' / 'r.html'}\nJSON    {tmp_path / 'out' / 'r.json'}\n" in told
    assert report.about["source"] == "leaky.csv"
    assert "Membership audit of leaky.csv" in (tmp_path / "out" / "r.html").read_text(encoding="utf-8")


def test_exit_codes_of_a_rule(leaky, quiet, tmp_path, capsys):
    rule = ("--out", tmp_path / "r.html", "--fail-above", "tpr_at_1pct_fpr=0.05")
    assert audit(quiet, *rule) == 0
    assert "failed" not in capsys.readouterr().out
    assert audit(leaky, *rule, "--fail-above", "auc=0.6") == 1
    assert capsys.readouterr().out.count("failed: ") == 2


def test_a_baseline(leaky, quiet, tmp_path, capsys):
    assert audit(quiet, "--out", tmp_path / "old.html") == 0
    assert "What changed" not in capsys.readouterr().out
    assert audit(leaky, "--out", tmp_path / "new.html", "--baseline", tmp_path / "old.json") == 0
    assert "What changed" in capsys.readouterr().out
    assert "What changed" in (tmp_path / "new.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fail-above", "auk=0.5"), "unknown metric 'auk'"),
        (("--baseline", "none.json"), "none.json: cannot be read"),
        (("--out", "r.pdf"), "--out r.pdf: expected a name that ends in .html"),
        (("--seed", "x"), "--seed x: expected a whole number"),
        (("--seed=-1",), "seed=-1: expected a whole number of at least 0"),
    ],
)
def test_bad_options_end_with_two_and_write_nothing(quiet, arguments, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert audit(quiet, *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert [path.name for path in tmp_path.iterdir()] == ["quiet.csv"]


def test_bad_input_ends_with_two_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    audits.scores(n=60).drop(columns="member").to_csv("a.csv", index=False)
    assert audit("a.csv") == 2
    captured = capsys.readouterr()
    assert "error: a.csv: there is no column member" in captured.err
    assert captured.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_example_of_the_page_runs_and_its_forest_leaks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (files.CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
    monkeypatch.setenv("MIA_JOBS", "1")
    first, second = re.findall(r"(?ms)^```python$(.*?)^```$", page)[:2]
    names = {}
    exec(first, names)
    report = audit_scores("answers.csv")
    assert report.value("auc")["low"] > 0.6
    assert report.about["kind"] == "probabilities"
    exec(second, names)  # the model itself, with references
    assert names["report"].value("auc")["low"] > 0.9


@pytest.mark.slow
def test_a_hundred_thousand_records_take_ten_seconds_and_a_gigabyte(tmp_path):
    resource = pytest.importorskip("resource")  # not on Windows
    audits.probabilities(n=100_000, k=10, leak=1.0).to_csv(tmp_path / "a.csv", index=False)
    command = [sys.executable, "-m", "mia_helpers", "audit", tmp_path / "a.csv", "--out", tmp_path / "r.html"]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, cwd=files.CHECKOUT)
    assert time.monotonic() - began < 10
    unit = 1 if sys.platform == "darwin" else 1024
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit < 1e9


def records_of(tmp_path):
    """Write tables of one column, whose class is its sign, as members.npz and non_members.npz."""
    rng = np.random.default_rng(0)
    for name in ("members", "non_members"):
        x = rng.normal(size=(60, 2)).astype(np.float32)
        np.savez(tmp_path / f"{name}.npz", x=x, y=(x[:, 0] > 0).astype(int))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.csv", "b.csv"), "2 files, the first a.csv: expected one file of answers, or model.keras"),
        (("a.csv", "--references", "4"), "--references 4 needs a model"),
        (("m.keras", "members.npz", "non_members.npz", "--references", "4"), "--references 4 needs --epochs N"),
        (("m.keras", "members.npz", "none.npz"), "none.npz: there is no such file"),
        (("m.keras", "members.npz", "bare.npz"), "bare.npz: it has z: expected arrays x and y"),
        (("m.keras", "members.npz", "objects.npz"), "objects.npz: no .npz that can be read (it holds Python objects)"),
        (("m.keras", "members.npz", "named.npz"), "only one of the two files has id"),
        (("m.keras", "members.npz", "non_members.npz"), "m.keras: there is no such file"),
        (("bad.keras", "members.npz", "non_members.npz"), "bad.keras: no .keras file that can be read"),
        (("lambda.keras", "members.npz", "non_members.npz"), "the model carries code (a Lambda layer)"),
        (("own.keras", "members.npz", "non_members.npz"), "the model needs mine.layers.Mine, which is not executed"),
    ],
)
def test_bad_files_of_models_end_with_two_and_write_nothing(arguments, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    records_of(tmp_path)
    np.savez("bare.npz", z=np.zeros(3))
    np.savez("objects.npz", x=np.array([{}], object), y=np.zeros(1))
    np.savez("named.npz", x=np.zeros((60, 2)), y=np.zeros(60), id=np.arange(60))
    (tmp_path / "bad.keras").write_bytes(b"no archive")
    for name, layer in (("lambda", ("keras.layers", "Lambda")), ("own", ("mine.layers", "Mine"))):
        inside = {"module": layer[0], "class_name": layer[1], "config": {}}
        with zipfile.ZipFile(f"{name}.keras", "w") as content:
            content.writestr("config.json", json.dumps({"module": "keras", "class_name": "Sequential", "in": [inside]}))
    assert audit(*arguments) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_a_keras_file_and_two_of_records(tmp_path, capsys, monkeypatch):
    from mia_helpers.learning.keras_on_tensorflow import keras

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIA_JOBS", "1")
    records_of(tmp_path)
    layers = keras().layers
    network = keras().Sequential([layers.Input((2,)), layers.Dense(2, "softmax")])
    network.compile("adam", "sparse_categorical_crossentropy")
    network.save("m.keras")
    assert audit("m.keras", "members.npz", "non_members.npz", "--references", "4", "--epochs", "1") == 0
    about = AuditReport.load("report.json").about
    assert (about["source"], about["references"]) == ("m.keras", 4)
    assert "references: 4/4" in capsys.readouterr().err
