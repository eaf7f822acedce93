"""What no claim asks: whom an attack finds without accusing others, and how much the same shadows tell."""

import math
from collections.abc import Iterator

from mia_helpers.report.claims.of_experiments import cifar10
from mia_helpers.report.claims.row import SIZES, row
from mia_helpers.report.claims.values import on_targets, realised
from mia_helpers.report.intervals import NOT_RUN, Value, share_over_seeds
from mia_helpers.walk.attackers import Attacker

STRICT = 0.001  # Carlini et al. 2022 ask for one false alarm in a thousand


def beyond(experiments) -> Iterator[dict]:
    """The paper's attack, a better reader of the same shadows, and one threshold: at each size, over seeds."""
    for ds in SIZES:
        seeds, options = cifar10(experiments, ds), {"judged": "measured", "only": f"cifar10_ds{ds}_seed*"}
        for name in ("svm", "boosted", "threshold"):
            start = f"CIFAR-10, ds {ds}: {name} attack"
            yield row("beyond", f"{start}, AUC", on_targets(seeds, name, "auc"), **options)
            found = on_targets(seeds, name, "tpr_at_01pct_fpr")
            yield row("beyond", f"{start}, members found at a false-positive rate of 0.1%", found, **options)
        start = f"CIFAR-10, ds {ds}: boosted attack, at its threshold for 0.1% from held-out shadows"
        for what, name in (("false-positive rate", "fpr"), ("members found", "tpr"), ("precision", "precision")):
            value = share_over_seeds([_realised(exp.attacker("boosted"), name) for exp in seeds])
            yield row("beyond", f"{start}: {what}", value, **options)


def _realised(attacker: Attacker, name: str) -> Value:
    """Return what came of a threshold that was chosen on the shadows, with its exact interval over the records."""
    rows = [row for row in realised(attacker) or [] if row["wanted"] == STRICT]
    if not rows or math.isnan(rows[0][name]):
        return NOT_RUN
    ends = (rows[0][f"{name}{end}"] for end in ("", "_low", "_high"))
    return Value(*ends, n=attacker.victim.split.train_size)
