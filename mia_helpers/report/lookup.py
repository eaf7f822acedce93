"""Finding one number in the committed tables of a profile.

Each function here names a number, `claim("C2", "svm")`, and returns what finds it in `Tables`. What is not there, or
there more than once, is an MIAError: a number is never picked from several.
"""

import difflib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mia_helpers.engine.errors import MIAError, unknown
from mia_helpers.report.tables import KEYS, results_dir

UNJUDGED = ("measured", "not run")
RATE = "tpr_at_01pct_fpr"


class Tables:
    """The tables of a profile, each read when it is first asked for."""

    def __init__(self, profile: str, root: Path):
        self.folder, self._read = results_dir(profile, root), {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return `<name>.csv`."""
        return self._kept(f"{name}.csv", pd.read_csv)

    def manifest(self) -> dict:
        """Return what the tables were made with."""
        return self._kept("manifest.json", lambda path: json.loads(path.read_text(encoding="utf-8")))

    def _kept(self, name: str, read: Callable[[Path], object]):
        if name not in self._read:
            try:
                self._read[name] = read(self.folder / name)
            except (OSError, ValueError) as error:  # pandas' and json's errors are ValueErrors
                where = f"results/{self.folder.name}/{name}"
                why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
                raise MIAError(f"{where} {why}. Run 07 of that profile, or restore the committed file") from None
        return self._read[name]

    def claims(self, name: str, *parts: str, but: tuple[str, ...] = ()) -> pd.DataFrame:
        """Return the rows of a claim whose `what` has all these parts and none of `but`; at least one."""
        table = self["claims"]
        found = table[table["claim"] == name]
        what = found["what"]
        there = [all(p in w for p in parts) and not any(p in w for p in but) for w in what]
        if not any(there):
            near = difflib.get_close_matches(" ".join(parts), what, n=3, cutoff=0)
            raise MIAError(f"no row of claim {name} has {' and '.join(map(repr, parts))}; near: {_listed(near)}")
        return found[there]

    def rows(self, table: str, **where) -> pd.DataFrame:
        """Return the rows of a table with these values, `train_size=2500` or one of several; at least one."""
        found = self[table]
        for column, value in where.items():
            found = found[_column(found, column).isin(value if isinstance(value, tuple) else (value,))]
        if found.empty:
            raise MIAError(f"{table}.csv has no row with {', '.join(f'{k}={v}' for k, v in where.items())}")
        return found


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        raise unknown("column", name, table.columns)
    return table[name]


def _listed(names) -> str:
    return ", ".join(map(repr, names)) or "none"


# --- Of claims ----------------------------------------------------------------------------------------------------


def claim(name: str, *parts: str, column: str = "ours"):
    """Find the one row of a claim whose `what` has all these parts, or is one of them."""

    def find(tables: Tables) -> float:
        found = tables.claims(name, *parts)
        exact = found[found["what"].isin(parts)]
        found = exact if len(exact) else found
        if len(found) > 1:
            raise MIAError(f"{len(found)} rows of claim {name} have that: {_listed(found['what'])}. Say more of `what`")
        return _column(found, column).iloc[0]

    return find


def alike(name: str, *parts: str):
    """Find what all rows of a claim with these parts measured; it must be the same to three decimals."""

    def find(tables: Tables) -> float:
        found = tables.claims(name, *parts)
        if found["ours"].round(3).nunique(dropna=False) > 1:
            told = ", ".join(f"{what!r} {ours:.3f}" for what, ours in zip(found["what"], found["ours"], strict=True))
            raise MIAError(f"the sentence says that these rows of {name} are alike, but: {told}")
        return found["ours"].iloc[0]

    return find


def most(name: str, *parts: str, but: tuple[str, ...] = ()):
    """Find the largest change, whatever its sign, among the rows of a claim that have no part of `but`."""
    return lambda tables: tables.claims(name, *parts, but=but)["ours"].abs().max(skipna=False)


def distance(name: str):
    """Find the largest distance between what a claim published and what we measured."""

    def find(tables: Tables) -> float:
        found = tables.claims(name)
        return (found["ours"] - found["published"]).abs().max(skipna=False)

    return find


def verdicts(name: str, verdict: str | None = None):
    """Find how many rows of a claim have a verdict: this one, or any."""

    def find(tables: Tables) -> int:
        judged = _judged(tables, name)
        return int((judged == verdict).sum()) if verdict else len(judged)

    return find


def summary(name: str):
    """Find the verdict on a claim: one word if all its rows have it, else how many rows have each."""

    def find(tables: Tables) -> str:
        counts = _judged(tables, name).value_counts(sort=False)
        if counts.empty:
            raise MIAError(f"no row of claim {name} is judged")
        return counts.index[0] if len(counts) == 1 else ", ".join(f"{n} {verdict}" for verdict, n in counts.items())

    return find


def _judged(tables: Tables, name: str) -> pd.Series:
    verdict = tables.claims(name)["verdict"]
    return verdict[~verdict.isin(UNJUDGED)]


def intervals():
    """Find how many figures have an interval."""
    return lambda tables: int((tables["claims"]["low"] < tables["claims"]["high"]).sum())


def directions(verdict: str | None = None, *, below: float = 1.0):
    """Find how many claims of a direction have a verdict (or any) and an adjusted p-value that is no larger."""

    def find(tables: Tables) -> int:
        table = tables["claims"]
        judged = table[table["p_holm"] <= below]
        return int((judged["verdict"] == verdict).sum()) if verdict else len(judged)

    return find


# --- Of other tables ----------------------------------------------------------------------------------------------


def told(field: str):
    """Find a field of the manifest."""

    def find(tables: Tables):
        if field not in tables.manifest():
            raise unknown("field of manifest.json", field, tables.manifest())
        return tables.manifest()[field]

    return find


def mean(table: str, column: str, **where):
    """Find the mean over the seeds of a column where the others have these values; one row a seed."""

    def find(tables: Tables) -> float:
        found = tables.rows(table, **where)
        if not found["seed"].is_unique:
            raise MIAError(f"{len(found)} rows of {table}.csv have that, for {found['seed'].nunique()} seeds. Say more")
        return _column(found, column).mean(skipna=False)

    return find


def n_seeds(table: str, **where):
    """Find how many seeds there are; of a column with several values, each must have as many."""

    def find(tables: Tables) -> int:
        counts = tables.rows(table, **where).groupby(list(where))["seed"].nunique()
        if counts.nunique() > 1:
            raise MIAError(f"the sentence says that there are as many seeds of each, but: {counts.to_dict()}")
        return int(counts.iloc[0])

    return find


def found_of_one(column: str = RATE):
    """Find the target of which most members are found at a false-positive rate of 0.1%: that rate, or a column.

    By the attacks of the paper's time, here and below: its own, a threshold, the gap attack.
    """
    return lambda tables: _classic(tables).pipe(lambda table: table.loc[table[RATE].idxmax(), column])


def _classic(tables: Tables) -> pd.DataFrame:
    return tables.rows("metrics", attack=("svm", "network", "threshold", "gap"))


def found_on_average(penalised: bool, column: str = RATE):
    """Find the same of the means over seeds, among targets with or without an L2 penalty."""

    def find(tables: Tables):
        table = _classic(tables)
        same = [name for name in KEYS if name != "seed"]
        means = table[(table["l2"] > 0) == penalised].groupby(same, dropna=False)[RATE].mean().reset_index()
        return means.loc[means[RATE].idxmax(), column]

    return find
