"""The lecturer's page names sections and exercises that the notebooks have."""

import re

import nbformat
import pytest

from mia_helpers.engine import files
from mia_helpers.walk.road import ROAD

PAGE = (files.CHECKOUT / "docs" / "teaching.md").read_text(encoding="utf-8")
HEADINGS = {
    page.source.name[:2]: [
        line.lstrip("# ")
        for cell in nbformat.read(page.source, as_version=4).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    for page in ROAD
}
SECTION = re.compile(r'(?:\[(\d\d)\]\([^)]*\)|\b(\d\d)),? (?:to |from )?"([^"]+)"')


@pytest.mark.parametrize(("linked", "plain", "section"), sorted(set(SECTION.findall(PAGE))))
def test_a_section_that_is_named_is_there(linked, plain, section):
    assert any(heading.startswith(section.rstrip(",")) for heading in HEADINGS[linked or plain])


def test_an_exercise_that_is_named_is_there():
    every = {m[1] for found in HEADINGS.values() for line in found if (m := re.match(r"Exercise (\d+\.\d+)", line))}
    named = {
        number
        for stretch in re.findall(r"[Ee]xercises? (\d+\.\d+(?:(?:, | and | to )\d+\.\d+)*)", PAGE)
        for number in re.findall(r"\d+\.\d+", stretch)
    }
    assert len(named) > 15
    assert named <= every
