"""What a notebook keeps of a figure that it shows: a small picture, and a text for whoever does not see it."""

import base64
import io
import sys

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from mia_helpers.plots.alt import describe

PNG = "image/png"
NEAR = 12  # of 255: by how much a colour may change; where a photograph would change by more it is kept as it is


def small(png: bytes, colours: int = 256, *, near: int = NEAR) -> bytes:
    """Return a PNG with a palette, a third of the size, if no colour changes by more than `near`; else as it was.

    The same picture gives the same bytes. One that is transparent somewhere is left alone.
    """
    picture = PngImageFile(io.BytesIO(png))
    if picture.convert("RGBA").getextrema()[3][0] < 255:
        return png
    picture = picture.convert("RGB")
    few = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    if np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(picture, int)).max() > near:
        return png
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return min(png, written.getvalue(), key=len)


def register() -> None:
    """Have IPython keep both with each figure that a notebook shows; outside of IPython nothing happens.

    Size and resolution are what the inline backend makes of them.
    """
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    if not (shell := get_ipython()):
        return

    def text(figure: Figure):
        _shrink(shell.display_formatter.formatters[PNG])  # only now has the inline backend set its own
        return {}, {PNG: {"alt": describe(figure)}}

    shell.display_formatter.mimebundle_formatter.for_type(Figure, text)


def _shrink(formatter) -> None:
    """Have the formatter of figures write small PNGs, whatever else it does."""
    before = formatter.type_printers.get(Figure)
    if before is None or getattr(before, "writes_small", False):
        return

    def smaller(figure: Figure):
        made = before(figure)
        data, *metadata = made if isinstance(made, tuple) else (made,)
        if isinstance(data, str):
            data = base64.b64encode(small(base64.b64decode(data))).decode()
        elif data is not None:
            data = small(data)
        return (data, *metadata) if metadata else data

    smaller.writes_small = True
    formatter.for_type(Figure, smaller)
