"""Figures over what was varied: sizes, numbers of references, epochs, recipes; rows of `tables.attacks_table`."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.attacks.metrics import LIMITS
from mia_helpers.plots.style import CHANCE, look
from mia_helpers.report.figures import nothing
from mia_helpers.report.modern.values import SHARES
from mia_helpers.walk.studies import AS_IT_IS


def _strict(rows: pd.DataFrame) -> tuple[str, str]:
    """Return the criterion of few false alarms that is known of all rows, and how an axis calls it."""
    known = len(rows) and rows["tpr_at_01pct_fpr"].notna().all()
    rate = "0.1" if known else "1"
    return f"tpr_at_{'01' if known else '1'}pct_fpr", f"members found at {rate}% false alarms"


def plot_by_size(attacks: pd.DataFrame, claims: pd.DataFrame, ax=None):
    """M1 and M2: who is found at each size, by the paper's attack and by the modern ones."""
    ax = ax or plt.subplots()[1]
    rows = attacks[(attacks["study"] == "modern") & (attacks["l2"] == 0) & (attacks["n_classes"] > 2)]
    rows = rows[rows["n_references"] == rows["n_references"].min()]  # as many at each size
    metric, found = _strict(rows)
    if rows.empty:
        return nothing(ax, "Who is found, at each size")
    for name, part in rows.groupby("attack", sort=False):
        if name in ("lira", "lira_offline", "rmia", "threshold", "label_only"):
            _line(ax, part, "train_size", metric, name)
    strict = claims[(claims["claim"] == "M1") & claims["what"].str.endswith(SHARES[metric])]
    sizes = strict["what"].str.extract(r"ds (\d+)", expand=False).astype(int)
    ax.errorbar(sizes, strict["paper"], yerr=_whiskers(strict, "paper"), capsize=3, **look("svm"), label="the paper's")
    ax.axhline(LIMITS[metric], color=CHANCE, ls="--", label="chance")
    ticks = sorted(set(rows["train_size"]))
    ax.set_xscale("log")
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="ds (training records per model)", ylabel=found, yscale="log", ylim=(5e-4, 1))
    lira = rows[rows["attack"] == "lira"].set_index("train_size")[metric]
    told = f"LiRA finds {lira.min():.2f} to {lira.max():.2f} of the members"
    ax.set_title(f"Another attacker, with {rows['n_references'].min()} references\n{told}")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_by_number(attacks: pd.DataFrame, ax=None):
    """M6: how much an attack finds with more and more reference models."""
    ax = ax or plt.subplots()[1]
    rows = attacks[(attacks["study"] == "modern_number") & ~attacks["setting"].str.startswith("n_shadows")]
    metric, found = _strict(rows)
    if rows[metric].isna().all():
        return nothing(ax, "How many models he needs")
    for name, part in rows.groupby("attack", sort=False):
        _line(ax, part, "n_references", metric, name)
    counts = sorted(set(rows["n_references"]))
    ax.set_xscale("log", base=2)
    ax.set_xticks(counts, counts)
    ax.set(xlabel="reference models (half of them know a record)", ylabel=found)
    ends = list(dict.fromkeys([counts[:2][-1], counts[-1]]))  # with the fewest, hardly an attack can be made
    ahead = [rows[rows["n_references"] == n].set_index("attack")[metric].idxmax() for n in ends]
    told = "ahead is " + ", ".join(f"{name} with {n}" for name, n in zip(ahead, ends, strict=True))
    ax.set_title(f"How many models he needs\n{told}")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_by_epoch(attacks: pd.DataFrame, ax=None):
    """M9: what is found of targets of more and more epochs, beside their train/test gap."""
    ax = ax or plt.subplots()[1]
    rows = attacks[attacks["study"] == "modern_epochs"]
    rows = rows.assign(epochs=rows["setting"].str.extract(r"(\d+)", expand=False).astype(int)) if len(rows) else rows
    metric, found = _strict(rows)
    if rows.empty:
        return nothing(ax, "Before there is a gap")
    for name, part in rows.groupby("attack", sort=False):
        if name != "gap":
            _line(ax, part, "epochs", metric, name)
    gap = rows[rows["attack"] == "gap"].set_index("epochs")["balanced_accuracy"] * 2 - 1
    ax.plot(gap.index, gap, color="black", ls=":", label="train/test gap")
    ax.set_xscale("log")
    ticks = sorted(set(rows["epochs"]))
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
    ax.set(xlabel="epochs", ylabel=f"{found}\n(dotted: train/test gap)")
    lira = rows[rows["attack"] == "lira"].set_index("epochs")[metric]
    first = lira.index[lira > 10 * LIMITS[metric]]
    told = f"LiRA finds ten times as many as chance from epoch {first[0]} on" if len(first) else ""
    told += f", at a gap of {gap[first[0]]:.2f}" if len(first) and first[0] in gap else ""
    ax.set_title(f"Before there is a gap\n{told}")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_by_setting(attacks: pd.DataFrame, study: str, title: str, ax=None):
    """M7 and M10: a row for each setting of a study, a marker for each attack that was measured in all of them."""
    rows = attacks[attacks["study"] == study]
    settings = list(dict.fromkeys(rows["setting"]))
    rows = rows[rows.groupby("attack")["setting"].transform("nunique") == len(settings)]
    ax = ax or plt.subplots(figsize=(8.5, 0.5 * max(len(settings), 3) + 1.6))[1]
    metric, found = _strict(rows)
    if rows[metric].isna().all() or "lira" not in set(rows["attack"]):
        return nothing(ax, title)
    for name, part in rows[rows["attack"] != "gap"].groupby("attack", sort=False):
        at = [settings.index(setting) for setting in part["setting"]]
        ax.errorbar(part[metric], at, xerr=_whiskers(part, metric), ls="", capsize=3, label=name, **look(name))
    ax.set_yticks(range(len(settings)), [AS_IT_IS if s == AS_IT_IS else s.replace("=", " ") for s in settings])
    ax.margins(y=0.15)
    ax.invert_yaxis()
    ax.set(xlabel=found)
    lira = rows[rows["attack"] == "lira"].set_index("setting")[metric]
    ax.set_title(f"{title}\nLiRA: {lira.min():.2f} ({lira.idxmin()}) to {lira.max():.2f} ({lira.idxmax()})")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _line(ax, part: pd.DataFrame, x: str, metric: str, name: str) -> None:
    part = part.sort_values(x)
    ax.errorbar(part[x], part[metric], yerr=_whiskers(part, metric), capsize=3, ls="-", label=name, **look(name))


def _whiskers(part: pd.DataFrame, column: str) -> np.ndarray:
    ends = part[[f"{column}_low", f"{column}_high"]].to_numpy(float).T
    return np.nan_to_num(np.abs(ends - part[column].to_numpy(float)))
