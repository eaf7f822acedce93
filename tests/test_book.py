"""The book: what is put together, what stops it, and that the built pages hold what they should."""

import importlib
import inspect
import json
import re

import books
import nbformat
import pytest

import mia_helpers

books.needed()
from book import reference, tables  # noqa: E402
from book.assemble import HERE, assemble, places, results  # noqa: E402
from book.build import build  # noqa: E402
from book.chapters import Chapters, not_executed, read_all  # noqa: E402
from book.checks import faults  # noqa: E402
from book.links import CODE, Links, address_of, outside_code  # noqa: E402
from book.papers import Papers  # noqa: E402
from mia_helpers.engine.errors import MIAError  # noqa: E402

ROOT = books.ROOT
PAPERS = Papers(HERE / "references.bib")
WIDTH = 100  # characters of code that fit beside the contents at 1400 pixels


@pytest.fixture
def repository(tmp_path):
    """A repository of a few files."""
    for name in ("docs/a.md", "docs/b.md", "README.md", "mia_helpers/x.py", "figures/f.png", "results/p/m.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def links(repository):
    pages = {"README.md": "index.md", "docs/a.md": "docs/a.md", "docs/b.md": "docs/b.md", "results/p": "results/p.md"}
    return Links(repository, pages)


# --- Links --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[b](b.md#there)", "[b](b.md#there)"),
        ("[start](../README.md)", "[start](../index.md)"),
        ("[all of it](../results/p)", "[all of it](../results/p.md)"),
        ("[`x.py`](../mia_helpers/x.py)", "`mia_helpers/x.py`"),
        ("[the code](../mia_helpers/x.py)", "the code (`mia_helpers/x.py`)"),
        ("so ([how](../mia_helpers/x.py))", "so (how: `mia_helpers/x.py`)"),
        ("in [`mia_helpers/`](../mia_helpers)", "in `mia_helpers`"),
        ("![A figure](../figures/f.png)", "![A figure](../figures/f.png)"),
        ("[`m.json`](../results/p/m.json)", "{download}`m.json <../results/p/m.json>`"),
        ("[web](https://example.org/x.md)", "[web](https://example.org/x.md)"),
        ("[below](#there)", "[below](#there)"),
        ("`[code](nowhere.md)`", "`[code](nowhere.md)`"),
        ("```\n[code](nowhere.md)\n```\n[b](b.md)", "```\n[code](nowhere.md)\n```\n[b](b.md)"),
        ("so:\n\n    [code](nowhere.md)\n", "so:\n\n    [code](nowhere.md)\n"),
    ],
)
def test_a_link_of_the_repository_becomes_one_of_the_book(links, text, expected):
    assert links.rewrite(text, "docs/a.md") == expected
    links.check()


def test_source_is_linked_to_where_the_repository_has_an_address(links, repository):
    assert address_of(repository) is None
    (repository / "CITATION.cff").write_text("repository-code: https://example.org/me/it/\n")
    links.address = address_of(repository)
    told = links.rewrite("[the code](../mia_helpers/x.py)", "docs/a.md")
    assert told == "[the code](https://example.org/me/it/blob/main/mia_helpers/x.py)"


def test_links_that_lead_nowhere_are_all_named(links):
    links.rewrite("[b](c.md) and [out](../../etc.md), [`x`](../mia_helpers/y.py)", "docs/a.md")
    with pytest.raises(MIAError) as told:
        links.check()
    for link in ("c.md", "../../etc.md", "../mia_helpers/y.py"):
        assert f"docs/a.md links to {link}" in str(told.value)


def test_figures_and_files_are_taken_along(links):
    links.rewrite("![f](../figures/f.png) [m](../results/p/m.json) [x](../mia_helpers/x.py)", "docs/a.md")
    assert links.files == {"figures/f.png", "results/p/m.json"}


def test_no_line_of_code_on_a_page_is_cut_off_on_a_screen():
    wide = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        blocks = [found[0] for found in CODE.finditer(text) if "\n" in found[0]]
        lines = [re.sub("^    ", "", line) for block in blocks for line in block.splitlines()]
        wide += [(path.name, line) for line in lines if len(line) > WIDTH]
    assert wide == []


