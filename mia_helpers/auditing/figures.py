"""The figures of a page, as SVG that takes its colours from the page and needs nothing else."""

import html
import io
import re
import warnings

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mia_helpers.auditing import words
from mia_helpers.plots.style import MEMBER, NON_MEMBER, style

WIDTH = 4.1  # inches: on a phone a figure is shown at about this width, so 10 points stay above 9
INK = "#111213"  # stands for the colour of the page's text, and is used for nothing else
OF_PAGE = {INK: "currentColor", MEMBER: "var(--member)", NON_MEMBER: "var(--other)"}
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def drawn(report) -> dict[str, str]:
    """Return figures by name, each an `<svg>` with a title and a text in the place of the picture.

    'roc' and 'scores' always, 'groups' where there are some.
    """
    found = {"roc": _svg(_roc, report), "scores": _svg(_scores, report)}
    if len(report.groups):
        found["groups"] = _svg(_groups, report)
    return found


def _svg(draw, report) -> str:
    with matplotlib.rc_context():  # what the user has set comes back
        style()
        size = {name: 10 for name in ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")}
        colours = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), INK)
        matplotlib.rcParams.update(size | colours | {"axes.titlesize": 11, "legend.fontsize": 10, "grid.alpha": 0.15})
        matplotlib.rcParams.update({"axes.facecolor": "none", "grid.color": INK, "legend.frameon": False})
        # Names of groups are no formulas, and the page's fonts have more characters than matplotlib's
        matplotlib.rcParams.update({"text.parse_math": False, "svg.fonttype": "none"})
        figure = Figure(figsize=(WIDTH, 3.6), facecolor="none")
        stream, unknown = io.StringIO(), {"Date": None, "Creator": None, "Format": None, "Type": None}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            alt = draw(figure, report)
            figure.savefig(stream, format="svg", metadata=unknown)
    return _inline(stream.getvalue(), draw.__name__.strip("_"), alt)


def _inline(svg: str, name: str, alt: str) -> str:
    """Return the SVG as a part of a page: its own names, the page's colours, and a text for who cannot see it."""
    svg = re.sub(r"(?s)^.*?(?=<svg)|<metadata>.*?</metadata>", "", svg)
    svg = (
        re.sub(r'\s(?:width|height|xmlns(?::\w+)?|version)="[^"]*"', "", svg.partition(">")[0]) + svg[svg.index(">") :]
    )
    svg = re.sub(r'\bid="', f'id="{name}-', svg).replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    for colour, ours in OF_PAGE.items():
        svg = svg.replace(colour, ours)
    told = html.escape(alt, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{told}"', 1).replace(">", f"><title>{told}</title>", 1)


def _roc(figure, report) -> str:
    """Draw the ROC curves of all attacks on logarithmic axes."""
    ax, best = figure.subplots(), report.about["headline"]
    least = 1 / max(report.about["members"], report.about["non_members"])
    grid = np.geomspace(least, 1, 50)
    ax.plot(grid, grid, color=INK, lw=1, alpha=0.6, label="guessing")
    for (attack, curve), line in zip(report.curves["roc"].items(), LINES, strict=False):
        look = {"color": MEMBER, "lw": 2.2} if attack == best else {"color": INK, "lw": 1.2, "alpha": 0.8}
        shown = np.maximum(curve["tpr"], least / 2)
        title = words.TITLES.get(attack, attack)
        ax.step(curve["fpr"], shown, where="post", label=title, ls="-" if attack == best else line, **look)
    ax.set(xscale="log", yscale="log", xlim=(least, 1), ylim=(least, 1.05))
    ax.set(xlabel="false alarms among non-members", ylabel="members found")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda x, _: f"{100 * x:g}%")
    ax.legend(loc="lower right", handlelength=1.8)
    rate = report.value("tpr_at_1pct_fpr")
    auc = report.value("auc")["value"]
    sure = rate["low"] > words.CHANCE["tpr_at_1pct_fpr"]
    told = f"{words.percent(rate['value'])} found at 1% false alarms" if sure else f"AUC {auc:.3f}, guessing 0.5"
    ax.set_title(f"Who is found, at how many false alarms\n{told}")
    return f"Curve of members found against false alarms, logarithmic axes; {words.TITLES.get(best, best)}: {told}."


def _scores(figure, report) -> str:
    """Draw how the headline's scores of members and non-members are spread."""
    ax, bins = figure.subplots(), report.curves["histogram"]
    edges = np.array(bins["edges"])
    for kind, colour, title in (
        ("non_members", NON_MEMBER, "non-members"),
        ("members", MEMBER, "members"),
    ):
        share = np.array(bins[kind]) / report.about[kind]
        ax.stairs(share, edges, color=colour, lw=2, label=title)
        ax.stairs(share, edges, color=colour, fill=True, alpha=0.15)
    shares = [np.array(bins[kind]) / report.about[kind] for kind in ("members", "non_members")]
    common = float(np.minimum(*shares).sum())
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(
        xlabel=f"score of the attack ({words.TITLES.get(report.about['headline'], 'score')})", ylabel="share of records"
    )
    ax.set_ylim(0, 1.22 * max(map(max, shares)))  # room for the legend
    ax.legend(loc="upper left", ncols=2, handlelength=1.4)
    told = f"{common:.0%} of both overlap"
    ax.set_title(f"Scores of members and non-members\n{told}")
    return f"Histogram of the scores of members and of non-members: {told}."


def _groups(figure, report) -> str:
    """Draw each group's share of members that are caught, with its interval; of many groups the first and last."""
    table = report.groups.dropna(subset=["share"])
    if len(table) > 14:
        table = table.iloc[[*range(7), *range(len(table) - 7, len(table))]]
    figure.set_size_inches(WIDTH, 1.5 + 0.27 * len(table))
    ax, y = figure.subplots(), np.arange(len(table))[::-1]
    share = table["share"].to_numpy(float)
    ends = np.abs(np.stack([share - table["low"], table["high"] - share]).astype(float))
    ax.errorbar(share, y, xerr=ends, fmt="o", color=MEMBER, label="members caught")
    ax.plot(table["false_share"], y, "x", color=NON_MEMBER, label="non-members, falsely")
    ax.set_yticks(y, [name if len(name) < 16 else f"{name[:14]}…" for name in table["group"]])
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set_ylim(-0.7, len(table) - 0.3)
    ax.set(xlabel="share called members (95% interval)")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=1, handlelength=1.2)
    unlike = int((table["p_holm"].astype(float) < 0.05).sum())
    told = f"{unlike} of {len(table)} shown differ from the rest" if unlike else "no group stands out"
    ax.set_title(f"Members caught, by group\n{told}")
    return f"Share of members caught in each group, with intervals: {told}."
