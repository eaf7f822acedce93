"""Figures of trained models: how they learn, and how sure they are."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.attacks import Records
from mia_helpers.plots.style import MEMBER, NON_MEMBER, bars


def plot_learning_curves(history: pd.DataFrame, ax=None):
    """Accuracy per epoch on the training records and on the test records."""
    ax = ax or plt.subplots()[1]
    ax.plot(history.index, history["accuracy"], color=MEMBER, label="training records (members)")
    measured = history["test_accuracy"].dropna()
    ax.plot(measured.index, measured, ".-", color=NON_MEMBER, label="test records (non-members)")
    gap = history["accuracy"].loc[measured.index[-1]] - measured.iloc[-1]
    ax.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.03))
    ax.set_title(f"Learning curves of the target\ngap after {measured.index[-1]} epochs: {gap:.3f}")
    ax.legend(loc="lower right")
    return ax


def plot_accuracies(accuracies: pd.DataFrame, ax=None):
    """Training and test accuracy of each model: a row per model, columns `train` and `test`; the target comes first."""
    ax = ax or plt.subplots(figsize=(8, 0.28 * len(accuracies) + 1.8))[1]
    rows = np.arange(len(accuracies))
    ax.hlines(rows, accuracies["test"], accuracies["train"], color="0.8", lw=3, zorder=1)
    ax.scatter(accuracies["train"], rows, color=MEMBER, label="training", zorder=2)
    ax.scatter(accuracies["test"], rows, color=NON_MEMBER, marker="s", label="test", zorder=2)
    ax.set_yticks(rows, accuracies.index, fontsize=10)
    ax.invert_yaxis()
    gaps = accuracies["train"] - accuracies["test"]
    ax.set(xlabel="accuracy")
    ax.set_title(
        "Training and test accuracy\n"
        f"gap of the target {gaps.iloc[0]:.3f}, of the shadows {gaps.iloc[1:].mean():.3f} on average"
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_true_class_probability(records: Records, ax=None, *, zoom: bool = False):
    """Histogram of the probability of the true class, for members and non-members.

    `zoom` stretches the axis towards 1: it shows -log10(1 - p), so 2 means p = 0.99 and 4 means p = 0.9999.
    """
    ax = ax or plt.subplots()[1]
    p = records.true_class_probability.astype(float)
    value = -np.log10(np.maximum(1 - p, 1e-7)) if zoom else p
    bins = np.linspace(value.min(), value.max() + 1e-9, 41)
    for kind, mask, colour in (("members", records.member, MEMBER), ("non-members", ~records.member, NON_MEMBER)):
        ax.hist(value[mask], bins=bins, label=kind, **bars(colour))
    median = [np.median(p[records.member]), np.median(p[~records.member])]
    ax.set(xlabel="-log10(1 - probability of the true class)" if zoom else "probability of the true class")
    ax.set(ylabel="records" if zoom else "records (log scale)", yscale="linear" if zoom else "log")
    ax.set_title(
        f"How sure the model is of the true class\nmedian: members {median[0]:.4f}, non-members {median[1]:.4f}"
    )
    ax.legend()
    return ax
