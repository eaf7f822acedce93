"""What the figures to play with share: sliders, panels that are drawn for a position of them, and how they are shown.

A panel is drawn by matplotlib alone. What a slider moves carries the mark `MOVES`; all else must be the same at every
position, so that the fragment needs one picture of it and the moving parts as vectors.
"""

import base64
import itertools
import os
import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play import fragment, sliders

PLAYER = "application/vnd.mia.player+html"  # the book shows it; whoever does not know it shows the picture beside it
MOVES = fragment.MOVES


class Slider(NamedTuple):
    """A slider: what it sets, how each of its positions is called, and where it stands at first."""

    label: str
    names: Sequence[str]
    start: int = 0


class Panel(NamedTuple):
    """A part of the figure: `draw(ax, *positions)` draws it; its width and height in inches."""

    draw: Callable
    size: tuple[float, float] = (3.1, 2.9)  # a panel of up to 3.5 fits on a phone, unscaled


class Player:
    """A figure with sliders.

    Parameters
    ----------
    sliders : sequence of Slider
        At least one, each with at least one position.
    panels : sequence of Panel
        Drawn side by side.
    say : callable
        `say(*positions)` returns the finding at these positions, a sentence with its numbers. It is the title, and
        the text for whoever does not see the figure.
    title : str
        What the figure is about; begins its alt text.
    shown : sequence of positions
        Those that the picture shows where nothing moves, a panel or a row of panels each.

    Raises
    ------
    MIAError
        If a slider has no position.
    """

    def __init__(self, sliders, panels, say, *, title, shown):
        for slider in sliders:
            if not slider.names:
                raise MIAError(f"the slider {slider.label!r} has no position; give at least one")
        self.sliders, self.panels, self.say, self.title = list(sliders), list(panels), say, title
        self.shown = list(dict.fromkeys(shown))

    def __repr__(self) -> str:
        return f"<{self.title}: {' × '.join(f'{len(s.names)} positions of {s.label!r}' for s in self.sliders)}>"

    @property
    def positions(self) -> list[tuple[int, ...]]:
        """All positions, those of the last slider running fastest."""
        return list(itertools.product(*(range(len(slider.names)) for slider in self.sliders)))

    @property
    def start(self) -> tuple[int, ...]:
        """Where the sliders stand at first."""
        return tuple(slider.start for slider in self.sliders)

    def alt(self, *positions: int) -> str:
        """Return what is to be seen at these positions, for whoever does not see it."""
        return f"{self.title}. {self.say(*positions)}"

    def figure(self, *positions: int) -> Figure:
        """Return the figure at these positions: the panels side by side, the finding above."""
        widths = [panel.size[0] for panel in self.panels]
        figure = Figure(
            figsize=(min(max(6, 1.25 * sum(widths)), 9), self.panels[0].size[1] + 0.6), dpi=90, layout="constrained"
        )
        axes = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
        self._draw(axes, positions)
        figure.suptitle(_folded(self.say(*positions), figure), x=0.01, ha="left", fontsize=11)
        return figure

    def picture(self) -> Figure:
        """Return the figure where nothing moves: the panels at the positions `shown`."""
        if len(self.panels) > 1:
            return self._rows()
        width, height = self.panels[0].size
        across = min(len(self.shown), 2)
        down = -(-len(self.shown) // across)
        figure = Figure(figsize=(max(width, 4.4) * across, (height + 0.3) * down), dpi=90, layout="constrained")
        axes = figure.subplots(down, across, squeeze=False).flat
        for ax, positions in itertools.zip_longest(axes, self.shown):
            if positions is None:
                ax.axis("off")
                continue
            self._draw([ax], positions)
            ax.set_title(_folded(self.say(*positions), figure, 1 / across), fontsize=10)
        return figure

    def _rows(self) -> Figure:
        widths, height = [panel.size[0] for panel in self.panels], self.panels[0].size[1] + 0.35
        figure = Figure(figsize=(9, height * len(self.shown)), dpi=90, layout="constrained")
        parts = np.ravel(figure.subfigures(len(self.shown), 1))
        for part, positions in zip(parts, self.shown, strict=True):
            self._draw(part.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0], positions)
            part.suptitle(_folded(self.say(*positions), figure), x=0.01, ha="left", fontsize=11)
        return figure

    def _draw(self, axes, positions) -> None:
        for ax, panel in zip(axes, self.panels, strict=True):
            panel.draw(ax, *positions)

    def html(self) -> str:
        """Return the fragment for a page: needs nothing but itself, and may stand there several times."""
        states = self.positions
        says, start = [self.say(*state) for state in states], states.index(self.start)
        drawn = [fragment.panel(panel.draw, panel.size, states, start) for panel in self.panels]
        return fragment.html(self.title, self.sliders, says, drawn, start)

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Return what a notebook keeps: sliders where a Jupyter server started the kernel, else the fragment.

        In both cases there is the picture, for GitHub, for print, and for a notebook without a kernel.
        """
        picture = base64.b64encode(fragment.small_png(self.picture(), dpi=90)).decode() + "\n"
        says = " ".join(f"({i + 1}) {self.say(*shown)}" for i, shown in enumerate(self.shown))
        data, alt = {"text/plain": repr(self), "image/png": picture}, f"{self.title}, at {len(self.shown)} positions: "
        if os.environ.get("JPY_SESSION_NAME"):
            data |= sliders.widget(self)._repr_mimebundle_()
        else:
            data[PLAYER] = self.html()
        return data, {"image/png": {"alt": alt + says}}


def _folded(text: str, figure: Figure, share: float = 1) -> str:
    return textwrap.fill(text, int(figure.get_figwidth() * share * 11))
