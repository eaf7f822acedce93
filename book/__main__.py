"""`python -m book [--out build/book] [--without-alts]`: build the book of this checkout."""

import argparse
import sys
from pathlib import Path

from book.build import ROOT, build
from mia_helpers.engine.errors import MIAError


def main(argv: list[str] | None = None) -> int:
    """Build the book; return 0 when it is done, and 2 where something in it is wrong, with what."""
    parser = argparse.ArgumentParser(prog="python -m book", description="Build the book of this checkout.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book", help="folder (default: build/book)")
    parser.add_argument(
        "--without-alts", action="store_true", help="name figures without an alt text, and do not stop there"
    )
    options = parser.parse_args(argv)
    try:
        print(build(options.out, need_alts=not options.without_alts))
    except MIAError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
