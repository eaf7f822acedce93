"""The numbers and tables in README and docs, written from the committed results.

A number stands between two comments that GitHub does not show, `<!--c2.svm-->−0.027<!--/-->`, and is one of `numbers`.
A file is shown whole between two lines, `<!--results/paper/verdicts.md-->` and `<!--/-->`.
"""

import re
from pathlib import Path

from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError
from mia_helpers.report.numbers import Numbers

MARKER = re.compile(r"<!--(?!/-->)(?P<name>[^\s<>]+?)-->(?P<told>(?:(?!<!--).)*)<!--/-->", re.DOTALL)
STRAY = re.compile(r"<!--[^\s<>]+?-->")  # a comment with spaces in it is only a comment
# A comment that begins a line is no part of its paragraph: GitHub would show the line's source.
LINE_START = re.compile(r"\s*(?:(?:[-+*>]|\d+[.)])\s+)*")


def names(root: Path) -> list[str]:
    """Return the pages that have numbers and tables: README and those in `docs/`."""
    return ["README.md", *sorted(f"docs/{path.name}" for path in (root / "docs").glob("*.md"))]


def stale(root: Path) -> dict[str, str]:
    """Return the pages that do not say what the tables below this folder say, each as it should be.

    Raises
    ------
    MIAError
        If a marker cannot be written. It names the page and the marker, and counts the others.
    """
    numbers, errors, should = Numbers(root), [], {}
    for page in names(root):
        text = (root / page).read_text(encoding="utf-8")
        written = _written(page, text, numbers, errors)
        if written != text:
            should[page] = written
    if errors:
        others = "; ".join(error.partition(": ")[0] for error in errors[1:])
        raise MIAError(f"{errors[0]}.{f' The same of {others}.' if others else ''} No page was changed.")
    return should


def write(root: Path) -> list[str]:
    """Write the pages that are not as they should be, and return their names. All are looked through before one is."""
    should = stale(root)
    for page, text in should.items():
        files.write_text(root / page, text, variable=None)
    return list(should)


def _written(page: str, text: str, numbers: Numbers, errors: list[str]) -> str:
    """Return a page with everything between markers written anew; what cannot be is added to the errors."""

    def anew(match: re.Match) -> str:
        name = match["name"]
        try:
            _check_place(match)
            told = _file(name, numbers.root) if "/" in name else numbers[name]
        except MIAError as error:
            errors.append(f"{page}, marker {name}: {error}")
            return match[0]
        return f"<!--{name}-->{told}<!--/-->"

    for stray in STRAY.findall(MARKER.sub("", text)):
        errors.append(f"{page}, marker {stray}: it has no partner; a marker is <!--name-->…<!--/-->")
    return MARKER.sub(anew, text)


def _file(name: str, root: Path) -> str:
    path = root / name
    if not (path.is_file() and path.resolve().is_relative_to(root.resolve())):
        raise MIAError("no file of the repository has this name")
    return f"\n\n{path.read_text(encoding='utf-8')}\n"


def _check_place(match: re.Match) -> None:
    before = match.string[: match.start()].rpartition("\n")[2]
    begins = LINE_START.fullmatch(before) is not None
    if begins and "/" not in match["name"]:
        raise MIAError("it begins a line, which GitHub would show as source. Put a word before it")
    if not begins and "/" in match["name"]:
        raise MIAError("a file is shown on lines of its own. Begin a line with it")
