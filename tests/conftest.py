"""Every test works in folders of its own: nothing is read from or written to the repository's runs and results."""

import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("MIA_RESULTS_DIR", str(tmp_path))
    monkeypatch.setenv("MIA_RECORDS_DIR", str(tmp_path / "records"))
    for name in ("MIA_JOBS", "MIA_BACKEND", "MIA_SCHEDULER"):
        monkeypatch.setenv(name, "")  # so that what a command sets is taken back
        monkeypatch.delenv(name)


@pytest.fixture
def unwritable(tmp_path):
    """A folder that cannot be made, not even by root: its parent is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "folder"
