"""Artifacts: what a stage computed, under a name that tells what it depends on.

An artifact is an `.npz` of plain arrays (the same content gives the same bytes) and a `.json` that says how it came
about. The `.npz` is put in place last and at once, so where it stands it is complete. Its name ends in a fingerprint of
all that it depends on: another parameter is another artifact, and nothing stale is ever read. What is not here may have
come with the repository (`shipped`).
"""

import contextlib
import hashlib
import io
import json
import re
import time
import warnings
from pathlib import Path

import numpy as np

from mia_helpers.engine import archives, backends, environment, files, shipped
from mia_helpers.engine.archives import Damaged
from mia_helpers.engine.files import replacing

# What the `.json` tells of every artifact, and of which type; without one of them it counts as damaged.
FACTS = {"sha256": str, "depends_on": dict, "seconds": (int, float), "backend": str, "machine": str, "versions": dict}


def runs_dir() -> Path:
    """Return the folder of artifacts and executed notebooks: `MIA_RUNS_DIR`, or `runs/` in the checkout."""
    return files.folder(files.RUNS)


def fingerprint(depends_on: dict) -> str:
    """Return 12 hexadecimal digits that stand for all values in `depends_on`."""
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:12]


def path_of(name: str) -> Path:
    """Return where the artifact `name` (such as 'cifar10/ds2500-target-0f3a…') is kept, ending in .npz."""
    return runs_dir() / "artifacts" / f"{name}.npz"


# --- Reading ------------------------------------------------------------------------------------------------------


def exists(name: str) -> bool:
    """Tell whether the artifact and its facts are there. Its arrays may still turn out damaged when they are loaded."""
    return _own_facts(path_of(name)) is not None or _came_along(name)


def facts(name: str) -> dict:
    """Return how an artifact that exists was made, where, and in how many seconds."""
    return _own_facts(path_of(name)) or shipped.facts(name)


def load(name: str) -> tuple[dict[str, np.ndarray], dict] | None:
    """Return the arrays and the facts of an artifact, or None where there is none.

    A damaged artifact counts as none: a warning says so, and the caller computes it again, unless it came along.
    """
    path, here_too = path_of(name), _came_along(name)
    if path.exists():
        try:
            return _read(path)
        except (Damaged, OSError) as error:
            then = "the one that came with the repository is read" if here_too else "it is computed again"
            warnings.warn(f"artifact {path} is damaged ({error}); {then}", stacklevel=2)
    arrays = shipped.load(name) if here_too else None
    return arrays and (arrays, shipped.facts(name))


def model_file(name: str) -> bytes | None:
    """Return the bytes of a model's `.keras` file, None if it is missing or not the one that was written."""
    path = path_of(name).with_suffix(".keras")
    told = _own_facts(path_of(name))
    if told is None:
        return shipped.keras_file(name) if _came_along(name) else None
    with contextlib.suppress(OSError):
        content = path.read_bytes()
        if told.get("keras_sha256") in (None, _sha256(content)):  # older artifacts do not tell
            return content
        warnings.warn(f"{path} is not what was written there; the model is trained again", stacklevel=2)
    return None


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    told = _own_facts(path)
    if told is None:
        raise Damaged(f"{path.with_suffix('.json').name} is missing or does not tell how it was made")
    content = path.read_bytes()
    if _sha256(content) != told["sha256"]:
        raise Damaged("its checksum is not the recorded one")
    arrays = archives.read(io.BytesIO(content))
    if "arrays" in told and told["arrays"] != _shapes(arrays):  # older artifacts do not tell
        raise Damaged("its arrays are not the recorded ones")
    return arrays, told


def _own_facts(path: Path) -> dict | None:
    """Return what the `.json` beside an artifact tells, None where one of the two is missing or not as written."""
    if not path.exists():
        return None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if isinstance(told, dict) and all(isinstance(told.get(key), kind) for key, kind in FACTS.items()):
            texts = [*told["versions"].values()]
            return told if all(isinstance(text, str) for text in texts) and _is_of(told, path) else None
    return None


def _is_of(told: dict, path: Path) -> bool:
    """Tell whether these facts are of the artifact of that name, where it ends in a fingerprint."""
    digits = path.stem.rpartition("-")[2]
    return not re.fullmatch("[0-9a-f]{12}", digits) or fingerprint(told["depends_on"]) == digits


def all_facts() -> list[tuple[str, dict]]:
    """Return (name, facts) of every artifact of this folder whose facts can be read."""
    paths = sorted((runs_dir() / "artifacts").glob("*/*.npz"))
    return [(f"{path.parent.name}/{path.stem}", told) for path in paths if (told := _own_facts(path))]


def _came_along(name: str) -> bool:
    return shipped.has(name) and not path_of(name).with_suffix(".forgotten").exists()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shapes(arrays: dict[str, np.ndarray]) -> dict[str, list]:
    return {key: [array.dtype.str, list(array.shape)] for key, array in arrays.items()}


# --- Writing ------------------------------------------------------------------------------------------------------


def save(
    name: str,
    arrays: dict[str, np.ndarray],
    *,
    seconds: float,
    depends_on: dict,
    made_by: dict | None = None,
    keras_file: bytes | None = None,
) -> None:
    """Write an artifact, and the model beside it as `.keras` where there is one (see `files.replacing`).

    `made_by` is the environment of the worker which made it, where it was not made here.
    """
    path = path_of(name)
    with replacing(path) as part:
        np.savez(part, **arrays)
        told = {
            "sha256": _sha256(part.read_bytes()),
            "arrays": _shapes({key: np.asarray(array) for key, array in arrays.items()}),
            "depends_on": depends_on,
            "seconds": round(seconds, 3),
            "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "backend": backends.name(),
            **(made_by or environment.here()),
        }
        if keras_file is not None:
            told["keras_sha256"] = _sha256(keras_file)
            with replacing(path.with_suffix(".keras")) as model_part:
                model_part.write_bytes(keras_file)
        files.write_text(path.with_suffix(".json"), json.dumps(told, indent=1))


def forget(names: list[str], *, alone: bool = False) -> int:
    """Delete these artifacts and, unless they go `alone`, those made from them; return how many there were.

    One that came with the repository is not read any more, until `clean` empties the store.
    """
    asked = set(names)
    gone = {name for name in asked if exists(name)}
    if not alone:
        gone |= {name for name, told in all_facts() if _mentions(told["depends_on"], asked)}
    for name in asked | gone:  # what is damaged does not exist, and its files go too
        for suffix in (".npz", ".json", ".keras"):
            path = path_of(name).with_suffix(suffix)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise files.cannot_write(path, error) from None
        if shipped.has(name):
            files.write_text(path_of(name).with_suffix(".forgotten"), "")
    return len(gone)


def _mentions(value, names: set[str]) -> bool:
    if isinstance(value, dict | list):
        return any(_mentions(part, names) for part in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and value in names
