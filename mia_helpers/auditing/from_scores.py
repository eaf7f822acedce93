"""An audit from answers alone: answers in, report out. One that trains reference models ends here too."""

from pathlib import Path

import numpy as np
import pandas as pd

from mia_helpers.attacks.metrics import roc_points
from mia_helpers.attacks.records import Records
from mia_helpers.attacks.references.privacy import DELTA
from mia_helpers.auditing import attacks, checks, epsilon, faults, groups, measure, reading, references
from mia_helpers.auditing.answers import AuditAnswers
from mia_helpers.auditing.report import KEPT, AuditReport

POINTS, BINS = 120, 40  # of a curve, of a histogram


def audit_scores(
    answers: AuditAnswers | Records | pd.DataFrame | str | Path, *, seed: int = 0, delta: float = DELTA
) -> AuditReport:
    """Audit one model from its answers alone: no model, no training.

    Parameters
    ----------
    answers : AuditAnswers, Records of one model, DataFrame or path
        A DataFrame has the columns of `AuditAnswers.from_columns`, a file too (see `reading.read`).
    seed : int
        Of the halves of balanced accuracy and the pairs of epsilon. The same seed gives the same report.
    delta : float
        Of differential privacy, 0 to 1; the bound on epsilon holds for this delta.

    Returns
    -------
    AuditReport

    Raises
    ------
    MIAError
        If the answers, seed or delta make no sense.
    """
    faults.check_options(seed, delta)
    source = Path(answers).name if isinstance(answers, str | Path) else None
    answers = reading.as_answers(answers)
    scores = attacks.scores(answers)
    table = measure.table(answers, scores, seed=int(seed), delta=float(delta))
    best = measure.headline(table)
    return AuditReport(
        about=_about(answers, len(scores), best, int(seed), float(delta)) | {"source": source},
        warnings=checks.run(answers, scores),
        table=table,
        groups=groups.compare(answers, scores[best]),
        records=_records(answers, scores[best]),
        curves=_curves(answers, scores, best),
    )


def _about(answers: AuditAnswers, n_attacks: int, best: str, seed: int, delta: float) -> dict:
    level, pairs = measure.level_for(n_attacks), min(answers.n_others, len(answers) - answers.n_others)
    right = answers.correct
    return {
        "members": len(answers) - answers.n_others,
        "non_members": answers.n_others,
        "classes": None if answers.outputs is None else answers.outputs.shape[1],
        "kind": answers.kind,
        "score_from": answers.score_from,
        "references": answers.n_references,
        "knowing": bool(answers.known is not None and answers.known.any()),
        "seed": seed,
        "delta": delta,
        "level": level,
        "headline": best,
        "pairs": pairs,
        "ceiling": epsilon.ceiling(pairs, delta=delta, confidence=level),
        "member_accuracy": None if right is None else float(right[answers.member].mean()),
        "non_member_accuracy": None if right is None else float(right[~answers.member].mean()),
    }


def _records(answers: AuditAnswers, score: np.ndarray) -> pd.DataFrame:
    """Return the members at most risk, the first `KEPT`."""
    others = np.sort(score[~answers.member])
    table = pd.DataFrame({"id": answers.id, "score": score})
    if answers.group is not None:
        table.insert(1, "group", answers.group)
    table["non_members_above"] = len(others) - np.searchsorted(others, score, side="left")
    by, often = ["score"], None if answers.phi is None else references.caught(answers.phi, answers.known)
    if often is not None:
        kept = ["n_in", "caught", "caught_low", "caught_high", "n_out", "falsely"]
        table, by = table.join(often[kept]), ["caught", "score"]
    members = table[answers.member].sort_values(by, ascending=False, kind="stable")
    return members.head(KEPT).reset_index(drop=True)


def _curves(answers: AuditAnswers, scores: dict[str, np.ndarray], best: str) -> dict:
    """Return what the figures show, as lists."""
    grid = np.unique(np.concatenate([[0], np.geomspace(1 / answers.n_others, 1, POINTS)]))
    roc = {}
    for attack, score in scores.items():
        fpr, tpr = roc_points(answers.member, score)
        reached = tpr[np.searchsorted(fpr, grid + 1e-12, side="right") - 1]
        roc[attack] = {"fpr": grid.tolist(), "tpr": reached.tolist()}
    low, high = np.quantile(scores[best], (0.005, 0.995))
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts = [
        np.histogram(np.clip(scores[best][kind], edges[0], edges[-1]), edges)[0].tolist()
        for kind in (answers.member, ~answers.member)
    ]
    return {"roc": roc, "histogram": {"edges": edges.tolist(), "members": counts[0], "non_members": counts[1]}}
