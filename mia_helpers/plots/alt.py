"""A text for each figure, for whoever does not see it: its finding, its axes, and what is drawn.

A notebook keeps it beside the picture, where screen readers and the book find it. Titles end in the finding, which is
computed, so the text has the numbers too.
"""

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, StepPatch

MOST = 6  # of the marks or ticks that are named one by one


def say(ax, text: str):
    """Give the figure of `ax` a text of its own, where titles and axes tell too little; returns `ax`."""
    np.ravel(ax)[0].figure.set_label(text)
    return ax


def describe(figure: Figure) -> str:
    """Return what a figure shows: its own text (see `say`), or one made from titles, axes, marks and legends."""
    if own := figure.get_label():
        return own
    parts = [_one_line(figure.get_suptitle())]
    axes = [ax for ax in figure.axes if ax.get_visible()]
    pictures = [ax for ax in axes if ax.images and not ax.axison]
    drawn = [ax for ax in axes if ax not in pictures and (ax.axison or _words(ax))]
    if pictures:
        names = [title for ax in pictures if (title := _title(ax))]
        parts.append(f"{len(pictures)} picture{'s' * (len(pictures) > 1)}{': ' * bool(names)}{', '.join(names)}")
    shown = list(dict.fromkeys(_panel(ax) for ax in drawn))
    if len(shown) > 1:
        shown = [f"Panel {i}: {text}" for i, text in enumerate(shown, 1)]
    return " ".join(part if part.endswith((".", "?")) else f"{part}." for part in [*parts, *shown] if part)


def _panel(ax) -> str:
    """Return a sentence or two on one pair of axes: title, x and y, what is drawn."""
    axes = []
    for axis, name in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        label, ticks = _one_line(axis.get_label_text()), _named_ticks(axis)
        if label or ticks:
            told = f"{label} ({ticks})" if label and ticks else label or ticks
            axes.append(f"{name}: {told}{', logarithmic' if axis.get_scale() in ('log', 'symlog') else ''}")
    parts = [_title(ax), "; ".join(axes) if ax.axison else "", _marks(ax), _words(ax)]
    return ". ".join(part for part in parts if part)


def _title(ax) -> str:
    return _one_line("\n".join(title for place in ("left", "center", "right") if (title := ax.get_title(loc=place))))


def _named_ticks(axis) -> str:
    """Return the names on an axis that has names: a few, or the first and the last and how many."""
    names = [_one_line(label.get_text()) for label in axis.get_ticklabels()]
    names = [name for name in names if any(letter.isalpha() for letter in name.replace("mathdefault", ""))]
    if len(names) > MOST:
        return f"{len(names)} rows, from {names[0]} to {names[-1]}"
    return ", ".join(names)


def _marks(ax) -> str:
    """Return what is drawn, named as in the legend where there is one."""
    of_intervals = {id(part) for c in ax.containers if isinstance(c, ErrorbarContainer) for part in (c[0], *c[1])}
    lines = [line for line in ax.lines if len(line.get_xdata()) and id(line) not in of_intervals]
    kinds = {"line": len(lines), "picture": len(ax.images)}
    bars = sum(isinstance(c, BarContainer) for c in ax.containers)
    errors = sum(isinstance(c, ErrorbarContainer) for c in ax.containers)
    areas = [p for p in ax.patches if isinstance(p, StepPatch | Polygon)]
    points = [c for c in ax.collections if isinstance(c, PathCollection) and len(c.get_offsets())]
    kinds |= {"set of bars": bars, "set of intervals": errors, "area": len(areas), "set of points": len(points)}
    told = ", ".join(f"{n} {_plural(kind, n)}" for kind, n in kinds.items() if n)
    legend = ax.get_legend()
    named = [_one_line(text.get_text()) for text in legend.get_texts()] if legend else []
    return f"{told}{' for ' if told and named else ''}{'; '.join(named)}"


def _plural(kind: str, n: int) -> str:
    if n == 1:
        return kind
    return kind.replace("set", "sets", 1) if kind.startswith("set") else f"{kind}s"


def _words(ax) -> str:
    """Return what is written in a drawing; of axes, where that is little."""
    words = [word for text in ax.texts if (word := _one_line(text.get_text()))]
    if not ax.axison:
        return ", ".join(dict.fromkeys(word for word in words if len(word) > 1))
    return f"Written there: {', '.join(words)}" if 0 < len(words) <= 2 * MOST else ""


def _one_line(text: str) -> str:
    return ": ".join(line.strip() for line in text.splitlines() if line.strip())
