"""Artifacts: what a stage computed, under a name that tells what it depends on.

An artifact is an `.npz` of plain arrays (the same content gives the same bytes) and a `.json` that says how it came
about. The `.npz` is put in place last and at once, so where it stands it is complete. Its name ends in a fingerprint of
all that it depends on: another parameter is another artifact, and nothing stale is ever read.
"""

import contextlib
import hashlib
import json
import os
import platform
import time
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mia_helpers.data import REPOSITORY
from mia_helpers.errors import MIAError


def runs_dir() -> Path:
    """Return the folder of artifacts and executed notebooks: `MIA_RUNS_DIR`, or `runs/` beside the package."""
    return Path(os.environ.get("MIA_RUNS_DIR") or REPOSITORY / "runs").expanduser()


def fingerprint(depends_on: dict) -> str:
    """Return 12 hexadecimal digits that stand for all values in `depends_on`."""
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:12]


def path_of(name: str) -> Path:
    """Return where the artifact `name` (such as 'cifar10/ds2500-target-0f3a…') is kept, ending in .npz."""
    return runs_dir() / "artifacts" / f"{name}.npz"


def exists(name: str) -> bool:
    """Tell whether the artifact is there. It may still turn out damaged when it is loaded."""
    return path_of(name).exists()


def load(name: str) -> tuple[dict[str, np.ndarray], dict] | None:
    """Return the arrays and the facts of an artifact, or None where there is none.

    A damaged artifact counts as none: a warning says so, and the caller computes it again.
    """
    path = path_of(name)
    if not path.exists():
        return None
    try:
        facts = json.loads(path.with_suffix(".json").read_text())
        if hashlib.sha256(path.read_bytes()).hexdigest() != facts["sha256"]:
            raise ValueError("its checksum is not the recorded one")
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}, facts
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        warnings.warn(f"artifact {path} is damaged ({error}); it is computed again", stacklevel=2)
        return None


def save(name: str, arrays: dict[str, np.ndarray], *, seconds: float, depends_on: dict, model=None) -> None:
    """Write an artifact, and the Keras `model` beside it as `.keras` where there is one.

    Raises
    ------
    MIAError
        If the folder is read-only or full. Nothing half written is left behind.
    """
    path = path_of(name)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    part_model = part.with_suffix(".keras")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, **arrays)
        facts = {
            "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
            "depends_on": depends_on,
            "seconds": round(seconds, 3),
            "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": versions("python", "numpy", "tensorflow", "keras", "scikit-learn"),
        }
        if model is not None:
            model.save(part_model)
            part_model.replace(path.with_suffix(".keras"))
        write_text(path.with_suffix(".json"), json.dumps(facts, indent=1))
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        _remove(part, part_model)


def write_text(path: Path, text: str) -> None:
    """Write a text file at once: a reader sees the old content or the new, never half of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        _remove(part)


def _remove(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):  # the folder itself may be what is missing
            path.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> MIAError:
    """Return the error for a folder that is read-only or full."""
    return MIAError(
        f"cannot write {path}: {error.strerror or error}. What was finished is kept. Free some space or make the "
        f"folder writable, or set MIA_RUNS_DIR to another folder, and run again: it goes on from here."
    )


def versions(*names: str) -> dict[str, str]:
    """Return the installed version of each package (and of Python itself)."""
    found = {}
    for name in names:
        if name == "python":
            found[name] = platform.python_version()
            continue
        for package in (name, f"{name}-cpu"):  # TensorFlow comes under two names
            try:
                found[name] = version(package)
                break
            except ModuleNotFoundError:
                continue
    return found
