"""Answers from columns, and from a file: CSV, Parquet, or arrays in an .npz."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mia_helpers.attacks.records import Records
from mia_helpers.auditing import faults
from mia_helpers.auditing.answers import AuditAnswers, two_columns
from mia_helpers.engine.errors import MIAError, sentence

SINGLE = ("member", "label", "score", "loss", "id", "group")  # columns; the others are numbered
MANY = {"p": "outputs", "phi_": "phi", "in_": "known"}
_TEXTS = {"id": str, "group": str}  # so that 007 stays what it is


def from_columns(columns: Mapping[str, np.ndarray]) -> AuditAnswers:
    """Return the answers in columns, (n,) each.

    `member` (0 or 1); `p0`, `p1`, ... and `label`, or one of `score` and `loss`; if there are any `id`, `group`, and
    `phi_0`, ... with `in_0`, ... of reference models. A matrix may stand for numbered columns: `p` (n, k), `phi` and
    `in` (n, N). Other columns are not read, and named in the report.

    Raises
    ------
    MIAError
        If a column is missing, or is one too many, and all that `AuditAnswers` raises.
    """
    names = [str(name) for name in columns]
    faults.check_columns(names)
    given = {name: columns[name] for name in SINGLE if name in names}
    read = set(given)
    for prefix, argument in MANY.items():
        found, whole = _numbered(names, prefix), prefix.rstrip("_")
        if found and whole in names:
            raise MIAError(f"there are both {whole} and {found[0]}: give one of them")
        if found:
            given[argument] = np.column_stack([faults.numbers(name, columns[name]) for name in found])
        elif whole in names:
            given[argument] = columns[whole]
        read |= {*found, whole}
    if "loss" in given:
        given |= {"score": -faults.numbers("loss", given.pop("loss")), "score_from": "loss"}
    return AuditAnswers(**given, unread=tuple(name for name in names if name not in read))


def _numbered(names: list[str], prefix: str) -> list[str]:
    """Return the columns `prefix0`, `prefix1`, ... in this order, or raise an MIAError where one is missing."""
    numbers = sorted(int(name[len(prefix) :]) for name in names if re.fullmatch(rf"{prefix}(0|[1-9]\d*)", name))
    for expected, number in enumerate(numbers):
        if number != expected:
            last = f"{prefix}{numbers[-1]}"
            raise MIAError(f"the column {prefix}{expected} is missing: expected {prefix}0 to {last} without a hole")
    return [f"{prefix}{number}" for number in numbers]


def read(path: str | Path) -> AuditAnswers:
    """Return the answers in a file, whose ending tells what it is: .csv (also .csv.gz), .parquet or .npz.

    The columns are those of `from_columns`. Nothing in a file is executed: an .npz with pickled objects is
    refused.

    Raises
    ------
    MIAError
        If the file is not there or cannot be read, has another ending, or holds what `AuditAnswers` refuses.
    """
    path = Path(path)
    name = path.name.lower().removesuffix(".gz")
    readers = {".csv": _csv, ".parquet": _parquet, ".npz": _npz}
    reader = next((readers[ending] for ending in readers if name.endswith(ending)), None)
    if reader is None:
        raise MIAError(f"{path}: unknown ending; expected a file .csv, .csv.gz, .parquet or .npz")
    if not path.is_file():
        raise MIAError(f"{path}: there is no such file")
    try:
        return from_columns(reader(path))
    except MIAError as error:
        raise MIAError(f"{path}: {error}") from None


def as_answers(given: AuditAnswers | Records | pd.DataFrame | str | Path) -> AuditAnswers:
    """Return answers as they are, or those in records of one model, in a DataFrame or in a file.

    Raises
    ------
    MIAError
        As `read`, and for anything else.
    """
    if isinstance(given, AuditAnswers):
        return given
    if isinstance(given, Records):
        outputs = two_columns(given.probs[:, 0]) if given.probs.shape[1] == 1 else given.probs
        return AuditAnswers(given.member, given.label, outputs)
    if isinstance(given, pd.DataFrame):
        return from_columns(_columns(given))
    if isinstance(given, str | Path):
        return read(given)
    raise MIAError(
        f"answers are a {type(given).__name__}: expected AuditAnswers, Records, a DataFrame, or a file's path"
    )


def _csv(path: Path) -> dict:
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, skipinitialspace=True)  # pandas renames doubles
        _check_once(pd.Index(header.iloc[0]))
        return _columns(pd.read_csv(path, dtype=_TEXTS, skipinitialspace=True))
    except MIAError:
        raise
    except pd.errors.EmptyDataError:
        raise MIAError("the file is empty: expected a header and a row for each record") from None
    except (OSError, EOFError, UnicodeError, pd.errors.ParserError) as error:
        raise MIAError(
            f"no CSV file that can be read ({sentence(error)}); expected commas, UTF-8 and a header"
        ) from None


def _parquet(path: Path) -> dict:
    try:
        return _columns(pd.read_parquet(path))
    except ImportError:
        raise MIAError("Parquet needs a package that is not installed: pip install pyarrow") from None
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise MIAError(f"no Parquet file that can be read ({sentence(error)}); write it again") from None


def _npz(path: Path) -> dict:
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise MIAError("one array instead of an .npz: expected np.savez(file, member=…, p=…)")
        with arrays:
            return {name: arrays[name] for name in arrays.files}
    except MIAError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, ValueError) as error:
        why = "it holds Python objects" if "pickle" in str(error) else sentence(error)
        raise MIAError(
            f"no .npz that can be read ({why}); expected np.savez(file, member=…, p=…) of plain arrays (of texts, "
            f"np.array(id, dtype='U'))"
        ) from None


def _columns(frame: pd.DataFrame) -> dict:
    _check_once(frame.columns)
    return {str(name): frame[name] for name in frame.columns}


def _check_once(names: pd.Index) -> None:
    twice = names[names.duplicated()]
    if len(twice):
        raise MIAError(f"the column {twice[0]!r} is there twice: expected each once")
