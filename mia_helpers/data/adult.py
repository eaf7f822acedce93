"""UCI Adult: 48,842 census records; is the income above 50,000 dollars?"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from mia_helpers.data.source import Source, no_data
from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError

URL = "https://archive.ics.uci.edu/static/public/2/adult.zip"
SHA256 = {
    "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
}
NUMERIC = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
FIELDS = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
)
# After encoding; the text file lists them one per line.
ADULT_COLUMNS = tuple(Path(__file__).with_name("adult_columns.txt").read_text(encoding="utf-8").splitlines())
INCOME = ("<=50K", ">50K")


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Return x float32 (48842, 105), y uint8 (48842,) and where they come from; download the files if need be."""
    paths = [folder / "adult" / name for name in SHA256]
    if not all(path.exists() for path in paths):
        download(folder / "adult")
    x, y = encode(pd.concat([read_table(path) for path in paths], ignore_index=True))
    return x, y, "UCI Adult, official files"


def read_table(path: Path) -> pd.DataFrame:
    """Return the raw table of `adult.data` or `adult.test`: 15 named columns, '?' read as missing.

    Raises
    ------
    MIAError
        If the file is not the official one; it says whether columns are missing.
    """
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != SHA256[path.name]:
        first = next((line for line in raw.decode(errors="replace").splitlines() if "," in line), "")
        n_columns = len(first.split(",")) if first else 0
        why = (
            f"it has {n_columns} columns, expected {len(FIELDS)}: {', '.join(FIELDS)}"
            if n_columns != len(FIELDS)
            else f"its sha256 is {hashlib.sha256(raw).hexdigest()}, expected {SHA256[path.name]}"
        )
        raise MIAError(f"{path} is not the official file: {why}. Delete it to download it again.")
    return pd.read_csv(path, names=FIELDS, comment="|", skipinitialspace=True, na_values="?", skip_blank_lines=True)


def encode(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return x float32 (n, 105) with the text columns one-hot encoded, and y uint8 (n,): income above 50K.

    Missing values get no column of their own: that is the only reading which gives the paper's 530 weights in the
    first layer (105 x 5 + 5).
    """
    y = table["income"].str.startswith(">50K").to_numpy(np.uint8)
    categorical = [name for name in FIELDS[:-1] if name not in NUMERIC]
    encoded = pd.get_dummies(table.drop(columns="income"), columns=categorical)
    if tuple(encoded.columns) != ADULT_COLUMNS:
        odd = sorted(set(encoded.columns) ^ set(ADULT_COLUMNS))
        raise MIAError(
            f"Adult has {encoded.shape[1]} columns after encoding, expected {len(ADULT_COLUMNS)}; differing: {odd}"
        )
    return encoded.to_numpy(np.float32), y


def download(folder: Path) -> None:
    """Fetch the official archive and keep its two files, each verified by its checksum."""
    import pooch

    try:
        found = pooch.retrieve(URL, known_hash=None, processor=pooch.Unzip(), progressbar=True)
    except Exception as error:  # requests, urllib3 and zipfile errors alike: there is no data
        raise no_data("UCI Adult", folder, error) from None
    for name, sha256 in SHA256.items():
        raw = next((Path(f).read_bytes() for f in found if Path(f).name == name), b"")
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise MIAError(f"{URL} holds another {name} than the official one; put that file in {folder} yourself.")
        with files.replacing(folder / name, variable=files.DATA) as part:
            part.write_bytes(raw)


SOURCE = Source(
    "adult",
    size=48842,
    is_images=False,
    own_classes=INCOME,
    read=read,
    files=tuple(f"adult/{name}" for name in SHA256),
)
