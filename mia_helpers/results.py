"""Tables of a whole profile, from artifacts alone; written to `results/<profile>/`."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mia_helpers import files, store, studies
from mia_helpers.experiment import Attacker, Experiment, models_of
from mia_helpers.profiles import Profile

METRICS_COLUMNS = (
    *("dataset", "train_size", "n_shadows", "epochs", "l2", "scaling", "seed", "train_accuracy", "test_accuracy"),
    *("attack", "adaptive", "precision", "recall", "accuracy", "auc", "log_loss", "mae", "mse", "tn", "fp", "fn", "tp"),
    *("advantage", "tpr_at_1pct_fpr", "tpr_at_01pct_fpr", "data_sha256", "backend"),
)
KEYS = ["dataset", "train_size", "n_shadows", "l2", "scaling", "seed", "attack", "adaptive"]


def results_dir(profile: str, root: Path | None = None) -> Path:
    """Return the folder of a profile's tables: `results/<profile>` in `MIA_RESULTS_DIR` or the repository."""
    return (root or files.folder("MIA_RESULTS_DIR")) / "results" / profile


def figures_dir(profile: str, root: Path | None = None) -> Path:
    """Return the folder of a profile's figures, beside `results`."""
    return results_dir(profile, root).parents[1] / "figures" / profile


def root_for(profile: str, metrics: pd.DataFrame, study: pd.DataFrame) -> Path:
    """Return where `results/` and `figures/` go: to their place, or into the runs folder if that would lose rows.

    The repository comes with the results of hours; who has run a part of them should not replace them by that part.
    """
    for name, table, keys in (("metrics", metrics, KEYS), ("studies", study, [*studies.KEYS, "seed"])):
        path = results_dir(profile) / f"{name}.csv"
        if path.exists() and not _rows(pd.read_csv(path), keys) <= _rows(table, keys):
            return store.runs_dir() / profile
    return files.folder("MIA_RESULTS_DIR")


def _rows(table: pd.DataFrame, keys: list[str]) -> set[tuple]:
    return set(table[keys].itertuples(index=False, name=None))


def metrics_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return a row per target, attack and attacker that the store holds, with the columns `METRICS_COLUMNS`."""
    rows = [{**_about(attacker), **attacker.result().metrics} for attacker in _finished(experiments)]
    table = pd.DataFrame(rows, columns=METRICS_COLUMNS)
    return table.astype({name: int for name in ("tn", "fp", "fn", "tp")})


def intervals_table(experiments: Iterable[Experiment]) -> pd.DataFrame:
    """Return the 95% bootstrap interval of each figure in `metrics_table`, one figure per row."""
    columns = [*KEYS, "metric", "value", "low", "high"]
    parts = [attacker.result().table.assign(**_keys(attacker)) for attacker in _finished(experiments)]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _finished(experiments: Iterable[Experiment]) -> list[Attacker]:
    return [attacker for exp in experiments for attacker in exp.attackers() if attacker.is_done()]


def _keys(attacker: Attacker) -> dict:
    return {
        **{name: getattr(attacker.victim, name) for name in ("dataset", "train_size", "l2", "scaling", "seed")},
        "n_shadows": attacker.shadows.n_shadows,
        "attack": attacker.name,
        "adaptive": attacker.shadows.l2 == attacker.victim.l2,
    }


def _about(attacker: Attacker) -> dict:
    victim, target = attacker.victim, attacker.victim.target()
    return {
        **_keys(attacker),
        "epochs": victim.epochs,
        "train_accuracy": target.accuracy(member=True),
        "test_accuracy": target.accuracy(member=False),
        "data_sha256": victim.source["sha256"],
        "backend": store.facts(victim.artifact())["backend"],
    }


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a metrics table that fit on a screen, rounded."""
    columns = ["dataset", "train_size", "l2", "attack", "adaptive", "train_accuracy", "test_accuracy"]
    columns += ["precision", "recall", "accuracy", "auc", "tpr_at_1pct_fpr"]
    digits = {name: 4 if name == "l2" else 3 for name in columns}
    return table[columns].round(digits).rename(columns={"train_accuracy": "train", "test_accuracy": "test"})


