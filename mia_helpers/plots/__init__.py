"""Every figure of the notebooks: `plot_x(data, ax=None) -> ax`, and the diagrams.

The second line of a title is the finding, computed from the data. It may use `walk` (the road map), `data`, `attacks`
and `engine`; it computes nothing that takes time.
"""

from mia_helpers.plots.alt import describe
from mia_helpers.plots.attacks import (
    plot_attack_model,
    plot_by_class,
    plot_confusion,
    plot_control,
    plot_member_share,
    plot_roc,
)
from mia_helpers.plots.controls import plot_outsiders
from mia_helpers.plots.cost import plot_cost
from mia_helpers.plots.diagrams import draw_attack, draw_attack_set, draw_road_map, draw_shadow_models
from mia_helpers.plots.models import plot_accuracies, plot_learning_curves, plot_true_class_probability
from mia_helpers.plots.penalty import plot_l2_accuracies, plot_l2_tradeoff
from mia_helpers.plots.play import play_l2, play_record, play_threshold
from mia_helpers.plots.records import plot_class_counts, plot_examples, plot_splits, plot_twins
from mia_helpers.plots.references import plot_caught, plot_mean_roc, plot_one_record, plot_queries
from mia_helpers.plots.style import save, style
