"""What is looked at in the raw records before a model is asked: are both sets of one distribution, and apart?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from mia_helpers.attacks.intervals import area, of_auc
from mia_helpers.auditing import inputs
from mia_helpers.auditing.limits import UNLIKE

MOST = 2000  # of each kind, for the classifiers that try to tell the sets apart
LEVEL, MARGIN = 0.99, 0.01  # of the AUC's interval over both classifiers, and how far above 0.5 its lower end must be
FOLDS, CATEGORIES, WORDS = 5, 20, 4096
MOST_VALUE = 1e30  # trees count in float32
# Folds are judged by classifiers that share their training records: the correction of Nadeau and Bengio (2003).
WIDER = (1 + FOLDS / (FOLDS - 1)) ** 0.5


@dataclass(frozen=True)
class Shift:
    """How well the raw records alone tell members from non-members, to somebody who never asks the model.

    Parameters
    ----------
    auc, low, high : float
        Out of the folds that a classifier was fitted on; 0.5 is guessing.
    by : str
        The classifier.
    """

    auc: float
    low: float
    high: float
    by: str

    @property
    def is_sure(self) -> bool:
        """Whether the sets differ beyond the luck of the draw."""
        return self.low > 0.5 + MARGIN

    @property
    def said(self) -> str:
        """The sentence for the report."""
        return (
            f"{UNLIKE}: {self.by} that sees the raw records alone, "
            f"and never asks the model, tells them apart with an AUC of {self.auc:.3f} ({LEVEL:.0%} interval "
            f"{self.low:.3f} to {self.high:.3f}; guessing: 0.5). This audit measures that shift, and not what the "
            f"model remembers. Draw both sets from one pool at random, and audit again."
        )

    @property
    def unsure(self) -> str:
        """The sentence where nothing is sure."""
        return (
            f"Members and non-members were compared as raw records: no classifier told them apart for sure (AUC "
            f"{self.auc:.3f}, {LEVEL:.0%} interval {self.low:.3f} to {self.high:.3f}; guessing: 0.5)."
        )


def shift(pool: inputs.Pool, seed: int) -> Shift:
    """Return what a classifier finds on the raw records: trees or a logistic regression, whichever surely finds more.

    Both are cross-validated on at most `MOST` records of each kind, so it takes seconds. What they do not find may
    still be there.
    """
    rng = np.random.default_rng((seed, 3))
    chosen = np.sort(np.concatenate([rng.permutation(part)[:MOST] for part in pool.parts]))
    features, member = as_numbers(inputs.rows(pool.x, chosen)), pool.member[chosen]
    found = [_judged(name, model, features, member, seed) for name, model in _classifiers(seed)]
    return max(found, key=lambda one: one.low)


def _classifiers(seed: int) -> Iterator[tuple[str, object]]:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    yield "a forest", ExtraTreesClassifier(200, min_samples_leaf=3, random_state=seed % 2**32)
    yield "a logistic regression", make_pipeline(MaxAbsScaler(), LogisticRegression(C=0.1, max_iter=200))


def _judged(name: str, model, features, member: np.ndarray, seed: int) -> Shift:
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed % 2**32)
    score = cross_val_predict(model, features, member, cv=folds, method="predict_proba")[:, 1]
    low, high = of_auc(member, score, 1 - (1 - LEVEL) / 2)
    auc = float(area(score[member], score[~member]))
    return Shift(auc, max(auc - WIDER * (auc - low), 0.0), min(auc + WIDER * (high - auc), 1.0), name)


def as_numbers(x):
    """Return records as a matrix of finite numbers, (n, columns): images flat, categories and words as indicators."""
    if isinstance(x, pd.DataFrame):
        columns = [column for name in range(x.shape[1]) for column in _column(x.iloc[:, name])]
        return np.clip(np.column_stack(columns), -MOST_VALUE, MOST_VALUE)
    if sparse.issparse(x):
        x = x.astype(float)
        x.data = np.clip(np.nan_to_num(x.data), -MOST_VALUE, MOST_VALUE)
        return x
    if x.dtype.names:
        return as_numbers(pd.DataFrame.from_records(x))
    if x.dtype.kind in "OSU":
        return _of_objects(x)
    x = np.stack([x.real, x.imag], axis=-1) if x.dtype.kind == "c" else x
    flat = x.reshape(len(x), -1).astype(float)
    middle = float(np.nanmedian(flat)) if np.isfinite(flat).any() else 0.0
    return np.clip(np.nan_to_num(flat, nan=middle, posinf=0, neginf=0), -MOST_VALUE, MOST_VALUE)


def _of_objects(x: np.ndarray):
    if x.ndim == 1 and all(isinstance(value, str) for value in x):
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(n_features=WORDS).transform(x)
    return as_numbers(pd.DataFrame(x.reshape(len(x), -1)).infer_objects())


def _column(column: pd.Series) -> Iterator[np.ndarray]:
    """Yield a column as numbers, beside them where it is missing; the most frequent categories as indicators."""
    missing = column.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("int64")
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(float, na_value=np.nan)
        known = values[np.isfinite(values)]
        yield np.where(np.isfinite(values), values, np.median(known) if len(known) else 0.0)
    else:
        texts = column.astype(str)
        for value in texts.value_counts().index[:CATEGORIES]:
            yield (texts == value).to_numpy(float)
    if missing.any():
        yield missing.astype(float)


def duplicates(pool: inputs.Pool) -> str | None:
    """Return the sentence about non-members whose content is that of a member; None without any."""
    hashes = inputs.row_hashes(pool.x)
    inside, outside = (hashes[part] for part in pool.parts)
    twins = np.flatnonzero(np.isin(outside, inside))
    if not len(twins):
        return None
    first = int(np.argmax(inside == outside[twins[0]]))
    be, them = ("is", "it") if len(twins) == 1 else ("are", "them")
    return (
        f"{len(twins):,} of {len(outside):,} non-members {be} among the members too, with the same content (the first: "
        f"row {twins[0]} of the non-members and row {first} of the members). The model was trained on {them}, so no "
        f"attack can tell {them} from members. Take such records out of the non-members."
    )
