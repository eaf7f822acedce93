"""`python -m book [--pdf] [--out build/book] [--need-alts] [--with-pdf FILE]`: build the book of this checkout."""

import argparse
import sys
from pathlib import Path

from mia_helpers.engine.errors import MIAError
from mia_helpers.engine.files import CHECKOUT


def main(argv: list[str] | None = None) -> int:
    """Build the book; return 0 when it is done, and 2 where something in it is wrong, with what."""
    parser = argparse.ArgumentParser(prog="python -m book", description="Build the book of this checkout.")
    parser.add_argument(
        "--pdf", action="store_true", help="print it into one file, and do not make pages for a browser"
    )
    parser.add_argument("--out", type=Path, help="folder, or file of a PDF (default: build/book, build/book.pdf)")
    says = "stop at figures without an alt text, and do not only name them; a PDF always does"
    parser.add_argument("--need-alts", action=argparse.BooleanOptionalAction, default=True, help=says)
    parser.add_argument("--with-pdf", type=Path, metavar="FILE", help="PDF that the first page offers to download")
    options = parser.parse_args(argv)
    try:
        print(_build(options))
    except MIAError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _build(options: argparse.Namespace) -> str:
    """Build what is asked for. The packages of one kind of book need not be there for the other."""
    kind = "pdf" if options.pdf else "book"
    try:
        if options.pdf:
            from book.pdf import build

            return build(options.out or CHECKOUT / "build" / "book.pdf")
        from book.build import build

        return build(options.out or CHECKOUT / "build" / "book", need_alts=options.need_alts, pdf=options.with_pdf)
    except ModuleNotFoundError as missing:
        raise MIAError(f"{missing.name} is not installed: pip install -e '.[{kind}]'") from None


if __name__ == "__main__":
    sys.exit(main())
