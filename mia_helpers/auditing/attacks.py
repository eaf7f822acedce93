"""The attacks of an audit: scores of each record, higher meaning "member". Nothing is fitted to the audited records."""

import numpy as np

from mia_helpers.attacks.references.entropy import modified_entropy
from mia_helpers.auditing import references
from mia_helpers.auditing.answers import AuditAnswers

MANY_CLASSES = 100  # above, modified entropy takes longer than all the rest, and finds what confidence finds


def scores(answers: AuditAnswers) -> dict[str, np.ndarray]:
    """Return float64 (n,) by attack, in the order shown.

    'threshold' (confidence in the true class, as log-odds), 'gap' (right or wrong; Yeom et al. 2018),
    'modified_entropy' (Song and Mittal 2021; up to 100 classes); or 'score', what was given. With references also
    'lira' (Carlini et al. 2022) and 'rmia' (Zarifzadeh et al. 2024), offline where no reference knows a record.
    """
    own = answers.confidence
    if answers.outputs is None:
        found = {"score": own}
    else:
        found = {"threshold": own, "gap": answers.correct.astype(float)}
        if answers.outputs.shape[1] <= MANY_CLASSES:
            found["modified_entropy"] = -modified_entropy(answers.probs, answers.label)
    if answers.phi is not None:
        found |= references.scores(own, answers.phi, answers.known)
    return found
