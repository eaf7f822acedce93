"""Tables of a whole profile, from artifacts alone; written to `results/<profile>/`."""

from pathlib import Path

import pandas as pd

from mia_helpers import files, store
from mia_helpers.experiment import AttackResult, Experiment

METRICS_COLUMNS = (
    *("dataset", "train_size", "n_shadows", "epochs", "l2", "scaling", "seed", "train_accuracy", "test_accuracy"),
    *("attack", "adaptive", "precision", "recall", "accuracy", "auc", "log_loss", "mae", "mse", "tn", "fp", "fn", "tp"),
    *("advantage", "tpr_at_1pct_fpr", "tpr_at_01pct_fpr", "data_sha256", "backend"),
)


def results_dir(profile: str) -> Path:
    """Return the folder of a profile's tables: `results/<profile>` in `MIA_RESULTS_DIR` or the repository."""
    return files.folder("MIA_RESULTS_DIR") / "results" / profile


def figures_dir(profile: str) -> Path:
    """Return the folder of a profile's figures, beside `results`."""
    return results_dir(profile).parents[1] / "figures" / profile


def metrics_table(experiments: list[Experiment]) -> pd.DataFrame:
    """Return a row per target, attack and attacker that the store holds, with the columns `METRICS_COLUMNS`."""
    rows = [{**_about(*found), **found[-1].metrics} for found in _finished(experiments)]
    table = pd.DataFrame(rows, columns=METRICS_COLUMNS)
    return table.astype({name: int for name in ("tn", "fp", "fn", "tp")})


def intervals_table(experiments: list[Experiment]) -> pd.DataFrame:
    """Return the 95% bootstrap interval of each figure in `metrics_table`, one figure per row."""
    keys = ["dataset", "train_size", "n_shadows", "l2", "scaling", "seed", "attack", "adaptive"]
    parts = [
        found[-1].table.assign(**{key: _about(*found)[key] for key in keys})[[*keys, "metric", "value", "low", "high"]]
        for found in _finished(experiments)
    ]
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=[*keys, "metric", "value", "low", "high"])
    )


def _finished(experiments: list[Experiment]) -> list[tuple[Experiment, Experiment, AttackResult]]:
    return [
        (victim, shadows, victim.attack(name, shadows_of=shadows))
        for exp in experiments
        for victim, shadows, name in exp.attackers()
        if victim.has_attack(name, shadows_of=shadows) and store.exists(victim.artifact())
    ]


def _about(victim: Experiment, shadows: Experiment, result: AttackResult) -> dict:
    target = victim.target()
    fields = ("dataset", "train_size", "epochs", "l2", "scaling", "seed")
    return {
        **{name: getattr(victim, name) for name in fields},
        "n_shadows": shadows.n_shadows,
        "train_accuracy": target.accuracy(member=True),
        "test_accuracy": target.accuracy(member=False),
        "attack": result.name,
        "adaptive": result.adaptive,
        "data_sha256": victim.source["sha256"],
        "backend": store.facts(victim.artifact())["backend"],
    }


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a metrics table that fit on a screen, rounded."""
    columns = ["dataset", "train_size", "l2", "attack", "adaptive", "train_accuracy", "test_accuracy"]
    columns += ["precision", "recall", "accuracy", "auc", "tpr_at_1pct_fpr"]
    digits = {name: 4 if name == "l2" else 3 for name in columns}
    return table[columns].round(digits).rename(columns={"train_accuracy": "train", "test_accuracy": "test"})


def write(profile: str, tables: dict[str, pd.DataFrame]) -> list[Path]:
    """Write each table as CSV, Markdown and LaTeX to `results/<profile>/`, and return the paths.

    Numbers keep six significant digits: the same artifacts give the same bytes.
    """
    folder, written = results_dir(profile), []
    for name, table in tables.items():
        text = {
            "csv": table.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
            "md": markdown(table),
            "tex": table.to_latex(index=False, float_format="%.3f", na_rep="", escape=True),
        }
        for suffix, content in text.items():
            if suffix != "csv" and len(table) > 100:
                continue  # nobody reads hundreds of rows as a page
            path = folder / f"{name}.{suffix}"
            files.write_text(path, content)
            written.append(path)
    return written


def verdicts(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that were run, as the README shows them: claim, what, paper, ours, 95% interval, verdict."""
    ran = claims[claims["verdict"] != "not run"]
    ends = ran[["low", "high"]].itertuples(index=False)
    interval = ["" if low == high else f"{low:.3f} to {high:.3f}" for low, high in ends]
    columns = ran[["claim", "what", "published", "ours"]].rename(columns={"published": "paper"})
    return columns.assign(**{"95% interval": interval, "verdict": ran["verdict"]})


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


def read_metrics(profile: str) -> pd.DataFrame:
    """Return the metrics table that `write` left for this profile."""
    return pd.read_csv(results_dir(profile) / "metrics.csv")
