"""The exercises of a notebook: what they are, where they stand, and whether each is complete.

An exercise is a question (one markdown cell) or a task (three cells: text, solution, check); CONTRIBUTING.md has the
format. All that is read here is the notebook's text; nothing is executed.
"""

import ast
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mia_helpers.engine.errors import MIAError
from mia_helpers.teaching import checks  # noqa: F401  (its files register themselves)
from mia_helpers.teaching.checking import CHECKS

BEGINS, ENDS, STUB = "# solution begins", "# solution ends", "# your code here"
# Each kind of cell, by its tag: the type it must have, and the kinds that may stand before and after it (any, if none).
KINDS = {
    "question": ("markdown", None, None),
    "task": ("markdown", None, "solution"),
    "solution": ("code", "task", "check"),
    "check": ("code", "solution", None),
}
HEADING = re.compile(r"### Exercise (\d+)\.(\d+) · (\S.*) \((\d+) minutes?\)")
OPTION = re.compile(r"<details><summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
MARKER_LIKE = re.compile(r"(?i)^\s*#\s*solution\s+(begin|end)")


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes
    ----------
    number : str
        Of the notebook and within it, such as "5.2".
    title : str
        What its heading says.
    minutes : int
        What it should take.
    cells : tuple of int
        Where it stands: the cell of a question, or those of a task's text, solution and check.
    """

    number: str
    title: str
    minutes: int
    cells: tuple[int, ...]

    @property
    def is_task(self) -> bool:
        """Whether something is to be written, rather than chosen."""
        return len(self.cells) > 1


def read(book, name: str) -> list[Exercise]:
    """Return the exercises of a notebook (as nbformat reads it), whose file is `name`.

    Raises
    ------
    MIAError
        If one is incomplete or breaks the format; it names the notebook and the cell.
    """
    kinds = [_kind(cell, name) for cell in book.cells]
    found: list[Exercise] = []
    for at, (cell, kind) in enumerate(zip(book.cells, kinds, strict=True)):
        _stands_right(cell, name, kind, *(kinds[i] if 0 <= i < len(kinds) else "" for i in (at - 1, at + 1)))
        if kind in ("question", "task"):
            number, title, minutes = _heading(cell, name, len(found) + 1)
            if kind == "question":
                _check_options(cell, name)
            found.append(Exercise(number, title, minutes, (at,) if kind == "question" else (at, at + 1, at + 2)))
        elif kind == "solution":
            _check_solution(cell, name)
        elif kind == "check":
            _check_call(cell, name, found[-1].number)
    return found


def read_all(paths: Iterable[Path]) -> dict[Path, list[Exercise]]:
    """Return the exercises of each of these notebooks.

    Raises
    ------
    MIAError
        As `read`, and if a check of one of these notebooks is asked by none of their exercises.
    """
    import nbformat

    found = {path: read(nbformat.read(path, as_version=4), path.name) for path in paths}
    asked = {exercise.number for exercises in found.values() for exercise in exercises if exercise.is_task}
    numbers = {_number_of(path.name) for path in found}
    for number, function in CHECKS.items():
        if number not in asked and int(number.partition(".")[0]) in numbers:
            raise MIAError(
                f"the check of exercise {number} ({function.__name__} in {function.__module__}) is asked by no "
                "notebook. Write the exercise, or delete the check."
            )
    return found


def filled(source: str, code: str) -> str:
    """Return the source of a solution cell with `code`, which is not indented, where its marked lines stood."""
    lines, first, last = _marked(source)
    indent = lines[first].partition("#")[0]
    return "\n".join([*lines[:first], textwrap.indent(code.strip("\n"), indent), *lines[last + 1 :]])


def solution(source: str) -> str:
    """Return what stands between the markers of a solution cell, not indented."""
    lines, first, last = _marked(source)
    return textwrap.dedent("\n".join(lines[first + 1 : last]))


def _marked(source: str) -> tuple[list[str], int, int]:
    """Return the lines of a solution cell, and which of them are its markers."""
    lines = source.splitlines()
    bare = [line.strip() for line in lines]
    return lines, bare.index(BEGINS), bare.index(ENDS)


def asked(source: str) -> list[ast.Call]:
    """Return the calls of `check` in the source of a cell."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check"]


# --- What a cell must be ------------------------------------------------------------------------------------------


def _wrong(cell, name: str, what: str) -> MIAError:
    return MIAError(f"{name}, cell {cell.get('id', '?')}: {what}")


def _kind(cell, name: str) -> str:
    """Return which part of an exercise a cell is ('' if of none)."""
    kinds = [tag for tag in cell.metadata.get("tags", []) if tag in KINDS]
    if len(kinds) > 1:
        raise _wrong(cell, name, f"tagged {' and '.join(kinds)}; expected one of them")
    return kinds[0] if kinds else ""


