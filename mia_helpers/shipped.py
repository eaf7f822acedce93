"""The records that come with the repository: a warm start of the artifact store, in compact form.

`records/DATASET.npz` holds models of one data set, each array under 'NAME OF THE ARTIFACT/NAME OF THE ARRAY', and
`records/manifest.json` tells how each was made and of which data. Where the raw data are missing, or are these very
data, the store reads from here what it does not have itself: notebooks 04 to 07 run on real records without data,
network or training.
"""

import contextlib
import functools
import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mia_helpers import files
from mia_helpers.files import replacing

COMPACT = {"label": np.uint8, "index": np.uint16}  # kept in the store as int64
WIDE = {name: np.int64 for name in COMPACT}


def folder() -> Path:
    """Return the folder of these records: `MIA_RECORDS_DIR`, or `records/` beside the package."""
    return files.folder("MIA_RECORDS_DIR", "records")


def has(name: str) -> bool:
    """Tell whether the artifact `name` is among these records."""
    return name in manifest()["artifacts"]


def facts(name: str) -> dict:
    """Return how the artifact was made, where, and in how many seconds."""
    return manifest()["artifacts"][name]


def source_of(dataset: str) -> dict | None:
    """Return sha256 and source of the data that the records of this data set were made from; None if there are none."""
    return manifest()["data"].get(dataset)


def load(name: str) -> dict[str, np.ndarray] | None:
    """Return the arrays of an artifact as the store would hold them, None if they are not here or are damaged."""
    file = _file_with(name)
    if file is None:
        return None
    keys = [key for key in file.files if key.startswith(f"{name}/")]
    arrays = {key.removeprefix(f"{name}/"): file[key] for key in keys}
    arrays.pop("keras", None)
    arrays["model_id"] = np.full(len(arrays["label"]), facts(name)["depends_on"]["model_id"])
    return {key: array.astype(WIDE.get(key, array.dtype)) for key, array in arrays.items()}


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
    with contextlib.suppress(OSError, ValueError):
        return json.loads((where / "manifest.json").read_text(encoding="utf-8"))
    return {"data": {}, "files": {}, "artifacts": {}}


def _file_with(name: str):
    return _file(folder(), name.partition("/")[0]) if has(name) else None


@functools.lru_cache(maxsize=4)
def _file(where: Path, dataset: str):
    path = where / f"{dataset}.npz"
    told = _manifest(where)["files"].get(path.name, {}).get("sha256")
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
            arrays = {key: array for key, array in found[name][0].items() if key != "model_id"}
            packed |= {f"{name}/{key}": array.astype(COMPACT.get(key, array.dtype)) for key, array in arrays.items()}
            if (content := read_keras(name)) is not None:
                packed[f"{name}/keras"] = np.frombuffer(content, np.uint8)
        path = folder() / f"{dataset}.npz"
        with replacing(path, variable="MIA_RECORDS_DIR") as part:
            np.savez_compressed(part, **packed)
        sums[path.name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        paths.append(path)
    told = {**about, "files": sums, "artifacts": {name: told for name, (_, told) in sorted(found.items())}}
    paths.append(folder() / "manifest.json")
    files.write_text(paths[-1], json.dumps(told, indent=1) + "\n")
    _manifest.cache_clear()
    _file.cache_clear()
    return paths
