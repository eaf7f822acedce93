"""Artifacts: what a stage computed, under a name that tells what it depends on.

An artifact is an `.npz` of plain arrays (the same content gives the same bytes) and a `.json` that says how it came
about. The `.npz` is put in place last and at once, so where it stands it is complete. Its name ends in a fingerprint of
all that it depends on: another parameter is another artifact, and nothing stale is ever read. What is not here may have
come with the repository (`shipped`).
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

from mia_helpers import backends, files, shipped
from mia_helpers.files import replacing


def runs_dir() -> Path:
    """Return the folder of artifacts and executed notebooks: `MIA_RUNS_DIR`, or `runs/` beside the package."""
    return files.folder("MIA_RUNS_DIR", "runs")


def fingerprint(depends_on: dict) -> str:
    """Return 12 hexadecimal digits that stand for all values in `depends_on`."""
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:12]


def path_of(name: str) -> Path:
    """Return where the artifact `name` (such as 'cifar10/ds2500-target-0f3a…') is kept, ending in .npz."""
    return runs_dir() / "artifacts" / f"{name}.npz"


def exists(name: str) -> bool:
    """Tell whether the artifact is there. It may still turn out damaged when it is loaded."""
    return path_of(name).exists() or _came_along(name)


def facts(name: str) -> dict:
    """Return how an artifact was made, where, and in how many seconds."""
    path = path_of(name)
    return json.loads(path.with_suffix(".json").read_text()) if path.exists() else shipped.facts(name)


def load(name: str) -> tuple[dict[str, np.ndarray], dict] | None:
    """Return the arrays and the facts of an artifact, or None where there is none.

    A damaged artifact counts as none: a warning says so, and the caller computes it again.
    """
    path = path_of(name)
    if not path.exists():
        arrays = shipped.load(name) if _came_along(name) else None
        return arrays and (arrays, shipped.facts(name))
    try:
        told = facts(name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != told["sha256"]:
            raise ValueError("its checksum is not the recorded one")
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}, told
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        warnings.warn(f"artifact {path} is damaged ({error}); it is computed again", stacklevel=2)
        return None


def keras_path(name: str) -> Path:
    """Return the `.keras` file of a model; if it came with the repository, it is put into the store first."""
    path = path_of(name).with_suffix(".keras")
    if not path.exists() and _came_along(name) and (content := shipped.keras_file(name)) is not None:
        with replacing(path) as part:
            part.write_bytes(content)
    return path


def forget(names: list[str]) -> int:
    """Delete these artifacts and the attacks on or by these models; return how many there were.

    One that came with the repository is not read any more, until `clean` empties the store.
    """
    gone = {name for name in names if exists(name)} | _attacks_that_took(set(names))
    for name in gone:
        path = path_of(name)
        for suffix in (".npz", ".json", ".keras"):
            path.with_suffix(suffix).unlink(missing_ok=True)
        if shipped.has(name):
            files.write_text(path.with_suffix(".forgotten"), "")
    return len(gone)


def _attacks_that_took(models: set[str]) -> set[str]:
    found = set()
    for path in (runs_dir() / "artifacts").glob("*/*-attack-*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):  # damaged: its attack is computed again anyhow
            depends_on = json.loads(path.read_text())["depends_on"]
            if models & {depends_on["target"], *depends_on["shadows"]}:
                found.add(f"{path.parent.name}/{path.stem}")
    return found


def _came_along(name: str) -> bool:
    return shipped.has(name) and not path_of(name).with_suffix(".forgotten").exists()


def save(
    name: str,
    arrays: dict[str, np.ndarray],
    *,
    seconds: float,
    depends_on: dict,
    environment: dict | None = None,
    keras_file: bytes | None = None,
) -> None:
    """Write an artifact, and the model beside it as `.keras` where there is one (see `files.replacing`).

    `environment` is that of the worker which made it, where it was not made here.
    """
    path = path_of(name)
    with replacing(path) as part:
        np.savez(part, **arrays)
        told = {
            "sha256": hashlib.sha256(part.read_bytes()).hexdigest(),
            "depends_on": depends_on,
            "seconds": round(seconds, 3),
            "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "backend": backends.name(),
            **(environment or environment_here()),
        }
        if keras_file is not None:
            with replacing(path.with_suffix(".keras")) as model_part:
                model_part.write_bytes(keras_file)
        files.write_text(path.with_suffix(".json"), json.dumps(told, indent=1))


def environment_here() -> dict:
    """Return the machine and the versions with which an artifact is made."""
    return {
        "machine": f"{_processor()}; {os.cpu_count()} cores",
        "versions": versions("python", "numpy", "tensorflow", "keras", "scikit-learn"),
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


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
