"""The printed book: what stops it, and that the PDF holds every chapter, figure and answer in its place."""

import io
import json
import re
import sys

import books
import nbformat
import pytest
from PIL import Image

for name in ("typst", "pypandoc", "pypdf", "pybtex"):
    pytest.importorskip(name, reason="what makes the PDF is not installed: pip install -e '.[pdf]'")

import typst  # noqa: E402
from pypdf import PdfReader  # noqa: E402

from book.__main__ import main  # noqa: E402
from book.assemble import HERE, docs_of  # noqa: E402
from book.links import Links  # noqa: E402
from book.papers import Papers  # noqa: E402
from book.pdf import build, compiler, typeset  # noqa: E402
from book.printed import Printed  # noqa: E402
from mia_helpers.engine.errors import MIAError  # noqa: E402
from mia_helpers.teaching import exercises  # noqa: E402

TASK = """# float: the share
answer = ...
# solution begins
answer = 0.25 + 0.5
# solution ends"""
DPI = 36


@pytest.fixture
def printed(tmp_path):
    """Return what makes chapters of notebooks."""
    return Printed(Links(tmp_path, {"notebooks/11_play.ipynb": "11_play"}), Papers(HERE / "references.bib", "{} [{}]"))


@pytest.fixture
def task(monkeypatch):
    """Return the three cells of a task, which has a check."""
    monkeypatch.setitem(exercises.CHECKS, "11.1", lambda answer: "right")
    asked = nbformat.v4.new_markdown_cell("### Exercise 11.1 · A sum (2 minutes)\n\nAdd.", metadata={"tags": ["task"]})
    solved = books.code(TASK, tags=["solution", "hide-input"], jupyter={"source_hidden": True})
    right = nbformat.v4.new_output("stream", name="stdout", text="\x1b[1mright\x1b[0m, it is three quarters")
    return [asked, solved, books.code('check("11.1", answer)', right, tags=["check"])]


def small(folder, *cells):
    """Return a checkout with one notebook, of these cells, and a page."""
    for name in ("notebooks", "docs"):
        (folder / name).mkdir(parents=True)
    nbformat.write(books.notebook("# 11 · Play", *cells), folder / "notebooks" / "11_play.ipynb")
    (folder / "README.md").write_text("# Title\n\n## Where to read on\n\n[A page](docs/page.md)\n")
    (folder / "docs" / "page.md").write_text("# A page\n\nSee [the notebook](../notebooks/11_play.ipynb).\n")
    return folder


# --- Chapters -----------------------------------------------------------------------------------------------------


def test_a_task_keeps_its_solution_for_the_end(printed, task):
    text = printed.markdown(books.notebook("# 11 · Play", *task, "## Last"), "notebooks/11_play.ipynb")
    asked, answered = text.split("## Answers to the exercises")
    assert f"answer = ...\n{exercises.STUB}" in asked
    assert 'check("11.1", answer)' in asked
    assert asked.index('#answer("11.1")') < asked.index("## Last")
    assert "0.25" not in asked
    assert "three quarters" not in asked
    assert "answer = 0.25 + 0.5" in answered
    assert "\nright, it is three quarters" in answered  # without a terminal's colours


def test_a_question_keeps_its_feedback_for_the_end(printed):
    text = printed.markdown(books.chapter(), "notebooks/11_play.ipynb")
    asked, answered = text.split("## Answers to the exercises")
    assert re.findall(r"(?m)^([A-D])\. The (\w+)$", asked) == list(
        zip("ABCD", ("first", "second", "third", "fourth"), strict=True)
    )
    assert "Right" not in asked
    assert "Not quite" not in asked
    assert "**B.** Right: it is **after** the first." in answered


def test_a_figure_to_play_with_is_its_picture(printed):
    text = printed.markdown(books.chapter(), "notebooks/11_play.ipynb")
    assert "<input" not in text
    assert len(printed.pictures) == 2
    assert '"A dot, described"' in text


def test_code_with_fences_does_not_end_its_block(printed):
    text = printed.markdown(books.notebook("# 11 · Play", books.code('a = """\n```\n"""')), "notebooks/11_play.ipynb")
    assert '```` python\na = """\n```\n"""\n````' in text


# --- What stops it ------------------------------------------------------------------------------------------------


def test_a_notebook_that_was_not_executed_is_named_and_the_pdf_before_stays(tmp_path):
    out = tmp_path / "book.pdf"
    out.write_bytes(b"before")
    with pytest.raises(MIAError, match=r"11_play\.ipynb"):
        build(out, root=small(tmp_path / "root", books.code("1", count=None)))
    assert out.read_bytes() == b"before"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("See [it](nowhere.md).", "links to nowhere.md"),
        ("See [it](#nowhere).", "nowhere"),
        ("A formula: $\\notthere{x}$.", "pandoc is not content"),
        ("A letter that no font has: \U00013000", "could not be displayed"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path, cell, told):
    with pytest.raises(MIAError, match=re.escape(told)):
        build(tmp_path / "book.pdf", root=small(tmp_path / "root", cell))
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_figure_without_alt_text_is_named(tmp_path):
    figure = books.code("figure()", books.shown({"image/png": books.PNG, "text/plain": ""}))
    with pytest.raises(MIAError, match=r"without an alt text.*11_play\.ipynb"):
        build(tmp_path / "book.pdf", root=small(tmp_path / "root", figure))


