"""Figures of the data: records, classes, and who gets which."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mia_helpers.data import ADULT_COLUMNS, Dataset
from mia_helpers.plots.style import CHANCE, MEMBER, NON_MEMBER


def plot_examples(data: Dataset, index, probs=None):
    """Show records with their class and, given `probs` (n, k), the model's answer to each."""
    if data.is_images:
        return _image_examples(data, index, probs)
    return _table_examples(data, index, probs)


def _image_examples(data, index, probs):
    look = {"figsize": (9, 2.1)} if probs is None else {"figsize": (9, 4.8), "height_ratios": (1, 1.5)}
    figure, axes = plt.subplots(1 if probs is None else 2, len(index), squeeze=False, **look)
    for column, i in enumerate(index):
        axes[0, column].imshow(data.x[i])
        axes[0, column].set_title(data.class_names[data.y[i]], fontsize=10, loc="center")
        axes[0, column].axis("off")
        if probs is not None:
            colours = [MEMBER if k == data.y[i] else "0.7" for k in range(len(data.class_names))]
            axes[1, column].barh(data.class_names, probs[column], color=colours)
            axes[1, column].set(xlim=(0, 1), xticks=[0, 1], xlabel="probability")
            axes[1, column].invert_yaxis()
            axes[1, column].tick_params(labelsize=10, labelleft=column == 0)
    if probs is None:
        figure.suptitle("Records with their true class", x=0.01, ha="left", fontsize=12)
    else:
        right = int((probs.argmax(axis=1) == data.y[index]).sum())
        title = f"Queries and answers (blue: the true class)\n{right} of {len(index)} predictions are right"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return axes


def _table_examples(data, index, probs):
    _, ax = plt.subplots(figsize=(8, 0.5 * len(index) + 1.3))
    names = [_describe(data, i) for i in index]
    values = np.full(len(index), np.nan) if probs is None else probs[:, 0]
    truth = data.y[index]
    look = {"color": [MEMBER if y else NON_MEMBER for y in truth], "hatch": ["" if y else "//" for y in truth]}
    ax.barh(range(len(index)), np.nan_to_num(values), **look)
    ax.set_yticks(range(len(index)), names, fontsize=10)
    ax.invert_yaxis()
    if probs is None:
        ax.set(xticks=[], title="Records with their true class")
        for row, y in enumerate(truth):
            ax.text(0.02, row, data.class_names[y], va="center", transform=ax.get_yaxis_transform())
    else:
        right = int(((values > 0.5) == truth).sum())
        ax.axvline(0.5, color=CHANCE, ls="--")
        title = f"Queries and answers (blue: {data.class_names[1]}; orange, hatched: {data.class_names[0]})"
        ax.set(xlim=(0, 1), xlabel=f"probability of {data.class_names[1]}")
        ax.set_title(f"{title}\n{right} of {len(index)} predictions are right")
    return ax


def _describe(data, i):
    if data.x.shape[1] != len(ADULT_COLUMNS):
        return f"record {i}"
    row = pd.Series(data.x[i], index=ADULT_COLUMNS)
    levels = [name.split("_", 1)[1] for name in row.index[row == 1] if name.startswith(("education_", "occupation_"))]
    return f"age {row['age']:.0f}, {', '.join(levels)}"


def plot_twins(data: Dataset, pairs: pd.DataFrame):
    """Show pairs of a member and a non-member (see `Twins.table`): images one above the other, tables as text."""
    count = f"pairs shown: {len(pairs)}, twins among them: {int((pairs['kind'] != 'close').sum())}"
    figure, axes = plt.subplots(2, max(len(pairs), 2), figsize=(9, 4.2), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for column, pair in enumerate(pairs.itertuples()):
        for ax, i, who in zip(axes[:, column], (pair.member, pair.other), ("member", "non-member"), strict=True):
            _show(ax, data, i)
            ax.set_title(f"{who}\n{data.class_names[data.y[i]]}", fontsize=10, loc="center")
        told = f"differ by {pair.distance:.1f}\nlikeness {round(pair.likeness, 2) + 0:.2f}\n{pair.kind}"
        axes[1, column].text(0.5, -0.06, told, transform=axes[1, column].transAxes, ha="center", va="top", fontsize=10)
    figure.suptitle(f"Members (above) and non-members that come close\n{count}", x=0.01, ha="left", fontsize=12)
    return axes


def _show(ax, data, i):
    if data.is_images:
        ax.imshow(data.x[i])
    else:
        words = _describe(data, i).replace(", ", "\n")
        ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", fontsize=10)


def plot_class_counts(data: Dataset, ax=None):
    """Bar chart of the records per class."""
    ax = ax or plt.subplots()[1]
    counts = np.bincount(data.y, minlength=len(data.class_names))
    ax.bar(data.class_names, counts, color="0.6")
    share = counts.max() / counts.sum()
    ax.set(xlabel="class", ylabel="records")
    ax.set_title(f"{len(data):,} records by class\nalways answering the largest class is right for {share:.1%}")
    ax.tick_params(axis="x", rotation=30 if len(counts) > 4 else 0)
    return ax


def plot_splits(splits: dict[str, tuple[np.ndarray, np.ndarray]], n: int, ax=None):
    """Draw which of n records each model trains on and is tested on, in the order of the target's shuffle.

    `splits` maps a model's name to its (training, test) indices; the first is the target.
    """
    ax = ax or plt.subplots(figsize=(8, 0.45 * len(splits) + 1.6))[1]
    target = np.concatenate(next(iter(splits.values())))
    position = np.empty(n, int)
    position[np.concatenate([target, np.setdiff1d(np.arange(n), target)])] = np.arange(n)
    for row, (train, test) in enumerate(splits.values()):
        for part, colour, offset in ((train, MEMBER, -0.2), (test, NON_MEMBER, 0.2)):
            shown = position[part[:: max(1, len(part) // 300)]]
            ax.scatter(shown, np.full(len(shown), row + offset), marker="|", s=60, lw=0.7, color=colour)
    ax.axvline(len(target), color="black", lw=1)
    ax.set_yticks(range(len(splits)), splits)
    ax.invert_yaxis()
    ax.set(xlabel="position of the record after shuffling", xlim=(-0.01 * n, 1.01 * n))
    shadows = np.unique(np.concatenate([index for pair in list(splits.values())[1:] for index in pair]))
    shared = len(np.intersect1d(target, shadows))
    ax.set_title(
        "Who uses which records (blue, above: training; orange, below: test)\n"
        f"{shared} records are shared with the target"
    )
    return ax
