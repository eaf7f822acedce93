"""Build the book: assemble, Sphinx, check, and only then put it into the place of the one before."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from book.assemble import assemble
from book.chapters import bare
from book.checks import faults
from mia_helpers.engine.errors import MIAError
from mia_helpers.engine.files import CHECKOUT


def build(out: Path, *, need_alts: bool = True, root: Path = CHECKOUT, pdf: Path | None = None) -> str:
    """Build the book of the checkout `root` in the folder `out`, and return a line on it. `pdf` is taken along.

    Raises
    ------
    MIAError
        If a notebook was not executed, a link leads nowhere, a figure has no alt text (if `need_alts`),
        Sphinx warns, or a page fails a check. The book that was in `out` then stays.
    """
    began = time.monotonic()
    out = out.expanduser().absolute()
    if out.exists() and not (out / "searchindex.js").exists() and any(out.iterdir()):
        raise MIAError(f"{out} is no book, and would be replaced. Give --out a new folder, or empty that one.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".book-", dir=out.parent) as scratch:  # beside it, so that it can move
            source, html = Path(scratch, "source"), Path(scratch, "html")
            if without_alt := assemble(root, source, pdf):
                _tell(bare(without_alt), need_alts)
            _sphinx(source, html)
            _check(html)
            if out.exists():
                out.rename(Path(scratch, "before"))
            html.rename(out)
    except OSError as error:
        raise MIAError(f"cannot write to {out.parent} ({error}). Give --out another folder.") from None
    return f"{out}/index.html: {_size(out)}, {time.monotonic() - began:.0f} s"


def _tell(figures: MIAError, need_alts: bool) -> None:
    """Tell of figures without an alt text: as an error, or on stderr."""
    if need_alts:
        raise figures
    print(f"warning: {figures}", file=sys.stderr)


def _sphinx(source: Path, html: Path) -> None:
    """Let Sphinx build HTML; its warnings are errors, all of them told."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "-b", "html"]
    scratch = ["-d", str(html.with_name("doctrees"))]
    path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [*command, *scratch, str(source), str(html)],
        capture_output=True,
        text=True,
        # A section that numpydoc does not know would be left out of the book.
        env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "error::UserWarning:numpydoc.docscrape"},
    )
    if done.returncode:
        told = done.stderr.replace(f"{source}{os.sep}", "")
        raise MIAError(f"Sphinx is not content:\n{told[-6000:]}")
    (html / "_sources").rmdir()  # empty, as asked for
    for path in (html / ".buildinfo", *(html / "_static").glob("*.html")):  # the theme's templates are no pages
        path.unlink(missing_ok=True)


def _check(html: Path) -> None:
    found = faults(html)
    if found:
        raise MIAError(f"the pages are not in order: {'; '.join(found[:20])}")


def _size(out: Path) -> str:
    files = [path for path in out.rglob("*") if path.is_file()]
    pages = sum(path.suffix == ".html" for path in files)
    return f"{pages} pages, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB"
