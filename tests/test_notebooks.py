"""The notebooks as they are committed: outputs in order, house style, one parameters cell; and that they execute."""

import pkgutil
import re
import statistics
import subprocess
import sys

import nbformat
import papermill
import pytest

import mia_helpers
from mia_helpers import Experiment
from mia_helpers.batch import kernels
from mia_helpers.engine import files
from mia_helpers.walk.road import ROAD

NOTEBOOKS = [page.source for page in ROAD]
WALK = [page.source for page in ROAD if not page.of_profile]


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def parameters_cell(path):
    return [cell for cell in cells(path, "code") if "parameters" in cell.metadata.get("tags", [])]


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_the_road_has_each_notebook_in_order():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(1, len(NOTEBOOKS) + 1)]
    assert sorted((files.CHECKOUT / "notebooks").glob("*.ipynb")) == NOTEBOOKS
    assert [page.stem for page in ROAD if page.of_profile] == ["07_results", "08_modern_attacks", "09_defences"]


@named(NOTEBOOKS)
def test_is_valid_and_was_executed_from_top_to_bottom(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@named(NOTEBOOKS)
def test_shows_no_error_and_no_warning(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert not (output.output_type == "stream" and output.name == "stderr"), output.text


@named(NOTEBOOKS)
def test_has_no_bloat_and_no_trace_of_a_run(path):
    assert path.stat().st_size < 900_000  # GitHub shows notebooks of up to a megabyte
    text = path.read_text()
    assert '"papermill":' not in text
    assert "iopub" not in text
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)


@named(NOTEBOOKS)
def test_cells_are_short(path):
    lines = sorted(sum(1 for line in cell.source.splitlines() if line.strip()) for cell in cells(path, "code"))
    assert statistics.median(lines) <= 5
    assert lines[int(0.9 * len(lines))] <= 15
    assert lines[-1] <= 25


@named(NOTEBOOKS)
def test_tells_what_it_is_and_has_exercises(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    for part in ("**Question.**", "You will learn", "**Reads**", "**Writes**", "**Takes**", "## Check", "## Takeaways"):
        assert part in text
    assert "## Roads not taken" in text
    assert re.search(r"(?m)^### Exercise \d+\.1 · ", text)


@named(WALK)
def test_parameters_cell_holds_the_fields_of_experiment_with_its_defaults(path):
    (cell,) = parameters_cell(path)
    namespace = {}
    exec(cell.source, namespace)
    del namespace["__builtins__"]
    assert list(namespace) == Experiment.parameter_names()
    assert Experiment.from_mapping(namespace) == Experiment()
    assert all("#" in line for line in cell.source.splitlines())


@named(NOTEBOOKS)
def test_papermill_understands_each_parameter(path):
    """What it cannot parse (such as a comment with an equals sign) it takes for unknown, and warns at each run."""
    names = Experiment.parameter_names() if path in WALK else ["profile"]
    assert list(papermill.inspect_notebook(str(path))) == names


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["synthetic_images", "synthetic_census"])
def test_every_notebook_executes_and_from_04_on_without_tensorflow(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")
    tiny = Experiment(
        dataset=dataset, train_size=100, n_shadows=2, epochs=2, l2_sweep=(5e-3,), l2_shadows=1, n_resamples=20
    )
    check = nbformat.v4.new_code_cell("import sys\n\nassert 'tensorflow' not in sys.modules")
    for source in WALK:
        book = nbformat.read(source, as_version=4)
        book.cells += [check] if source.stem[:2] >= "04" else []
        copy = tmp_path / source.name
        nbformat.write(book, copy)
        before = copy.read_bytes()
        assert kernels.execute(copy, tmp_path / "executed" / source.name, tiny.parameters()) == ""
        assert copy.read_bytes() == before


def test_no_module_imports_tensorflow_before_a_network_is_asked_for():
    found = [module.name for module in pkgutil.walk_packages(mia_helpers.__path__, "mia_helpers.")]
    modules = [name for name in found if not name.endswith("__main__")]
    assert len(modules) > 50
    code = f"import sys, {', '.join(modules)}; assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
