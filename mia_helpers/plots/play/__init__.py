"""Figures to play with: sliders in JupyterLab, a fragment of HTML in the book, and a picture everywhere else."""

from mia_helpers.plots.play.penalty import play_l2
from mia_helpers.plots.play.player import PLAYER, Panel, Player, Slider
from mia_helpers.plots.play.record import play_record
from mia_helpers.plots.play.threshold import play_threshold
