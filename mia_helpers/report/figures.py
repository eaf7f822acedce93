"""Figures of the report: over sizes, seeds and studies. As in `plots`, a title's second line is the finding.

Where there are several seeds, a marker is their mean and the whisker goes from the lowest to the highest.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.data import registry
from mia_helpers.plots.style import CHANCE, MEMBER, look
from mia_helpers.walk.studies import AS_IT_IS

SHADES = {2: "#cc79a7", 5: "#e69f00", 10: MEMBER}


def plot_published(claims: pd.DataFrame, ax=None):
    """Ours against the paper's, for each published figure that was run: point and 95% interval beside a diamond."""
    rows = claims[claims["published"].between(0, 1) & claims["ours"].notna()].reset_index(drop=True)
    ax = ax or plt.subplots(figsize=(9, 0.34 * max(len(rows), 2) + 1.6))[1]
    if rows.empty:
        return nothing(ax, "Paper and ours")
    error = np.abs(rows[["low", "high"]].to_numpy().T - rows["ours"].to_numpy())
    ax.errorbar(rows["ours"], rows.index, xerr=error, fmt="o", color=MEMBER, capsize=3, label="ours, 95% interval")
    ax.scatter(rows["published"], rows.index, marker="D", color="black", zorder=3, s=28, label="paper")
    ax.set_yticks(rows.index, [f"{row.claim}  {row.what}" for row in rows.itertuples()], fontsize=10)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set(xlabel="value")
    counts = rows["verdict"].value_counts()
    ax.set_title("The paper's figures and ours\n" + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    ax.legend(loc="best", fontsize=10)
    return ax


def plot_accuracy_by_size(metrics: pd.DataFrame, published: pd.DataFrame, ax=None):
    """Attack accuracy against ds on targets without a penalty, over the paper's points."""
    ax = ax or plt.subplots()[1]
    ax.plot(published["train_size"], published["accuracy"], "D--", color="black", label="paper, CIFAR-10 (svm)")
    plain = metrics[(metrics["l2"] == 0) & metrics["dataset"].map(lambda name: registry.named(name).is_images)]
    for (dataset, attack), rows in plain.groupby(["dataset", "attack"], sort=False):
        _over_seeds(ax, rows, "train_size", "accuracy", attack, label=f"ours, {dataset} ({attack})")
    shared = plain[(plain["dataset"] == "cifar10") & (plain["attack"] == "svm")]
    shared = shared.groupby("train_size")["accuracy"].mean() - published.set_index("train_size")["accuracy"]
    finding = f"within {shared.abs().max():.3f} of the paper" if shared.notna().any() else "no size that the paper has"
    _size_axis(ax, sorted({*published["train_size"], *plain["train_size"]}))
    ax.set_title(f"Attack accuracy, no penalty\nour SVMs: {finding}")
    return ax


def plot_l2_by_size(metrics: pd.DataFrame, l2: float, ax=None):
    """The penalty at each ds: the paper's attack without it, with it unawares, and the best that adapts to it."""
    ax = ax or plt.subplots()[1]
    ours = metrics[(metrics["dataset"] == "cifar10") & metrics["l2"].isin([0, l2])]
    alike = ours[(ours["l2"] == l2) & ours["adaptive"]]
    if alike.empty:
        return nothing(ax, f"The L2 penalty (λ = {l2:g}) at each size")
    mean = alike.groupby(["train_size", "attack"], as_index=False)["accuracy"].mean()
    best = mean.loc[mean.groupby("train_size")["accuracy"].idxmax(), ["train_size", "attack"]]
    svm = ours[ours["attack"] == "svm"]
    ignores = svm[(svm["l2"] == l2) & ~svm["adaptive"]]
    _over_seeds(ax, svm[svm["l2"] == 0], "train_size", "accuracy", "svm", label="svm, no penalty", ls=":")
    _over_seeds(ax, alike.merge(best), "train_size", "accuracy", "threshold", label="penalty, best adaptive")
    _over_seeds(ax, ignores, "train_size", "accuracy", "gap", label="penalty, svm unawares")
    _size_axis(ax, sorted(set(ours["train_size"])))
    reached = mean.groupby("train_size")["accuracy"].max()
    ax.set_title(f"Attack accuracy with L2 (λ = {l2:g})\nwho adapts still reaches {_range(reached)}")
    return ax


def plot_main(metrics: pd.DataFrame, published: pd.DataFrame, l2: float):
    """The reproduction in one figure: the attack at each size, and the remedy at each size."""
    _, axes = plt.subplots(1, 2, figsize=(9, 4.6), sharey=True)
    plot_accuracy_by_size(metrics, published, axes[0])
    plot_l2_by_size(metrics, l2, axes[1])
    return axes


def plot_shadows(study: pd.DataFrame, ax=None):
    """C6: how the attack's accuracy changes with the number of shadows, within a seed; rows of `studies.table`."""
    ax = ax or plt.subplots()[1]
    rows = study[(study["study"] == "shadows") & (study["attack"] != "gap") & ~study["setting"].str.contains("C=")]
    if rows["n_shadows"].nunique() < 2 or 1 not in set(rows["n_shadows"]):
        return nothing(ax, "More shadows")
    findings = []
    for attack, part in rows.groupby("attack", sort=False):
        by_seed = part.pivot(index="seed", columns="n_shadows", values="accuracy")
        changes = by_seed.sub(by_seed[1], axis=0).melt(ignore_index=False, value_name="change").dropna()
        _over_seeds(ax, changes, "n_shadows", "change", attack, label=f"{attack} ({by_seed[1].mean():.3f} with one)")
        last = changes[changes["n_shadows"] == changes["n_shadows"].max()]
        findings.append(f"{attack} {round(last['change'].mean(), 3) + 0.0:+.3f}")
    counts = sorted(set(rows["n_shadows"]))
    ax.axhline(0, color=CHANCE, ls="--")
    ax.set_xscale("log")
    ax.set_xticks(counts, counts)
    ax.minorticks_off()
    ax.set(xlabel="shadow models", ylabel="change of accuracy, one shadow: 0")
    over = f"mean of {len(last)} seeds" if len(last) > 1 else "one seed"
    ax.set_title(f"More shadows, {counts[-1]} instead of one ({over})\n{', '.join(findings)}")
    ax.legend(fontsize=10)
    return ax


def plot_classes(study: pd.DataFrame):
    """C7: attacks on the same images with 2, 5 and 10 classes: at the end, and at every gap on the way there."""
    _, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True)
    rows = study[study["study"] == "classes"]
    if rows.empty:
        return [nothing(ax, "Fewer classes") for ax in axes]
    last = rows[rows["epochs"] == rows["epochs"].max()]
    for attack, part in last.groupby("attack", sort=False):
        _over_seeds(axes[0], part, "n_classes", "accuracy", attack, label=attack)
    ks = sorted(set(last["n_classes"]))
    axes[0].set_xticks(ks)
    axes[0].set(xlabel="classes", ylabel="attack accuracy")
    ends = last[last["attack"] == "threshold"].groupby("n_classes")["accuracy"].mean()
    axes[0].set_title(
        f"Fewer classes, after {last['epochs'].max()} epochs\nthreshold: {ends.iloc[0]:.3f} with {ks[0]}, "
        f"{ends.iloc[-1]:.3f} with {ks[-1]} classes"
    )
    by_classes = rows[rows["attack"] == "threshold"].groupby("n_classes")
    for (k, part), marker in zip(by_classes, "^so", strict=False):
        mean = part.groupby("epochs")[["gap", "accuracy"]].mean()
        axes[1].plot(mean["gap"], mean["accuracy"], f"{marker}-", color=SHADES[k], label=f"{k} classes")
    _yeom(axes[1], rows["gap"].max())
    axes[1].set(xlabel="train/test gap of the target")
    axes[1].set_title("The same against the gap (threshold)\na point for each of 1 to 100 epochs, left to right")
    for ax in axes:
        ax.legend(fontsize=10, loc="lower right")
    return axes


