"""`python -m benchmarks.audit_trials`: audits whose truth is known, without a leak and with one; keeps a table.

About 5 minutes on one core. Nothing is trained: answers are drawn.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from mia_helpers.attacks.intervals import area
from mia_helpers.attacks.metrics import roc_points, tpr_at_fpr
from mia_helpers.auditing import AuditAnswers, attacks, audit_scores, epsilon, words
from mia_helpers.engine import files
from mia_helpers.report.tables import markdown

PAGE = Path(__file__).with_suffix(".md")
REPEATS = 200
RECORDS, MODELS, CLASSES = 1200, 8, 4  # half of the records are members
OF_TRUTH = 400_000  # records, drawn once for the figures that intervals should hold
CHANCE = {"TPR at 1% FPR": 0.01, "AUC": 0.5, "balanced accuracy": 0.5, "gap": 0.0}
METRICS = {"TPR at 1% FPR": "tpr_at_1pct_fpr", "AUC": "auc", "balanced accuracy": "balanced_accuracy", "gap": "gap"}
SIZES = (0.25, 0.5, 1.0, 2.0)  # of a leak: by how many standard deviations members are higher
ATTACK = {"one score": "score", "logits of 4 classes": "threshold", "a score and 8 references": "lira"}


def drawn(form: str, leak: float, rng: np.random.Generator, n: int = RECORDS) -> AuditAnswers:
    """Return answers in one of the forms of `ATTACK`; members are higher by `leak`.

    Of the references' records, those that a reference knows are always higher by 1, so what is wrong when the target
    leaks nothing would be seen.
    """
    member = rng.permutation(np.arange(n) < n // 2)
    if form == "logits of 4 classes":
        label, z = rng.integers(0, CLASSES, n), rng.normal(size=(n, CLASSES))
        z[np.arange(n), label] += 2 + leak * member
        return AuditAnswers(member, label, z)
    if form == "one score":
        return AuditAnswers(member, score=rng.normal(size=n) + leak * member)
    hard, known = 2 * rng.normal(size=n), rng.random((n, MODELS)) < 0.5
    known[:, 1::2] = ~known[:, ::2]
    phi = hard[:, None] + known + rng.normal(size=(n, MODELS))
    return AuditAnswers(member, score=hard + leak * member + rng.normal(size=n), phi=phi, known=known)


def null_trials(repeats: int = REPEATS) -> pd.DataFrame:
    """Return for each form how often the intervals of the best-looking attack hold chance, and what is told for it."""
    rows = []
    for form in ATTACK:
        reports = [_audited(form, 0.0, i) for i in range(repeats)]
        row = {"audited": form}
        for title, metric in METRICS.items():
            known = [one.value(metric) for one in reports if metric != "gap" or form == "logits of 4 classes"]
            row[f"{title} held"] = _share([one["low"] <= CHANCE[title] <= one["high"] for one in known])
        every = [one.table.query("metric == 'epsilon'")["value"].max() for one in reports]
        row["epsilon 0"] = _share([bound == 0 for bound in every])
        for rule in ("tpr_at_1pct_fpr=0.01", "auc=0.5"):
            row[f"`{rule}` fires"] = _share([bool(one.failures(rule)) for one in reports])
        for word in ("Yes", "Perhaps"):
            row[f"answer: {word}"] = _answered(reports, word)
        rows.append(row)
    return pd.DataFrame(rows)


def leak_trials(repeats: int = REPEATS) -> pd.DataFrame:
    """Return for each form and size of leak how often the intervals of one attack hold the truth, and it is found."""
    rows = []
    for form, attack in ATTACK.items():
        for leak in SIZES:
            reports = [_audited(form, leak, i) for i in range(repeats)]
            row = {"audited": form, "members higher by": f"{leak:g}"}
            for title, value in zip(("TPR at 1% FPR", "AUC"), truth(form, leak), strict=True):
                ends = [one.value(METRICS[title], attack) for one in reports]
                row[f"{title} in truth"] = f"{value:.3f}"
                row[f"{title} held"] = _share([one["low"] <= value <= one["high"] for one in ends])
                row[f"{title} found"] = _share([one["low"] > CHANCE[title] for one in ends])
            row["answer: Yes"] = _answered(reports, "Yes")
            rows.append(row)
    return pd.DataFrame(rows)


def epsilon_trials(repeats: int = REPEATS) -> pd.DataFrame:
    """Return how often the bound on epsilon is below the truth, and how near it comes.

    Each record answers truly whether it is a member with a probability, else the opposite. Who sees a member and a
    non-member exchanged has two such answers against him, so epsilon is twice the log-odds of that probability.
    """
    rows = []
    for truly in (0.5, 1.0, 2.0, 4.0):
        bounds = []
        for i in range(repeats):
            rng = np.random.default_rng((i, 7))
            member = rng.permutation(np.arange(RECORDS) < RECORDS // 2)
            score = np.where(rng.random(RECORDS) < expit(truly / 2), member, ~member).astype(float)
            bounds.append(epsilon.shown(score, member, seed=i, delta=0.0).bound)
        row = {"epsilon in truth": f"{truly:g}", "bound not above it": _share([one <= truly for one in bounds])}
        row |= {"bound above 0": _share([one > 0 for one in bounds]), "mean bound": f"{np.mean(bounds):.2f}"}
        rows.append(row)
    return pd.DataFrame(rows)


@lru_cache
def truth(form: str, leak: float) -> tuple[float, float]:
    """Return the TPR at 1% FPR and the AUC of the form's attack, from very many records."""
    answers = drawn(form, leak, np.random.default_rng(11), OF_TRUTH)
    score, member = attacks.scores(answers)[ATTACK[form]], answers.member
    return tpr_at_fpr(*roc_points(member, score), 0.01), area(score[member], score[~member])


def _audited(form: str, leak: float, i: int):
    return audit_scores(drawn(form, leak, np.random.default_rng((i, int(100 * leak)))), seed=i)


def _answered(reports: list, word: str) -> str:
    """Return in how many of these reports the sentence at the top begins with this word."""
    return _share([words.answer(one).startswith(word) for one in reports])


def _share(told: list[bool]) -> str:
    return f"{np.mean(told):.1%}" if told else ""


def main() -> None:
    """Try all and write the three tables."""
    text = (
        f"Without a leak, {REPEATS} audits of {RECORDS // 2} members and as many others in each row: how often the 95% "
        f"interval holds chance, the attack picked afterwards; how often no attack shows an epsilon above 0; how often "
        f"a rule of `--fail-above` fires; and how often the sentence at the top tells of a leak.\n\n"
        f"{markdown(null_trials())}\n"
        f"With a leak of known size, {REPEATS} audits in each row: how often the interval holds the truth (all attacks "
        f"together at 95%, so one alone more often), and how often its lower end is above chance.\n\n"
        f"{markdown(leak_trials())}\n"
        f"Of a known epsilon, {REPEATS} audits of {RECORDS // 2} pairs:\n\n{markdown(epsilon_trials())}"
    )
    files.write_text(PAGE, text, variable=None)
    print(text)


if __name__ == "__main__":
    main()
