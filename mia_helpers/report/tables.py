"""Tables of a whole profile, from artifacts alone; written to `results/<profile>/`."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mia_helpers.engine import files, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.report import ledger, studies
from mia_helpers.report.claims.values import criteria, of_model, realised
from mia_helpers.report.provenance import facts
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.experiment import Experiment

METRICS_COLUMNS = (
    *("dataset", "train_size", "n_shadows", "epochs", "l2", "scaling", "seed", "train_accuracy", "test_accuracy"),
    *("attack", "adaptive", "precision", "recall", "accuracy", "auc", "log_loss", "mae", "mse", "tn", "fp", "fn", "tp"),
    *("advantage", "tpr_at_1pct_fpr", "tpr_at_01pct_fpr", "data_sha256", "backend"),
)
KEYS = ["dataset", "train_size", "n_shadows", "l2", "scaling", "seed", "attack", "adaptive"]


def results_dir(profile: str, root: Path | None = None) -> Path:
    """Return the folder of a profile's tables: `results/<profile>` in `MIA_RESULTS_DIR` or the checkout."""
    return (root or files.folder(files.RESULTS)) / "results" / profile


def figures_dir(profile: str, root: Path | None = None) -> Path:
    """Return the folder of a profile's figures, beside `results`."""
    return results_dir(profile, root).parents[1] / "figures" / profile


def root_for(profile: str, metrics: pd.DataFrame, study: pd.DataFrame) -> Path:
    """Return where `results/` and `figures/` go: to their place, or into the runs folder if that would lose rows.

    The repository comes with the results of hours; who has run a part of them should not replace them by that part.
    Nor should tables that are not this project's be replaced.
    """
    return root_unless_lost(profile, [("metrics", metrics, KEYS), ("studies", study, [*studies.KEYS, "seed"])])


def root_unless_lost(profile: str, tables: Iterable[tuple[str, pd.DataFrame, list[str]]]) -> Path:
    """Return `root_for` of (name, table, columns that tell its rows apart)."""
    for name, table, keys in tables:
        path = results_dir(profile) / f"{name}.csv"
        if path.exists() and path.stat().st_size:
            try:
                lost = not _rows(_read(path, keys), keys) <= _rows(table, keys)
            except MIAError:
                lost = True
            if lost:
                return store.runs_dir() / profile
    return files.folder(files.RESULTS)


def _rows(table: pd.DataFrame, keys: list[str]) -> set[tuple]:
    return set(table[keys].itertuples(index=False, name=None))


def _read(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Return a table that `write` left; an MIAError if it is damaged, foreign or missing."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise MIAError(f"{path} cannot be read ({str(error).splitlines()[0]}). Delete it, and run 07 again.") from None
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise MIAError(f"{path} has no column {absent[0]!r}, so 07 did not write it. Move it away, and run 07 again.")
    return table


def metrics_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return a row per target, attack and attacker that the store holds, with the columns `METRICS_COLUMNS`."""
    rows = [
        {**_about(a), **{name: value for name, (value, *_) in found.items()}} for a, found in _finished(experiments)
    ]
    table = pd.DataFrame(rows, columns=METRICS_COLUMNS)
    return table.astype({name: int for name in ("tn", "fp", "fn", "tp")})


def intervals_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return the 95% interval of each figure in `metrics_table`, one figure per row."""
    rows = [
        {**_keys(a), "metric": name, "value": value, "low": low, "high": high}
        for a, found in _finished(experiments)
        for name, (value, low, high) in found.items()
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "metric", "value", "low", "high"])


def realised_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return what came of the thresholds for few false alarms that were chosen on the shadows: a row per limit.

    Columns: `KEYS`, then those of `AttackResult.realised`.
    """
    rows = [{**_keys(a), **row} for a, _ in _finished(experiments) for row in realised(a) or []]
    return pd.DataFrame(rows, columns=None if rows else [*KEYS, "wanted", "called"])


def _finished(experiments: Iterable[Experiment]) -> list[tuple[Attacker, dict[str, list[float]]]]:
    """Return the attackers that were measured, with their criteria."""
    attackers = [attacker for exp in experiments for attacker in exp.attackers()]
    return [(attacker, found) for attacker in attackers if (found := criteria(attacker))]


def _keys(attacker: Attacker) -> dict:
    return {
        "dataset": attacker.victim.dataset,
        "train_size": attacker.victim.split.train_size,
        "l2": attacker.victim.recipe.l2,
        "scaling": attacker.victim.recipe.scaling,
        "seed": attacker.victim.seed,
        "n_shadows": len(attacker.shadows),
        "attack": attacker.attack,
        "adaptive": attacker.adapts,
    }


def _about(attacker: Attacker) -> dict:
    victim = attacker.victim
    return {
        **_keys(attacker),
        "epochs": victim.recipe.epochs,
        **{f"{part}_accuracy": of_model(victim, part).ours for part in ("train", "test")},
        "data_sha256": victim.depends_on()["data"],
        "backend": (facts(victim) or {}).get("backend", ""),
    }


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a metrics table that fit on a screen, rounded."""
    columns = ["dataset", "train_size", "l2", "attack", "adaptive", "train_accuracy", "test_accuracy"]
    columns += ["precision", "recall", "accuracy", "auc", "tpr_at_1pct_fpr"]
    digits = {name: 4 if name == "l2" else 3 for name in columns}
    return table[columns].round(digits).rename(columns={"train_accuracy": "train", "test_accuracy": "test"})


