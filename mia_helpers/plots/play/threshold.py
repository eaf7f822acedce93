"""To play with: the threshold of an attack, and what it does to the counts and to the point on the ROC curve."""

import numpy as np

from mia_helpers.attacks import Records, best_threshold
from mia_helpers.attacks.metrics import roc_points
from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play.player import MOVES, Panel, Player, Slider
from mia_helpers.plots.style import CHANCE, MEMBER, NON_MEMBER

POSITIONS = 31


def play_threshold(records: Records) -> Player:
    """Return a figure with a slider for the threshold: histogram, confusion matrix and ROC curve move together.

    The attack calls a record a member whose log-odds of the true class exceed the threshold, as `ThresholdAttack` does.

    Parameters
    ----------
    records : Records
        The answers of one model, to members and to others.

    Raises
    ------
    MIAError
        If members or non-members are missing.
    """
    member, score = records.member, records.log_odds
    if member.all() or not member.any():
        kind = "non-members" if len(member) and member.all() else "members"
        raise MIAError(f"play_threshold: among {len(member)} records are no {kind}; give the target's records of both")
    ends = np.quantile(score, [0.002, 0.998])
    levels = np.unique(np.round([*np.linspace(*ends, POSITIONS - 1), best_threshold(member, score)], 6))
    names = [f"{level:.1f}".replace("-", "−") for level in levels]
    counts = [confusion(member, score, level) for level in levels]
    most = int(np.argmax([c.trace() for c in counts]))
    strict = int(np.argmax([c[0, 1] <= 0.01 * c[0].sum() for c in counts]))  # 0 where no position is so strict
    lenient = int(np.argmin([abs(c[0, 1] - 0.9 * c[0].sum()) for c in counts]))
    panels = [
        Panel(lambda ax, i: _histogram(ax, member, score, levels[i])),
        Panel(lambda ax, i: _confusion(ax, counts[i]), (2.6, 2.9)),
        Panel(lambda ax, i: _roc(ax, member, score, counts[i])),
    ]
    slider = Slider("threshold on the log-odds of the true class", names, most)
    title = "One threshold, seen three times: histogram, confusion matrix, ROC curve"
    return Player(
        [slider], panels, lambda i: _say(names[i], counts[i]), title=title, shown=[(lenient,), (most,), (strict,)]
    )


def _say(name: str, counts: np.ndarray) -> str:
    (tn, fp), (fn, tp) = counts
    right = (tp + tn) / counts.sum()
    return (
        f"Above {name}: {tp:,} of {tp + fn:,} members (recall {tp / (tp + fn):.3f}) and {fp:,} of "
        f"{tn + fp:,} others (false alarms {fp / (tn + fp):.3f}) are called members; accuracy {right:.3f}."
    )


def confusion(member: np.ndarray, score: np.ndarray, threshold: float) -> np.ndarray:
    """Return the counts ((tn, fp), (fn, tp)) where a score above the threshold is called a member; int (2, 2)."""
    said = score > threshold
    return np.array([[(~said & (member == truth)).sum(), (said & (member == truth)).sum()] for truth in (False, True)])


def _histogram(ax, member, score, level) -> None:
    bins = np.linspace(score.min(), score.max() + 1e-9, 41)
    for mask, colour, kind, style in ((member, MEMBER, "members", "-"), (~member, NON_MEMBER, "others", "--")):
        heights = np.histogram(score[mask], bins)[0]
        ax.stairs(heights, bins, color=colour, fill=True, alpha=0.3)
        ax.stairs(heights, bins, color=colour, ls=style, label=kind)
    ax.axvline(level, color="black", lw=2, gid=MOVES)
    ax.set(xlabel="log-odds of the true class", ylabel="records")
    ax.legend(fontsize=10, handlelength=1.5)


def _confusion(ax, counts) -> None:
    for (row, column), count in np.ndenumerate(counts):
        share = count / counts[row].sum()
        ax.fill([column, column + 1, column + 1, column], [row, row, row + 1, row + 1], lw=0, gid=MOVES)
        ax.patches[-1].set(facecolor=MEMBER, alpha=round(0.05 + 0.6 * share, 2))
        ax.text(column + 0.5, row + 0.5, f"{count:,}", ha="center", va="center", fontsize=13, color="black", gid=MOVES)
    ax.set(xlim=(0, 2), ylim=(2, 0), xlabel="attack says", ylabel="truth", aspect="equal")
    ax.set_xticks([0.5, 1.5], ["out", "in"])
    ax.set_yticks([0.5, 1.5], ["out", "in"])
    ax.grid(False)


def _roc(ax, member, score, counts) -> None:
    (tn, fp), (fn, tp) = counts
    at = fp / (fp + tn), tp / (tp + fn)
    fpr, tpr = roc_points(member, score)
    ax.plot(fpr, tpr, color=MEMBER)
    ax.plot([0, 1], [0, 1], color=CHANCE, ls="--")
    ax.plot([at[0], at[0], 0], [0, at[1], at[1]], color="black", lw=1, ls=":", gid=MOVES)
    ax.plot([at[0]], [at[1]], "o", color="black", ms=8, gid=MOVES)
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
