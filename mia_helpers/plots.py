"""Every figure: `plot_x(data, ax=None) -> ax`. The second line of a title is the finding, computed from the data."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from mia_helpers.attacks import best_threshold
from mia_helpers.data import ADULT_COLUMNS, Dataset
from mia_helpers.metrics import chance_interval, roc_points
from mia_helpers.records import Records

MEMBER, NON_MEMBER, CHANCE = "#0072b2", "#d55e00", "0.45"  # told apart by colour-blind readers too
MARKERS = {"svm": "o", "network": "o", "threshold": "s", "gap": "^"}


def style() -> None:
    """Set the look of all figures: readable at the width that GitHub shows, small as PNG, the same bytes as SVG."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update(
        {
            "figure.figsize": (8, 4.2),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "svg.hashsalt": "mia",
        }
    )


def save(ax, folder: Path, name: str) -> None:
    """Write the figure of `ax` as `name.png` and `name.svg` into `folder`."""
    figure = np.ravel(ax)[0].figure
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


# --- Data and splits ----------------------------------------------------------------------------------------------


def plot_examples(data: Dataset, index, probs=None):
    """Show records with their class and, given `probs` (n, k), the model's answer to each."""
    if data.is_images:
        return _image_examples(data, index, probs)
    return _table_examples(data, index, probs)


def _image_examples(data, index, probs):
    figure, axes = plt.subplots(
        1 if probs is None else 2, len(index), figsize=(9, 2.1 if probs is None else 4), squeeze=False
    )
    for column, i in enumerate(index):
        axes[0, column].imshow(data.x[i])
        axes[0, column].set_title(data.class_names[data.y[i]], fontsize=10, loc="center")
        axes[0, column].axis("off")
        if probs is not None:
            colours = [MEMBER if k == data.y[i] else "0.7" for k in range(len(data.class_names))]
            axes[1, column].barh(data.class_names, probs[column], color=colours)
            axes[1, column].set(xlim=(0, 1), xticks=[0, 1], xlabel="probability")
            axes[1, column].invert_yaxis()
            axes[1, column].tick_params(labelsize=8, labelleft=column == 0)
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
    ax.barh(range(len(index)), np.nan_to_num(values), color=[MEMBER if y else NON_MEMBER for y in truth])
    ax.set_yticks(range(len(index)), names, fontsize=9)
    ax.invert_yaxis()
    if probs is None:
        ax.set(xticks=[], title="Records with their true class")
        for row, y in enumerate(truth):
            ax.text(0.02, row, data.class_names[y], va="center", transform=ax.get_yaxis_transform())
    else:
        right = int(((values > 0.5) == truth).sum())
        ax.axvline(0.5, color=CHANCE, ls="--")
        title = f"Queries and answers (blue: {data.class_names[1]}, orange: {data.class_names[0]})"
        ax.set(xlim=(0, 1), xlabel=f"probability of {data.class_names[1]}")
        ax.set_title(f"{title}\n{right} of {len(index)} predictions are right")
    return ax


def _describe(data, i):
    row = pd.Series(data.x[i], index=ADULT_COLUMNS)
    levels = [name.split("_", 1)[1] for name in row.index[row == 1] if name.startswith(("education_", "occupation_"))]
    return f"age {row['age']:.0f}, {', '.join(levels)}"


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
    ax.set_title(f"Who uses which records (blue: training, orange: test)\n{shared} records are shared with the target")
    return ax


# --- Models -------------------------------------------------------------------------------------------------------


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
    ax.scatter(accuracies["test"], rows, color=NON_MEMBER, label="test", zorder=2)
    ax.set_yticks(rows, accuracies.index, fontsize=9)
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
        ax.hist(value[mask], bins=bins, color=colour, alpha=0.6, label=kind)
    median = [np.median(p[records.member]), np.median(p[~records.member])]
    ax.set(xlabel="-log10(1 - probability of the true class)" if zoom else "probability of the true class")
    ax.set(ylabel="records" if zoom else "records (log scale)", yscale="linear" if zoom else "log")
    ax.set_title(
        f"How sure the model is of the true class\nmedian: members {median[0]:.4f}, non-members {median[1]:.4f}"
    )
    ax.legend()
    return ax


# --- Attacks ------------------------------------------------------------------------------------------------------


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
        ax.scatter(-np.log10(rest[mask]), share[mask], s=7, alpha=0.4, color=colour, label=kind)
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
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2, fontsize=9)
    return ax


def _plot_output_curve(attack, records, ax):
    """For a target with a single output p: the attack's answer as a curve, over the distribution of p."""
    ax = ax or plt.subplots()[1]
    p = records.probs[:, 0]
    bins = np.linspace(p.min(), p.max() + 1e-9, 41)
    for kind, mask, colour in (("members", records.member, MEMBER), ("non-members", ~records.member, NON_MEMBER)):
        ax.hist(p[mask], bins=bins, weights=np.full(mask.sum(), 1 / mask.sum()), color=colour, alpha=0.5, label=kind)
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
    line = (
        "steps-post" if log else "default"
    )  # no attack lies between two thresholds; the AUC interpolates all the same
    floor = 0.5 / min((~result.member).sum() for result in results) if log else 0
    for result in results:
        fpr, tpr = roc_points(result.member, result.score)
        value = f"TPR at 1% FPR {result.metrics['tpr_at_1pct_fpr']:.3f}" if log else f"AUC {result.metrics['auc']:.3f}"
        ax.plot(np.maximum(fpr, floor), np.maximum(tpr, floor), label=f"{result.name}: {value}", drawstyle=line)
    ax.plot([floor, 1], [floor, 1], color=CHANCE, ls="--", label="chance")
    if log:
        ax.set(xscale="log", yscale="log", xlim=(floor, 1), ylim=(floor, 1.3))
    best = max(results, key=lambda r: r.metrics["tpr_at_1pct_fpr" if log else "auc"])
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate")
    what = "log-log axes" if log else "linear axes"
    ax.set_title(f"ROC, {what}\n{'strongest at 1% FPR' if log else 'largest area'}: {best.name}")
    ax.legend(loc="lower right" if not log else "upper left", fontsize=9)
    return ax


