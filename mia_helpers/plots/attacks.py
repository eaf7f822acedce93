"""Figures of attacks: what they read, where they decide, how good they are."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from mia_helpers.attacks import Records, best_threshold, chance_interval
from mia_helpers.attacks.metrics import roc_points
from mia_helpers.plots.style import CHANCE, DASHES, MEMBER, NON_MEMBER, bars


def plot_attack_model(attack, records: Records, ax=None, *, class_name: str = ""):
    """Draw the records an attack was fitted on and where it decides; for a per-class attack, records of one class."""
    if attack.per_class:
        return _plot_svm_plane(attack, records, ax, class_name)
    return _plot_output_curve(attack, records, ax)


def _plot_svm_plane(attack, records, ax, class_name):
    """The plane (true class, strongest other class), stretched towards full confidence, where members crowd.

    Across: -log10(1 - p). Up: the share of 1 - p that the strongest other class holds; to draw the border, what is left
    is spread evenly over the remaining classes.
    """
    ax = ax or plt.subplots(figsize=(8, 4.8))[1]
    k, label, p = records.probs.shape[1], records.label[0], records.true_class_probability.astype(float)
    rest = np.maximum(1 - p, 1e-7)
    share = np.clip(np.delete(records.probs, label, axis=1).max(axis=1) / rest, 0, 1)
    for kind, mask, colour in (("non-members", ~records.member, NON_MEMBER), ("members", records.member, MEMBER)):
        marker = {"marker": "."} if colour == MEMBER else {"marker": "x", "lw": 0.8}
        ax.scatter(-np.log10(rest[mask]), share[mask], s=9, alpha=0.4, color=colour, label=kind, **marker)
    across, up = np.meshgrid(np.linspace(0, 7, 141), np.linspace(0, 1, 41))
    grid = np.repeat((10**-across * (1 - up) / max(k - 2, 1))[..., None], k, axis=2)
    grid[..., label], grid[..., (label + 1) % k] = 1 - 10**-across, 10**-across * up
    surface = attack.models_[label].decision_function(grid.reshape(-1, k)).reshape(across.shape)
    ax.contourf(across, up, surface > 0, levels=[0.5, 1], colors=[MEMBER], alpha=0.12)
    if surface.min() < 0 < surface.max():
        ax.contour(across, up, surface, levels=[0], colors="black")
    ax.plot([], [], color="black", label="border of the SVM")
    ax.axvline(-np.log10(1 - best_threshold(records.member, p)), color="black", ls="--", label="best single threshold")
    right = np.mean(attack.decide(attack.score(records)) == records.member)
    by_threshold = np.mean((p > best_threshold(records.member, p)) == records.member)
    ax.set(xlabel="-log10(1 - probability of the true class)", xlim=(-0.1, 7.1), ylim=(-0.02, 1.02))
    ax.set(ylabel="strongest other class's share of the rest")
    title = f"Attack set of class {class_name}; shaded: what the SVM calls a member"
    ax.set_title(f"{title}\nright: the SVM {right:.1%}, the best single threshold {by_threshold:.1%}")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2, fontsize=10)
    return ax


def _plot_output_curve(attack, records, ax):
    """For a target with a single output p: the attack's answer as a curve, over the distribution of p."""
    ax = ax or plt.subplots()[1]
    p = records.probs[:, 0]
    bins = np.linspace(p.min(), p.max() + 1e-9, 41)
    for kind, mask, colour in (("members", records.member, MEMBER), ("non-members", ~records.member, NON_MEMBER)):
        ax.hist(p[mask], bins=bins, weights=np.full(mask.sum(), 1 / mask.sum()), label=kind, **bars(colour))
    order = np.argsort(p)[np.linspace(0, len(p) - 1, 200).astype(int)]
    answers = attack.score(records[order])
    curve = ax.twinx()
    curve.plot(p[order], answers, color="black")
    curve.axhline(0.5, color=CHANCE, ls="--")
    curve.set(ylabel="attack's membership probability (line)", ylim=(0, 1))
    curve.grid(False)
    ax.set(xlabel="target's output p", ylabel="share of the records (bars)")
    ax.set_title(
        f"What the attack reads from one output\nits answer stays between {answers.min():.3f} and {answers.max():.3f}"
    )
    ax.legend(loc="upper left")
    return ax


