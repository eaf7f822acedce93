"""Reference models that were trained elsewhere, each on any records: what the attacks compare an answer with.

The moments of `attacks.references` take complementary pairs, so that each record is known to as many models as any
other. Here the counts may differ from record to record. For pairs both are the same.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia_helpers.attacks.base import cut_at
from mia_helpers.attacks.references import per_record
from mia_helpers.attacks.references.lira import lira_offline, lira_online
from mia_helpers.attacks.references.moments import Moments, Side
from mia_helpers.attacks.references.rmia import probability, rmia_offline, rmia_online

FALSE_ALARMS = 0.01  # at which a record counts as caught


@dataclass(frozen=True, eq=False)
class Counted:
    """Of each record, over the models of one side: how many there are, their mean, and the sum of squares about it.

    Parameters
    ----------
    n, mean, squares : float64 (records,)
        `mean` is NaN where n is 0.
    """

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, chosen: np.ndarray) -> "Counted":
        """Return those over the chosen models of each record; both arrays are (records, models)."""
        n = chosen.sum(axis=1).astype(float)
        with np.errstate(invalid="ignore"):
            mean = np.where(chosen, values, 0).sum(axis=1) / n
        return cls(n, mean, np.square(np.where(chosen, values - mean[:, None], 0)).sum(axis=1))

    def without(self, values: np.ndarray, chosen: np.ndarray) -> "Counted":
        """Return those without one model, (records,), which is among these where it is chosen."""
        n = self.n - chosen
        with np.errstate(invalid="ignore", divide="ignore"):
            away = np.where(chosen, values - self.mean, 0)
            mean = np.where(n > 0, self.mean - away / n, np.nan)
            squares = self.squares - np.where(chosen, np.square(away) * self.n / n, 0)
        return Counted(n, mean, np.maximum(np.nan_to_num(squares), 0))

    @property
    def freedom(self) -> float:
        """The degrees of freedom that all records together leave for a variance."""
        return float(np.maximum(self.n - 1, 0).sum())

    @property
    def side(self) -> Side:
        """The side as the attacks read it, with one query and the variance of all records together."""
        variance = self.squares.sum() / self.freedom if self.freedom else np.nan
        return Side(int(self.n.min()), self.mean[:, None], np.full((len(self.n), 1), variance))


def scores(own: np.ndarray, phi: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """Return float64 (n,) by attack: what LiRA and RMIA say of the target, fixed in advance and nothing fitted.

    Parameters
    ----------
    own : float64 (n,)
        The target's phi.
    phi : float64 (n, N)
        The references'.
    known : bool (n, N)
        Whether a reference was trained on the record; if none was, the offline attacks are taken.

    Returns
    -------
    dict
        'lira' and 'rmia', or 'lira_offline' and 'rmia_offline'. No LiRA where no record has two models of one side:
        there is no variance.
    """
    outside, found = Counted.of(phi, ~known), {}
    inside = Counted.of(phi, known) if known.any() else None
    if outside.freedom and (inside is None or inside.freedom):
        found |= _lira(own, inside, outside)
    chances = probability(phi[..., None])[..., 0]
    moments = Moments(None if inside is None else Counted.of(chances, known).side, Counted.of(chances, ~known).side)
    rmia = rmia_offline if inside is None else rmia_online
    return found | {rmia.__name__.removesuffix("_online"): rmia(probability(own[:, None]), moments)}


def _lira(own: np.ndarray, inside: Counted | None, outside: Counted) -> dict[str, np.ndarray]:
    if inside is None:
        return {"lira_offline": lira_offline(own[:, None], Moments(None, outside.side))}
    return {"lira": lira_online(own[:, None], Moments(inside.side, outside.side))}


def caught(phi: np.ndarray, known: np.ndarray) -> pd.DataFrame | None:
    """Return for each record how often LiRA finds it, each reference model once the target.

    A model's threshold is the one at which 1 in 100 of the records that it does not know is called a member. Left out
    of its references is also a model that was trained on exactly what it was not: that would give the answer away.

    Returns
    -------
    DataFrame or None
        The columns of `attacks.references.per_record`, a row per record. None where too few models are left for some
        record, or where a model leaves out fewer than 100 records.
    """
    if not known.any() or ((~known).sum(axis=0) * FALSE_ALARMS < 1).any():
        return None
    inside, outside = Counted.of(phi, known), Counted.of(phi, ~known)
    called = np.zeros(known.shape, bool)
    for model in range(known.shape[1]):
        left, beside = inside, outside
        for gone in [model, *np.flatnonzero((known != known[:, [model]]).all(axis=0))]:
            left, beside = left.without(phi[:, gone], known[:, gone]), beside.without(phi[:, gone], ~known[:, gone])
        if min(left.n.min(), beside.n.min()) < 1 or not (left.freedom and beside.freedom):
            return None
        score = _lira(phi[:, model], left, beside)["lira"]
        called[:, model] = score > cut_at(score[~known[:, model]], FALSE_ALARMS)
    return per_record(called.T, known.T)