def plot_confusion(results: list):
    """Confusion matrix of each attack result, as counts."""
    _, axes = plt.subplots(1, len(results), figsize=(3.1 * len(results), 3.2), squeeze=False)
    for ax, result in zip(axes[0], results, strict=True):
        counts = result.metrics[["tn", "fp", "fn", "tp"]].to_numpy(int).reshape(2, 2)
        sns.heatmap(
            counts, annot=True, fmt="d", cmap="Blues", cbar=False, square=True, ax=ax, vmin=0, vmax=counts.sum() / 2
        )
        ax.set(xticklabels=["out", "in"], yticklabels=["out", "in"], xlabel="attack says", ylabel="truth")
        ax.set_title(f"{result.name}\naccuracy {result.metrics['accuracy']:.3f}")
    return axes[0]


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
        ax.set_title(f"{metric.capitalize()} by class, 95% bootstrap intervals\n{finding}")
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
    ax.set_title(
        f"Negative control: nobody can tell shuffled members\n{inside:.0%} of the accuracies lie in the grey band"
    )
    ax.legend(loc="upper right", fontsize=9)
    return ax


# --- Results ------------------------------------------------------------------------------------------------------


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
        ax.annotate(label, (row.test_accuracy, row.accuracy), xytext=(7, 4), textcoords="offset points", fontsize=9)
    ax.axhline(0.5, color=CHANCE, ls="--")
    low, high = metrics["test_accuracy"].min() - 0.03, metrics["test_accuracy"].max() + 0.05
    ax.set(
        xlim=(low, high),
        ylim=(min(0.45, metrics["accuracy"].min() - 0.02), max(0.65, metrics["accuracy"].max() + 0.03)),
    )
    ax.set(xlabel="test accuracy of the target (utility)", ylabel="attack accuracy (0.5: private)")
    told = ", ".join(f"{row.accuracy:.3f} at λ {row.l2:g}" for row in strongest.itertuples() if row.l2)
    ax.set_title(f"What the L2 penalty buys, and for what price\nthe attacker who adapts still reaches {told}")
    ax.legend(fontsize=9, loc="best")
    return ax


def plot_l2_accuracies(metrics: pd.DataFrame, ax=None):
    """Training and test accuracy of the target for each λ."""
    ax = ax or plt.subplots()[1]
    rows = metrics.drop_duplicates("l2").sort_values("l2")
    position = np.arange(len(rows))
    ax.plot(position, rows["train_accuracy"], "o-", color=MEMBER, label="training records")
    ax.plot(position, rows["test_accuracy"], "o-", color=NON_MEMBER, label="test records")
    ax.set_xticks(position, ["no penalty" if l2 == 0 else f"{l2:g}" for l2 in rows["l2"]])
    ax.set(xlabel="λ of the L2 penalty", ylabel="accuracy of the target", ylim=(0, 1.03))
    gap = (rows["train_accuracy"] - rows["test_accuracy"]).to_numpy()
    ax.set_title(f"Overfitting against λ\nthe gap goes from {gap[0]:.3f} without penalty to {gap[-1]:.3f}")
    ax.legend(loc="lower left")
    return ax


def plot_cost(table: pd.DataFrame):
    """Seconds against ds and against the number of shadows; `table` has what, against, ds, n_shadows, seconds."""
    _, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    fixed = {"ds": "two shadows", "n_shadows": "ds 2500"}
    for ax, (against, rows) in zip(axes, table.groupby("against"), strict=True):
        slopes = []
        for (what, part), marker in zip(rows.groupby("what"), "os", strict=False):
            if len(part) < 3:  # no line through two points
                ax.plot(part[against], part["seconds"], marker, label=what)
                continue
            slope, height = np.polyfit(np.log(part[against]), np.log(part["seconds"]), 1)
            slopes.append(f"{slope:.2f}")
            ax.plot(part[against], part["seconds"], marker, label=f"{what}: slope {slope:.2f}")
            ax.plot(part[against], np.exp(height) * part[against] ** slope, color="0.6", lw=1)
        ax.set(xscale="log", yscale="log", ylabel="seconds, on all cores")
        ax.set_xlabel("ds: training records of a model" if against == "ds" else "number of shadows")
        ax.set_xticks(sorted(set(rows[against])), sorted(set(rows[against])), rotation=30)
        ax.minorticks_off()
        finding = f"growth as {against} to the power {' and '.join(slopes)}" if slopes else "too few points for a slope"
        ax.set_title(f"Cost against {against} ({fixed[against]})\n{finding}")
        ax.legend(fontsize=9, loc="upper left")
    return axes
