"""Print the book: one PDF of notebooks and pages as committed, by pandoc and typst, which are packages of Python."""

import subprocess
import tempfile
import time
from pathlib import Path

import pypandoc
import typst

import mia_helpers
from book.assemble import HERE, docs_of
from book.chapters import bare, read_all
from book.links import Links, address_of
from book.papers import Papers
from book.printed import Printed
from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError

LOOK = HERE / "print"
READS = "gfm-yaml_metadata_block-emoji+raw_attribute+fancy_lists"
PANDOC = ["--file-scope", "--fail-if-warnings", "--syntax-highlighting=idiomatic", "-f", READS, "-t", "typst"]


def build(out: Path, *, root: Path = files.CHECKOUT) -> str:
    """Print the checkout `root` into the file `out`, and return a line on it. The same files give the same bytes.

    Raises
    ------
    MIAError
        If a notebook was not executed, a link leads nowhere, a figure has no alt text, or pandoc or typst has
        anything to say. What was in `out` then stays.
    """
    began = time.monotonic()
    out = out.expanduser().absolute()
    with tempfile.TemporaryDirectory(prefix="book-") as scratch:
        try:
            made, warnings = compiler(typeset(root, Path(scratch))).compile_with_warnings(pdf_standards="ua-1")
        except typst.TypstError as error:
            raise MIAError(f"typst is not content: {_told(error)}") from None
    if warnings:
        raise MIAError(f"typst is not content: {'; '.join(map(_told, warnings))}")
    with files.replacing(out, variable=None) as part:
        part.write_bytes(made)
    return f"{out}: {len(made) / 1e6:.0f} MB, {time.monotonic() - began:.0f} s"


def compiler(source: Path) -> typst.Compiler:
    """Return typst, ready for a source: with the fonts that it brings along, so that no page depends on the machine."""
    version = {"version": mia_helpers.__version__}
    return typst.Compiler(source, root=source.parent, ignore_system_fonts=True, sys_inputs=version)


def typeset(root: Path, folder: Path) -> Path:
    """Write the typst source of the book, with its figures beside it, into `folder`; return its path.

    Raises
    ------
    MIAError
        As `build`, but for what typst says.
    """
    texts, beside = chapters(root)
    for name, content in {**beside, **{name: text.encode() for name, text in texts.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    command = [pypandoc.get_pandoc_path(), *PANDOC, "--lua-filter", str(LOOK / "filter.lua"), *texts]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise MIAError(f"pandoc is not content: {done.stderr[-6000:]}")
    papers = '\n#bibliography("references.bib", style: "ieee")\n'
    (folder / "book.typ").write_text((LOOK / "book.typ").read_text("utf-8") + done.stdout + papers, "utf-8")
    return folder / "book.typ"


def chapters(root: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the Markdown of each chapter by its file's name, in the order of the book, and what lies beside them.

    Raises
    ------
    MIAError
        If a notebook was not executed, a link leads nowhere, or a figure has no alt text.
    """
    books = {
        f"notebooks/{path.name}": book for path, book in read_all(sorted((root / "notebooks").glob("*.ipynb"))).items()
    }
    pages = {"README.md": "index"} | {name: Path(name).stem for name in [*books, *docs_of(root)]}
    links = Links(root, pages, address_of(root), downloads=False)
    printed = Printed(links, Papers(HERE / "references.bib", "{} `@{}`{{=typst}}"))
    texts = {}
    for page, name in pages.items():
        texts[name] = printed.markdown(books[page], page) if page in books else printed.page(root, page)
    links.check()
    if printed.without_alt:
        raise bare(printed.without_alt)
    beside = {name: (root / name).read_bytes() for name in sorted(links.files)}
    return texts, beside | printed.pictures | {"references.bib": (HERE / "references.bib").read_bytes()}


def _told(fault: typst.TypstError | typst.TypstWarning) -> str:
    """Return what typst says, and about what."""
    return (fault.diagnostic or fault.message)[:6000]
