"""The science that a reader came for: records, attacks on them, and how good an attack is.

Pure functions and estimators on arrays: no Keras, no files, no experiment. It may use NumPy, SciPy, pandas,
scikit-learn, joblib and, of this package, `engine.errors`.

A new attack is a file with a class like those in `baselines`, and a place in the tuple below.
"""

from mia_helpers.attacks.base import Attack, best_threshold, new
from mia_helpers.attacks.baselines import GapAttack, ThresholdAttack
from mia_helpers.attacks.boosted import BoostedAttack
from mia_helpers.attacks.metrics import chance_interval, shuffled_accuracies
from mia_helpers.attacks.network import AttackNetwork
from mia_helpers.attacks.records import TARGET, Records
from mia_helpers.attacks.result import AttackResult
from mia_helpers.attacks.svm import PerClassSVM, grid_edges

# By name, in the order in which results are shown: the paper's come first.
ATTACKS: dict[str, type[Attack]] = {
    attack.name: attack for attack in (PerClassSVM, AttackNetwork, BoostedAttack, ThresholdAttack, GapAttack)
}
