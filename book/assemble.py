"""The source of the book, put together in a folder from what is committed: what Sphinx then builds."""

import importlib.util
import posixpath
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat

from book import reference, tables
from book.chapters import Chapters, read_all
from book.links import Links, address_of
from book.papers import Papers
from mia_helpers.engine.errors import MIAError
from mia_helpers.teaching import copies, exercises
from mia_helpers.walk import profiles

HERE = Path(__file__).parent
AROUND = ("CONTRIBUTING.md", "CHANGELOG.md")
BENCHMARKS = ("results", "cost")


def results(root: Path) -> dict[str, list[Path]]:
    """Return the results tables of each profile, and those of the benchmarks, by the folder that they get."""
    made = {path.name: sorted(path.glob("*.csv")) for path in sorted((root / "results").iterdir()) if path.is_dir()}
    benchmarks = [root / "benchmarks" / f"{name}.csv" for name in BENCHMARKS]
    made["benchmarks"] = [path for path in benchmarks if path.exists()]
    return {name: paths for name, paths in made.items() if paths and name != "quick"}


def places(root: Path, notebooks: Iterable[Path]) -> dict[str, str]:
    """Return where in the book what links of the repository lead to is, both as relative paths."""
    pages = {"README.md": "index.md"} | {name: name for name in AROUND}
    pages |= {f"docs/{path.name}": f"docs/{path.name}" for path in sorted((root / "docs").glob("*.md"))}
    pages |= {f"notebooks/{path.name}": f"notebooks/{path.name}" for path in notebooks}
    for name, paths in results(root).items():
        pages[f"results/{name}"] = f"results/{name}.md"
        pages |= {path.relative_to(root).as_posix(): f"results/{name}/{path.stem}.md" for path in paths}
    pages["results"] = "results/index.md"
    pages["benchmarks/results.md"] = "results/benchmarks/results.md"
    return pages


def student_copies(paths: Iterable[Path], folder: Path) -> dict[str, Path]:
    """Return the student copies by name, written into `folder`, of the notebooks that have exercises.

    Their links lead where the notebooks' do: a copy is put into a folder of the checkout, such as exercises/.
    """
    made = {}
    for path, found in exercises.read_all(paths).items():
        if found:
            book = copies.student_copy(nbformat.read(path, as_version=4), path.name, found)
            made[path.name] = folder / path.name
            folder.mkdir(parents=True, exist_ok=True)
            nbformat.write(book, made[path.name])
    return made


def assemble(root: Path, source: Path, pdf: Path | None = None) -> dict[str, list[str]]:
    """Write the source of the book of the checkout `root` into the empty folder `source`, with a `pdf` to download.

    Returns the cells, by page, whose figures have no alt text.

    Raises
    ------
    MIAError
        If a notebook was not executed, a link leads nowhere, or there is no such `pdf`: before anything is written. If
        a table is of a new kind.
    """
    if pdf and not pdf.is_file():
        raise MIAError(f"there is no {pdf} to take along. Run `make pdf` first.")
    books = read_all(sorted((root / "notebooks").glob("*.ipynb")))
    papers = Papers(HERE / "references.bib")
    links = Links(root, places(root, books), address_of(root))
    chapters = Chapters(links, papers)
    made = {}
    for page in ["README.md", *AROUND, *docs_of(root)]:
        made[links.pages[page]] = chapters.page(root, page)
    students = student_copies(books, source / "copies")
    for path, book in books.items():
        chapter = chapters.chapter(book, f"notebooks/{path.name}", _downloads(path, students))
        made[f"notebooks/{path.name}"] = nbformat.writes(chapter)
    links.check()
    title, _, text = made["index.md"].partition("\n")
    offered = "\n{download}`This book as a PDF <downloads/book.pdf>`\n" if pdf else ""
    made["index.md"] = f"{title}\n{offered}{text}{_contents(root, links.pages)}"
    made |= {f"{name}.rst": text for name, text in reference.pages().items()}
    made |= _results(root)
    _write(root, source, made, links.files, students)
    if pdf:
        shutil.copyfile(pdf, source / "downloads" / "book.pdf")
    return chapters.without_alt


