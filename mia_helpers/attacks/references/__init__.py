"""Attacks with reference models, trained in complementary pairs on the target's own pool of records.

`References` is the one matrix that all read; `score_each` makes every model the target once. It may use what `attacks`
may use. A new attack is a function in a file of its own, and a place in the tuple in `scores`.
"""

from mia_helpers.attacks.references.decisions import THRESHOLDS, decide, thresholds
from mia_helpers.attacks.references.matrix import References, Target
from mia_helpers.attacks.references.measure import in_hindsight, per_target
from mia_helpers.attacks.references.risk import exposed_auc, halves, per_record, set_apart, stability
from mia_helpers.attacks.references.rmia import choose_a, rmia_shares
from mia_helpers.attacks.references.scores import (
    REFERENCE_ATTACKS,
    ReferenceAttack,
    find,
    from_moments,
    score_each,
    score_one,
)