def write(profile: str, tables: dict[str, pd.DataFrame], about=None, root: Path | None = None, entries=None):
    """Write each table as CSV, Markdown and LaTeX to `results/<profile>/`, `about` as manifest; return the paths.

    `entries` are those of the ledger (see `ledger.entries_of`). Where ledger and tables hold these very numbers,
    manifest and ledger stay: they tell who computed them, and a notebook that is run again leaves a clean checkout.

    Numbers keep six significant digits: the same artifacts give the same bytes.
    """
    folder = results_dir(profile, root)
    texts = {folder / f"{name}.{suffix}": text for name, table in tables.items() for suffix, text in _forms(table)}
    told = {} if about is None else {folder / "manifest.json": json.dumps(about, indent=1) + "\n"}
    if entries is not None:
        told[folder / "ledger.json"] = ledger.text(entries)
    every = told | texts
    same = entries is not None and ledger.same(folder / "ledger.json", entries) and all(map(Path.exists, told))
    if not same or not all(_holds(path, text) for path, text in texts.items()):
        for path, text in every.items():
            if text:
                files.write_text(path, text, variable=files.RESULTS)
            else:
                path.unlink(missing_ok=True)
    return [path for path, text in every.items() if text]


def _forms(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the suffix and text of each form of a table; an empty text where nobody would read so many rows."""
    pages = [("md", markdown(table)), ("tex", table.to_latex(index=False, float_format="%.3f", na_rep="", escape=True))]
    shown = pages if len(table) <= 200 else [(suffix, "") for suffix, _ in pages]
    return [("csv", table.to_csv(index=False, float_format="%.6g", lineterminator="\n")), *shown]


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return not text and not path.exists()


def verdicts_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that were run, as `docs/verdicts.md` shows them; `only` ends the command that computes each."""
    ran = claims[claims["verdict"] != "not run"]
    ends = ran[["low", "high"]].itertuples(index=False)
    interval = [_interval(low, high) if low < high else "" for low, high in ends]
    columns = ran[["claim", "what", "published", "ours"]].rename(columns={"published": "paper"})
    columns = columns.assign(**{"95% interval": interval, "over": ran["interval"]})
    only = ran["command"].str.extract("--only ('.+?')", expand=False).map("`{}`".format)
    p = {"p (Holm)": p_values(ran["p_holm"])}
    return columns.assign(tolerance=ran["tolerance"], verdict=ran["verdict"], **p, only=only)


def p_values(column: pd.Series) -> list[str]:
    """Return p-values as pages show them; nothing where there is none."""
    return ["" if pd.isna(value) else f"{value:.3f}" if value >= 1e-3 else "<0.001" for value in column]


def _interval(low: float, high: float) -> str:
    """Return both ends with as many digits, from three on, as tell them apart."""
    for digits in range(3, 7):
        ends = [f"{round(end, digits) + 0:.{digits}f}" for end in (low, high)]  # + 0: no minus before a zero
        if ends[0] != ends[1]:
            break
    return " to ".join(ends)


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """Return a DataFrame as a GitHub table: numbers rounded, missing values empty."""

    def cell(value) -> str:
        if pd.isna(value):
            return ""
        if isinstance(value, float):
            return f"{value:.{digits}f}" if 1e-3 <= abs(value) < 1e3 and value % 1 else f"{value:g}"
        return str(value)

    rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read_metrics(profile: str, root: Path | None = None) -> pd.DataFrame:
    """Return the metrics table that `write` left for this profile."""
    return _read(results_dir(profile, root) / "metrics.csv", METRICS_COLUMNS)
