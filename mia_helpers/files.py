"""Where the project's folders are, and how a file is written: at once, or not at all."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mia_helpers.errors import MIAError

REPOSITORY = Path(__file__).resolve().parents[1]


def folder(variable: str, default: str = "") -> Path:
    """Return the folder that an environment variable names, or `default` in the repository."""
    return Path(os.environ.get(variable) or REPOSITORY / default).expanduser()


@contextlib.contextmanager
def replacing(path: Path, *, variable: str = "MIA_RUNS_DIR") -> Iterator[Path]:
    """Yield a path to write to, and move it to `path` when all went well: a reader sees the old file or the new one.

    Raises
    ------
    MIAError
        If the folder is read-only or full; it names the `variable` that moves the folder. No half-written file stays.
    """
    part = path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error, variable) from None
    finally:
        with contextlib.suppress(OSError):  # the folder itself may be what is missing
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file at once."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def git_commit() -> str:
    """Return the commit of this code, with '-dirty' where it was changed since; 'unknown' outside a checkout."""
    try:
        command = ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty"]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def cannot_write(path: Path, error: OSError, variable: str = "MIA_RUNS_DIR") -> MIAError:
    """Return the error for a folder that is read-only or full."""
    return MIAError(
        f"cannot write {path}: {error.strerror or error}. What was finished is kept. Free some space or make the "
        f"folder writable, or set {variable} to another folder, and run again: it goes on from here."
    )
