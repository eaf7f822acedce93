"""A report as JSON, and back."""

import json
from pathlib import Path

import pandas as pd

from mia_helpers.auditing import measure
from mia_helpers.engine.errors import MIAError

FORMAT = 1
TABLES = ("table", "groups", "records")
NUMBERS = ("value", "low", "high", "found", "of")  # columns of the first, which may be all unknown


def packed(report) -> str:
    """Return a report as JSON: about, warnings, curves, and each table as its columns, with null for NaN."""
    kept = {"format": FORMAT, "about": report.about, "warnings": report.warnings, "curves": report.curves}
    kept |= {name: _columns(getattr(report, name)) for name in TABLES}
    return json.dumps(kept, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def unpacked(text: str, where: str = "") -> dict:
    """Return the fields of the report in a text.

    Raises
    ------
    MIAError
        If the text is no such JSON, or of another format; it begins with `where`.
    """
    try:
        kept = json.loads(text)
        if (found := kept["format"]) == FORMAT:
            tables = {name: pd.DataFrame(kept[name]) for name in TABLES}
            tables["table"] = tables["table"].astype(dict.fromkeys(NUMBERS, float))
            _check_about(kept["about"], tables["table"])
            return {"about": kept["about"], "warnings": kept["warnings"], "curves": kept["curves"], **tables}
    except (KeyError, TypeError, ValueError, RecursionError):  # JSON's own error is a ValueError
        raise MIAError(f"{where}no JSON of an audit: expected what AuditReport.to_json or save wrote") from None
    raise MIAError(f"{where}an audit's JSON of format {found!r}: expected {FORMAT}; audit again")


def _check_about(about: dict, table: pd.DataFrame) -> None:
    """Raise a ValueError unless the table has rows of the attack that `about` names, and as many records."""
    named = table[table["attack"] == about["headline"]]
    if not set(measure.METRICS) <= set(named["metric"]) or not about["members"] * about["non_members"] > 0:
        raise ValueError("no such report")


def text_of(path: str | Path) -> str:
    """Return the text of a file, or raise an MIAError that names it."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise MIAError(f"{path}: cannot be read ({error.strerror}); expected the JSON beside a report") from None
    except UnicodeError:
        raise MIAError(f"{path}: no text in UTF-8; expected the JSON beside a report") from None


def _columns(table: pd.DataFrame) -> dict[str, list]:
    plain = table.astype(object).where(table.notna(), None)
    return {name: [value.item() if hasattr(value, "item") else value for value in plain[name]] for name in plain}