def test_a_missing_package_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.delitem(sys.modules, "book.pdf")
    assert main(["--pdf", "--out", str(tmp_path / "book.pdf")]) == 2
    assert capsys.readouterr().err == "error: typst is not installed: pip install -e '.[pdf]'\n"


def test_the_same_files_give_the_same_bytes_and_no_path_of_this_machine(tmp_path, task):
    root = small(tmp_path / "root", "## Some $x^2$", *task)
    for name in ("a", "b"):
        build(tmp_path / name, root=root)
    made = (tmp_path / "a").read_bytes()
    assert made == (tmp_path / "b").read_bytes()
    assert str(tmp_path).encode() not in made


def reaches_out(page):
    """Whether something is drawn beside the text of a page (PNG bytes), or between it and what runs above and below."""
    image = Image.open(io.BytesIO(page)).convert("L")
    millimetre = DPI / 25.4
    strips = [(0, 0, 19, 297), (191, 0, 210, 297), (0, 18, 210, 23), (0, 276, 210, 281)]
    boxes = [[round(at * millimetre) for at in strip] for strip in strips]
    return any(image.crop(box).getextrema()[0] < 230 for box in boxes)


@pytest.mark.parametrize("where", ["left, dx: -5mm", "right, dx: 5mm", "top, dy: -4mm", "bottom, dy: 4mm"])
def test_what_reaches_out_of_the_text_is_found(where):
    look = (HERE / "print" / "book.typ").read_text(encoding="utf-8").partition("#page(align")[0]
    inside, outside = (f"{look}\n#place({place})[A word]".encode() for place in ("center + horizon", where))
    assert not reaches_out(typst.compile(inside, format="png", ppi=DPI))
    assert reaches_out(typst.compile(outside, format="png", ppi=DPI))


# --- The whole book, printed once ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the typst source of this checkout's book, its compiler, and the PDF."""
    source = typeset(books.ROOT, tmp_path_factory.mktemp("book"))
    ready = compiler(source)
    made = ready.compile(pdf_standards="ua-1")
    return source.read_text(encoding="utf-8"), ready, PdfReader(io.BytesIO(made))


@pytest.mark.xdist_group("pdf")
class TestWhole:
    def test_every_notebook_and_page_is_in_the_outline_in_order(self, whole):
        titles = [entry.title for entry in whole[2].outline if not isinstance(entry, list)]
        notebooks = [nbformat.read(path, 4) for path in sorted((books.ROOT / "notebooks").glob("*.ipynb"))]
        wanted = [book.cells[0].source.partition("\n")[0] for book in notebooks]
        wanted += [(books.ROOT / page).read_text(encoding="utf-8").partition("\n")[0] for page in docs_of(books.ROOT)]
        assert titles[1:-1] == [title.lstrip("# ") for title in wanted]
        assert titles[-1] == "Bibliography"

    def test_every_figure_and_formula_is_there_with_its_text(self, whole):
        source, ready, pdf = whole
        alts = json.loads(ready.query("image", field="alt"))
        assert len(alts) == source.count("#picture(")
        assert all(alts)
        assert sum("/XObject" in page["/Resources"] for page in pdf.pages) > 50
        formulas = json.loads(ready.query("math.equation", field="alt"))
        assert r"\text{loss} = \text{cross-entropy} + \lambda \sum_i w_i^2" in formulas

    def test_no_answer_stands_before_its_exercise(self, whole):
        source = whole[0]
        found = exercises.read_all((books.ROOT / "notebooks").glob("*.ipynb"))
        numbers = [exercise.number for every in found.values() for exercise in every]
        assert len(numbers) > 40
        for number in numbers:
            asked, answered = source.index(f'#answer("{number}")'), source.index(f"<answer-{number}>")
            assert asked < source.index("== Answers to the exercises", asked) < answered
        assert "solution begins" not in source
        told = [found.start() for found in re.finditer(r"#strong\[[A-F]\.\] (?:Right|Not quite):", source)]
        behind = [source.rindex("\n== ", 0, at) for at in told]
        assert told
        assert {source[at:].split("\n")[1] for at in behind} == {"== Answers to the exercises"}

    def test_links_lead_from_chapter_to_chapter(self, whole):
        assert "Next: #link(<06_regularization>)" in whole[0]
        assert "@carlini2022" in whole[0]
        links = [link.get_object() for page in whole[2].pages for link in page.get("/Annots", [])]
        inside = [link for link in links if "/Dest" in link]
        addresses = {link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})}
        assert len(inside) > 300
        assert "https://doi.org/10.32628/CSEIT22856" in addresses
        assert [address for address in addresses if not address.startswith("https://")] == []

    def test_nothing_reaches_into_the_margins(self, whole):
        pages = whole[1].compile(format="png", ppi=DPI)
        assert len(pages) > 100
        assert [number for number, page in enumerate(pages, 1) if reaches_out(page)] == []
