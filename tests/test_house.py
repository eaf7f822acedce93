"""The house: folders, the direction of imports, sizes that fit a screen, and one file and one line for what is new."""

import ast
import subprocess
import sys
from pathlib import Path

import mia_helpers

PACKAGE = Path(mia_helpers.__file__).parent
FOLDERS = ("batch", "teaching", "auditing", "report", "plots", "walk", "data", "learning", "attacks", "engine")
EXCUSE = "Longer than"  # begins the sentence that says why something is


def sources():
    return [(path, path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]


def too_long():
    """Yield what is longer than a file (300 lines), a function (40) or a class (120) may be, and does not say why."""
    for path, text in sources():
        tree, name = ast.parse(text), path.relative_to(PACKAGE)
        if len(text.splitlines()) > 300 and EXCUSE not in (ast.get_docstring(tree) or ""):
            yield f"{name}: {len(text.splitlines())} lines"
        for node in ast.walk(tree):
            kinds = {ast.FunctionDef: 40, ast.AsyncFunctionDef: 40, ast.ClassDef: 120}
            most = kinds.get(type(node))
            if most and node.end_lineno - node.lineno >= most and EXCUSE not in (ast.get_docstring(node) or ""):
                yield f"{name}: {node.name} has {node.end_lineno - node.lineno + 1} lines"


def test_files_functions_and_classes_are_short_or_say_why_not():
    assert list(too_long()) == []


def test_each_folder_says_what_lives_there_and_what_it_may_use():
    assert sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()) == sorted(FOLDERS)
    for folder in FOLDERS:
        text = ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")))
        assert "may use" in text, folder
        assert len(text.splitlines()) <= 8, folder


def test_imports_run_downwards():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=PACKAGE.parent, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def test_text_is_read_and_written_with_an_encoding():
    """What is left out is taken from the machine: latin-1 on one, UTF-8 on another."""
    calls = ("read_text", "write_text", "open")
    for path, text in sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in calls:
                named = {keyword.arg for keyword in node.keywords}
                own = getattr(getattr(node.func, "value", None), "id", "") == "files"  # files.write_text does it
                assert own or "encoding" in named or path.name == "files.py", f"{path.name}:{node.lineno}"
