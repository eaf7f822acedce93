"""Files that are there and not what was written: damaged, foreign, tampered with. They count as none, and are told."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from mia_helpers import Experiment, MIAError, report
from mia_helpers.batch import cli, run, steps
from mia_helpers.data import registry
from mia_helpers.engine import archives, files, shipped, store
from mia_helpers.walk import estimates
from mia_helpers.walk.profiles import Profile

EXP = Experiment(dataset="synthetic_images", train_size=300, n_shadows=4, epochs=30, l2_sweep=(5e-3,), n_resamples=200)
WHOLE = {"sha256": "", "depends_on": {}, "seconds": 1.0, "backend": "loky", "machine": "m", "versions": {}}
NOT_FACTS = ["", "{", "null", "[]", "3", '"text"', "{}", *(json.dumps({**WHOLE, key: None}) for key in WHOLE)]
NOT_FACTS += [json.dumps({**WHOLE, "depends_on": []}), json.dumps({**WHOLE, "seconds": "soon"}), "[" * 100_000]


SOURCE_OF = registry.source_of


@pytest.fixture(autouse=True)
def no_pixels(monkeypatch):
    monkeypatch.setattr(registry, "source_of", lambda name: {"sha256": name, "source": name})


def save(name, **arrays):
    store.save(name, arrays or {"a": np.arange(3)}, seconds=1.0, depends_on={"dataset": "cifar10"})
    return store.path_of(name)


@pytest.mark.parametrize("text", NOT_FACTS, ids=lambda text: text[:40])
def test_a_side_file_that_tells_something_else_makes_the_artifact_none(text, capsys):
    path = save(EXP.model().name)
    path.with_suffix(".json").write_text(text)
    assert not EXP.model().is_there()
    with pytest.warns(UserWarning, match="is damaged"):
        assert store.load(EXP.model().name) is None
    assert cli.main(["status", "--profile", "quick"]) == 0
    assert "models 0/8" in capsys.readouterr().out
    assert report.manifest(Profile("demo", "", 1, (EXP,)))["core_hours_of_training"] == 0
    assert estimates.measured_rates() == estimates.BENCHMARKED
    run.forget(steps.plan(Profile("demo", "", 1, (EXP,))))
    assert not path.exists()


def rewritten(path, content):
    """Put other bytes into an artifact, with a checksum that fits."""
    path.write_bytes(content)
    told = json.loads(path.with_suffix(".json").read_text())
    told["sha256"] = hashlib.sha256(content).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(told))


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def absurd():
    """An archive whose array claims a shape that no machine holds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
        packed.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    return file.getvalue()


def broken_compression():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(1000))
    content = bytearray(file.getvalue())
    content[60:90] = b"\xff" * 30
    return bytes(content)


DAMAGED = {
    "another array": archive(b=np.arange(3)),
    "another shape": archive(a=np.arange(4)),
    "another type": archive(a=np.arange(3.0)),
    "broken compression": broken_compression(),
    "absurd shape": absurd(),
    "a bare array": b"\x93NUMPY",
    "nothing": b"",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_an_archive_that_is_not_what_was_written_counts_as_none(content):
    path = save("x/one")
    rewritten(path, content)
    with pytest.warns(UserWarning, match="is damaged"):
        assert store.load("x/one") is None


def test_what_was_written_by_an_older_version_is_read():
    path = save("x/one")
    told = json.loads(path.with_suffix(".json").read_text())
    del told["arrays"]
    path.with_suffix(".json").write_text(json.dumps(told))
    assert store.load("x/one")[0]["a"].tolist() == [0, 1, 2]


def test_an_archive_of_a_user_is_read_or_refused_in_one_reason(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3), z=1)
    assert set(archives.read(tmp_path / "a.npz", {"x"}, also={"y", "z"})) == {"x", "z"}
    with pytest.raises(archives.Damaged, match="it should hold w, x, but holds x, z"):
        archives.read(tmp_path / "a.npz", {"x", "w"})
    with pytest.raises(archives.Damaged, match="Is a directory|Permission"):
        archives.read(tmp_path)


def test_a_model_file_is_believed_only_if_it_is_the_one_that_was_written():
    for name, content in (("x/one", b"one"), ("x/two", b"two")):
        store.save(name, {}, seconds=1, depends_on={}, keras_file=content)
    assert store.model_file("x/one") == b"one"
    keras = store.path_of("x/one").with_suffix(".keras")
    for other in (b"onf", b"two", b""):
        keras.write_bytes(other)
        with pytest.warns(UserWarning, match="is not what was written there; the model is trained again"):
            assert store.model_file("x/one") is None
    keras.unlink()
    assert store.model_file("x/one") is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is not what was written")
