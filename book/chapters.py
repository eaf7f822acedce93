"""A notebook as a chapter: links and citations, folded solutions, alt texts, figures to play with, downloads."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from book.links import Links
from book.papers import Papers
from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play import PLAYER

WIDGET = "application/vnd.jupyter.widget-view+json"  # needs a kernel
BACK = re.compile(r"(?m)^\[Back to the README\]\([^)]*\)\.? ?")  # the book has a table of contents
COMMENT = re.compile(r"(?s)<!--.*?-->")
CELL = re.compile(r"<td>([^<]+)</td>")
NUMBER = re.compile(r"(&lt;)?[-+−]?[\d.,]+(e[-+]?\d+)?%?|NaN|True|False")


def not_executed(book: NotebookNode) -> list[str]:
    """Return the ids of the code cells that were not executed; empty ones never are."""
    cells = [cell for cell in book.cells if cell.cell_type == "code" and cell.source.strip()]
    return [cell.get("id", "?") for cell in cells if cell.execution_count is None]


def read_all(paths: list[Path]) -> dict[Path, NotebookNode]:
    """Read notebooks.

    Raises
    ------
    MIAError
        If one is no notebook, or was not executed: its name, and the cells.
    """
    books, faults = {}, []
    for path in paths:
        try:
            books[path] = nbformat.read(path, as_version=4)
        except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
            raise MIAError(f"{path.name} is no notebook ({type(error).__name__}). Restore it from git.") from None
        cells = not_executed(books[path])
        if cells:
            faults.append(f"{path.name} ({len(cells)} cells: {', '.join(cells[:3])}{' …' if cells[3:] else ''})")
    if faults:
        raise MIAError(
            f"not executed: {'; '.join(faults)}. The book shows notebooks as they are committed; run "
            "`make notebooks` first (ARGS='--only \"05_*\"' for one). Nothing was written."
        )
    return books


def bare(without_alt: dict[str, list[str]]) -> MIAError:
    """Return the error that names figures without an alt text: the cells of each page."""
    listed = "; ".join(f"{page} ({', '.join(ids)})" for page, ids in without_alt.items())
    advice = "Say what they show where they are drawn, and execute these notebooks again."
    return MIAError(f"figures without an alt text: {listed}. {advice}")


def with_room(table: str) -> str:
    """Return a table of pandas whose cells with words are marked, so that a narrow page does not squeeze them."""

    def marked(cell: re.Match) -> str:
        text = cell[1]
        kind = "long" if len(text) > 30 else "words" if len(text) > 12 and " " in text else "word"
        return cell[0] if NUMBER.fullmatch(text) else f'<td class="{kind}">{text}</td>'

    return CELL.sub(marked, table)


@dataclass
class Chapters:
    """Turns notebooks into chapters; `without_alt` collects the cells, by page, whose figures have no alt text."""

    links: Links
    papers: Papers
    without_alt: dict[str, list[str]] = field(default_factory=dict)

    def chapter(self, book: NotebookNode, page: str, downloads: str) -> NotebookNode:
        """Return a notebook as a chapter of the book; `page` is its path in the repository.

        `downloads` is a line of Markdown, which comes below the title.
        """
        book = nbformat.from_dict(book)
        heading = page
        for cell in book.cells:
            if cell.cell_type == "markdown":
                heading = ([*re.findall(r"(?m)^#+ (.*)$", cell.source), heading])[0]
                cell.source = self.text(cell.source, page)
            elif cell.cell_type == "code":
                self._code(cell, page, heading)
        title, *rest = book.cells
        first, _, text = title.source.partition("\n")
        title.source = f"{first}\n\n{downloads}\n{text}"
        book.cells = [title, *rest]
        return book

    def page(self, root: Path, page: str) -> str:
        """Return the Markdown of a page of the checkout `root`; `page` is its path there."""
        return self.text(BACK.sub("", (root / page).read_text(encoding="utf-8")), page)

    def text(self, source: str, page: str) -> str:
        """Return the Markdown of a page, or of a part of it, with links and citations of the book."""
        return self.papers.cite(self.links.rewrite(COMMENT.sub("", source), page))

    def _code(self, cell: NotebookNode, page: str, heading: str) -> None:
        """Change a code cell: fold a solution, describe figures, let those play that can."""
        shown = cell.metadata.setdefault("mystnb", {})
        if "solution" in cell.metadata.get("tags", []):
            cell.metadata.tags = sorted({*cell.metadata.tags, "hide-input"})
            shown["code_prompt_show"] = "Show the solution"
            shown["code_prompt_hide"] = "Hide the solution"
        alts = []
        for output in cell.outputs:
            data = output.get("data", {})
            data.pop(WIDGET, None)
            if PLAYER in data:  # instead of the picture beside it
                output.data = {"text/html": data[PLAYER]}
            elif 'class="dataframe"' in data.get("text/html", ""):
                data["text/html"] = with_room(data["text/html"])
            elif "image/png" in data:
                alts.append(self.alt(output, cell, page) or f"{heading}: figure")
        if alts:  # one option for all figures of a cell; cells have one each
            shown["image"] = {"alt": " · ".join(dict.fromkeys(alts))}

    def alt(self, output: NotebookNode, cell: NotebookNode, page: str) -> str:
        """Return the alt text of a figure, '' where there is none, which `without_alt` then knows."""
        alt = output.metadata.get("image/png", {}).get("alt", "")
        if not alt:
            self.without_alt.setdefault(page, []).append(cell.get("id", "?"))
        return alt
