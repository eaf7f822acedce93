"""The look that all figures share, and writing them."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from mia_helpers.engine import files
from mia_helpers.plots import kept

MEMBER, NON_MEMBER, CHANCE = "#0072b2", "#d55e00", "0.45"  # told apart by colour-blind readers too
# In grey they are alike, so outlines and lines have dashes, and dots a shape.
DASHES = ("-", (0, (5, 1)), (0, (5, 1, 1, 1)), (0, (1, 1)), (0, (3, 1, 1, 1, 1, 1)))  # of lines without markers
# How each attack is drawn; one that is new gets the last entry.
LOOKS = {
    "svm": {"marker": "o", "color": "#009e73"},
    "network": {"marker": "X", "color": "#009e73"},
    "boosted": {"marker": "P", "color": "#e69f00"},
    "threshold": {"marker": "s", "color": MEMBER},
    "gap": {"marker": "^", "color": NON_MEMBER},
    "lira": {"marker": "o", "color": "#cc79a7"},
    "lira_offline": {"marker": "^", "color": "#aa4499"},
    "lira_record": {"marker": "v", "color": "#882255"},
    "lira_bayesian": {"marker": "P", "color": "#d55e00"},
    "rmia": {"marker": "s", "color": "#e69f00"},
    "rmia_offline": {"marker": "D", "color": "#997700"},
    "label_only": {"marker": "X", "color": "#56b4e9"},
    "": {"marker": "D", "color": "#cc79a7"},
}


def bars(colour: str) -> dict:
    """Return how `hist` draws members (MEMBER) or the others: filled, with an outline that is told apart in grey."""
    dashes = "-" if colour == MEMBER else "--"
    return {"color": [*matplotlib.colors.to_rgb(colour), 0.5], "ec": colour, "ls": dashes, "histtype": "stepfilled"}


def look(attack: str) -> dict[str, str]:
    """Return marker and color of an attack."""
    return LOOKS.get(attack, LOOKS[""])


def style() -> None:
    """Set the look of all figures: readable at the width that GitHub shows, small as PNG, the same bytes as SVG.

    From then on, a notebook keeps an alt text with each figure that it shows, and a small PNG (see `kept`).
    """
    matplotlib.rcdefaults()  # not what the user's matplotlibrc says
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
    kept.register()


def save(ax, folder: Path, name: str) -> None:
    """Write the figure of `ax` as `name.png` and `name.svg` into `folder`."""
    figure = np.ravel(ax)[0].figure
    for suffix, options in {
        "png": {"dpi": 110, "metadata": {"Software": None}},
        "svg": {"metadata": {"Date": None}},
    }.items():
        with files.replacing(folder / f"{name}.{suffix}", variable=files.RESULTS) as part:
            figure.savefig(part, **options)
