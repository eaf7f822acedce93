"""A file is written at once or not at all."""

import pytest

from mia_helpers import MIAError
from mia_helpers.engine import files


def test_a_write_that_fails_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "t.txt"
    files.write_text(path, "old")
    with pytest.raises(MIAError, match=r"cannot write .*No space left on device.*set MIA_DATA_DIR"):
        with files.replacing(path, variable="MIA_DATA_DIR") as part:
            part.write_text("half")
            raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.txt"]


def test_an_interrupted_write_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.replacing(tmp_path / "t.txt") as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_one_clear_error(unwritable):
    with pytest.raises(MIAError, match=r"cannot write .*set MIA_RUNS_DIR to another folder"):
        files.write_text(unwritable / "t.txt", "")


def test_folder_comes_from_the_environment_or_lies_in_the_repository(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path))
    assert files.folder("MIA_RUNS_DIR") == tmp_path
    monkeypatch.setenv("MIA_RUNS_DIR", "")
    assert files.folder("MIA_RUNS_DIR") == files.ROOT / "runs"
