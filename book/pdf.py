"""Print the book: one PDF of what is committed, by pandoc and typst, which come as packages of Python."""

import importlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import ModuleType

import mia_helpers
from book.assemble import BACK, HERE, docs_of
from book.chapters import COMMENT, read_all
from book.links import Links, address_of
from book.papers import Papers
from book.printed import Printed
from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError

READS = "gfm-yaml_metadata_block-emoji+raw_attribute+fancy_lists"
LOOK = HERE / "print"


def build_pdf(out: Path, root: Path) -> str:
    """Print the checkout `root` into the file `out`, and return a line on it. The same files give the same bytes.

    Raises
    ------
    MIAError
        If a notebook was not executed, a link leads nowhere, a figure has no alt text, a package is missing, or pandoc
        or typst has anything to say. What was in `out` then stays.
    """
    began = time.monotonic()
    typst = _needed("typst")
    with tempfile.TemporaryDirectory(prefix="book-") as scratch:
        source = typeset(root, Path(scratch))
        try:
            made, warnings = typst.compile_with_warnings(source, **options(source.parent))
        except typst.TypstError as error:
            raise MIAError(f"typst is not content: {_told(error)}") from None
    if warnings:
        raise MIAError(f"typst warns: {'; '.join(map(_told, warnings[:20]))}")
    with files.replacing(out.expanduser().absolute(), variable=None) as part:
        part.write_bytes(made)
    return f"{out}: {len(made) / 1e6:.1f} MB, {time.monotonic() - began:.0f} s"


def options(folder: Path) -> dict[str, object]:
    """Return how typst is called: with the fonts that it brings along, and nothing of this machine."""
    return {"root": folder, "ignore_system_fonts": True, "sys_inputs": {"version": mia_helpers.__version__}}


def typeset(root: Path, folder: Path) -> Path:
    """Write the typst source of the book, with its figures beside it, into `folder`; return its path.

    Raises
    ------
    MIAError
        As `build_pdf`.
    """
    pandoc = _needed("pypandoc").get_pandoc_path()
    texts, beside = chapters(root)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, content in beside.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    command = [pandoc, "--file-scope", "--fail-if-warnings", "-f", READS, "-t", "typst"]
    looks = ["--syntax-highlighting=idiomatic", "--lua-filter", str(LOOK / "filter.lua")]
    done = subprocess.run([*command, *looks, *texts], cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise MIAError(f"pandoc is not content: {done.stderr[-6000:]}")
    book = (LOOK / "book.typ").read_text(encoding="utf-8") + done.stdout
    (folder / "book.typ").write_text(book + '\n#bibliography("references.bib", style: "ieee")\n', encoding="utf-8")
    return folder / "book.typ"


def chapters(root: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the Markdown of each chapter by its file's name, in the order of the book, and what lies beside them."""
    books = read_all(sorted((root / "notebooks").glob("*.ipynb")))
    notebooks = {f"notebooks/{path.name}": book for path, book in books.items()}
    docs = docs_of(root)
    pages = {"README.md": "index"} | {name: Path(name).stem for name in [*notebooks, *docs]}
    links = Links(root, pages, address_of(root), downloads=False)
    printed = Printed(links, Papers(HERE / "references.bib", "{0} `@{1}`{{=typst}}"))
    texts = {}
    for page, name in pages.items():
        if page in notebooks:
            texts[name] = printed.markdown(notebooks[page], page)
        else:
            texts[name] = printed.text(BACK.sub("", (root / page).read_text(encoding="utf-8")), page)
    links.check()
    if printed.without_alt:
        raise MIAError(f"figures without an alt text: {printed.without_alt}")
    beside = {name: (root / name).read_bytes() for name in sorted(links.files)}
    return texts, beside | printed.pictures | {"references.bib": (HERE / "references.bib").read_bytes()}


def _needed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MIAError(f"{name} is not installed: pip install -e '.[pdf]'") from None


def _told(fault) -> str:
    """Return what typst says, and about what."""
    return " ".join([fault.message, *fault.hints, fault.diagnostic])
