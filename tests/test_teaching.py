"""The page for lecturers: what it sends a class to is there."""

import functools
import itertools
import re

import nbformat
import pytest
from pages_of import section, tables_of, text_of

from mia_helpers.teaching import exercises
from mia_helpers.walk.road import ROAD

NAME = "docs/teaching.md"
PAGE = text_of(NAME)
NOTEBOOKS = {page.stem[:2]: page.source for page in ROAD}
EXERCISES = exercises.read_all(NOTEBOOKS.values())
# Which column of a table sends to sections, by the heading above it.
SENDS = {
    "A lesson of 50 minutes": 1,
    "A seminar of seven weeks": 1,
    "Wrong answers to expect": 2,
    "Glossary": 2,
}


def rows(heading):
    """Return the cells of each row of the table below a heading."""
    return tables_of(section(NAME, heading))[1:]


@functools.cache
def headings(notebook):
    cells = nbformat.read(NOTEBOOKS[notebook], as_version=4).cells
    return re.findall(r"(?m)^#+ (.*)$", "\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))


@pytest.mark.parametrize(("heading", "column"), SENDS.items())
def test_each_section_that_is_named_is_in_its_notebook(heading, column):
    named = [re.findall(r'(?<![\d.])(\d\d)(?![\d%])|"([^"]+)"', cells[column]) for cells in rows(heading)]
    sections = 0
    for found in named:
        notebook = None
        for number, title in found:
            notebook = number or notebook
            if title:
                assert any(text.startswith(title) for text in headings(notebook)), f'{notebook}, "{title}"'
                sections += 1
    assert sections


def numbers_in(text):
    return re.findall(r"(?<![\d.])[1-9]\d?\.[1-9](?![\d.])", text)


def test_each_exercise_that_is_named_is_there_and_the_lab_has_time_for_it():
    there = {exercise.number: exercise.minutes for many in EXERCISES.values() for exercise in many}
    assert set(numbers_in(PAGE)) <= set(there)
    lab = rows("A lab of 90 minutes")
    slots = [(cells, int(after[0]) - int(cells[0])) for cells, after in itertools.pairwise(lab)]
    asked = [(numbers_in(cells[1].partition(";")[0]), slot) for cells, slot in slots if "Exercise" in cells[1]]
    assert len(asked) == 2
    for numbers, slot in asked:
        assert 0 < sum(there[number] for number in numbers) <= slot, numbers


def test_minutes_go_up_and_fit_into_the_hour():
    for heading, minutes in (("A lesson of 50 minutes", 50), ("A lab of 90 minutes", 90)):
        starts = [int(cells[0]) for cells in rows(heading)]
        assert starts == sorted(set(starts))
        assert starts[0] == 0
        assert starts[-1] < minutes
