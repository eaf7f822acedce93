"""Reading the Markdown pages of the repository: their sections and tables."""

import re

from mia_helpers.engine import files

ROOT = files.CHECKOUT


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def section(page, heading):
    """Return what stands below a heading, up to the next one."""
    found = re.search(rf"(?ms)^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text_of(page))
    assert found, f"{page} has no heading {heading!r}"
    return found[1]


def tables_of(text):
    """Return the rows of all tables in a text, each as its cells."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if not set("".join(row)) <= set("-| ")]
