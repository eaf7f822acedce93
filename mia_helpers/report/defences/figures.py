"""Figures of defences: what the paper's attack sees and what the others find, the frontier, epsilon."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullFormatter

from mia_helpers.plots.style import CHANCE
from mia_helpers.report.defences import expected
from mia_helpers.report.defences.tables import KEYS
from mia_helpers.report.figures import nothing
from mia_helpers.walk.studies import AS_IT_IS

LEAST = 5e-4  # where a share of nobody is drawn on a logarithmic axis
# Told apart by marker too; the colours are those of Okabe and Ito.
LOOKS = {
    AS_IT_IS: ("black", "*"),
    "l2": ("#0072b2", "o"),
    "dropout": ("#e69f00", "s"),
    "early_stopping": ("#009e73", "^"),
    "label_smoothing": ("#cc79a7", "v"),
    "augmentation": ("#56b4e9", "D"),
    "rounding": ("#7f7f7f", "P"),
    "temperature": ("#7f7f7f", "X"),
    "top_class": ("#7f7f7f", "p"),
    "fooling": ("#7f7f7f", "h"),
    "dp_sgd": ("#d55e00", "o"),
}


def of_one(points: pd.DataFrame, exp) -> pd.DataFrame:
    """Return the rows of one experiment."""
    names = [name for name in KEYS[:-2] if name in points]
    return points[np.all([points[name] == getattr(exp, name) for name in names], axis=0)] if names else points


def best_of(rows: pd.DataFrame, metric: str = "found") -> pd.DataFrame:
    """Return of each setting the row of the attack with the largest figure (found: that counts), in their order."""
    known = rows[rows[metric].notna() & (rows["counts"] | (metric != "found"))] if len(rows) else rows
    return known.loc[known.groupby("setting", sort=False)[metric].idxmax()] if len(known) else known


def plot_unawares(rows: pd.DataFrame, ax=None):
    """Each defence by the paper's attack, whose shadows know no defence."""
    best = best_of(rows).reset_index(drop=True)
    ax, limit = ax or _tall(best), 0.5 + expected.STOPPED
    if best.empty:
        return nothing(ax, "The paper's attack, unawares")
    _bars(ax, best, "paper", limit)
    ax.set(xlabel="accuracy on its own target (chance: 0.5)", xlim=(min(0.45, best["paper"].min() - 0.02), 1))
    stopped = int((best["paper"] <= limit).sum())
    ax.set_title(f"The paper's attack, unawares\n{stopped} of {len(best)} look private (left of the line)", fontsize=10)
    return ax


def plot_adapted(rows: pd.DataFrame, ax=None):
    """Each defence by the best of the attacks with references trained alike, on canaries."""
    best = best_of(rows).reset_index(drop=True)
    ax = ax or _tall(best)
    if best.empty:
        return nothing(ax, "The best attack that adapts, on canaries")
    _bars(ax, best, "found", expected.PROTECTED)
    ax.set(xlabel=f"share of canaries found at {_percent(best)} false alarms", xlim=(0, 1))
    few = int((best["found"] <= expected.PROTECTED).sum())
    told = f"{few} of {len(best)} hide all but one in twenty (line)"
    ax.set_title(f"The best attack that adapts, on canaries\n{told}", fontsize=10)
    return ax


def plot_both(rows: pd.DataFrame):
    """Both side by side: what the paper's attack sees, and what is found by who adapts."""
    best = best_of(rows)
    axes = plt.subplots(1, 2, figsize=(9, _height(best)), sharey=True)[1]
    plot_unawares(rows, axes[0])
    plot_adapted(rows, axes[1])
    for ax in axes:
        ax.xaxis.label.set_size(11)  # beside each other
    return axes


def _height(best: pd.DataFrame) -> float:
    return 0.3 * max(len(best), 3) + 1.7


def _tall(best: pd.DataFrame):
    return plt.subplots(figsize=(7.5, _height(best)))[1]


def _bars(ax, best: pd.DataFrame, name: str, limit: float) -> None:
    error = np.abs(best[[f"{name}_low", f"{name}_high"]].to_numpy().T - best[name].to_numpy())
    colours = ["#d55e00" if value > limit else "#0072b2" for value in best[name]]
    ax.barh(best.index, best[name], color=colours, height=0.65)
    ax.errorbar(best[name], best.index, xerr=np.nan_to_num(error), fmt="none", ecolor="black", capsize=2, lw=1)
    ax.axvline(limit, color="black", ls=":", lw=1.2)
    ax.set_yticks(best.index, [_short(row) for _, row in best.iterrows()], fontsize=10)
    ax.set(ylim=(len(best) - 0.4, -0.6))


