"""Reading `.npz` archives that may be damaged, foreign or hostile: plain arrays, or one reason why not."""

from pathlib import Path
from typing import BinaryIO

import numpy as np


class Damaged(Exception):
    """A file that cannot be read; the text says why."""


def read(
    file: Path | BinaryIO, names: set[str] | None = None, *, also: set[str] = frozenset()
) -> dict[str, np.ndarray]:
    """Return the arrays of an archive, without unpickling anything: all, or `names` and, where it has them, `also`.

    Raises
    ------
    Damaged
        If it is no archive, an array is missing, or whatever else NumPy, zip and zlib find wrong.
    """
    try:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise Damaged("it is one bare array")
        with archive:
            missing = (names or set()) - set(archive.files)
            if missing:
                found = ", ".join(archive.files) or "nothing"
                raise Damaged(f"it should hold {', '.join(sorted(names))}, but holds {found}")
            return {name: archive[name] for name in archive.files if names is None or name in names | also}
    except Damaged:
        raise
    except Exception as error:  # of damaged bytes, zip, zlib and NumPy raise a dozen kinds of errors
        raise Damaged(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