def test_code_stays_as_it_is():
    text = "a `a` ``a ` a`` a\n```python\na\n```\na"
    assert outside_code(re.compile("a"), lambda _: "b", text) == "b `a` ``a ` a`` b\n```python\na\n```\nb"


# --- Papers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Carlini et al. (2022)", "carlini2022"),
        ("Carlini et al. 2022", "carlini2022"),
        ("Steinke, Nasr and Jagielski 2023", "steinke2023"),
        ("Song and Mittal, 2021", "song2021"),
        ("[whatever](https://arxiv.org/abs/1607.00133)", "abadi2016"),
        ("[doi](https://doi.org/10.1109/SP.2017.41)", "shokri2017"),
    ],
)
def test_a_paper_is_cited_where_it_is_named(text, key):
    assert PAPERS.cite(f"See {text}, and more.") == f"See {text} {{cite}}`{key}`, and more."


@pytest.mark.parametrize("text", ["Carlini et al. (2021)", "Carlini et al.", "[x](https://arxiv.org/abs/1)", "`Yeom`"])
def test_what_names_no_paper_of_ours_is_not_cited(text):
    assert PAPERS.cite(text) == text


def test_every_paper_that_notebooks_and_pages_name_is_in_the_bibliography():
    texts = [path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts += [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    name = r"[A-Z][\w-]+(?: et al\.|(?:, [A-Z][\w-]+)* and [A-Z][\w-]+),? \(?(?:19|20)\d\d"
    named = {found for text in texts for found in re.findall(name, text)}
    assert named
    assert {found for found in named if "{cite}" not in PAPERS.cite(f"{found})" if "(" in found else found)} == set()


# --- Chapters -----------------------------------------------------------------------------------------------------


def chapters_of(tmp_path):
    return Chapters(Links(tmp_path, {"notebooks/11_play.ipynb": "notebooks/11_play.ipynb"}), PAPERS)


def test_notebooks_that_were_not_executed_are_named_with_their_cells(tmp_path):
    bare = books.notebook("# Bare", books.code("1 + 1", count=None), books.code("", count=None))
    bare.cells[1].id = "sum"
    assert not_executed(bare) == ["sum"]
    nbformat.write(bare, tmp_path / "12_bare.ipynb")
    nbformat.write(books.chapter(), tmp_path / "11_play.ipynb")
    with pytest.raises(MIAError, match=r"12_bare\.ipynb \(1 cells: sum\).*make notebooks"):
        read_all(sorted(tmp_path.glob("*.ipynb")))


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "13.ipynb").write_text("half")
    with pytest.raises(MIAError, match=r"13\.ipynb is no notebook"):
        read_all([tmp_path / "13.ipynb"])


def test_nothing_is_written_where_a_notebook_was_not_executed(tmp_path):
    root = tmp_path / "root"
    (root / "notebooks").mkdir(parents=True)
    nbformat.write(books.notebook("# Bare", books.code("1 + 1", count=None)), root / "notebooks" / "12_bare.ipynb")
    before = tmp_path / "out"
    before.mkdir()
    (before / "searchindex.js").write_text("the book before")
    with pytest.raises(MIAError, match=r"12_bare\.ipynb"):
        build(before, root=root)
    assert [path.name for path in tmp_path.iterdir() if path != root] == ["out"]
    assert (before / "searchindex.js").read_text() == "the book before"


def test_a_folder_that_is_no_book_is_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(MIAError, match="is no book"):
        build(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_player_takes_the_place_of_the_static_figure(tmp_path):
    made = chapters_of(tmp_path).chapter(books.chapter(), "notebooks/11_play.ipynb", "")
    assert made.cells[2].outputs[0].data == {"text/html": books.player().html()}


def test_cells_with_words_are_marked_in_tables_alone(tmp_path):
    cells = ["-0.123", "&lt;0.001", "svm", "0.5 (0.4 to 0.6)", "CIFAR-10, ds 2500: attack accuracy"]
    table = '<table class="dataframe">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</table>"
    outputs = [books.shown({"text/html": table}), books.shown({"text/html": "<td>no table of pandas</td>"})]
    book = books.notebook("# 11 · Play", books.code("x", *outputs))
    made = chapters_of(tmp_path).chapter(book, "notebooks/11_play.ipynb", "").cells[1].outputs
    marks = ["<td>-0", "<td>&lt;0", '<td class="word">svm', '<td class="words">0.5 (', '<td class="long">CIFAR-10']
    assert [mark in made[0].data["text/html"] for mark in marks] == [True] * 5
    assert made[1].data["text/html"] == "<td>no table of pandas</td>"


def test_alt_texts_come_from_the_output_or_are_missed(tmp_path):
    book = books.chapter()
    chapters = chapters_of(tmp_path)
    made = chapters.chapter(book, "notebooks/11_play.ipynb", "")
    assert made.cells[3].metadata["mystnb"]["image"]["alt"] == "A dot, described"
    assert chapters.without_alt == {}
    book.cells[3].outputs[0].metadata = {}
    made = chapters.chapter(book, "notebooks/11_play.ipynb", "")
    assert made.cells[3].metadata["mystnb"]["image"]["alt"] == "Formulas: figure"
    assert chapters.without_alt == {"notebooks/11_play.ipynb": [book.cells[3].id]}


def test_a_solution_is_folded_and_says_what_it_is(tmp_path):
    book = books.notebook("# 11 · Play", books.code("x = 1", tags=["solution"]))
    cell = chapters_of(tmp_path).chapter(book, "notebooks/11_play.ipynb", "").cells[1]
    assert "hide-input" in cell.metadata.tags
    assert cell.metadata["mystnb"]["code_prompt_show"] == "Show the solution"


def test_the_notebook_itself_is_not_changed(tmp_path):
    book = books.chapter()
    before = json.dumps(book)
    chapters_of(tmp_path).chapter(book, "notebooks/11_play.ipynb", "downloads")
    assert json.dumps(book) == before


# --- Tables and reference -----------------------------------------------------------------------------------------


def test_a_table_is_shown_whole_and_escaped(tmp_path):
    (tmp_path / "claims.csv").write_text('claim,ours\nC1 <b>,0.50\n"a, b",\n', encoding="utf-8")
    page = tables.page_of(tmp_path / "claims.csv", "Claims")
    assert re.findall(r"<td[^>]*>(.*?)</td>", page) == ["C1 &lt;b&gt;", "0.50", "a, b", ""]
    assert page.count('<td class="number">') == 2
    assert "2 rows" in page


def test_a_table_of_a_new_kind_or_with_ragged_rows_is_an_error(tmp_path):
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(MIAError, match="ROWS"):
        tables.page_of(tmp_path / "other.csv", "Other")
    (tmp_path / "claims.csv").write_text("a,b\n1\n")
    with pytest.raises(MIAError, match="other lengths"):
        tables.page_of(tmp_path / "claims.csv", "Claims")


def test_no_summary_of_the_reference_is_cut_off_within():
    cut = []  # it ends at the first stop and space, be it of "(Fig. 1)"
    for module in map(importlib.import_module, reference.packages()):
        for name in reference.offers(module):
            first = " ".join(inspect.getdoc(getattr(module, name)).partition("\n\n")[0].split())
            cut += [f"{module.__name__}.{name}: {first}"] if re.search(r"\([^)]*(?<!et al)\. |\.\.\. ", first) else []
    assert cut == []


def test_every_results_table_has_its_page():
    pages = places(ROOT, [])
    every = {path.relative_to(ROOT).as_posix() for path in (ROOT / "results").glob("*/*.csv")}
    assert {path for path in every if not path.startswith("results/quick/")} <= pages.keys()
    assert {path.stem for paths in results(ROOT).values() for path in paths} <= tables.ROWS.keys()


def test_the_reference_has_what_the_packages_offer():
    pages = reference.pages()
    assert set(mia_helpers.__all__) <= set(re.findall(r"(?m)^\.\. auto\w+:: (\w+)$", pages["reference/mia_helpers"]))
    assert "autoclass:: ThresholdAttack" in pages["reference/mia_helpers.attacks"]
    assert "``dp_sgd``" in pages["reference/mia_helpers.learning.defences"]
    assert "`Records` is `mia_helpers.Records`." in pages["reference/mia_helpers.attacks"]


# --- Checks of pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<img src="data:,">', "without alt text"),
        ('<img src="data:," alt=" ">', "without alt text"),
        ('<script src="https://example.org/x.js"></script>', "fetches https://example.org/x.js"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "fetches //example.org/x.css"),
        ('<a href="nowhere.html">', "links to nowhere.html"),
        ('<a href="#nowhere">', "has no such place"),
    ],
)
def test_a_page_that_is_not_in_order_is_named(tmp_path, body, fault):
    good = '<h1 id="here">A</h1><img src="data:," alt="A dot"><a href="#here">A</a> <a href="https://example.org">B</a>'
    (tmp_path / "good.html").write_text(good)
    assert faults(tmp_path) == []
    (tmp_path / "bad.html").write_text(body)
    assert [fault in told and told.startswith("bad.html: ") for told in faults(tmp_path)] == [True]


