"""The records of an audit as the user has them: two sets, each of x and y, and both together as one pool."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from mia_helpers.auditing import faults
from mia_helpers.engine.errors import MIAError

SETS = ("members", "non_members")


@dataclass(frozen=True, eq=False)
class Pool:
    """Both sets together, the members first.

    Parameters
    ----------
    x : ndarray (n, ...), DataFrame or CSR matrix
        The records, whatever the model takes.
    y : ndarray (n,)
        Their true classes as the user names them.
    member : bool (n,)
    id, group : ndarray (n,), optional
    """

    x: object
    y: np.ndarray
    member: np.ndarray
    id: np.ndarray | None = None
    group: np.ndarray | None = None

    @property
    def parts(self) -> list[np.ndarray]:
        """The rows of the members and those of the non-members."""
        return [np.flatnonzero(self.member), np.flatnonzero(~self.member)]


def pool(members, non_members, ids=None, groups=None) -> Pool:
    """Return both sets as one.

    Parameters
    ----------
    members, non_members : tuple (x, y)
        x is an array (n, ...), a DataFrame or a sparse matrix; y has a class for each row, numbers or texts.
    ids, groups : tuple of two, optional
        Of the members, and of the non-members.

    Raises
    ------
    MIAError
        If a set is no pair, x and y do not fit each other, y is one-hot or has holes, or the sets have another form.
    """
    sets = [_one_set(name, given) for name, given in zip(SETS, (members, non_members), strict=True)]
    (x, y), (other_x, other_y) = sets
    if y.dtype.kind != other_y.dtype.kind:
        raise MIAError(f"y of members has {_what(y)} and y of non_members {_what(other_y)}: name the classes alike")
    member = np.arange(len(y) + len(other_y)) < len(y)
    faults.check_both_kinds(member)
    sizes = (len(y), len(other_y))
    more = [_pair(name, given, sizes) for name, given in (("ids", ids), ("groups", groups))]
    return Pool(_joined(x, other_x), np.concatenate([y, other_y]), member, *more)


def rows(x, which):
    """Return the chosen rows (a mask, a slice or whole numbers) of records of any form."""
    return x.iloc[which] if isinstance(x, pd.DataFrame) else x[which]


def row_hashes(x) -> np.ndarray:
    """Return a hash of the content of each row, (n,)."""
    if isinstance(x, pd.DataFrame):
        try:
            return pd.util.hash_pandas_object(x, index=False, categorize=False).to_numpy()
        except (TypeError, ValueError):  # a cell holds a list, or another object
            return row_hashes(x.to_numpy(object))
    if sparse.issparse(x):
        x = x.copy()
        x.sum_duplicates()
        x.eliminate_zeros()
        ends = list(zip(x.indptr[:-1], x.indptr[1:], strict=True))
        return np.array([_digest(x.indices[a:b].tobytes(), x.data[a:b].tobytes()) for a, b in ends])
    if x.dtype.kind == "O":
        return np.array([_digest(repr(row).encode()) for row in x.tolist()])
    return np.array([_digest(np.ascontiguousarray(row).tobytes()) for row in x])


def fingerprint(of: Pool) -> str:
    """Return hexadecimal digits that stand for the content of all records, their classes, and who is a member."""
    form = [type(of.x).__name__, str(getattr(of.x, "dtype", "")), str(of.x.shape)]
    form += [f"{name}: {kind}" for name, kind in of.x.dtypes.items()] if isinstance(of.x, pd.DataFrame) else []
    found = hashlib.sha256("\n".join(form).encode())
    for part in (row_hashes(of.x), of.y.astype(str), of.member):
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def _digest(*parts: bytes) -> int:
    found = hashlib.blake2b(digest_size=7)
    for part in parts:
        found.update(part)
    return int.from_bytes(found.digest(), "big")


def _one_set(name: str, given) -> tuple:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise MIAError(f"{name} is a {type(given).__name__}: expected a pair, {name}=(x, y)")
    x, y = _x(name, given[0]), _y(name, given[1])
    if x.shape[0] != len(y):
        raise MIAError(f"{name}: x has {x.shape[0]} rows and y {len(y)}: expected a class for each record")
    return x, y


def _x(name: str, x):
    if isinstance(x, pd.DataFrame):
        twice = x.columns[x.columns.duplicated()]
        if len(twice):
            raise MIAError(f"x of {name} has the column {twice[0]!r} twice: give each a name of its own")
        return _with_columns(name, x.reset_index(drop=True))
    if sparse.issparse(x):
        return x.tocsr()
    try:
        x = np.asarray(x)
    except ValueError:  # rows of several lengths
        x = np.zeros(())
    if not x.ndim:
        raise MIAError(f"x of {name} is no array: expected an array, a DataFrame or a sparse matrix, a row per record")
    return _with_columns(name, x)


def _with_columns(name: str, x):
    if 0 in x.shape[1:]:
        raise MIAError(f"x of {name} has shape {x.shape}: a record is empty; expected at least one value of each")
    return x


def _y(name: str, y) -> np.ndarray:
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        hint = "; of one-hot labels, take y.argmax(axis=1)" if y.ndim == 2 else ""
        raise MIAError(f"y of {name} has shape {y.shape}: expected one class for each record{hint}")
    if pd.isna(y).any():
        raise MIAError(f"y of {name} is missing in row {int(np.argmax(pd.isna(y)))}: expected a class for each record")
    if y.dtype.kind == "f":
        odd = (y != np.round(y)) | np.isinf(y)
        if odd.any():
            row = int(np.argmax(odd))
            raise MIAError(f"y of {name} is {y[row]:g} in row {row}: expected classes, whole numbers or texts")
        return y.astype(np.int64)
    if y.dtype.kind in "OSU":
        plain = all(isinstance(value, int | np.integer) for value in y.tolist())
        return y.astype(np.int64) if plain and len(y) else y.astype(str)
    return y.astype(np.int64)


def _what(y: np.ndarray) -> str:
    return "texts" if y.dtype.kind == "U" else "numbers"


def _pair(name: str, given, sizes: tuple[int, int]) -> np.ndarray | None:
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise MIAError(f"{name} is a {type(given).__name__}: expected a pair, {name}=(of the members, of the others)")
    for who, part, n in zip(SETS, given, sizes, strict=True):
        if np.ndim(part) != 1 or len(part) != n:
            raise MIAError(f"{name} of {who} has shape {np.shape(part)}: expected a value for each of {n} records")
    return np.concatenate([np.asarray(part, object) for part in given])


def _joined(x, other):
    if type(x) is not type(other) and not (sparse.issparse(x) and sparse.issparse(other)):
        raise MIAError(
            f"x of members is a {type(x).__name__}, of non_members a {type(other).__name__}: give both alike"
        )
    if isinstance(x, pd.DataFrame):
        if list(x.columns) != list(other.columns):
            odd = sorted({*map(str, x.columns)} ^ {*map(str, other.columns)})[:5]
            why = f"only one has {', '.join(odd)}" if odd else "their order differs"
            raise MIAError(f"members and non_members have other columns ({why}): give both the same, in one order")
        return _joined_frames(x, other)
    if x.shape[1:] != other.shape[1:]:
        raise MIAError(
            f"a record of members has shape {x.shape[1:]}, of non_members {other.shape[1:]}: give both alike"
        )
    return sparse.vstack([x, other], format="csr") if sparse.issparse(x) else np.concatenate([x, other])


def _joined_frames(x: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return both frames as one; categories that only one of them lists stay categories."""
    joined = pd.concat([x, other], ignore_index=True)
    for name in x.columns[[isinstance(kind, pd.CategoricalDtype) for kind in x.dtypes]]:
        if not isinstance(joined[name].dtype, pd.CategoricalDtype):
            categories = pd.Index(x[name].cat.categories)
            if isinstance(other[name].dtype, pd.CategoricalDtype):
                categories = categories.union(other[name].cat.categories, sort=False)
            joined[name] = pd.Categorical(joined[name], categories=categories)
    return joined
