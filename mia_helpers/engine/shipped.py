"""The records that come with the repository: a warm start of the artifact store, in compact form.

`records/DATASET.npz` holds artifacts of one data set, each array under 'NAME OF THE ARTIFACT/NAME OF THE ARRAY', and
`records/manifest.json` tells how each was made and of which data. Where the raw data are missing, or are these very
data, the store reads from here what it does not have itself: the notebooks run on real records without data, network
or training.
"""

import contextlib
import functools
import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mia_helpers.engine import files
from mia_helpers.engine.files import replacing

LEFT_OUT = ("model_id",)  # one number for all records, which the artifact's facts tell
EMPTY = {"data": {}, "files": {}, "artifacts": {}}


def folder() -> Path:
    """Return the folder of these records: `MIA_RECORDS_DIR`, or `records/` in the checkout."""
    return files.folder(files.RECORDS)


def has(name: str) -> bool:
    """Tell whether the artifact `name` is among these records."""
    told = manifest()["artifacts"].get(name)
    return isinstance(told, dict) and {"depends_on", "seconds", "backend"} <= told.keys()


def facts(name: str) -> dict:
    """Return how the artifact was made, where, and in how many seconds."""
    return manifest()["artifacts"][name]


def source_of(dataset: str) -> dict | None:
    """Return sha256 and source of the data that the records of this data set were made from; None if there are none."""
    return manifest()["data"].get(dataset)


def load(name: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of an artifact but for `LEFT_OUT`, None if they are not here or are damaged."""
    file = _file_with(name)
    if file is None:
        return None
    keys = [key for key in file.files if key.startswith(f"{name}/") and not key.endswith("/keras")]
    return {key.removeprefix(f"{name}/"): _wide(file[key]) for key in keys}


def keras_file(name: str) -> bytes | None:
    """Return the bytes of the model's `.keras` file, where it is here: of targets without a penalty."""
    file = _file_with(name)
    key = f"{name}/keras"
    return file[key].tobytes() if file is not None and key in file.files else None


def manifest() -> dict:
    """Return what `manifest.json` says: `data`, `files` and `artifacts`; empty ones where there are no records."""
    return _manifest(folder())


@functools.lru_cache(maxsize=4)
def _manifest(where: Path) -> dict:
    path = where / "manifest.json"
    if not path.exists():
        return EMPTY
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(told, dict) and all(isinstance(told.get(key), dict) for key in EMPTY):
            return told
    warnings.warn(f"{path} is damaged, so its records are not read. To restore it: git checkout", stacklevel=4)
    return EMPTY


def _file_with(name: str):
    return _file(folder(), name.partition("/")[0]) if has(name) else None


@functools.lru_cache(maxsize=4)
def _file(where: Path, dataset: str):
    path = where / f"{dataset}.npz"
    about = _manifest(where)["files"].get(path.name)
    told = about.get("sha256") if isinstance(about, dict) else None
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == told:
            return np.load(path, allow_pickle=False)
        why = "its checksum is not the recorded one"
    except OSError as error:
        why = error.strerror
    warnings.warn(f"{path} is damaged ({why}); its models are trained again. To restore it: git checkout", stacklevel=3)
    return None


def write(found: dict[str, tuple[dict, dict]], read_keras: Callable[[str], bytes | None], about: dict) -> list[Path]:
    """Write these artifacts, name → (arrays, facts), as the records that come with the repository; return the paths.

    `read_keras` gives the bytes of the `.keras` files that come along (None: not this one), and `about` is what the
    manifest says besides: `data` (sha256 and source of each data set) and whatever else is worth knowing.
    """
    paths, sums = [], {}
    for dataset in sorted({name.partition("/")[0] for name in found}):
        packed = {}
        for name in sorted(name for name in found if name.startswith(f"{dataset}/")):
            arrays = {key: array for key, array in found[name][0].items() if key not in LEFT_OUT}
            packed |= {f"{name}/{key}": _compact(array) for key, array in arrays.items()}
            if (content := read_keras(name)) is not None:
                packed[f"{name}/keras"] = np.frombuffer(content, np.uint8)
        path = folder() / f"{dataset}.npz"
        with replacing(path, variable=files.RECORDS) as part:
            np.savez_compressed(part, **packed)
        sums[path.name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        paths.append(path)
    told = {**about, "files": sums, "artifacts": {name: told for name, (_, told) in sorted(found.items())}}
    paths.append(folder() / "manifest.json")
    files.write_text(paths[-1], json.dumps(told, indent=1) + "\n", variable=files.RECORDS)
    _manifest.cache_clear()
    _file.cache_clear()
    return paths


def _compact(array: np.ndarray) -> np.ndarray:
    """Return whole numbers (int64 in the store) in the smallest type that holds them."""
    if array.dtype == np.int64 and array.ndim and array.size and array.min() >= 0:
        return array.astype(np.min_scalar_type(array.max()))
    return array


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.int64) if array.dtype.kind == "u" else array