# --- The book, built once -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("book")
class TestBuilt:
    def page(self, folder, name):
        return (folder / name).read_text(encoding="utf-8")

    def test_every_chapter_page_and_table_is_there(self, built_book):
        wanted = {page.rpartition(".")[0] for page in places(ROOT, (ROOT / "notebooks").glob("*.ipynb")).values()}
        there = {path.relative_to(built_book).as_posix()[:-5] for path in built_book.rglob("*.html")}
        assert wanted - there == set()
        assert {"search", "bibliography", "reference/mia_helpers"} <= there

    def test_pages_are_in_order(self, built_book):
        assert faults(built_book) == []

    def test_a_figure_has_its_alt_text_and_a_player_its_slider(self, built_book):
        page = self.page(built_book, "notebooks/11_play.html")
        assert 'alt="A dot, described"' in page
        assert '<input type="range"' in page

    def test_feedback_and_code_are_folded(self, built_book):
        page = self.page(built_book, "notebooks/11_play.html")
        assert re.findall(r"<details><summary>(\w)\.", page) == ["A", "B", "C", "D"]
        assert "<strong>after</strong>" in page
        assert "hide-input" in page or "hide_input" in page

    def test_papers_are_cited_and_listed(self, built_book):
        assert "bibliography.html#" in self.page(built_book, "notebooks/08_modern_attacks.html")
        listed = self.page(built_book, "bibliography.html")
        assert "Membership inference attacks from first principles" in listed
        assert "why attacks are judged at few false alarms" in listed

    def test_each_notebook_can_be_downloaded_as_it_is_committed(self, built_book):
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            copies = list((built_book / "_downloads").rglob(path.name))
            assert path.read_bytes() in [copy.read_bytes() for copy in copies]

    def test_no_path_of_this_machine_is_in_a_page(self, built_book):
        named = [path.name for path in built_book.rglob("*.html") if str(ROOT) in path.read_text(encoding="utf-8")]
        assert named == []


def test_assembling_takes_what_is_committed_and_executes_nothing(tmp_path):
    without = assemble(books.checkout(tmp_path / "root"), tmp_path / "source")
    assert "notebooks/11_play.ipynb" not in without
    assert (tmp_path / "source" / "notebooks" / "11_play.ipynb").exists()
    text = (tmp_path / "source" / "index.md").read_text(encoding="utf-8")
    assert "<!--" not in text
    assert "notebooks/11_play" in text


def test_a_pdf_is_offered_on_the_first_page(tmp_path):
    pdf, source = tmp_path / "printed.pdf", tmp_path / "source"
    with pytest.raises(MIAError, match=r"no .*printed\.pdf to take along.*make pdf"):
        assemble(ROOT, source, pdf)
    assert not source.exists()
    pdf.write_bytes(b"%PDF")
    assemble(ROOT, source, pdf)
    assert "{download}`This book as a PDF <downloads/book.pdf>`" in (source / "index.md").read_text(encoding="utf-8")
    assert (source / "downloads" / "book.pdf").read_bytes() == b"%PDF"
