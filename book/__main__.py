"""`python -m book [--out build/book] [--need-alts]`: build the book of this checkout."""

import argparse
import sys
from pathlib import Path

from book.build import NEED_ALTS, ROOT, build
from mia_helpers.engine.errors import MIAError


def main(argv: list[str] | None = None) -> int:
    """Build the book; return 0 when it is done, and 2 where something in it is wrong, with what."""
    parser = argparse.ArgumentParser(prog="python -m book", description="Build the book of this checkout.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book", help="folder (default: build/book)")
    says = "stop at figures without an alt text, and do not only name them"
    parser.add_argument("--need-alts", action=argparse.BooleanOptionalAction, default=NEED_ALTS, help=says)
    options = parser.parse_args(argv)
    try:
        print(build(options.out, need_alts=options.need_alts))
    except MIAError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
