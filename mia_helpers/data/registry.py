"""All data sets by name; loading them verified, with their classes joined where that is asked for.

A data set is found in the folder `MIA_DATA_DIR` (default: `data/` in the checkout), else downloaded and verified, else
there is an error that names both ways out. Synthetic sets are data sets by name, never a stand-in for a real one.
"""

import functools
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from mia_helpers.data import adult, cifar10, synthetic
from mia_helpers.data.source import Dataset, Source
from mia_helpers.engine import files, shipped
from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.engine.progress import say

SOURCES: dict[str, Source] = {
    source.name: source for source in (cifar10.SOURCE, adult.SOURCE, synthetic.IMAGES, synthetic.CENSUS)
}


def named(name: str) -> Source:
    """Return what is known of the data set called `name`; an unknown name is an error that lists the known ones."""
    if not isinstance(name, str) or name not in SOURCES:
        raise unknown("data set", name, SOURCES)
    return SOURCES[name]


def data_dir() -> Path:
    """Return the folder of the raw data: `MIA_DATA_DIR`, or `data/` in the checkout."""
    return files.folder(files.DATA)


def load(name: str, n_classes: int | None = None) -> Dataset:
    """Return the data set called `name`, verified; its classes joined into `n_classes` groups, if that is given.

    Raises
    ------
    MIAError
        If the name or the grouping is unknown, a file is damaged or foreign, or the data are neither in the folder nor
        downloadable.
    """
    n_classes = named(name).check_classes(n_classes)
    return _grouped(name, n_classes, data_dir()) if n_classes else _load(name, data_dir())


def is_here(name: str) -> bool:
    """Tell whether a data set can be loaded without a download."""
    return named(name).is_in(data_dir())


def is_known(name: str) -> bool:
    """Tell whether `source_of` can answer without a download."""
    return is_here(name) or shipped.source_of(name) is not None


def source_of(name: str) -> dict[str, str]:
    """Return sha256 and source of the data set: of the data, or of the shipped records where the data are not here.

    The first time, it says so if there are shipped records and they stand in for the data, or are of other data.
    """
    came_along = shipped.source_of(name)
    if came_along and not is_here(name):
        _say_once(f"{name}: not in {data_dir()}, so the records that came with the repository are read")
        return came_along
    found = {"sha256": load(name).sha256, "source": load(name).source}
    if came_along and came_along["sha256"] != found["sha256"]:
        _say_once(f"{name}: {data_dir()} has other data than the records of the repository, so models are trained")
    return found


def not_needed(name: str) -> MIAError:
    """Return the error for raw data that are not here, where the records that came along stand in for them."""
    return MIAError(
        f"{name} is not in {data_dir()}, and the records that came with the repository have no raw data. Put the files "
        f"there, or download them: mia_helpers.data.load({name!r}). Models are then trained on them, unless they are "
        "the very data of these records."
    )


_say_once = functools.cache(say)


@functools.lru_cache(maxsize=8)
def _grouped(name: str, n_classes: int, folder: Path) -> Dataset:
    whole = _load(name, folder)
    group_of = {k: number for number, group in enumerate(SOURCES[name].groups[n_classes]) for k in group}
    y = np.array([group_of[k] for k in range(len(whole.class_names))])[whole.y]
    return replace(whole, y=y, class_names=SOURCES[name].class_names(n_classes))


@functools.lru_cache(maxsize=4)
def _load(name: str, folder: Path) -> Dataset:
    about = SOURCES[name]
    x, y, source = about.read(folder)
    if len(x) != about.size or y.shape != (about.size,) or y.dtype != np.uint8 or y.max() >= len(about.own_classes):
        raise MIAError(
            f"data set {name}: read x {x.shape} and y {y.dtype} {y.shape} up to {y.max()}, expected {about.size} "
            f"records and uint8 classes below {len(about.own_classes)}. Its Source and its reader disagree."
        )
    digest = hashlib.sha256(np.ascontiguousarray(x))
    source = cifar10.PIXELS.get(digest.hexdigest(), source)
    digest.update(y)
    x.flags.writeable = y.flags.writeable = False  # the cache hands the same arrays to everyone
    return Dataset(name, x, y.astype(np.int64), about.own_classes, about.is_images, source, digest.hexdigest())
