"""A figure with sliders as a fragment of HTML: pictures of what stays, vectors of what moves, a script of few lines.

What moves is read from matplotlib's own artists, so the fragment cannot show anything else than the figure does.
"""

import base64
import html as escaping
import io
import json
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from mia_helpers.plots.kept import small

MOVES = "moves"  # the mark (gid) of an artist that a slider moves; all other artists stay
COLOURS = 32  # of a picture: chosen far apart, so that none of the drawing is lost to its blurred edges
DPI = 192  # of what moves: two dots for a pixel of CSS
STILL = 144  # of the picture of what stays
DASHES = {"--": "14 8", ":": "3 6"}
CARD = "background:#fff;color:#222;color-scheme:light;padding:12px;border-radius:8px;font-size:1rem;line-height:1.4"
SCRIPT = """<script>(() => {
const root = document.currentScript.parentElement;
const {names, says, title, moves} = JSON.parse(root.querySelector('script').textContent);
const inputs = [...root.querySelectorAll('input')], marks = [...root.querySelectorAll('[data-moves]')];
const update = () => {
  const at = inputs.reduce((sum, input, i) => sum * names[i].length + Number(input.value), 0);
  inputs.forEach((input, i) => {
    input.nextElementSibling.textContent = names[i][input.value];
    input.setAttribute('aria-valuetext', names[i][input.value]);
  });
  moves.forEach(([mark, what, values]) => {
    if (what === 'text') marks[mark].textContent = values[at];
    else marks[mark].setAttribute(what, values[at]);
  });
  root.querySelector('p').textContent = says[at];
  root.querySelector('[role=img]').setAttribute('aria-label', title + '. ' + says[at]);
};
inputs.forEach(input => input.addEventListener('input', update));
update();
})();</script>"""


def small_png(figure: Figure, *, dpi: float) -> bytes:
    """Return the figure as a PNG of a few colours: a third of the size, and the same bytes each time."""
    FigureCanvasAgg(figure)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi, format="png", facecolor="white", metadata={"Software": None})
    return small(drawn.getvalue(), COLOURS, near=255)


