"""Where the project's folders are, and how a file is written: at once, or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from mia_helpers.engine.errors import GOES_ON, MIAError

CHECKOUT = Path(__file__).resolve().parents[2]
IS_CHECKOUT = (CHECKOUT / "pyproject.toml").exists() and (CHECKOUT / "notebooks").is_dir()
# Installed without a checkout, the package works in the directory where the user stands.
ROOT = CHECKOUT if IS_CHECKOUT else Path.cwd()

# Each names a folder; RESULTS is where `results/` and `figures/` are.
RUNS, RESULTS, DATA, RECORDS = VARIABLES = ("MIA_RUNS_DIR", "MIA_RESULTS_DIR", "MIA_DATA_DIR", "MIA_RECORDS_DIR")
DEFAULTS = {RUNS: "runs", RESULTS: "", DATA: "data", RECORDS: "records"}


def folder(variable: str) -> Path:
    """Return the folder that an environment variable names, or its default in the checkout (or current directory).

    A relative path is taken from where the first process stands that asks, and handed on as an absolute one.
    """
    default = DEFAULTS[variable]
    named = os.environ.get(variable)
    if not named and IS_CHECKOUT:
        return ROOT / default
    try:
        path = Path(named).expanduser().absolute() if named else ROOT / default
    except (OSError, RuntimeError) as error:  # no such user, or a current directory that was deleted
        raise MIAError(f"{variable}={named!r} names no folder ({error}). Give an absolute path.") from None
    os.environ[variable] = str(path)
    return path


def of_checkout(name: str) -> Path:
    """Return a folder that only a checkout of the repository has.

    Raises
    ------
    MIAError
        If the package is installed without one.
    """
    if not IS_CHECKOUT:
        raise MIAError(
            f"{name}/ comes with a checkout of the repository, and mia_helpers is installed without one in "
            f"{Path(__file__).parents[1]}. Clone the repository and run the command there."
        )
    return CHECKOUT / name


@contextlib.contextmanager
def replacing(path: Path, *, variable: str | None = RUNS) -> Iterator[Path]:
    """Yield a path to write to, and move it to `path` when all went well: a reader sees the old file or the new one.

    Raises
    ------
    MIAError
        If the folder is read-only or full; it names the `variable` that moves the folder, if there is one. No
        half-written file stays.
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


def write_text(path: Path, text: str, *, variable: str | None = RUNS) -> None:
    """Write a text file at once."""
    with replacing(path, variable=variable) as part:
        part.write_text(text, encoding="utf-8")


def cannot_write(path: Path, error: OSError, variable: str | None = RUNS) -> MIAError:
    """Return the error for a file that cannot be written, with what helps against its reason."""
    remedy = {
        errno.EISDIR: f"A folder is where this file should be; move {path} away",
        errno.ENOTDIR: "A file is where one of its folders should be; move it away",
        errno.EEXIST: "A file is where one of its folders should be; move it away",
        errno.EMFILE: "Raise the limit of open files (ulimit -n 4096)",
        errno.ENOSPC: "Free some space",
        errno.EDQUOT: "Free some space",
    }.get(error.errno, "Make the folder writable")
    elsewhere = f", or set {variable} to another folder" if variable else ""
    return MIAError(f"cannot write {path}: {error.strerror or error}. {remedy}{elsewhere}. {GOES_ON}")