def plot_overfitting(metrics: pd.DataFrame, study: pd.DataFrame, ax=None):
    """C9: attack accuracy against the target's train/test gap, over epochs and over sizes, with Yeom et al.'s line."""
    ax = ax or plt.subplots(figsize=(8.5, 5))[1]
    plain = metrics[(metrics["l2"] == 0)].assign(gap=metrics["train_accuracy"] - metrics["test_accuracy"])
    rows = study[study["study"] == "overfitting"]
    epochs = rows[rows["train_size"] == rows["train_size"].max()] if len(rows) else rows
    for attack in ("threshold", "gap") if len(epochs) else ():
        over = epochs[epochs["attack"] == attack].groupby("epochs")[["gap", "accuracy"]].mean()
        style = {**look(attack), "ms": 6}
        ax.plot(over["gap"], over["accuracy"], label=f"{attack}, over epochs", **style)
        for n, row in over.iterrows() if attack == "threshold" else []:
            ax.annotate(
                f"{n}",
                (row["gap"], row["accuracy"]),
                xytext=(-6, 3),
                textcoords="offset points",
                ha="right",
                fontsize=10,
            )
    sizes = pd.concat([plain, rows[rows["train_size"] < rows["train_size"].max()]] if len(rows) else [plain])
    for attack, part in sizes.groupby("attack", sort=False):
        ax.scatter(
            part["gap"],
            part["accuracy"],
            marker=look(attack)["marker"],
            s=45,
            facecolors="none",
            edgecolors=look(attack)["color"],
            label=f"{attack}, sizes and data sets",
        )
    top = max(sizes["gap"].max(), 0.05)
    _yeom(ax, top)
    ax.set(xlabel="train/test gap of the target", ylabel="attack accuracy")
    points = pd.concat([sizes, epochs])
    by_threshold = points[points["attack"] == "threshold"]
    beyond = (by_threshold["advantage"] - by_threshold["gap"]).max()
    told = "numbers: epochs; " if len(epochs) else ""
    ax.set_title(f"Overfitting and leakage\n{told}the threshold's advantage is up to {beyond:.3f} above the gap")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_choices(study: pd.DataFrame, ax=None):
    """What the paper leaves open, each choice varied alone: a row per choice, a marker per attack."""
    rows = study[study["study"] == "choices"]
    settings = list(dict.fromkeys(rows["setting"]))
    ax = ax or plt.subplots(figsize=(9, 0.42 * max(len(settings), 2) + 1.7))[1]
    if len(settings) < 2 or AS_IT_IS not in settings:
        return nothing(ax, "What the paper leaves open")
    for attack in dict.fromkeys(rows["attack"]):
        part = rows[rows["attack"] == attack].groupby("setting")["accuracy"].mean()
        style = {**look(attack), "s": 45, "label": attack, "zorder": 3}
        ax.scatter(part, [settings.index(name) for name in part.index], **style)
    svm = rows[rows["attack"] == "svm"].groupby("setting")["accuracy"].mean()
    change = (svm - svm[AS_IT_IS]).drop(AS_IT_IS)
    ax.axvline(svm[AS_IT_IS], color=look("svm")["color"], lw=1)
    ax.axvline(0.5, color=CHANCE, ls="--", label="chance")
    ax.set_yticks(range(len(settings)), [_short(name) for name in settings], fontsize=10)
    ax.invert_yaxis()
    ax.set(xlabel="attack accuracy")
    ends = [f"{change[name]:+.3f} ({_short(name)})" for name in (change.idxmin(), change.idxmax())]
    ax.set_title(f"What the paper leaves open, and the edge of its grid\nthe SVMs change by {' to '.join(ends)}")
    ax.legend(fontsize=10, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _short(setting: str) -> str:
    return "gamma up to 10⁴" if setting.startswith("gamma=") else setting.replace("=", " ")


def _over_seeds(ax, rows: pd.DataFrame, x: str, y: str, attack: str, *, label: str, ls: str = "-") -> None:
    found = rows.groupby(x)[y].agg(["mean", "min", "max"])
    whisker = np.abs(found[["min", "max"]].to_numpy().T - found["mean"].to_numpy())
    style = {**look(attack), "capsize": 3, "ls": ls}
    ax.errorbar(found.index, found["mean"], yerr=whisker, label=label, **style)


def _size_axis(ax, sizes: list[int]) -> None:
    ax.axhline(0.5, color=CHANCE, ls="--", label="chance")
    ax.set_xscale("log")
    ax.set_xticks(sizes, sizes, rotation=30)
    ax.minorticks_off()
    ax.set(xlabel="ds (training records per model)", ylabel="attack accuracy", ylim=(0.45, 1.0))
    ax.legend(fontsize=10, loc="best")


def _yeom(ax, top: float) -> None:
    ax.plot([0, top], [0.5, 0.5 + top / 2], color=CHANCE, ls="--", label="1/2 + gap/2 (Yeom et al.)")


def _range(values: pd.Series) -> str:
    return f"{values.min():.3f}" if len(values) == 1 else f"{values.min():.3f} to {values.max():.3f}"


def nothing(ax, title: str):
    """Say in the place of a figure that the profile has nothing to show there."""
    ax.text(0.5, 0.5, "not run with this profile", ha="center", transform=ax.transAxes)
    ax.set_title(title)
    ax.axis("off")
    return ax
