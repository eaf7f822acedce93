"""Load, verify and encode the data sets; split them into disjoint parts.

A data set is found in the folder `MIA_DATA_DIR` (default: `data/` beside the package), else downloaded and verified,
else there is an error that names both ways out. Synthetic sets are data sets by name, never a stand-in for a real one.
"""

import functools
import hashlib
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mia_helpers import files, shipped
from mia_helpers.errors import MIAError, unknown
from mia_helpers.files import replacing
from mia_helpers.progress import say

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# The labels of the 50,000 training and 10,000 test images in the official order.
CIFAR10_LABELS_SHA256 = "3edb456524d5918aefded81f5aef7c32efab2a788211df998a4eb0c8957baa1f"
# Pixels that are known, and where they come from. Other pixels with the right labels load too, as "unverified pixels".
CIFAR10_PIXELS = {
    "5950db2d734da18b1478b8235a822a2c35f8d74c0fd7859f25e64ec0153923f9": "CIFAR-10, pixels re-encoded through JPEG",
}

ADULT_URL = "https://archive.ics.uci.edu/static/public/2/adult.zip"
ADULT_SHA256 = {
    "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
}
ADULT_NUMERIC = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
ADULT_FIELDS = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
)
ADULT_COLUMNS = tuple(Path(__file__).with_name("adult_columns.txt").read_text().splitlines())


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set in its raw scale.

    Attributes
    ----------
    name : str
        One of `NAMES`.
    x : uint8 (n, 32, 32, 3) for images, float32 (n, 105) for census records
    y : int64 (n,)
        Class of each record, 0 ... k - 1.
    class_names : tuple of k str
    source : str
        Where the bytes come from; it reaches the manifest and the results.
    sha256 : str
        Of the bytes of x and y.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]
    source: str
    sha256: str

    def __len__(self) -> int:
        return len(self.y)

    @property
    def is_images(self) -> bool:
        """Whether a record is an image (or else a row of a table)."""
        return self.name in IMAGES


def data_dir() -> Path:
    """Return the folder of the raw data: `MIA_DATA_DIR`, or `data/` beside the package."""
    return files.folder("MIA_DATA_DIR", "data")


def load(name: str, n_classes: int | None = None) -> Dataset:
    """Return the data set called `name`, verified; its classes joined into `n_classes` groups, if that is given.

    Raises
    ------
    MIAError
        If the name or the grouping is unknown, a file is damaged or foreign, or the data are neither in the folder nor
        downloadable.
    """
    if name not in NAMES:
        raise unknown("data set", name, NAMES)
    n_classes = check_classes(name, n_classes)
    return _grouped(name, n_classes, data_dir()) if n_classes else _load(name, data_dir())


def is_here(name: str) -> bool:
    """Tell whether a data set can be loaded without a download."""
    needed = {"cifar10": ["cifar10.npz"], "adult": [f"adult/{file}" for file in ADULT_SHA256]}
    return all((data_dir() / path).exists() for path in needed.get(name, []))


def check_classes(name: str, n_classes: int | None) -> int | None:
    """Return `n_classes`, or None for the data set's own number; an MIAError if there is no such grouping."""
    own = len(CLASS_NAMES[name])
    known = (own, *IMAGE_GROUPS) if name in IMAGES else (own,)
    if n_classes is not None and n_classes not in known:
        raise MIAError(f"n_classes={n_classes!r}: {name} can have {' or '.join(map(str, known))} classes")
    return None if n_classes == own else n_classes


def class_names(name: str, n_classes: int | None = None) -> tuple[str, ...]:
    """Return the names of the classes, or of the `n_classes` groups into which they are joined."""
    own = CLASS_NAMES[name]
    groups = IMAGE_GROUPS.get(check_classes(name, n_classes))
    return own if groups is None else tuple(GROUP_NAMES.get((name, g), " or ".join(own[i] for i in g)) for g in groups)


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


_say_once = functools.cache(say)


