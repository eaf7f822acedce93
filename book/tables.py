"""Results tables as pages: each CSV file whole, as its text stands there, sortable by any column."""

import csv
from html import escape
from pathlib import Path

from mia_helpers.engine.errors import MIAError

# What a row of a table is, by the file's name.
ROWS = {
    "attacks": "An attack with reference models at one size, number or epoch: each criterion, over its targets.",
    "claims": "A published figure or a claim: what was published, what we find, its interval, tolerance and verdict.",
    "cost": "An attack, a data set and a size: what it costs, and what it finds.",
    "intervals": "A criterion of an attack on a target, with its interval over records.",
    "metrics": "An attack on an experiment, with one seed: all criteria.",
    "overview": "An attack on an experiment, with one seed: the criteria that one looks at first.",
    "points": "A defence at one strength, before one attacker: what is found, and what it costs.",
    "realised": "What an attack chosen on the shadows found on the target, at each rate of false alarms.",
    "results": "A measurement of time or memory, beside its baseline.",
    "studies": "A point of a study, which varies one parameter: what an attack finds there.",
    "thresholds": "A threshold attack with a threshold from the shadows, beside the best one in hindsight.",
    "verdicts": "A claim, as the page of verdicts shows it.",
}


def page_of(path: Path, title: str) -> str:
    """Return the MyST page of a results table, with a link to its file, which lies beside the page.

    Raises
    ------
    MIAError
        If there is no sentence in `ROWS` for such a table, or the file has no rows or ragged ones.
    """
    if path.stem not in ROWS:
        raise MIAError(f"{path.name} is a new kind of table. Say what its row is in ROWS of book/tables.py.")
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    if any(len(row) != len(names) for row in rows):
        raise MIAError(f"{path} has rows of other lengths than its header. Make it again with `make reproduce`.")
    says = f"A row is: {ROWS[path.stem][0].lower()}{ROWS[path.stem][1:]}"
    count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}."
    about = f"{says} {count} {{download}}`As a file <{path.name}>`."
    hint = "Press a column's name to sort by it, once more for the other direction."
    return f"# {title}\n\n{about}\n\n{hint}\n\n````{{raw}} html\n{_html(names, rows, title)}\n````\n"


def _html(names: list[str], rows: list[list[str]], title: str) -> str:
    """Return a sortable table in a box that scrolls, which a keyboard can reach."""
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(names))]
    heads = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in names)
    body = "\n".join("<tr>" + "".join(map(_cell, row, numeric)) + "</tr>" for row in rows)
    box = f'<div class="table-box" role="region" tabindex="0" aria-label="{escape(title)}">'
    return f'{box}<table class="sortable">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _cell(text: str, numeric: bool) -> str:
    words = " " in text and ("long" if len(text) > 80 else "words" if len(text) > 40 else "")
    kind = "number" if numeric else words
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _is_number(text: str) -> bool:
    try:
        float(text or 0)
    except ValueError:
        return False
    return True