def plot_roc(results: list, ax=None, *, log: bool = False):
    """ROC curves of several attack results; `log` takes two logarithmic axes, where low false-positive rates show."""
    ax = ax or plt.subplots(figsize=(6, 5.2))[1]
    # No attack lies between two thresholds; the AUC interpolates all the same.
    line = "steps-post" if log else "default"
    floor = 0.5 / min((~result.member).sum() for result in results) if log else 0
    metric, what = ("tpr_at_1pct_fpr", "TPR at 1% FPR") if log else ("auc", "AUC")
    for result, dashes in zip(results, itertools.cycle(DASHES), strict=False):
        fpr, tpr = roc_points(result.member, result.score)
        value = result.metrics[metric]
        told = f"{what} {value:.3f}" if value == value else f"{what} unknown (too few records)"
        ax.plot(
            np.maximum(fpr, floor), np.maximum(tpr, floor), label=f"{result.name}: {told}", drawstyle=line, ls=dashes
        )
    ax.plot([floor, 1], [floor, 1], color=CHANCE, lw=1, label="chance")
    if log:
        ax.set(xscale="log", yscale="log", xlim=(floor, 1), ylim=(floor, 1.3))
    best = max(results, key=lambda r: np.nan_to_num(r.metrics[metric]))
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate")
    ax.set_title(
        f"ROC, {'log-log' if log else 'linear'} axes\n{'strongest at 1% FPR' if log else 'largest area'}: {best.name}"
    )
    ax.legend(loc="lower right" if not log else "upper left", fontsize=10)
    return ax


def plot_confusion(results: list):
    """Confusion matrix of each attack result, as counts."""
    _, axes = plt.subplots(1, len(results), figsize=(2.25 * max(len(results), 2), 2.7), squeeze=False)
    for ax, result in zip(axes[0], results, strict=True):
        counts = result.metrics[["tn", "fp", "fn", "tp"]].to_numpy(int).reshape(2, 2)
        sns.heatmap(
            counts, annot=True, fmt="d", cmap="Blues", cbar=False, square=True, ax=ax, vmin=0, vmax=counts.sum() / 2
        )
        ax.set(xticklabels=["out", "in"], yticklabels=["out", "in"], xlabel="attack says", ylabel="truth")
        ax.set_title(f"{result.name}\naccuracy {result.metrics['accuracy']:.3f}")
    return axes[0]


def plot_member_share(records: Records, ax=None, *, bins: int = 40):
    """Who is a member, by how sure the model is: the share of members in groups of equally many answers."""
    ax = ax or plt.subplots()[1]
    order = np.argsort(records.log_odds, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    confidence = np.array([np.median(records.log_odds[group]) for group in groups])
    share = np.array([records.member[group].mean() for group in groups])
    ax.plot(confidence, share, "o-", color=MEMBER, ms=4)
    ax.axhline(0.5, color=CHANCE, ls="--", label="as many members as non-members")
    ax.set(xlabel="log-odds of the true class (median of a group)", ylabel="share of members", ylim=(-0.02, 1.02))
    most = f"{share.max():.0%} members at a log-odds of {confidence[share.argmax()]:.1f}"
    title = f"Who is a member, by confidence: {len(groups)} groups of {len(groups[0]):,} answers"
    ax.set_title(f"{title}\n{most}, {share[-1]:.0%} in the surest group")
    ax.legend(fontsize=10)
    return ax


def plot_by_class(table: pd.DataFrame, metric: str, class_names, ax=None):
    """One criterion per true class with its 95% interval; `table` comes from `AttackResult.per_class`."""
    ax = ax or plt.subplots()[1]
    rows = table[table["metric"] == metric]
    error = np.abs(rows[["low", "high"]].to_numpy().T - rows["value"].to_numpy())
    ax.errorbar(range(len(rows)), rows["value"], yerr=error, fmt="o", color=MEMBER, capsize=3)
    ax.axhline(0.5, color=CHANCE, ls="--", label="chance")
    ax.set_xticks(range(len(rows)), [class_names[k] for k in rows["group"]], rotation=30 if len(rows) > 4 else 0)
    ax.set(xlabel="true class", ylabel=metric)
    if rows["value"].notna().any():
        best, worst = rows.loc[rows["value"].idxmax()], rows.loc[rows["value"].idxmin()]
        ends = [f"{row['value']:.3f} ({class_names[row['group']]})" for row in (worst, best)]
        finding = f"from {ends[0]} to {ends[1]}"
        ax.set_title(f"{metric.capitalize()} by class, 95% intervals\n{finding}")
    ax.legend()
    return ax


def plot_control(shuffled: dict[str, np.ndarray], n: int, ax=None):
    """Accuracies after shuffling membership, a row of points per attack, over the 95% interval of a coin."""
    ax = ax or plt.subplots(figsize=(8, 0.6 * len(shuffled) + 1.8))[1]
    low, high = chance_interval(n)
    ax.axvspan(low, high, color="0.88", label="95% of all coins")
    for row, values in enumerate(shuffled.values()):
        ax.scatter(values, np.full(len(values), row), s=10, alpha=0.4, color=MEMBER)
    inside = np.mean([(low <= v) & (v <= high) for values in shuffled.values() for v in values])
    ax.axvline(0.5, color=CHANCE, ls="--")
    ax.set_yticks(range(len(shuffled)), shuffled)
    ax.set(xlabel="accuracy with shuffled membership", ylim=(-0.6, len(shuffled) - 0.4))
    title = "Negative control: the same decisions, membership shuffled"
    ax.set_title(f"{title}\n{inside:.0%} of the accuracies lie in the grey band")
    ax.legend(loc="upper right", fontsize=10)
    return ax