@functools.lru_cache(maxsize=8)
def _grouped(name: str, n_classes: int, folder: Path) -> Dataset:
    whole = _load(name, folder)
    group_of = {k: number for number, group in enumerate(IMAGE_GROUPS[n_classes]) for k in group}
    y = np.array([group_of[k] for k in range(len(whole.class_names))])[whole.y]
    return replace(whole, y=y, class_names=class_names(name, n_classes))


@functools.lru_cache(maxsize=4)
def _load(name: str, folder: Path) -> Dataset:
    loader = _LOADERS[name]
    x, y, source = loader(folder)
    digest = hashlib.sha256(np.ascontiguousarray(x))
    source = CIFAR10_PIXELS.get(digest.hexdigest(), source)
    digest.update(y)
    x.flags.writeable = y.flags.writeable = False  # the cache hands the same arrays to everyone
    return Dataset(name, x, y.astype(np.int64), CLASS_NAMES[name], source, digest.hexdigest())


# --- CIFAR-10 -----------------------------------------------------------------------------------------------------


def _load_cifar10(folder: Path):
    path = folder / "cifar10.npz"
    if not path.exists():
        _download_cifar10(path)
    return read_cifar10(path)


def read_cifar10(path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Return x uint8 (60000, 32, 32, 3), y uint8 (60000,) and the source from an npz file, without unpickling anything.

    Raises
    ------
    MIAError
        If the file is truncated, pickled, or not CIFAR-10 in the official order.
    """
    remedy = f"Delete it to download CIFAR-10 again, or put the right file there ({path})."
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise MIAError(f"{path.name} should hold the arrays x and y, but is one bare array. {remedy}")
        with file:
            if not {"x", "y"} <= set(file.files):
                found = ", ".join(file.files) or "nothing"
                raise MIAError(f"{path.name} should hold the arrays x and y, but holds {found}. {remedy}")
            x, y = file["x"], file["y"]
            source = str(file["source"]) if "source" in file.files else "CIFAR-10, unverified pixels"
    except MIAError:
        raise
    except ValueError as error:  # what NumPy says of object arrays
        raise MIAError(f"{path.name} is pickled, foreign or damaged, and is not read: {error}. {remedy}") from None
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise MIAError(f"{path.name} is truncated or damaged ({error}). {remedy}") from None
    expected = {"x": (60000, 32, 32, 3), "y": (60000,)}
    for key, array in {"x": x, "y": y}.items():
        if array.shape != expected[key] or array.dtype != np.uint8:
            raise MIAError(
                f"{path.name}: {key} is {array.dtype} {array.shape}, expected uint8 {expected[key]}. {remedy}"
            )
    if hashlib.sha256(np.ascontiguousarray(y)).hexdigest() != CIFAR10_LABELS_SHA256:
        raise MIAError(
            f"{path.name}: y is not CIFAR-10's labels in the official order (training images, then test). {remedy}"
        )
    return x, y, source


def _download_cifar10(path: Path) -> None:
    """Fetch the official archive with Keras (progress bar, checksum) and keep it once as an npz of plain arrays."""
    from mia_helpers.models import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras().datasets.cifar10.load_data()
    except Exception as error:  # Keras raises a bare Exception on a failed download
        raise _no_data("CIFAR-10", path, error) from None
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test]).ravel()
    with replacing(path, variable="MIA_DATA_DIR") as part:
        np.savez(part, x=x, y=y.astype(np.uint8), source="CIFAR-10, official archive")


# --- UCI Adult ----------------------------------------------------------------------------------------------------


def _load_adult(folder: Path):
    paths = [folder / "adult" / name for name in ADULT_SHA256]
    if not all(path.exists() for path in paths):
        _download_adult(folder / "adult")
    x, y = encode_adult(pd.concat([read_adult(path) for path in paths], ignore_index=True))
    return x, y, "UCI Adult, official files"


def read_adult(path: Path) -> pd.DataFrame:
    """Return the raw table of `adult.data` or `adult.test`: 15 named columns, '?' read as missing.

    Raises
    ------
    MIAError
        If the file is not the official one; it says whether columns are missing.
    """
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != ADULT_SHA256[path.name]:
        first = next((line for line in raw.decode(errors="replace").splitlines() if "," in line), "")
        n_columns = len(first.split(",")) if first else 0
        why = (
            f"it has {n_columns} columns, expected {len(ADULT_FIELDS)}: {', '.join(ADULT_FIELDS)}"
            if n_columns != len(ADULT_FIELDS)
            else f"its sha256 is {hashlib.sha256(raw).hexdigest()}, expected {ADULT_SHA256[path.name]}"
        )
        raise MIAError(f"{path} is not the official file: {why}. Delete it to download it again.")
    return pd.read_csv(
        path, names=ADULT_FIELDS, comment="|", skipinitialspace=True, na_values="?", skip_blank_lines=True
    )


def encode_adult(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return x float32 (n, 105) with the text columns one-hot encoded, and y uint8 (n,): income above 50K.

    Missing values get no column of their own: that is the only reading which gives the paper's 530 weights in the
    first layer (105 x 5 + 5).
    """
    y = table["income"].str.startswith(">50K").to_numpy(np.uint8)
    categorical = [name for name in ADULT_FIELDS[:-1] if name not in ADULT_NUMERIC]
    encoded = pd.get_dummies(table.drop(columns="income"), columns=categorical)
    if tuple(encoded.columns) != ADULT_COLUMNS:
        odd = sorted(set(encoded.columns) ^ set(ADULT_COLUMNS))
        raise MIAError(
            f"Adult has {encoded.shape[1]} columns after encoding, expected {len(ADULT_COLUMNS)}; differing: {odd}"
        )
    return encoded.to_numpy(np.float32), y


def _download_adult(folder: Path) -> None:
    import pooch

    try:
        found = pooch.retrieve(ADULT_URL, known_hash=None, processor=pooch.Unzip(), progressbar=True)
    except Exception as error:  # requests, urllib3 and zipfile errors alike: there is no data
        raise _no_data("UCI Adult", folder, error) from None
    for name, sha256 in ADULT_SHA256.items():
        raw = next((Path(f).read_bytes() for f in found if Path(f).name == name), b"")
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise MIAError(
                f"{ADULT_URL} holds another {name} than the official one; put that file in {folder} yourself."
            )
        with replacing(folder / name, variable="MIA_DATA_DIR") as part:
            part.write_bytes(raw)


def _no_data(what: str, path: Path, error: Exception) -> MIAError:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return MIAError(
        f"{what} is not at {path} and could not be downloaded ({reason}). Either connect to the network and run again, "
        f"or put the file there (or set MIA_DATA_DIR to the folder that has it). Without data, use synthetic_images or "
        f"synthetic_census."
    )


# --- Synthetic sets -----------------------------------------------------------------------------------------------


def _synthetic_images(_folder: Path):
    """Ten faint class patterns under strong noise, and every second label drawn at random.

    The pattern can be learnt, the random labels only memorised. So a network that fits its training set perfectly is
    far from perfect on new images, as on CIFAR-10.
    """
    rng = np.random.default_rng(20221)
    n, n_classes = 60000, 10
    pattern = np.kron(rng.integers(0, 42, (n_classes, 8, 8, 3), dtype=np.uint8), np.ones((1, 4, 4, 1), np.uint8))
    shown = rng.integers(0, n_classes, n)
    x = rng.integers(0, 128, (n, 32, 32, 3), dtype=np.uint8)
    for start in range(0, n, 5000):  # in parts: a temporary of 184 MB would double the memory
        x[start : start + 5000] += pattern[shown[start : start + 5000]]
    y = np.where(rng.random(n) < 0.5, rng.integers(0, n_classes, n), shown).astype(np.uint8)
    return x, y, "synthetic images, seed 20221"


def _synthetic_census(_folder: Path):
    """Census-like records with Adult's columns: a weak linear signal, much label noise, nothing worth memorising."""
    rng = np.random.default_rng(20222)
    n = 48842
    numeric = {
        "age": rng.integers(17, 91, n),
        "fnlwgt": rng.lognormal(12, 0.6, n).round(),
        "education-num": rng.integers(1, 17, n),
        "capital-gain": np.where(rng.random(n) < 0.08, rng.integers(1, 100000, n), 0),
        "capital-loss": np.where(rng.random(n) < 0.05, rng.integers(1, 4357, n), 0),
        "hours-per-week": rng.integers(1, 100, n),
    }
    x = np.zeros((n, len(ADULT_COLUMNS)), np.float32)
    for name, values in numeric.items():
        x[:, ADULT_COLUMNS.index(name)] = values
    for field in (name for name in ADULT_FIELDS[:-1] if name not in ADULT_NUMERIC):
        levels = [i for i, column in enumerate(ADULT_COLUMNS) if column.startswith(field + "_")]
        x[np.arange(n), rng.choice(levels, n, p=rng.dirichlet(np.ones(len(levels))))] = 1
    signal = 0.15 * (numeric["education-num"] - 8.5) + 0.02 * (numeric["age"] - 53) - 1.6
    y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(np.uint8)
    return x, y, "synthetic census, seed 20222"


_INCOME = ("<=50K", ">50K")
_LOADERS = {
    "cifar10": _load_cifar10,
    "adult": _load_adult,
    "synthetic_images": _synthetic_images,
    "synthetic_census": _synthetic_census,
}
CLASS_NAMES = {
    "cifar10": CIFAR10_CLASSES,
    "adult": _INCOME,
    "synthetic_images": tuple(f"pattern {i}" for i in range(10)),
    "synthetic_census": _INCOME,
}
# The same images with fewer classes: pairs of alike ones, or vehicles and animals.
VEHICLES, ANIMALS = (0, 1, 8, 9), (2, 3, 4, 5, 6, 7)
IMAGE_GROUPS = {5: ((0, 8), (1, 9), (2, 6), (3, 5), (4, 7)), 2: (VEHICLES, ANIMALS)}
GROUP_NAMES = {("cifar10", VEHICLES): "vehicle", ("cifar10", ANIMALS): "animal"}
NAMES = tuple(_LOADERS)
IMAGES = ("cifar10", "synthetic_images")
SIZES = {"cifar10": 60000, "adult": 48842, "synthetic_images": 60000, "synthetic_census": 48842}


# --- Splits -------------------------------------------------------------------------------------------------------


def target_split(n: int, *, train_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the target's training and test indices, each int64 (train_size,), from n shuffled records.

    Raises
    ------
    MIAError
        If n records are too few: the target takes 2·ds, and each shadow 2·ds of the rest.
    """
    check_size(n, train_size)
    order = np.random.default_rng(seed).permutation(n)
    return order[:train_size], order[train_size : 2 * train_size]


def shadow_split(n: int, shadow: int, *, train_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the training and test indices of shadow number `shadow`, each int64 (train_size,).

    They are drawn from what the target left over, so no shadow shares a record with the target; shadows may share
    records with each other. Shadow i is the same for any number of shadows.
    """
    check_size(n, train_size)
    rest = np.random.default_rng(seed).permutation(n)[2 * train_size :]
    chosen = np.random.default_rng([seed, shadow + 1]).choice(rest, 2 * train_size, replace=False)
    return chosen[:train_size], chosen[train_size:]


def check_size(n: int, train_size: int) -> None:
    """Raise an MIAError with the numbers if n records are too few for a target and a disjoint shadow."""
    if 4 * train_size > n:
        raise MIAError(
            f"train_size={train_size} is too large: the target takes 2 x {train_size} records and each shadow 2 x "
            f"{train_size} of the rest, {4 * train_size:,} in all, but there are {n:,}. The most is {n // 4}."
        )