def _stands_right(cell, name: str, kind: str, before: str, after: str) -> None:
    """Raise an MIAError unless a cell is of its kind's type, between the right ones, and no exercise without a tag."""
    if not kind:
        if cell.cell_type == "markdown" and re.search(r"(?m)^#+ Exercise \d", cell.source):
            raise _wrong(cell, name, "has the heading of an exercise; tag it `question` or `task`")
        if cell.cell_type == "code" and any(MARKER_LIKE.match(line) for line in cell.source.splitlines()):
            raise _wrong(cell, name, "has the marker of a solution; tag it `solution`")
        return
    cell_type, must_precede, must_follow = KINDS[kind]
    if cell.cell_type != cell_type:
        raise _wrong(cell, name, f"a {kind} is a {cell_type} cell, and this is a {cell.cell_type} cell")
    if must_precede and before != must_precede:
        raise _wrong(cell, name, f"a {kind} without a {must_precede}: the cell before it must be tagged so")
    if must_follow and after != must_follow:
        raise _wrong(cell, name, f"a {kind} without a {must_follow}: the next cell must be tagged so")


def _number_of(name: str) -> int | None:
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else None


def _heading(cell, name: str, place: int) -> tuple[str, str, int]:
    """Return number, title and minutes from the first line, which is the heading of the notebook's n-th exercise."""
    if _number_of(name) is None:
        raise _wrong(cell, name, "has an exercise, so the notebook's name must begin with its number")
    line = cell.source.partition("\n")[0]
    parts = HEADING.fullmatch(line)
    expected = f"{_number_of(name)}.{place}"
    if not parts:
        form = f"### Exercise {expected} · Title (5 minutes)"
        raise _wrong(cell, name, f"begins with {line!r}; expected a line of the form {form!r}")
    number = f"{parts[1]}.{parts[2]}"
    if number != expected:
        raise _wrong(cell, name, f"is exercise {number}; here stands {expected}: the notebook's, counted from 1")
    return number, parts[3], int(parts[4])


def _check_options(cell, name: str) -> None:
    """Raise an MIAError unless one option of a question is right, at least three are wrong, and each says why."""
    options = OPTION.findall(cell.source)
    if len(options) != cell.source.count("<details>") or len(options) != cell.source.count("</details>"):
        form = "<details><summary>A. …</summary>, a blank line, the text, a blank line, </details>"
        raise _wrong(cell, name, f"has an option of another form; expected {form}")
    for letter, (summary, text) in zip("ABCDEFGHIJ", options, strict=False):
        if not summary.startswith(f"{letter}. "):
            raise _wrong(cell, name, f"has the option {summary!r}, where one should begin with '{letter}. '")
        if not (text.startswith("\n\n") and text.endswith("\n\n")):
            raise _wrong(cell, name, f"option {letter} has no blank line before or after its text, or it is not shown")
        if not re.match(r"(Right|Not quite): ?\S", text.strip()):
            raise _wrong(cell, name, f"option {letter} must say 'Right: why' or 'Not quite: why'")
    right = sum(text.strip().startswith("Right:") for _, text in options)
    if right != 1 or len(options) - right < 3:
        told = f"{right} right and {len(options) - right} wrong options"
        raise _wrong(cell, name, f"has {told}; expected one 'Right:' and at least three 'Not quite:'")


def _check_solution(cell, name: str) -> None:
    """Raise an MIAError unless a solution is folded and has one marked part, without which it still is Python."""
    tags, jupyter = cell.metadata.get("tags", []), cell.metadata.get("jupyter", {})
    if "hide-input" not in tags or jupyter.get("source_hidden") is not True:
        raise _wrong(
            cell, name, 'a solution is folded: tag it `hide-input`, and set "jupyter": {"source_hidden": true}'
        )
    lines = cell.source.splitlines()
    markers = [line for line in lines if MARKER_LIKE.match(line)]
    if [line.strip() for line in markers] != [BEGINS, ENDS]:
        told = ", ".join(repr(line.strip()) for line in markers) or "none"
        raise _wrong(cell, name, f"has the markers {told}; expected {BEGINS!r} and then {ENDS!r}, once each")
    if not solution(cell.source).strip():
        raise _wrong(cell, name, "has nothing between its markers")
    for what, source in (("with its solution", cell.source), ("without its solution", filled(cell.source, STUB))):
        try:
            ast.parse(source)
        except SyntaxError as error:
            hint = "a function needs a docstring, and a value dots (`x = ...`), before the marker"
            raise _wrong(cell, name, f"{what} is no Python (line {error.lineno}: {error.msg}); {hint}") from None


def _check_call(cell, name: str, number: str) -> None:
    """Raise an MIAError unless a check cell calls the check of its exercise, which is registered, once."""
    try:
        calls = asked(cell.source)
    except SyntaxError as error:
        raise _wrong(cell, name, f"is no Python (line {error.lineno}: {error.msg})") from None
    told = [call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    if len(calls) != 1 or told != [number] or len(calls[0].args) < 2:
        said = ", ".join(ast.unparse(call) for call in calls) or "nothing"
        raise _wrong(cell, name, f'calls {said}; expected one check("{number}", answer, …)')
    if number not in CHECKS:
        where = f"mia_helpers/teaching/checks/n{int(number.partition('.')[0]):02}.py"
        raise _wrong(cell, name, f'asks for a check that is not there: no @exercise("{number}") in {where}')
