"""To play with: one record through the eyes of reference models, and how many of them there are."""

import numbers

import numpy as np
from scipy.stats import norm

from mia_helpers.attacks.references import References
from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play.player import MOVES, Panel, Player, Slider
from mia_helpers.plots.style import MEMBER, NON_MEMBER

COUNTS = (4, 8, 16)  # and all that there are


def play_record(references: References, records=None, *, target: int = 0) -> Player:
    """Return a figure with two sliders, which record and how many references: LiRA's two bell curves.

    Parameters
    ----------
    references : References
        With confidences; the target and its pair are left out.
    records : int (n,), optional
        Which records. Without them three members of the target and two others: from those on which models
        that know them and models that do not are furthest apart, to those where they agree.
    target : int
        Which of the models is the target.

    Raises
    ------
    MIAError
        If the references have no pairs or no confidences, are fewer than six, or a record is not among theirs.
    """
    others = references.without(target)
    if references.confidence is None or others.n_models < 4:
        told = "no confidences" if references.confidence is None else f"{references.n_models} models"
        raise MIAError(f"play_record: the references have {told}, expected confidences of at least 6 models")
    phi, knows, ours = others.confidence[..., 0].astype(float), others.member, references.member[target]
    rows = _chosen(phi, knows, ours) if records is None else _checked(records, len(ours))
    counts = [*(count for count in COUNTS if count < len(phi)), len(phi)]
    answer = references.confidence[target, :, 0].astype(float)
    sides = [[_sides(phi[:count, row], knows[:count, row]) for count in counts] for row in rows]
    every = np.concatenate([phi[:, rows].ravel(), answer[rows]])
    across = np.linspace(every.min() - 1, every.max() + 1, 121)

    def say(i: int, j: int) -> str:
        told = f"Record {rows[i]}, {counts[j]} references"
        return _say(told, evidence(*sides[i][j], answer[rows[i]]), ours[rows[i]])

    panel = Panel(lambda ax, i, j: _draw(ax, sides[i][j], answer[rows[i]], across), (3.5, 2.8))
    names = [f"record {row}, a {'member' if ours[row] else 'non-member'}" for row in rows]
    sliders = [Slider("which record", names), Slider("reference models", [str(c) for c in counts], len(counts) - 1)]
    shown = [(i, j) for i in (0, min(2, len(rows) - 1)) for j in (len(counts) - 1,)]
    title = "One record, through models that know it and models that do not"
    return Player(sliders, [panel], say, title=title, shown=shown)


def _say(told: str, apart: float, is_in: bool) -> str:
    truth, guess = ("member" if inside else "non-member" for inside in (is_in, apart > 0))
    verdict = "rightly" if truth == guess else "wrongly"
    return (
        f"{told}: the answer is 10^{abs(apart):.1f} times as likely among models that "
        f"{'know' if apart > 0 else 'do not know'} it; {verdict} taken for a {guess}."
    )


def evidence(inside: np.ndarray, outside: np.ndarray, answer: float) -> float:
    """Return the logarithm (base 10) of how many times likelier the answer is among models that know the record.

    Normal distributions with each side's own mean and variance, as LiRA takes them for a record.
    """
    known, unknown = (norm(v.mean(), max(v.std(ddof=1), 1e-5)).logpdf(answer) for v in (inside, outside))
    return float(known - unknown) / np.log(10)


def _sides(phi, knows) -> tuple[np.ndarray, np.ndarray]:
    return phi[knows], phi[~knows]


def _checked(records, n: int) -> list[int]:
    rows = list(records)
    if not rows:
        raise MIAError("play_record: no record is named; give whole numbers, or leave records out")
    for row in rows:
        if isinstance(row, bool) or not isinstance(row, numbers.Integral) or not 0 <= row < n:
            raise MIAError(f"play_record: record {row!r}, expected whole numbers from 0 to {n - 1}")
    return rows


def _chosen(phi, knows, ours) -> list[int]:
    """Return three members and two others, each from the furthest apart down to those that are hardly so."""
    apart = phi.mean(axis=0, where=knows) - phi.mean(axis=0, where=~knows)
    rows = []
    for kind, shares in ((ours, (0, 0.25, 0.75)), (~ours, (0, 0.5))):
        order = np.flatnonzero(kind)[np.argsort(-apart[kind], kind="stable")]
        rows += [int(order[int(share * (len(order) - 1))]) for share in shares]
    return rows


def _draw(ax, sides, answer, across) -> None:
    top = 0.6  # of the densities; with few models a curve may be higher, and is cut
    looks = ((MEMBER, "-", "know it", -0.05), (NON_MEMBER, "--", "do not", -0.11))
    for values, (colour, style, who, height) in zip(sides, looks, strict=True):
        ax.plot([], [], color=colour, ls=style, label=who)
        curve = norm(values.mean(), max(values.std(ddof=1), 1e-5)).pdf(across)
        ax.plot(across, np.minimum(curve, top), color=colour, ls=style, lw=2, gid=MOVES)
        ticks = np.stack([values, values, np.full(len(values), np.nan)], axis=1).ravel()
        ax.plot(ticks, np.tile([height - 0.02, height + 0.02, 0], len(values)), color=colour, lw=1, gid=MOVES)
    ax.axvline(answer, color="black", lw=2, gid=MOVES)
    ax.plot([], [], color="black", label="the target")
    ax.set(xlabel="φ, log-odds of the true class", ylabel="density (ticks: models)")
    ax.set(xlim=(across[0], across[-1]), ylim=(-0.15, top * 1.02))
    ax.set_yticks([0, 0.2, 0.4, 0.6])
    ax.legend(fontsize=10, loc="upper left")
