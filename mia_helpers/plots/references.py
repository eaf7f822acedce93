"""Figures of attacks with reference models: one record, all of them, and those at risk."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import norm

from mia_helpers.attacks.metrics import roc_points
from mia_helpers.plots.style import CHANCE, DASHES, MEMBER, NON_MEMBER, bars, look


def plot_one_record(inside: np.ndarray, outside: np.ndarray, target: float, ax=None):
    """The confidences in one record of models that know it and of models that do not, and the target's as a line."""
    ax = ax or plt.subplots()[1]
    bins = np.histogram_bin_edges(np.concatenate([inside, outside]), bins=24)
    across, densities = np.linspace(bins[0], bins[-1], 200), []
    for values, colour, who in ((inside, MEMBER, "know it"), (outside, NON_MEMBER, "do not")):
        curve = norm(values.mean(), values.std(ddof=1))
        ax.hist(values, bins=bins, density=True, label=f"{len(values)} models that {who}", **bars(colour))
        ax.plot(across, curve.pdf(across), color=colour, ls="-" if colour == MEMBER else "--")
        densities.append(curve.logpdf(target))
    ax.axvline(target, color="black", lw=2, label="the target")
    ax.set(xlabel="φ, log-odds of the true class", ylabel="density")
    apart = (densities[0] - densities[1]) / np.log(10)
    kind = "that know it" if apart > 0 else "that do not"
    ax.set_title(
        f"One record, many models\nthe target's answer is 10^{abs(apart):.1f} times as likely among models {kind}"
    )
    ax.legend(fontsize=10)
    return ax


def plot_mean_roc(curves: dict[str, tuple[np.ndarray, np.ndarray]], ax=None):
    """ROC curves on log-log axes, the mean over targets of (member, score), each (targets, records).

    At each false-positive rate the mean of the true-positive rates that thresholds reach; the band is from the least to
    the largest of the targets.
    """
    ax = ax or plt.subplots(figsize=(6.6, 5.4))[1]
    fewest = min((~member).sum(axis=1).min() for member, _ in curves.values())
    grid = np.geomspace(1 / fewest, 1, 120)
    ends = {}
    for (name, (member, score)), dashes in zip(curves.items(), itertools.cycle(DASHES), strict=False):
        points = [roc_points(m, s) for m, s in zip(member, score, strict=True)]
        tpr = np.stack([_tpr_at(grid, *point) for point in points])
        line = ax.plot(grid, tpr.mean(axis=0), label=name, color=look(name)["color"], ls=dashes)[0]
        ax.fill_between(grid, tpr.min(axis=0), tpr.max(axis=0), color=line.get_color(), alpha=0.15, lw=0)
        strict = [_tpr_at(np.array([0.001]), *point)[0] for point in points]
        ends[name] = np.mean(strict) if fewest >= 1000 else np.nan
    ax.plot(grid, grid, color=CHANCE, lw=1, label="chance")
    ax.set(xscale="log", yscale="log", xlim=(grid[0], 1), ylim=(grid[0], 1.3))
    over = " (mean and range over targets)" if max(len(member) for member, _ in curves.values()) > 1 else ""
    ax.set(xlabel="false-positive rate", ylabel=f"true-positive rate{over}")
    told = ", ".join(f"{name} {value:.3f}" for name, value in ends.items() if value == value)
    ax.set_title(
        f"Who is found, and at what price\nat 0.1% false alarms: {told or 'too few records to tell'}", fontsize=11
    )
    ax.legend(loc="lower right", fontsize=10)
    return ax


def _tpr_at(grid: np.ndarray, fpr: np.ndarray, tpr: np.ndarray) -> np.ndarray:
    """Return the largest true-positive rate with a false-positive rate of at most each of the grid."""
    return tpr[np.searchsorted(fpr, grid * (1 + 1e-9), side="right") - 1]


def plot_caught(risk: pd.DataFrame, ax=None):
    """How many records are caught how often: `risk` comes from `attacks.references.per_record`."""
    ax = ax or plt.subplots()[1]
    caught, n = risk["caught"], int(risk["n_in"].median())
    ax.hist(caught, bins=np.linspace(0, 1, min(n, 20) + 1), color=MEMBER, alpha=0.7)
    ax.axvline(caught.mean(), color="black", ls="--", label=f"mean {caught.mean():.3f}")
    ax.set(xlabel=f"share of the {n} targets that know the record in which it is caught", ylabel="records")
    ends = (
        f"{(caught == 0).mean():.0%} of the records never, {(caught >= 0.9).mean():.0%} in nine of ten targets or more"
    )
    ax.set_title(f"Risk belongs to records: caught at 0.1% false alarms\n{ends}")
    ax.legend(fontsize=10)
    return ax


def plot_queries(right: np.ndarray, member: np.ndarray, names: list[str], ax=None):
    """How often the predicted class is right, query by query: right (models, records, queries)."""
    ax = ax or plt.subplots(figsize=(8.5, 4.2))[1]
    shares = {kind: right[rows].mean(axis=0) for kind, rows in (("members", member), ("non-members", ~member))}
    for (kind, share), (marker, colour) in zip(shares.items(), (("o", MEMBER), ("s", NON_MEMBER)), strict=True):
        ax.plot(range(len(names)), share, marker, color=colour, label=kind)
    ax.set_xticks(range(len(names)), names, rotation=60, fontsize=10)
    ax.set(ylabel="share of right predictions", xlabel="what the model is asked about", ylim=(0, 1.03))
    apart = shares["members"] - shares["non-members"]
    least = int(apart.argmin())
    ax.set_title(
        f"What the label alone tells\nmembers are ahead by {apart[0]:.2f} on the record, by {apart[least]:.2f} on "
        f"'{names[least]}'"
    )
    ax.legend(fontsize=10)
    return ax
