"""What is audited: one model's answers about records whose membership is known, checked when they are made."""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import softmax

from mia_helpers.attacks.records import Records, correct, log_odds_of_logits
from mia_helpers.auditing import faults
from mia_helpers.engine.errors import MIAError


@dataclass(frozen=True, eq=False)
class AuditAnswers:
    """What one model answers about n records, and which of them it was trained on.

    Parameters
    ----------
    member : bool (n,)
        Whether the model was trained on the record.
    label : int64 (n,), optional
        The true class, 0 ... k - 1; needed with `outputs`.
    outputs : float64 (n, k), optional
        Probabilities or logits of k >= 2 classes; `kind` tells which they are.
    score : float64 (n,), optional
        In the place of `outputs`: one number for each record, higher meaning "member".
    id, group : str (n,), optional
        A name of the record, each one once (default: its row), and the slice that it belongs to.
    phi : float64 (n, N), optional
        What N reference models say of the same records: log-odds of the true class, or, where `score` is given, that.
    known : bool (n, N), optional
        Whether the reference model was trained on the record; all False if none was trained on any.
    score_from : str
        'score', or 'loss' where the score is the loss, negated.
    unread : tuple of str
        Columns that were there and are not read.

    Attributes
    ----------
    kind : str
        'probabilities' or 'logits' of `outputs`, or 'score'.

    Raises
    ------
    MIAError
        On construction: the first fault, with the column and the row, and what to do about it.
    """

    member: np.ndarray
    label: np.ndarray | None = None
    outputs: np.ndarray | None = None
    score: np.ndarray | None = None
    id: np.ndarray | None = None
    group: np.ndarray | None = None
    phi: np.ndarray | None = None
    known: np.ndarray | None = None
    score_from: str = "score"
    unread: tuple[str, ...] = ()
    kind: str = field(init=False, default="score")

    def __post_init__(self):
        self._keep("member", faults.zeros_and_ones("member", self.member))
        faults.check_lengths(self)
        faults.check_both_kinds(self.member)
        if (self.outputs is None) == (self.score is None):
            raise MIAError(faults.ONE_ANSWER)
        for name in ("outputs", "phi"):
            if getattr(self, name) is not None:
                self._keep(name, faults.matrix(name, getattr(self, name)))
        if self.outputs is not None:
            self._keep("kind", faults.kind_of(self.outputs))
            self._keep("label", faults.labels(self.label, self.outputs.shape[1]))
        else:
            self._keep("score", faults.numbers("score", self.score))
            self._keep("label", None if self.label is None else faults.labels(self.label))
        self._keep("id", faults.ids(self.id, self.member))
        self._keep("group", None if self.group is None else faults.groups(self.group))
        self._keep("known", faults.known_to_references(self))

    def _keep(self, name: str, value) -> None:
        object.__setattr__(self, name, value)  # it is frozen

    def __len__(self) -> int:
        return len(self.member)

    @property
    def n_others(self) -> int:
        """The number of non-members."""
        return int(np.count_nonzero(~self.member))

    @property
    def n_references(self) -> int:
        """The number of reference models, 0 without any."""
        return 0 if self.phi is None else self.phi.shape[1]

    @property
    def confidence(self) -> np.ndarray:
        """float64 (n,): the log-odds of the true class; where a score is given, that."""
        if self.outputs is None:
            return self.score
        if self.kind == "logits":
            return log_odds_of_logits(self.outputs, self.label)
        zeros = np.zeros(len(self), int)
        return Records(self.outputs, self.label, self.member, zeros, zeros).log_odds

    @property
    def correct(self) -> np.ndarray | None:
        """bool (n,): whether the predicted class is the true one; None where only a score is given."""
        return None if self.outputs is None else correct(self.outputs, self.label)

    @property
    def probs(self) -> np.ndarray:
        """float64 (n, k): the probabilities, by softmax where logits are given."""
        return softmax(self.outputs, axis=1) if self.kind == "logits" else self.outputs


def two_columns(single: np.ndarray) -> np.ndarray:
    """Return a single output as two columns: probabilities where all lie within 0 and 1, else logits."""
    p = single.astype(float)
    if p.min() < 0 or p.max() > 1:
        return np.column_stack([np.zeros_like(p), p])
    lost = float(np.finfo(single.dtype).epsneg) / 2  # what a probability that is rounded to 1 leaves
    return np.column_stack([np.where(p == 1, lost, 1 - p), p])