def _downloads(path: Path, students: dict[str, Path]) -> str:
    """Return the line below a chapter's title, with what can be downloaded."""
    own = f"{{download}}`This notebook <../downloads/{path.name}>`"
    copy = f" · {{download}}`the copy for students, without solutions <../copies/{path.name}>`"
    return own + (copy if path.name in students else "")


def _results(root: Path) -> dict[str, str]:
    """Return the pages of the results tables: an index, a page for each profile, and one for each table."""
    made = {"results/index.md": "# Results\n\nEvery table of the results as it is committed, to be sorted.\n"}
    every = results(root)
    for name in every:
        said = "time and memory" if name == "benchmarks" else profiles.load(name).description
        made["results/index.md"] += f"\n- [{_heading(name)}]({name}.md): {said}."
    made["results/index.md"] += "\n" + _toctree(every, options=":hidden:\n")
    for name, paths in every.items():
        of = _heading(name)
        listed = "\n".join(f"- [{path.stem}]({name}/{path.stem}.md). {tables.ROWS.get(path.stem)}" for path in paths)
        inside = _toctree((f"{name}/{path.stem}" for path in paths), options=":hidden:\n")
        made[f"results/{name}.md"] = f"# {of}\n\nA row of each table is:\n\n{listed}\n{inside}"
        for path in paths:
            made[f"results/{name}/{path.stem}.md"] = tables.page_of(path, f"{of}: {path.stem}")
    return made


def _heading(name: str) -> str:
    return "Benchmarks" if name == "benchmarks" else f"Profile {name}"


def docs_of(root: Path) -> list[str]:
    """Return the pages under docs/ as paths in the repository, in the README's order, with those it does not name."""
    text = (root / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\((docs/[a-z_]+\.md)\)", text.partition("## Where to read on")[2])
    every = sorted(f"docs/{path.name}" for path in (root / "docs").glob("*.md"))
    return list(dict.fromkeys([*named, *every]))


def _contents(root: Path, pages: dict[str, str]) -> str:
    """Return the table of contents: chapters, then pages in the README's order, then tables and the reference."""
    chapters = sorted(posixpath.splitext(page)[0] for page in pages if page.startswith("notebooks/"))
    parts = {
        "The notebooks": chapters,
        "Pages": [posixpath.splitext(page)[0] for page in docs_of(root)],
        "To look things up": ["results/index", "reference/index", "bibliography", "CONTRIBUTING", "CHANGELOG"],
    }
    return "".join(_toctree(names, options=f":hidden:\n:caption: {caption}\n") for caption, names in parts.items())


def _toctree(names: Iterable[str], options: str = "") -> str:
    return "\n```{toctree}\n" + options + "\n" + "\n".join(names) + "\n```\n"


def _write(root: Path, source: Path, made: dict[str, str], files: set[str], students: dict[str, Path]) -> None:
    """Write the pages and what lies beside them: figures, tables, notebooks to download, the settings, MathJax."""
    for name, text in made.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    beside = {file: root / file for file in files}
    for name, paths in results(root).items():
        beside |= {f"results/{name}/{path.name}": path for path in paths}
    beside |= {f"downloads/{path.name}": path for path in (root / "notebooks").glob("*.ipynb")}
    beside |= {f"copies/{name}": path for name, path in students.items()}
    beside |= {name: HERE / name for name in ("conf.py", "references.bib", "bibliography.md")}
    for folder in ("static", "templates"):
        beside |= {f"{folder}/{path.name}": path for path in (HERE / folder).iterdir()}
    beside["static/mathjax.js"] = mathjax()
    for name, path in beside.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if path != source / name:
            shutil.copyfile(path, source / name)


def mathjax() -> Path:
    """Return MathJax as one file that needs no fonts beside it, from the package that brings it along.

    Raises
    ------
    MIAError
        If it is not installed.
    """
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found is None:
        raise MIAError("sphinx-mathjax-offline is not installed: pip install -e '.[book]'")
    return Path(found.submodule_search_locations[0]) / "static" / "mathjax" / "tex-svg.js"