def uri(png: bytes) -> str:
    """Return a PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def image(png: bytes, alt: str) -> str:
    """Return a PNG as an HTML image."""
    return f'<img src="{uri(png)}" alt="{escaping.escape(alt)}" style="max-width:100%">'


def panel(draw: Callable, size: tuple[float, float], states: Sequence[tuple], start: int) -> tuple[str, list]:
    """Return a panel as an SVG that shows the state `start`, and what changes in it.

    Each change is [mark, attribute, values]: the number of the mark within the panel, and a value for each state.
    """
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    ax, frames = figure.subplots(), []
    for state in [states[start], *states]:  # the layout is that of the first, and stays
        ax.clear()
        draw(ax, *state)
        moving = [artist for artist in ax.get_children() if artist.get_gid() == MOVES]
        for artist in moving:
            artist.set_visible(False)
        if not frames:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            still = small_png(figure, dpi=STILL)
        frames.append([_mark(artist, figure) for artist in moving])
    width, height = (round(inches * DPI) for inches in size)
    first, marks, changes = frames.pop(0), [], []
    for i, mark in enumerate(first):
        changes += [[i, what, of] for what in mark if len(set(of := [frame[i][what] for frame in frames])) > 1]
        tag = "text" if "text" in mark else "path"
        told = "".join(f' {what}="{escaping.escape(str(v))}"' for what, v in mark.items() if what != "text")
        marks.append(f"<{tag} data-moves{told}>{escaping.escape(mark.get('text', ''))}</{tag}>")
    svg = (
        f'<svg viewBox="0 0 {width} {height}" style="width:{width // 2}px;max-width:100%;height:auto" '
        f'font-family="sans-serif" stroke-linecap="round"><image href="{uri(still)}" width="{width}" '
        f'height="{height}"/>{"".join(marks)}</svg>'
    )
    return svg, changes


def html(title: str, sliders: Sequence, says: Sequence[str], panels: Sequence[tuple[str, list]], start: int) -> str:
    """Return sliders, the finding and the panels as one fragment that needs nothing else; `start`: of the states."""
    moves, before = [], 0
    for svg, changes in panels:
        moves += [[before + mark, what, values] for mark, what, values in changes]
        before += svg.count(" data-moves")
    names = [list(slider.names) for slider in sliders]
    data = json.dumps(
        {"names": names, "says": list(says), "title": title, "moves": moves}, ensure_ascii=False, separators=(",", ":")
    ).replace("</", "<\\/")
    inputs = "".join(
        f'<label style="display:block">{escaping.escape(slider.label)}<br><input type="range" min="0" '
        f'max="{len(slider.names) - 1}" value="{slider.start}" style="width:min(100%,420px);vertical-align:middle"> '
        f"<output>{escaping.escape(slider.names[slider.start])}</output></label>"
        for slider in sliders
    )
    say, label = escaping.escape(says[start]), escaping.escape(f"{title}. {says[start]}")
    return (
        f'<div class="mia-player" style="{CARD}"><script type="application/json">{data}</script>{inputs}'
        f'<p aria-live="polite" style="margin:8px 0;min-height:2.8em">{say}</p><div role="img" aria-label="{label}" '
        f'style="display:flex;flex-wrap:wrap;gap:8px">{"".join(svg for svg, _ in panels)}</div>{SCRIPT}</div>'
    )


# --- An artist as a mark of SVG -----------------------------------------------------------------------------------


def _mark(artist, figure: Figure) -> dict[str, object]:
    """Return the attributes of an artist as SVG has them, in dots from the upper left corner."""
    height, points = figure.bbox.height, DPI / 72
    if isinstance(artist, Text):
        x, y = artist.get_transform().transform(artist.get_position())
        anchor = {"left": "start", "center": "middle", "right": "end"}[artist.get_ha()]
        place = {"x": round(x), "y": round(height - y), "dy": ".35em", "text-anchor": anchor}
        size = round(artist.get_fontsize() * points)
        return place | {"font-size": size, "fill": to_hex(artist.get_color()), "text": artist.get_text()}
    dots = isinstance(artist, Line2D) and artist.get_marker() == "o"
    shape = {"d": _path(artist, height, dots=dots)}
    if isinstance(artist, Line2D):
        thick = artist.get_markersize() if dots else artist.get_linewidth()
        look = {"fill": "none", "stroke": to_hex(artist.get_color()), "stroke-width": round(thick * points, 1)}
        dashes = DASHES.get(artist.get_linestyle())
        return shape | look | ({"stroke-dasharray": dashes} if dashes else {})
    look = {"fill": to_hex(artist.get_facecolor()), "fill-opacity": round(artist.get_facecolor()[3], 2)}
    edge = {"stroke": to_hex(artist.get_edgecolor()), "stroke-width": round(artist.get_linewidth() * points, 1)}
    return shape | look | (edge if artist.get_linewidth() and artist.get_edgecolor()[3] else {})


def _path(artist, height: float, *, dots: bool = False) -> str:
    """Return the outline in whole dots, each step relative to the last; of `dots`, a line of no length at each."""
    shape = artist.get_transform().transform_path(artist.get_path())
    steps, last = [["M", 0, 0]], (0, 0)
    for points, code in shape.iter_segments(remove_nans=True, simplify=False, curves=False) if len(shape) else ():
        if code in (shape.CLOSEPOLY, shape.STOP):
            steps += [["z"]] if code == shape.CLOSEPOLY else []
            continue
        x, y = np.round([points[-2], height - points[-1]]).astype(int).tolist()
        right, down = x - last[0], y - last[1]
        last = x, y
        if dots or code == shape.MOVETO:
            steps += [["m", right, down], *([["h", 0]] if dots else [])]
        elif right and down:
            steps.append(["l", right, down])
        elif right or down:  # what goes on in the same direction is one step
            step = ["v", down] if down else ["h", right]
            if steps[-1][0] == step[0] and steps[-1][1] * step[1] > 0:
                steps[-1][1] += step[1]
            else:
                steps.append(step)
    return "".join(step[0] + " ".join(map(str, step[1:])).replace(" -", "-") for step in steps)
