"""Student copies of the notebooks: without solutions and outputs, and never in the place of one that was edited."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

import mia_helpers
from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError
from mia_helpers.teaching import exercises
from mia_helpers.teaching.exercises import STUB

MARK = "mia_exercises"  # a copy's metadata: the version that made it, and the fingerprint of its cells
FOLDER = "exercises"  # of the checkout
LINK = re.compile(r'(\]\(|\b(?:src|href)=")([^)"\s#]+)')
ABOUT = """\
> **Student copy** of `{name}` (mia_helpers {version}, {print}). The solutions are cut out: write yours in the place of
> `{stub}`, run that cell, and then the check below it, which says in words what is wrong. Questions need no
> code: click on an answer. A copy that you have edited is never overwritten."""


def write(sources: Iterable[Path], out: Path) -> list[Path]:
    """Write student copies of these notebooks into the folder `out`, and return their paths.

    Copies that are there are replaced if their cells are as they were made, whatever outputs they have.

    Raises
    ------
    MIAError
        If an exercise is not complete, or a file in `out` is an edited copy or none at all. Nothing is written then.
    """
    sources = list(sources)
    along = {path.name for path in [*sources, *out.glob("*.ipynb")]}
    made = {out / path.name: _text(path, found, out, along) for path, found in exercises.read_all(sources).items()}
    kept = {path: why for path in made if (why := _not_to_be_replaced(path))}
    if kept:
        told = "; ".join(f"{path} {why}" for path, why in kept.items())
        raise MIAError(
            f"nothing was written: {told}. It is kept as it is. Write the copies elsewhere (--out another-folder), or "
            "only some of them (--only '05_*')."
        )
    with contextlib.ExitStack() as all_at_once:
        for path, text in made.items():
            part = all_at_once.enter_context(files.replacing(path, variable=None))
            part.write_text(text, encoding="utf-8")
    return list(made)


def student_copy(book, name: str, found: Iterable[exercises.Exercise]):
    """Return a notebook (as nbformat reads it), whose file is `name`, as a student gets it: `book` itself, changed."""
    import nbformat

    for exercise in found:
        if exercise.is_task:
            cell = book.cells[exercise.cells[1]]
            cell.source = exercises.filled(cell.source, STUB)
            cell.metadata["tags"].remove("hide-input")
            cell.metadata.pop("jupyter")  # it folded the solution
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    told = {"name": name, "version": mia_helpers.__version__, "print": _fingerprint(book)[:12], "stub": STUB}
    first = nbformat.v4.new_markdown_cell(ABOUT.format(**told), id="student-copy")
    book.cells.insert(0, first)
    book.metadata[MARK] = {"version": mia_helpers.__version__, "cells": _fingerprint(book)}
    return book


def _text(source: Path, found: list[exercises.Exercise], out: Path, along: Collection[str]) -> str:
    """Return the text of a notebook's copy in the folder `out`, where copies of those `along` are, too."""
    import nbformat

    book = nbformat.read(source, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, source.parent, out, along)
    return nbformat.writes(student_copy(book, source.name, found)) + "\n"


def relinked(text: str, origin: Path, out: Path, along: Collection[str]) -> str:
    """Return a text with its links to files, which start in `origin`, as they are from `out`; `along` move, too."""

    def moved(link: re.Match) -> str:
        target = link[2]
        if ":" in target or target.startswith("/") or target in along:
            return link[0]
        try:
            path = os.path.relpath(origin.resolve() / target, out.resolve())
        except ValueError:  # another drive, on Windows
            path = origin.resolve() / target
        return link[1] + Path(path).as_posix()

    return LINK.sub(moved, text)


def _fingerprint(book: dict) -> str:
    """Return a digest of all that a student can edit: the cells' types and texts, in their order."""
    texts = [[cell["cell_type"], "".join(cell["source"])] for cell in book["cells"]]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _not_to_be_replaced(path: Path) -> str:
    """Return why the file that is there must be kept ('' if it may be replaced, or there is none)."""
    if not path.exists():
        return ""
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        told = book["metadata"][MARK]["cells"]
        return "" if told == _fingerprint(book) else "was edited"
    except (OSError, ValueError, KeyError, TypeError):  # whatever it is, this command did not make it
        return "is no student copy"
