"""Every test works in folders of its own: nothing is read from or written to the repository's runs and results."""

import matplotlib
import pytest


@pytest.fixture(autouse=True)
def own_look():
    """The look that a test gives to figures ends with it."""
    with matplotlib.rc_context():
        yield


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("MIA_RESULTS_DIR", str(tmp_path))
    monkeypatch.setenv("MIA_RECORDS_DIR", str(tmp_path / "records"))
    for name in ("MIA_JOBS", "MIA_BACKEND", "MIA_SCHEDULER"):
        monkeypatch.setenv(name, "")  # so that what a command sets is taken back
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """A function that calls another one in a store of the module's own, and returns the store's folder."""

    def make(compute):
        path = tmp_path_factory.mktemp("once")
        with pytest.MonkeyPatch.context() as patch:
            _work_in(patch, path)
            compute()
        return path

    return make


@pytest.fixture
def trained(folder, monkeypatch):
    """The module's `folder`, which `made_once` returned, as the store of a test."""
    _work_in(monkeypatch, folder)


def _work_in(patch, path):
    patch.setenv("MIA_RUNS_DIR", str(path))
    patch.setenv("MIA_RECORDS_DIR", str(path / "records"))
    patch.setenv("MIA_JOBS", "1")


@pytest.fixture
def unwritable(tmp_path):
    """A folder that cannot be made, not even by root: its parent is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "folder"


@pytest.fixture(scope="session")
def built_book(tmp_path_factory):
    """The folder of a book, built once: this checkout's, and one chapter more (see `books`)."""
    import books

    books.needed()
    from book.build import build

    out = tmp_path_factory.mktemp("book") / "html"
    build(out, need_alts=False, root=books.checkout(tmp_path_factory.mktemp("checkout")))
    return out
