"""Artifacts: complete or absent, the same bytes for the same content, and never silently wrong."""

import json

import numpy as np
import pytest

from mia_helpers import MIAError
from mia_helpers.engine import store

ARRAYS = {"a": np.arange(5, dtype=np.float32), "b": np.array([True, False])}


def save(name="x/one", arrays=ARRAYS):
    store.save(name, arrays, seconds=1.5, depends_on={"seed": 0})
    return store.path_of(name)


def test_what_was_saved_is_loaded_with_its_facts():
    path = save()
    arrays, facts = store.load("x/one")
    assert {k: v.tolist() for k, v in arrays.items()} == {k: v.tolist() for k, v in ARRAYS.items()}
    assert (facts["seconds"], facts["depends_on"]) == (1.5, {"seed": 0})
    assert {"python", "numpy"} <= set(facts["versions"])
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".json", ".npz"]


def test_the_same_content_gives_the_same_bytes():
    assert save("x/one").read_bytes() == save("x/two").read_bytes()


def test_nothing_there_is_none():
    assert store.load("x/none") is None
    assert not store.exists("x/none")


@pytest.mark.parametrize("what", ["npz bytes", "npz truncated", "json text", "json gone", *store.FACTS])
def test_a_damaged_artifact_counts_as_none_and_says_so(what):
    path = save()
    if what == "npz bytes":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif what == "npz truncated":
        path.write_bytes(path.read_bytes()[:50])
    elif what == "json text":
        path.with_suffix(".json").write_text("{")
    elif what == "json gone":
        path.with_suffix(".json").unlink()
    else:  # one of the facts is missing
        told = json.loads(path.with_suffix(".json").read_text())
        del told[what]
        path.with_suffix(".json").write_text(json.dumps(told))
    with pytest.warns(UserWarning, match="is damaged.*computed again"):
        assert store.load("x/one") is None


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_model_file_that_is_not_the_one_written_counts_as_none_and_says_so(what):
    store.save("x/one", ARRAYS, seconds=1.5, depends_on={}, keras_file=b"a model")
    assert store.model_file("x/one") == b"a model"
    path = store.path_of("x/one").with_suffix(".keras")
    if what == "changed":
        path.write_bytes(b"a modem")
        with pytest.warns(UserWarning, match=r"one\.keras is not what was written there; the model is trained again"):
            assert store.model_file("x/one") is None
    else:
        path.unlink()
        assert store.model_file("x/one") is None
    assert store.load("x/one") is not None  # its records are what they were


def test_a_full_disk_is_one_clear_error_and_leaves_the_old_artifact(monkeypatch):
    path = save()

    def full(file, **_arrays):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(MIAError, match="No space left on device.*MIA_RUNS_DIR"):
            save()
    assert not [p for p in path.parent.iterdir() if ".part" in p.name]
    assert store.load("x/one") is not None


def test_a_runs_folder_that_cannot_be_made_is_one_clear_error(monkeypatch, unwritable):
    monkeypatch.setenv("MIA_RUNS_DIR", str(unwritable))
    with pytest.raises(MIAError, match="cannot write.*MIA_RUNS_DIR"):
        save()


def test_fingerprint_stands_for_every_value():
    prints = {store.fingerprint(d) for d in ({"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": 1}, {"a": "1"})}
    assert len(prints) == 5
    assert all(len(p) == 12 and int(p, 16) >= 0 for p in prints)
    assert store.fingerprint({"a": 1, "b": 2}) == store.fingerprint({"b": 2, "a": 1})
