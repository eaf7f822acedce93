"""A learnt attack that reads what the shadows know: boosted trees on the confidence and the true class."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import auc
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold
from threadpoolctl import threadpool_limits

from mia_helpers.attacks.base import Attack, best_threshold
from mia_helpers.attacks.metrics import LIMITS, roc_points, tpr_at_fpr
from mia_helpers.attacks.records import Records


class BoostedAttack(Attack):
    """Member if gradient boosting says so, from the log-odds of the true class and that class.

    On the paper's shadows, without further training: how much do they tell an attacker who reads them well? The trees
    are scikit-learn's with its defaults, so nothing is tuned. Trees are surer of what they were fitted on; so each
    shadow's records are scored by trees fitted on the other shadows, and all thresholds are chosen on these scores. (Of
    a single shadow, five parts of its records take turns.)

    Parameters
    ----------
    seed : int
        Of the parts of a single shadow, and of the sample by which scikit-learn groups more than 200,000 values.
    """

    name = "boosted"

    def __init__(self, *, seed=0):
        self.seed = seed

    def _fit(self, shadows):
        x, self._held_out = _features(shadows), np.empty(len(shadows))
        for rest, held_out in self._split(shadows):
            self._held_out[held_out] = _margin(_trees(x[rest], shadows.member[rest], self.seed), x[held_out])
        self.trees_ = _trees(x, shadows.member, self.seed)
        self.threshold_ = best_threshold(shadows.member, self._held_out)
        self.details_ = {"as_victims": [self._as_victim(shadows, i) for i in np.unique(shadows.model_id)]}

    def _split(self, shadows):
        if len(np.unique(shadows.model_id)) > 1:
            return LeaveOneGroupOut().split(shadows.member, groups=shadows.model_id)
        folds = StratifiedKFold(5, shuffle=True, random_state=self.seed)
        return folds.split(shadows.member, shadows.member)

    def _as_victim(self, shadows, model_id) -> dict:
        """Return how well the other shadows' trees find the members of this one."""
        rows = shadows.model_id == model_id
        fpr, tpr = roc_points(shadows.member[rows], self._held_out[rows])
        rates = {name: tpr_at_fpr(fpr, tpr, limit) for name, limit in LIMITS.items()}
        return {"shadow": int(model_id), "auc": float(auc(fpr, tpr)), **rates}

    def score(self, records: Records) -> np.ndarray:
        """Return the trees' log-odds that the record is a member."""
        return _margin(self.trees_, _features(records))

    def _on_shadows(self, shadows):
        return self._held_out


def _features(records: Records) -> np.ndarray:
    return np.column_stack([records.log_odds, records.label])


# One thread each: where another process holds a core, threads that wait for each other take 30 times as long.


def _trees(x, member, seed) -> HistGradientBoostingClassifier:
    with threadpool_limits(1, user_api="openmp"):
        trees = HistGradientBoostingClassifier(categorical_features=[1], early_stopping=False, random_state=seed)
        return trees.fit(x, member)


def _margin(trees, x) -> np.ndarray:
    with threadpool_limits(1, user_api="openmp"):
        return trees.decision_function(x)
