"""To play with: the strength of the L2 penalty."""

import numpy as np
import pandas as pd

from mia_helpers.attacks import Records
from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play.player import MOVES, Panel, Player, Slider
from mia_helpers.plots.style import CHANCE, MEMBER, NON_MEMBER

BARS = {
    "training accuracy": MEMBER,
    "test accuracy": NON_MEMBER,
    "attack, unawares": "0.75",
    "attack that adapts": "0.35",
}


def play_l2(targets: dict[float, Records], metrics: pd.DataFrame) -> Player:
    """Return a figure with a slider for λ: how sure the target is, what it is worth, and what attacks find.

    Parameters
    ----------
    targets : dict
        λ to the records of the target that was trained with it.
    metrics : DataFrame
        As for `plot_l2_tradeoff`: l2, attack, adaptive, accuracy, train_accuracy, test_accuracy of one experiment, the
        paper's attack first.

    Raises
    ------
    MIAError
        If there is no λ of which both tell something.
    """
    values = sorted(set(targets) & set(metrics["l2"]))
    if not values:
        told = f"targets has λ {sorted(targets)}, metrics {sorted(set(metrics['l2']))}"
        raise MIAError(f"play_l2: {told}; give the records of targets that were attacked")
    names = [f"{l2:g}" if l2 else "0 (no penalty)" for l2 in values]
    bars = [_bars(metrics, l2) for l2 in values]
    heights, bins = _heights([targets[l2] for l2 in values])
    panels = [
        Panel(lambda ax, i: _histogram(ax, heights[i], bins, np.max(heights)), (3.5, 2.7)),
        Panel(lambda ax, i: _measures(ax, bars[i]), (3.5, 2.7)),
    ]
    start = int(np.argmin(np.abs(np.array(values) - 5e-3)))
    picked = sorted({0, start, len(values) - 1})
    slider = Slider("λ of the L2 penalty", names, start)
    title = "The L2 penalty: confidence, accuracy of the target, accuracy of attacks"
    return Player([slider], panels, lambda i: _say(names[i], *bars[i][1:]), title=title, shown=[(i,) for i in picked])


def _say(name: str, test: float, unawares: float, adapts: float) -> str:
    told = f"λ = {name}: test accuracy {test:.3f}; the best attack"
    if np.isnan(unawares):
        return f"{told} is right for {adapts:.3f} of the records."
    ignores = f"the paper's, whose shadows have no penalty, for {unawares:.3f}"
    return f"{told} that adapts is right for {adapts:.3f} of the records, {ignores}."


def _heights(targets: list[Records]) -> tuple[list, np.ndarray]:
    """Return how many members and how many others fall into each bin, target by target, and the edges of the bins."""
    sure = [records.log_odds for records in targets]
    # Some members are certain by far: the last one in a thousand at each end would leave the rest no room.
    bins = np.linspace(*np.quantile(np.concatenate(sure), [0.001, 0.999]), 41)
    kinds = [(records.member, ~records.member) for records in targets]
    inside = [np.clip(odds, bins[0], bins[-1]) for odds in sure]
    return [[np.histogram(x[kind], bins)[0] for kind in both] for x, both in zip(inside, kinds, strict=True)], bins


def _bars(metrics: pd.DataFrame, l2: float) -> list[float]:
    """Return training and test accuracy, the accuracy of the paper's attack unawares (or NaN), and of the best."""
    rows = metrics[metrics["l2"] == l2]
    unawares = rows.loc[~rows["adaptive"] & (rows["attack"] == metrics["attack"].iloc[0]), "accuracy"]
    adapts = rows.loc[rows["adaptive"], "accuracy"].max()
    return [*rows[["train_accuracy", "test_accuracy"]].iloc[0], *(unawares.tolist() or [np.nan])[:1], adapts]


def _histogram(ax, heights, bins, most) -> None:
    for count, colour, style in zip(heights, (MEMBER, NON_MEMBER), ("-", "--"), strict=True):
        ax.stairs(count, bins, color=colour, fill=True, alpha=0.3, gid=MOVES)
        ax.plot(np.repeat(bins, 2)[1:-1], np.repeat(count, 2), color=colour, ls=style, lw=1.5, gid=MOVES)
    for colour, style, kind in ((MEMBER, "-", "members"), (NON_MEMBER, "--", "others")):
        ax.plot([], [], color=colour, ls=style, label=kind)
    ax.set(xlabel="log-odds of the true class", ylabel="records", xlim=(bins[0], bins[-1]), ylim=(0, 1.3 * most))
    ax.legend(fontsize=10, ncols=2, loc="upper left", handlelength=1.5)


def _measures(ax, bars) -> None:
    for row, (value, colour) in enumerate(zip(bars, BARS.values(), strict=True)):
        width = 0 if np.isnan(value) else value
        ax.fill([0, width, width, 0], [row - 0.35, row - 0.35, row + 0.35, row + 0.35], color=colour, gid=MOVES)
        told = "no penalty to know" if np.isnan(value) else f"{value:.3f}"
        ax.text(width + 0.02, row, told, va="center", fontsize=10, gid=MOVES)
    ax.axvline(0.5, color=CHANCE, ls="--")
    ax.set_yticks(range(len(BARS)), list(BARS))
    ax.set(xlim=(0, 1.3), ylim=(len(BARS) - 0.5, -0.5), xlabel="accuracy (line: a coin)")
    ax.set_xticks([0, 0.5, 1])
    ax.grid(False)
