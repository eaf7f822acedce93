"""What the files around the package promise: pins, environments, portable paths, a Makefile that finds its Python."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
# Imports that are named unlike their requirement, or come with it.
PROVIDED_BY = {"sklearn": "scikit-learn", "yaml": "PyYAML", "IPython": "ipykernel", "packaging": "pytest"}
PROVIDED_BY |= {"dask": "distributed", "jupyter_client": "ipykernel", "dp_accounting": "dp-accounting"}
PROVIDED_BY |= {"cloudpickle": "joblib", "PIL": "matplotlib", "pypandoc": "pypandoc-binary"}


def requirements():
    """Return (Requirement, reason) for each line of requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.partition(" #") for line in lines if line.strip() and not line.startswith("#")]
    return [(Requirement(text.strip()), reason.strip()) for text, _, reason in parts]


def extras():
    """Return the optional requirements of pyproject.toml: a package for each cluster."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [Requirement(text) for group in groups.values() for text in group]


def requires_python():
    return SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])


def test_each_requirement_is_pinned_and_has_a_reason():
    everything = [*(r for r, _ in requirements()), *extras()]
    loose = [str(r) for r in everything if not re.fullmatch(r"==[^*,]+", str(r.specifier))]
    bare = [str(r) for r, reason in requirements() if not reason]
    assert (loose, bare) == ([], [])


def test_installed_versions_are_the_pinned_ones():
    here = [r for r, _ in requirements() if r.marker is None or r.marker.evaluate()]
    assert {r.name: f"=={version(r.name)}" for r in here} == {r.name: str(r.specifier) for r in here}


def test_conda_environment_only_adds_python_to_the_requirements():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, *rest = environment["dependencies"]
    assert rest == ["pip", {"pip": ["-r requirements.txt", "-e ."]}]
    assert requires_python().contains(re.fullmatch(r"python=(3\.\d+)", python)[1])


def test_makefile_takes_the_python_versions_of_pyproject():
    makefile = (ROOT / "Makefile").read_text()
    allowed = {f"3.{minor}" for minor in range(40) if requires_python().contains(f"3.{minor}")}
    assert set(re.findall(r'"Python (3\.\d+)\.', makefile)) == allowed
    assert set(re.findall(r"python(3\.\d+)", makefile)) == allowed


def python_sources():
    """Yield (file name, source) for each Python file and each notebook's code cells, IPython commands left out."""
    for folder in ("mia_helpers", "tests", "benchmarks", "book"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path.name, path.read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield path.name, re.sub(r"(?m)^\s*[%!].*$", "", cell.source)


def imported(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_each_import_is_among_the_requirements():
    ours = {"mia_helpers", "benchmarks", "book", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    required = {r.name for r, _ in requirements()} | {r.name for r in extras()}
    missing = {
        f"{name} ({where})"
        for where, source in python_sources()
        for name in imported(source)
        if name not in sys.stdlib_module_names | ours and PROVIDED_BY.get(name, name) not in required
    }
    assert missing == set()


def test_no_file_names_a_path_of_one_machine():
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert Path(__file__) in paths
    machine_path = re.compile(rb"/(?:work|root)/")
    assert [path.name for path in paths if machine_path.search(path.read_bytes())] == []


def test_citation_names_both_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= citation.keys()
    assert [reference["doi"] for reference in citation["references"]] == ["10.32628/CSEIT22856", "10.1109/SP.2017.41"]
    assert [len(reference["authors"]) for reference in citation["references"]] == [2, 4]


@pytest.fixture
def make_test(tmp_path):
    """Return a function that runs `make test` in a bare folder where a shell script is the only Python on PATH."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("echo", "touch"):
        (commands / name).symlink_to(shutil.which(name))

    def run(python3):
        (commands / "python3").write_text(f"#!/bin/sh\n{python3}\n")
        (commands / "python3").chmod(0o755)
        return subprocess.run([make, "test"], cwd=tmp_path, env={"PATH": str(commands)}, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("python3", "found"),
    [
        ("echo Python 3.10.13", "found python3 = 3.10.13."),
        ("echo Python 3.14.0", "found python3 = 3.14.0."),
        ('[ "$1" = -V ] && echo Python 3.12.1', "found python3 = 3.12.1 without venv (on Debian: apt install"),
        ("echo pyenv: python3: command not found >&2; exit 127", "found none."),
    ],
    ids=["too old", "too new", "no venv module", "shim of nothing"],
)
def test_make_without_a_fitting_python_says_so_in_one_line(make_test, python3, found):
    done = make_test(python3)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].startswith(f"need Python 3.11, 3.12 or 3.13; {found}")
    assert "PYTHON=" in said[0]


def test_make_starts_again_after_a_failed_install(make_test, tmp_path):
    # This Python can make a .venv (a copy of itself), but its pip fails.
    python3 = """case "$1 $2" in
        -V*) echo Python 3.12.1 ;;
        "-m venv") PATH=/bin:/usr/bin; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
        "-m pip") echo no network >&2; exit 1 ;;
    esac"""
    for _ in range(2):
        done = make_test(python3)
        assert done.returncode != 0
        assert "making .venv with Python 3.12.1" in done.stdout
        assert "no network" in done.stderr
        assert not (tmp_path / ".venv" / "installed").exists()
