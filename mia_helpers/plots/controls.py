"""Figures of the controls."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.attacks import AttackResult
from mia_helpers.attacks.controls import auc_interval
from mia_helpers.plots.style import CHANCE, look


def plot_outsiders(draws: pd.DataFrame, results: list[AttackResult], ax=None):
    """AUC of each attack with outsiders in the members' place, a dot per draw, beside its AUC on the members."""
    ax = ax or plt.subplots(figsize=(8, 0.6 * len(results) + 1.8))[1]
    low, high = auc_interval(results[0].member.sum(), (~results[0].member).sum())
    ax.axvspan(low, high, color="0.88", label="95% where nothing tells them apart")
    ax.axvline(0.5, color=CHANCE, ls="--")
    for row, result in enumerate(results):
        shape = look(result.name)
        auc = draws.loc[draws["attack"] == result.name, "auc"]
        ax.scatter(auc, np.full(len(auc), row), s=10, alpha=0.5, color=shape["color"])
        ax.scatter([result.metrics["auc"]], [row], s=60, **shape)
    ax.scatter([], [], s=10, color="0.3", label="outsiders in their place, 20 draws")
    ax.scatter([], [], s=60, color="0.3", label="members")
    ax.locator_params(axis="x", nbins=6)
    ax.set_yticks(range(len(results)), [result.name for result in results])
    ax.set(xlabel="AUC against the same non-members", ylim=(-0.6, len(results) - 0.4))
    ends = f"from {draws['auc'].min():.3f} to {draws['auc'].max():.3f}"
    ax.set_title(f"What the attacks find among members, and among outsiders\nwith outsiders the AUC goes {ends}")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10)
    return ax
