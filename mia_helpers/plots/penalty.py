"""Figures of the L2 penalty: what it buys, and for what price."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.plots.style import CHANCE, MEMBER, NON_MEMBER


def plot_l2_tradeoff(metrics: pd.DataFrame, ax=None):
    """Privacy against utility: attack accuracy over test accuracy, a point per λ, a line per attacker.

    `metrics` has the rows of one experiment, its plain target and the λ of its sweep, with the columns l2, attack,
    adaptive, accuracy and test_accuracy; the paper's attack comes first.
    """
    ax = ax or plt.subplots(figsize=(8, 4.8))[1]
    papers = metrics[(metrics["attack"] == metrics["attack"].iloc[0]) & (~metrics["adaptive"] | (metrics["l2"] == 0))]
    alike = metrics[metrics["adaptive"]]
    strongest = alike.loc[alike.groupby("l2")["accuracy"].idxmax()]
    name = metrics["attack"].iloc[0]
    for rows, line, colour, who in (
        (papers.sort_values("l2"), "o:", NON_MEMBER, f"the paper's attacker ({name}), who ignores the penalty"),
        (strongest, "s-", MEMBER, "the strongest attacker who adapts to it"),
    ):
        ax.plot(rows["test_accuracy"], rows["accuracy"], line, color=colour, label=who)
    for row in strongest.itertuples():  # the other line's points lie straight below or above
        label = f"λ {row.l2:g}" if row.l2 else "no penalty"
        ax.annotate(label, (row.test_accuracy, row.accuracy), xytext=(7, 4), textcoords="offset points", fontsize=10)
    ax.axhline(0.5, color=CHANCE, ls="--")
    low, high = metrics["test_accuracy"].min() - 0.03, metrics["test_accuracy"].max() + 0.05
    ax.set(
        xlim=(low, high),
        ylim=(min(0.45, metrics["accuracy"].min() - 0.02), max(0.65, metrics["accuracy"].max() + 0.03)),
    )
    ax.set(xlabel="test accuracy of the target (utility)", ylabel="attack accuracy (0.5: private)")
    told = ", ".join(f"{row.accuracy:.3f} at λ {row.l2:g}" for row in strongest.itertuples() if row.l2)
    ax.set_title(f"What the L2 penalty buys, and for what price\nthe attacker who adapts still reaches {told}")
    ax.legend(fontsize=10, loc="best")
    return ax


def plot_l2_accuracies(metrics: pd.DataFrame, ax=None):
    """Training and test accuracy of the target for each λ."""
    ax = ax or plt.subplots()[1]
    rows = metrics.drop_duplicates("l2").sort_values("l2")
    position = np.arange(len(rows))
    ax.plot(position, rows["train_accuracy"], "o-", color=MEMBER, label="training records")
    ax.plot(position, rows["test_accuracy"], "s--", color=NON_MEMBER, label="test records")
    ax.set_xticks(position, ["no penalty" if l2 == 0 else f"{l2:g}" for l2 in rows["l2"]])
    ax.set(xlabel="λ of the L2 penalty", ylabel="accuracy of the target", ylim=(0, 1.03))
    gap = (rows["train_accuracy"] - rows["test_accuracy"]).to_numpy()
    ax.set_title(f"Overfitting against λ\nthe gap goes from {gap[0]:.3f} without penalty to {gap[-1]:.3f}")
    ax.legend(loc="lower left")
    return ax
