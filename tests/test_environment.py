"""What the user's environment must not change, and where folders are, whoever asks."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import mia_helpers
from mia_helpers import MIAError
from mia_helpers.batch import kernels
from mia_helpers.engine import environment, files, store

PACKAGE = Path(mia_helpers.__file__).parent


def python(code, cwd, **variables):
    """Run code in a process of its own, in that folder and environment, and return what it prints."""
    environ = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **variables}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environ, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- Folders ------------------------------------------------------------------------------------------------------


def test_a_relative_folder_is_resolved_once_and_handed_on(tmp_path):
    code = "import os, mia_helpers; os.chdir('/'); from mia_helpers.engine import store; print(store.runs_dir())"
    code += "; print(os.environ['MIA_RUNS_DIR'])"
    assert python(code, tmp_path, MIA_RUNS_DIR="mine").split() == [str(tmp_path / "mine")] * 2


def test_a_folder_named_later_stays_where_it_was_first_asked_for(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIA_DATA_DIR", "here")
    assert files.folder("MIA_DATA_DIR") == tmp_path / "here"
    monkeypatch.chdir("/")
    assert files.folder("MIA_DATA_DIR") == tmp_path / "here"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that has the package, as from a wheel, and no checkout around it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, site / "mia_helpers", ignore=shutil.ignore_patterns("__pycache__"))
    return site


@pytest.mark.parametrize("command", ["reproduce", "status", "notebooks", "records", "exercises", "lab"])
def test_installed_without_a_checkout_a_command_says_what_it_needs(installed, tmp_path, command):
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-m", "mia_helpers", command], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert "comes with a checkout of the repository" in line
    assert "Traceback" not in done.stderr


def test_installed_without_a_checkout_it_works_in_the_current_directory(installed, tmp_path):
    variables = {"PYTHONPATH": str(installed), **dict.fromkeys(files.VARIABLES, "")}
    code = "from mia_helpers.engine import environment, store; print(store.runs_dir(), environment.git_commit())"
    assert python(code, tmp_path, **variables) == f"{tmp_path / 'runs'} unknown"
    code = "from mia_helpers.batch import cli; cli.main(['list'])"
    assert "data sets  cifar10, adult" in python(code, tmp_path, **variables)


def test_a_tarball_inside_another_repository_does_not_take_its_commit(monkeypatch, tmp_path):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "theirs"], check=True)
    (tmp_path / "unpacked").mkdir()
    monkeypatch.setattr(files, "ROOT", tmp_path / "unpacked")
    assert environment.git_commit() == "unknown"
    monkeypatch.setattr(files, "ROOT", tmp_path.resolve())
    assert len(environment.git_commit()) == 12


@pytest.mark.parametrize("named", ["~nosuchuser/x"])
def test_a_folder_that_cannot_be_is_told_when_it_is_asked_for(monkeypatch, named, tmp_path):
    monkeypatch.setenv("MIA_RUNS_DIR", named)
    with pytest.raises(MIAError, match="MIA_RUNS_DIR='~nosuchuser/x' names no folder"):
        store.runs_dir()
    assert python("import mia_helpers; print('imported')", tmp_path, MIA_RUNS_DIR=named) == "imported"


# --- Settings -----------------------------------------------------------------------------------------------------


def test_what_training_depends_on_is_set_by_the_project(tmp_path):
    hostile = {"KERAS_BACKEND": "jax", "TF_NUM_INTRAOP_THREADS": "4", "TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--x"}
    code = f"import os, mia_helpers; print([os.environ.get(name) for name in {list(hostile)}])"
    assert python(code, tmp_path, **hostile) == "['tensorflow', '1', None, None]"


@pytest.mark.slow
def test_the_users_keras_settings_do_not_change_what_is_trained(tmp_path):
    (tmp_path / ".keras").mkdir()
    settings = {"backend": "jax", "floatx": "float64", "image_data_format": "channels_first", "epsilon": 0.1}
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(settings))
    code = "import mia_helpers; from mia_helpers.learning import image_network; n = image_network()"
    code += "; import keras; print(n.count_params(), n.weights[0].dtype, keras.config.epsilon(), keras.config.floatx())"
    assert python(code, tmp_path, HOME=str(tmp_path)) == "160554 float32 1e-07 float32"


@pytest.mark.slow
def test_keras_on_another_backend_is_told(monkeypatch):
    from mia_helpers.learning.keras_on_tensorflow import keras

    module = keras()
    keras.cache_clear()
    monkeypatch.setattr(module.backend, "backend", lambda: "jax")
    with pytest.raises(MIAError, match="imported with the backend 'jax' before mia_helpers"):
        keras()


# --- Kernels ------------------------------------------------------------------------------------------------------


def notebook(path, *cells):
    python3 = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=python3)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


FIGURE = "from mia_helpers import plots\nplots.draw_road_map(1);"


@pytest.mark.slow
def test_figures_are_there_whatever_the_users_jupyter_is_set_to(monkeypatch, tmp_path):
    (tmp_path / "mine.py").write_text("import matplotlib; matplotlib.use('agg')")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "mine.py"))
    stale = tmp_path / "jupyter" / "kernels" / "python3"
    stale.mkdir(parents=True)
    spec = {"argv": ["/no/such/python", "{connection_file}"], "display_name": "old", "language": "python"}
    (stale / "kernel.json").write_text(json.dumps(spec))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("import sys; sys.ps1 = 'mine'")
    for name, value in {"MPLBACKEND": "agg", "JUPYTER_DATA_DIR": "jupyter", "IPYTHONDIR": "ipython"}.items():
        monkeypatch.setenv(name, value if name == "MPLBACKEND" else str(tmp_path / value))
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "a{b}$c"))
    source = notebook(tmp_path / "books" / "{x}.ipynb", FIGURE, "import sys\nprint(sys.executable)")
    output = store.runs_dir() / "{out}.ipynb"
    assert kernels.execute(source, output, {"name": "{value}"}) == ""
    book = nbformat.read(output, as_version=4)
    assert "image/png" in book.cells[-2].outputs[0].data
    assert book.cells[-1].outputs[0].text == f"{sys.executable}\n"


@pytest.mark.slow
def test_a_notebook_whose_figures_are_missing_has_failed(tmp_path):
    source = notebook(
        tmp_path / "a.ipynb", FIGURE + "\nplots.style()\nimport matplotlib.pyplot\nmatplotlib.pyplot.close()"
    )
    assert "plots.draw_road_map showed no figure" in kernels.execute(source, tmp_path / "out.ipynb", {})


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("plots.plot_examples(data)", "plots.plot_examples"),
        ("ax = figures.plot_by_size(\n    table\n)", "figures.plot_by_size"),
        ("if has_data:\n    plots.plot_examples(data)", ""),  # a fresh clone has none
        ("# plots.plot_examples(data)", ""),
    ],
)
def test_which_cells_must_show_a_figure(source, missing):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    assert kernels._without_figure(book) == missing


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_kernel_that_dies_costs_its_notebook_alone(tmp_path):
    source = notebook(tmp_path / "a.ipynb", "import os\nos._exit(1)")
    assert "DeadKernelError" in kernels.execute(source, tmp_path / "out.ipynb", {})
    (tmp_path / "b.ipynb").write_text("no notebook")
    assert kernels.execute(tmp_path / "b.ipynb", tmp_path / "out.ipynb", {}).startswith("b.ipynb: ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
def test_a_kernel_that_never_answers_costs_its_notebook_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "SILENCE", 3)
    source = notebook(tmp_path / "a.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")
    assert "DeadKernelError" in kernels.execute(source, tmp_path / "out.ipynb", {})
    busy = "sum(range(300_000_000))  # a cell that never lets another thread work"
    assert not kernels.execute(notebook(tmp_path / "b.ipynb", busy), tmp_path / "out.ipynb", {})