def test_a_damaged_model_is_trained_again_and_an_unreadable_one_is_told(monkeypatch):
    monkeypatch.setattr(registry, "source_of", SOURCE_OF)  # this one takes the data
    exp = Experiment(dataset="synthetic_census", train_size=50, n_shadows=1, epochs=1)
    answers = exp.query(exp.data.x[:5])
    keras = store.path_of(exp.model().name).with_suffix(".keras")
    whole = keras.read_bytes()
    keras.write_bytes(whole[:-1] + b"!")
    assert np.array_equal(exp.query(exp.data.x[:5]), answers)
    monkeypatch.setattr(store, "model_file", lambda _name: b"of another version")
    with pytest.raises(MIAError, match="cannot be read by Keras .*Install the versions of requirements.txt"):
        exp.query(exp.data.x[:5])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"data": [], "files": {}, "artifacts": {}}', "null"])
def test_a_damaged_manifest_of_the_shipped_records_is_told(text):
    files.write_text(shipped.folder() / "manifest.json", text)
    with pytest.warns(UserWarning, match=r"manifest\.json is damaged"):
        assert not shipped.has("x/one")


@pytest.mark.parametrize("about", ["null", "{}", "[]"])
def test_a_damaged_entry_of_the_manifest_is_none(about):
    text = '{"data": {}, "files": {"x.npz": null}, "artifacts": {"x/one": %s, "x/two": %s}}'
    whole = '{"depends_on": {}, "seconds": 1, "backend": "loky"}'
    files.write_text(shipped.folder() / "manifest.json", text % (about, whole))
    assert not store.exists("x/one")
    with pytest.warns(UserWarning, match=r"x\.npz is damaged"):
        assert store.load("x/two") is None


def test_the_files_of_another_model_are_not_believed_under_its_name():
    one, two = (EXP.model(i) for i in (0, 1))
    store.save(one.name, {"a": np.arange(3)}, seconds=1, depends_on=one.depends_on())
    for suffix in (".npz", ".json"):
        path = store.path_of(one.name).with_suffix(suffix)
        store.path_of(two.name).with_suffix(suffix).write_bytes(path.read_bytes())
    assert [model.is_there() for model in (one, two)] == [True, False]


# --- Results ------------------------------------------------------------------------------------------------------

METRICS = pd.DataFrame({name: [0] for name in report.METRICS_COLUMNS})
STUDY = report.studies_table([])


@pytest.mark.parametrize(("text", "kept"), [("", False), ("a,b\n1,2\n", True), ("\0\0\0", True), ("metrics\n", True)])
def test_a_foreign_results_table_is_not_replaced_and_ends_nothing(text, kept, tmp_path):
    path = report.results_dir("demo") / "metrics.csv"
    files.write_text(path, text)
    root = report.root_for("demo", METRICS, STUDY)
    assert root == (store.runs_dir() / "demo" if kept else tmp_path)
    report.write("demo", {"metrics": METRICS}, root=root)
    assert (path.read_text() == text) is kept
    if kept:
        with pytest.raises(MIAError, match=r"metrics\.csv (cannot be read|has no column 'dataset')"):
            report.read_metrics("demo")


# --- Advice that helps --------------------------------------------------------------------------------------------


def test_a_folder_where_a_file_should_be_is_not_a_full_disk(tmp_path):
    (tmp_path / "t.txt" / "inside").mkdir(parents=True)
    with pytest.raises(MIAError, match=r"A folder is where this file should be; move .*t\.txt away"):
        files.write_text(tmp_path / "t.txt", "")


@pytest.mark.parametrize(
    ("number", "remedy"), [(28, "Free some space"), (13, "Make the folder writable"), (30, "Make the folder writable")]
)
def test_what_cannot_be_written_says_why_and_names_the_variable_of_its_folder(number, remedy, tmp_path):
    error = files.cannot_write(tmp_path, OSError(number, "so"), files.RESULTS)
    assert f"{remedy}, or set MIA_RESULTS_DIR to another folder" in str(error)
    assert "or set" not in str(files.cannot_write(tmp_path, OSError(number, "so"), None))


def test_results_and_figures_name_the_folder_of_results(monkeypatch, unwritable):
    import matplotlib

    matplotlib.use("agg")
    from mia_helpers import plots

    monkeypatch.setenv("MIA_RESULTS_DIR", str(unwritable))
    with pytest.raises(MIAError, match="set MIA_RESULTS_DIR"):
        report.write("demo", {"metrics": METRICS})
    with pytest.raises(MIAError, match="set MIA_RESULTS_DIR"):
        plots.save(plots.draw_road_map(1), report.figures_dir("demo"), "road")
