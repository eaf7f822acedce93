"""`AuditReport`: what an audit found, in words, as tables, as a page, and as JSON that can be read again."""

import errno
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mia_helpers.auditing import judging, measure, page, stored, words
from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError

KEPT = 200  # records, at the most, that a report lists


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What one audit found.

    Attributes
    ----------
    about : dict
        What was audited and how: members, non_members, classes, kind, score_from, references, knowing (whether any
        reference was trained on records), seed, delta, level (of each interval), headline (the attack that surely finds
        most), pairs and ceiling (of epsilon), member_accuracy, non_member_accuracy, source. Of `audit` also shift
        (whether the raw records alone tell the sets apart) and notes (on the model, its references and the records).
    warnings : list of str
        What the checks said.
    table : DataFrame
        A row per attack and metric: attack, metric, value, low, high, found, of (see `measure.table`).
    groups : DataFrame
        A row per group (see `groups.compare`); none without groups.
    records : DataFrame
        The members at most risk, `KEPT` at the most: id, group, score, non_members_above (how many non-members score as
        high or higher), and with references also n_in, caught, caught_low, caught_high, n_out, falsely.
    curves : dict
        What the figures show: `roc` (by attack: fpr, tpr), `histogram` (edges, members, non_members; of the headline).
    """

    about: dict
    warnings: list[str]
    table: pd.DataFrame
    groups: pd.DataFrame
    records: pd.DataFrame
    curves: dict

    def summary(self, old: "AuditReport | None" = None) -> str:
        """Return the report in words, with an `old` report also what changed since."""
        return words.as_text(words.sections(self, old))

    def worst(self, n: int = 20) -> pd.DataFrame:
        """Return the n members at most risk, a row each.

        With references: by how often the record is caught when the model is one of the references that know it. Without
        them: by the headline's score; `non_members_above` tells how little that alone may mean.
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= KEPT:
            raise MIAError(f"worst({n!r}): expected a whole number from 1 to {KEPT}")
        return self.records.head(n)

    def value(self, metric: str, attack: str | None = None) -> dict[str, float]:
        """Return value, low, high, found and of, of one attack (default: the headline), or of the model's gap.

        Raises
        ------
        MIAError
            If there is no such metric or attack.
        """
        attack = "" if metric == measure.GAP else attack or self.about["headline"]
        return judging.row(self, metric, attack)

    def failures(self, *rules: str) -> list[str]:
        """Return a sentence for each rule, such as "tpr_at_1pct_fpr=0.05", that is broken; none is a list of none.

        A rule is broken if the interval's lower end of any attack is above its number; the intervals hold for all
        attacks together. Several rules are several tests, each wrong in at most 5% of audits.

        Raises
        ------
        MIAError
            If a rule names no metric or no number, or there are too few records to judge it.
        """
        return [said for rule in rules if (said := judging.failure(self, rule))]

    def compare(self, old: "AuditReport") -> pd.DataFrame:
        """Return what changed since an older audit, a row per attack and metric (see `judging.changes`)."""
        return judging.changes(self, old)

    def to_json(self) -> str:
        """Return the whole report as JSON, the same bytes for the same report."""
        return stored.packed(self)

    @classmethod
    def from_json(cls, text: str) -> "AuditReport":
        """Return the report that `to_json` wrote; an MIAError if the text is something else, or of another format."""
        return cls(**stored.unpacked(text))

    @classmethod
    def load(cls, path: str | Path) -> "AuditReport":
        """Return the report in a JSON file; an MIAError names the file if it is none."""
        return cls(**stored.unpacked(stored.text_of(path), f"{path}: "))

    def save(self, path: str | Path, old: "AuditReport | None" = None) -> tuple[Path, Path]:
        """Write the page to `path`, which ends in .html, and the JSON beside it; return both paths.

        Both are written at once or not at all. With an `old` report the page also tells what changed.

        Raises
        ------
        MIAError
            If the path ends otherwise, or its folder cannot be written.
        """
        path = Path(path)
        if path.suffix != ".html":
            raise MIAError(f"{path}: expected a name that ends in .html, as the JSON gets the same with .json")
        html, text, beside = page.html(self, old), self.to_json(), path.with_suffix(".json")
        for one in (path, beside):
            if one.is_dir():  # else the first of the two would be replaced before the second cannot be
                raise files.cannot_write(one, IsADirectoryError(errno.EISDIR, "Is a directory"), None)
        with files.replacing(path, variable=None) as first, files.replacing(beside, variable=None) as second:
            first.write_text(html, encoding="utf-8")
            second.write_text(text, encoding="utf-8")
        return path, beside