def plot_frontier(rows: pd.DataFrame, metric: str = "found", ax=None):
    """Utility against leakage: test accuracy, and what the best attack that adapts reaches; DP-SGD as a line."""
    ax = ax or plt.subplots(figsize=(8.5, 6))[1]
    title = "canaries found" if metric == "found" else "accuracy of the best attack"
    best, on_canaries = best_of(rows, metric), metric == "found"
    if best.empty:
        return nothing(ax, f"Test accuracy against {title}")
    line = best[best["family"] == "dp_sgd"].sort_values("test_accuracy")
    at = {
        name: best[name].clip(lower=LEAST) if on_canaries else best[name]
        for name in (metric, f"{metric}_low", f"{metric}_high")
    }
    ax.plot(line["test_accuracy"], at[metric][line.index], color=LOOKS["dp_sgd"][0], lw=1.5, zorder=1)
    for i, row in best.iterrows():
        colour, marker = LOOKS[row["family"]]
        ends = np.nan_to_num([[at[metric][i] - at[f"{metric}_low"][i]], [at[f"{metric}_high"][i] - at[metric][i]]])
        ax.errorbar(
            row["test_accuracy"], at[metric][i], yerr=np.abs(ends), color=colour, marker=marker, ms=8, capsize=2
        )
    if on_canaries:
        rate = _percent(best)
        ax.set(yscale="log", ylabel=f"canaries found at {rate} false alarms (share, log)", ylim=(LEAST / 1.3, 1.3))
        ax.axhline(best["rate"].iloc[0], color=CHANCE, ls="--")
    else:
        ax.axhline(0.5, color=CHANCE, ls="--")
        ax.set(ylabel="accuracy of the best attack, all records")
    ax.set(xlabel="test accuracy of the targets")
    ax.margins(x=0.12)
    _label(ax, best.assign(at=at[metric]))
    ax.set_title(f"Utility and {title}, by the best attack that adapts\n{_finding(best, metric)}", fontsize=11)
    return ax


def _label(ax, best: pd.DataFrame) -> None:
    """Write each setting beside its point, from the top down; a line leads to one that had to make room."""
    written, line, leads = [], 12, {"arrowstyle": "-", "color": "0.5", "lw": 0.7, "shrinkA": 0, "shrinkB": 3}  # points
    for _, row in best.sort_values("at", ascending=False).iterrows():
        x, y = ax.transData.transform((row["test_accuracy"], row["at"])) * 72 / ax.figure.dpi
        base = y - 11 if row["family"] == "dp_sgd" else y  # its points are joined by a line
        free = min([base, *(low - line for left, low in written if abs(left - x) < 60 and low - line < base)])
        written.append((x, free))
        options = {"textcoords": "offset points", "fontsize": 10, "va": "center"}
        moved = {"arrowprops": leads, "xytext": (20, free - y)} if free < base - 6 else {"xytext": (8, free - y)}
        ax.annotate(_short(row), (row["test_accuracy"], row["at"]), **moved, **options)


def _finding(best: pd.DataFrame, metric: str) -> str:
    """Return which settings nothing else beats in both."""
    ranked = best.sort_values(["test_accuracy", metric], ascending=[False, True])
    ahead = ranked[ranked[metric] < ranked[metric].cummin().shift(fill_value=np.inf)]
    private = int((ahead["family"] == "dp_sgd").sum())
    return f"on the frontier (lower right): {len(ahead)} of {len(best)} settings, {private} of them DP-SGD"


def _percent(best: pd.DataFrame) -> str:
    return f"{100 * best['rate'].iloc[0]:g}%"


def _short(row: pd.Series) -> str:
    if row["setting"] == AS_IT_IS:
        return "no defence"
    if row["family"] != "dp_sgd":
        return row["setting"].replace("_", " ").replace("=", " ")
    return f"DP-SGD, ε {row['epsilon']:,.0f}" if row["epsilon"] >= 1 else f"DP-SGD, ε {row['epsilon']:.2g}"


def plot_epsilon(rows: pd.DataFrame, ax=None):
    """The epsilon that DP-SGD proves, and the one that an attack on the canaries shows."""
    ax = ax or plt.subplots(figsize=(6.5, 4.5))[1]
    shown = rows[(rows["family"] == "dp_sgd") & (rows["attack"] == "lira")] if len(rows) else rows
    if not len(shown):
        return nothing(ax, "Epsilon, proven and shown")
    shown = shown.sort_values("epsilon_proven")
    x = shown["epsilon_proven"]
    ax.plot(x, x, color=CHANCE, ls="--", label="shown = proven")
    error = np.abs(shown[["epsilon_shown_low", "epsilon_shown_high"]].to_numpy().T - shown["epsilon_shown"].to_numpy())
    ax.errorbar(x, shown["epsilon_shown"], yerr=np.nan_to_num(error), fmt="o-", color=LOOKS["dp_sgd"][0], capsize=3)
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_ylim(bottom=0)
    ax.set(xlabel="epsilon that is proven, for delta 1e-5", ylabel="epsilon that LiRA shows (lower bound)")
    largest = shown.loc[shown["epsilon_shown"].idxmax()]
    told = f"at most {largest['epsilon_shown']:.2f} is shown where {largest['epsilon_proven']:,.0f} is proven"
    ax.set_title(f"DP-SGD: what is proven and what is shown\n{told}", fontsize=11)
    ax.legend(fontsize=10)
    return ax