def manifest(profile: Profile, not_run: Iterable[str] = ()) -> dict:
    """Return what the tables of a profile were made with: code, data, machines, versions, parameters, seconds.

    `stages` has the seconds of training and of attacking for each experiment and study, each artifact counted where it
    is used first. `not_run` is what claims could not be judged.
    """
    works = [(str(exp), exp.attackers()) for exp in profile.experiments]
    works += [(f"{exp}, {name}", [p.attacker for p in studies.STUDIES[name](exp)]) for name, exp in profile.studies]
    seen: dict[str, dict] = {}
    stages = {}
    for label, attackers in works:
        models = [exp.artifact(i) for exp, i in models_of(attackers)]
        parts = {"training": models, "attacks": [attacker.artifact() for attacker in attackers]}
        new = {stage: [n for n in names if n not in seen and store.exists(n)] for stage, names in parts.items()}
        seen |= {name: store.facts(name) for names in new.values() for name in names}
        stages[label] = {
            "missing": sum(not store.exists(name) for names in parts.values() for name in names),
            **{
                stage: {"artifacts": len(names), "seconds": round(sum(seen[name]["seconds"] for name in names), 1)}
                for stage, names in new.items()
            },
        }
    hours = {s: sum(stage[s]["seconds"] for stage in stages.values()) / 3600 for s in ("training", "attacks")}
    return {
        "profile": profile.name,
        "git_commit": files.git_commit(),
        "data": {exp.dataset: exp.source for exp in profile.experiments},
        "machines": sorted({told["machine"] for told in seen.values()}),
        "versions": _distinct([told["versions"] for told in seen.values()]),
        "drawn_with": store.versions("scipy", "pandas", "matplotlib", "seaborn"),
        "experiments": [exp.parameters() for exp in profile.experiments],
        "studies": [{"study": name, **exp.parameters()} for name, exp in profile.studies],
        "core_hours_of_training": round(hours["training"], 2),
        "hours_of_attacks": round(hours["attacks"], 2),
        "stages": stages,
        "not_run": list(not_run),
    }


def _distinct(items: list[dict]) -> list[dict]:
    return [dict(pairs) for pairs in sorted({tuple(sorted(item.items())) for item in items})]


def write(profile: str, tables: dict[str, pd.DataFrame], about: dict | None = None, root: Path | None = None):
    """Write each table as CSV, Markdown and LaTeX to `results/<profile>/`, `about` as manifest; return the paths.

    Numbers keep six significant digits: the same artifacts give the same bytes.
    """
    folder, written = results_dir(profile, root), []
    if about is not None:
        written.append(folder / "manifest.json")
        files.write_text(written[0], json.dumps(about, indent=1) + "\n")
    for name, table in tables.items():
        text = {
            "csv": table.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
            "md": markdown(table),
            "tex": table.to_latex(index=False, float_format="%.3f", na_rep="", escape=True),
        }
        for suffix, content in text.items():
            path = folder / f"{name}.{suffix}"
            if suffix != "csv" and len(table) > 100:  # nobody reads hundreds of rows as a page
                path.unlink(missing_ok=True)
                continue
            files.write_text(path, content)
            written.append(path)
    return written


def verdicts(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that were run, as the README shows them; `only` ends the command that computes each."""
    ran = claims[claims["verdict"] != "not run"]
    ends = ran[["low", "high"]].itertuples(index=False)
    interval = ["" if low == high else f"{low:.3f} to {high:.3f}" for low, high in ends]
    columns = ran[["claim", "what", "published", "ours"]].rename(columns={"published": "paper"})
    columns = columns.assign(**{"95% interval": interval, "over": ran["interval"]})
    only = ran["command"].str.extract("--only ('.+?')", expand=False).map("`{}`".format)
    return columns.assign(tolerance=ran["tolerance"], verdict=ran["verdict"], only=only)


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
    return pd.read_csv(results_dir(profile, root) / "metrics.csv")
