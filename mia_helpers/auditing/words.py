"""What a report says in sentences. The text and the page show the same sections, in the same order."""

import math
import textwrap
from dataclasses import dataclass

import pandas as pd

from mia_helpers.auditing import groups, limits, measure

TITLES = {
    "threshold": "confidence",
    "gap": "right or wrong",
    "modified_entropy": "modified entropy",
    "score": "the given score",
    "lira": "LiRA",
    "lira_offline": "LiRA, offline",
    "rmia": "RMIA",
    "rmia_offline": "RMIA, offline",
}
METRIC_TITLES = {
    "tpr_at_1pct_fpr": "TPR at 1% FPR",
    "tpr_at_01pct_fpr": "TPR at 0.1% FPR",
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "epsilon": "epsilon, at least",
    "gap": "gap of accuracy",
}
FIRST = "Before anything else"
SHIFTED = "This audit measures how the two sets differ, and not what the model remembers"
CHANCE = {"tpr_at_1pct_fpr": 0.01, "tpr_at_01pct_fpr": 0.001, "auc": 0.5, "balanced_accuracy": 0.5, "epsilon": 0.0}


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs and items below it; `key` tells the page which figures and tables belong there."""

    key: str
    heading: str
    text: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def sections(report, old=None) -> list[Section]:
    """Return the report in words, the most important first; with an `old` one also what changed."""
    every = [
        Section("checks", SHIFTED if report.about.get("shift") else FIRST, items=tuple(report.warnings)),
        Section("learns", "What an attacker learns", _learns(report)),
        Section("epsilon", "What it proves about differential privacy", _epsilon(report)),
        Section("changed", "What changed", items=changed(report, old) if old else ()),
        Section("records", "The records at risk", _records(report)),
        Section("groups", "Groups", _groups(report)),
        *(Section(key, heading, items=items) for key, heading, items in limits.sections(report.about)),
        Section("light", "Why there is no traffic light", limits.NO_LIGHT),
        Section("how", "How it was measured", _how(report)),
    ]
    return [one for one in every if one.text or one.items]


def answer(report) -> str:
    """Return one sentence for who reads no more: the answer to the page's question, and no verdict on the model."""
    rate, auc = report.value("tpr_at_1pct_fpr"), report.value("auc", measure.clearest(report.table))
    if any(said.startswith(limits.UNLIKE) for said in report.warnings):
        return "This audit cannot tell: the two sets of records differ, and it measures that."
    if rate["low"] > CHANCE["tpr_at_1pct_fpr"]:
        return (
            f"Yes, of some: an attacker who falsely accuses 1 in 100 others finds {percent(rate['value'])} of the "
            f"members. Guessing finds 1%."
        )
    if auc["low"] > CHANCE["auc"]:
        return (
            f"Yes, over all records: of a member and another, an attacker picks the member in {percent(auc['value'])} "
            f"of cases; guessing does in 50%. That single ones are surely found is not shown."
        )
    if measure.shows_epsilon(report.table):
        return f"Perhaps: no rate and no AUC is surely above guessing. {_BOUND}"
    return "Not by these attacks on these records: they find no more than guessing for sure. That excludes no leak."


def as_text(every: list[Section], width: int = 100) -> str:
    """Return the sections as plain text."""
    lines = []
    for one in every:
        lines += [one.heading, "-" * len(one.heading)]
        lines += [line for part in one.text for line in (*_wrapped(part, width), "")]
        lines += [line for part in one.items for line in _wrapped(part, width, "- ", "  ")]
        lines += [""] if one.items else []
    return "\n".join(lines).rstrip() + "\n"


def _wrapped(part: str, width: int, first: str = "", then: str = "") -> list[str]:
    options = {"initial_indent": first, "subsequent_indent": then}
    return textwrap.wrap(part, width, break_on_hyphens=False, break_long_words=False, **options)


def audited(about: dict) -> str:
    """Return what was audited, in a sentence."""
    kind = {
        "probabilities": f"probabilities of {about['classes']} classes",
        "logits": f"logits of {about['classes']} classes",
        "score": "a score for each record" if about["score_from"] == "score" else "a loss for each record, negated",
    }[about["kind"]]
    found = f"{about['members']:,} members and {about['non_members']:,} non-members; the answers are {kind}"
    if about["references"]:
        know = "each trained on some of the records" if about["knowing"] else "none trained on any of the records"
        found += f"; with {about['references']} reference models, {know}"
    return f"Audited: {found}."


def means(about: dict, attack: str) -> str:
    """Return who makes this attack, as the beginning of a sentence."""
    n = about["references"]
    return {
        "threshold": "An attacker who sees the model's answers and knows the true class",
        "gap": "An attacker who sees no more than whether the model is right",
        "modified_entropy": "An attacker who sees all probabilities of an answer and knows the true class",
        "score": "An attacker who sees the score",
    }.get(attack, f"An attacker who also has {n} reference models like this one ({TITLES.get(attack, attack)})")


def _learns(report) -> tuple[str, ...]:
    """Return the finding, then what it was found in, then the other measures."""
    about, sure, finding = report.about, report.value("balanced_accuracy"), _finding(report)
    found = [
        finding,
        audited(about),
        _rarer(report),
        *([] if _auc(report) in finding else [f"The attacker {_auc(report)}"]),
        f"Sorting all records into members and others, both counting alike, the attacker is right for "
        f"{percent(sure['value'])} ({_interval(sure)}); guessing is right for 50%.",
    ]
    if about["member_accuracy"] is not None:
        gap = report.value(measure.GAP)
        found.append(
            f"The model is right for {percent(about['member_accuracy'])} of the members and "
            f"{percent(about['non_member_accuracy'])} of the non-members: a gap of {percent(gap['value'])} "
            f"({_interval(gap)})."
        )
    return tuple(found)


def _finding(report) -> str:
    """Return the first sentences: at few false alarms, and over all records where that shows more."""
    clearest, who = measure.clearest(report.table), means(report.about, report.about["headline"])
    rate, auc = report.value("tpr_at_1pct_fpr"), report.value("auc", clearest)
    if rate["low"] > CHANCE["tpr_at_1pct_fpr"]:
        return f"{who}, and accepts one false alarm in 100 non-members, finds {_rate(rate)}. Guessing finds 1%. {_MORE}"
    if math.isnan(rate["value"]):
        said = f"{means(report.about, clearest)} {_auc(report)}"
    else:
        said = (
            f"{who}, and accepts one false alarm in 100 non-members, finds {_rate(rate)}. Guessing finds 1%: at so few "
            f"false alarms nothing is sure."
        )
        other = "the attacker" if clearest == report.about["headline"] else f"a{means(report.about, clearest)[1:]} and"
        said += f" Over all records there is a leak: {other} {_auc(report)}" if auc["low"] > 0.5 else ""
    nothing = _BOUND if measure.shows_epsilon(report.table) else _NOTHING
    return f"{said} {_MORE if auc['low'] > 0.5 else nothing}"


_MORE = "That is more than guessing, whatever the luck of the draw."
_NOTHING = "The intervals do not exclude guessing: no leak is shown, and none is excluded."
_BOUND = "But the bound on epsilon is above 0: that is a leak, if a random split decided who became a member."


def _auc(report) -> str:
    auc = report.value("auc", measure.clearest(report.table))
    ends = "" if math.isnan(auc["low"]) else f"; {_interval(auc)}"
    return (
        f"who is shown a member and a non-member picks the member in {percent(auc['value'])} of cases (AUC{ends}). "
        f"Guessing does in 50%."
    )


def _rarer(report) -> str:
    rate = report.value("tpr_at_01pct_fpr")
    if math.isnan(rate["value"]):
        return "What is found at one false alarm in 1,000 cannot be known from fewer than 1,000 non-members."
    return f"At one false alarm in 1,000: {_rate(rate)}. Guessing finds 0.1%."


def _epsilon(report) -> tuple[str, ...]:
    about = report.about
    best = max(attacks_of(report), key=lambda name: report.value("epsilon", name)["value"])
    bound = report.value("epsilon", best)
    delta = f"{about['delta']:g}"
    if bound["value"]:
        said = (
            f"If a random split decided who became a member, the training was not differentially private with an "
            f"epsilon below {bound['value']:.2f} (delta = {delta}, two data sets that differ in one replaced "
            f"record; confidence 95%). Of {bound['of']:.0f} pairs the attacker guessed which "
            f"record was trained on, and was right about {bound['found']:.0f} ({TITLES.get(best, best)})."
        )
    else:
        said = (
            f"This audit shows no epsilon above 0 (delta = {delta}, confidence 95%). That is no proof that training "
            f"was private: a bound from one model says how much leaks at least, and never how much at most."
        )
    most = (
        f"{about['pairs']:,} pairs of a member and a non-member can show {about['ceiling']:.2f} at most, even where "
        f"every guess is right. Where members were picked in another way than at random, the bound means nothing."
    )
    return said, most


def _records(report) -> tuple[str, ...]:
    if not len(report.records):
        return ()
    first = report.records.iloc[0]
    if "caught" in report.records:
        return (
            f"Record {first['id']} is at most risk: of the {first['n_in']:.0f} reference models that know it, it is "
            f"caught in {percent(first['caught'])} (95% interval {percent(first['caught_low'])} to "
            f"{percent(first['caught_high'])}), at one false alarm in 100. The list is of members, those caught most "
            f"often first; the topmost of many are partly there by luck.",
        )
    above = int(first["non_members_above"])
    return (
        f"The list shows the members with the highest scores, not who is surely caught: how often a record is found "
        f"can be told only with reference models that know it. Beside each stands how many of "
        f"{report.about['non_members']:,} non-members score as high or higher: {above:,} for the first, "
        f"record {first['id']}.",
    )


def _groups(report) -> tuple[str, ...]:
    table = report.groups
    if not len(table):
        return ()
    unlike = table[table["p_holm"].astype(float) < 0.05]
    compared = int(table["p_holm"].notna().sum())
    named = [f"{one.group} ({percent(one.share)} of {one.members:,} caught)" for one in unlike.itertuples()]
    said = f"caught more or less often than the others: {', '.join(named)}" if named else "no group stands out"
    return (
        f"At one threshold for all, {said} (Fisher's exact test, Holm's correction for {compared} groups "
        f"compared, p < 0.05). Groups with fewer than {groups.LEAST} members or non-members are not compared.",
    )


def _how(report) -> tuple[str, ...]:
    about, names = report.about, attacks_of(report)
    tried = ", ".join(TITLES.get(name, name) for name in names)
    each = (
        f" Each interval is at {100 * about['level']:.4g}%, so that those of all {len(names)} attacks hold together "
        f"with 95%, and the best may be picked afterwards."
    )
    each = each if len(names) > 1 else ""
    return (
        f"Attacks: {tried}. None has learnt from these records.{each} Rates have exact intervals, the AUC that of "
        f"DeLong. The threshold of balanced accuracy is chosen on one random half and measured on the other. Intervals "
        f"cover the choice of records, not that of another training run. Seed {about['seed']}.",
        *about.get("notes", ()),
    )


def changed(report, old) -> tuple[str, ...]:
    """Return what changed since an older audit: of the headline's attack, or of all where the old one has not that."""
    said, table = [], report.compare(old)
    if (table["attack"] == report.about["headline"]).any():
        table = table[table["attack"].isin([report.about["headline"], ""])]
    for one in table.itertuples():
        if pd.isna(one.old) or pd.isna(one.new):
            continue
        name = f"{METRIC_TITLES[one.metric]}{f' ({TITLES.get(one.attack, one.attack)})' if one.attack else ''}"
        line = f"{name}: from {figure(one.metric, one.old)} to {figure(one.metric, one.new)}"
        if one.metric == "epsilon":
            said.append(f"{line}, two lower bounds.")
        elif pd.isna(one.low):
            said.append(f"{line}.")
        else:
            moved = "a change" if one.low > 0 or one.high < 0 else "not told from no change"
            ends = f"{one.low:+.3f} to {one.high:+.3f}".replace("-", "−")
            said.append(f"{line}; the difference lies in {ends}: {moved}.")
    return tuple(said)


def attacks_of(report) -> list[str]:
    """Return the names of the attacks of a report, in the order shown."""
    return [str(name) for name in report.table["attack"].unique() if name]


def percent(share: float) -> str:
    """Return a share as 12.3%; below 1% with two decimals."""
    digits = 2 if 0 < abs(share) < 0.00995 else 1
    return f"{100 * share:z.{digits}f}%".replace("-", "−")


def figure(metric: str, value: float) -> str:
    """Return a value as the tables show it: rates in percent, others with three decimals, '–' where not known."""
    if pd.isna(value):
        return "–"
    return f"{value:.2f}" if metric == "epsilon" else percent(value) if metric != "auc" else f"{value:.3f}"


def _rate(rate: dict[str, float]) -> str:
    return f"{percent(rate['value'])} of the members ({rate['found']:,.0f} of {rate['of']:,.0f}; {_interval(rate)})"


def _interval(value: dict[str, float]) -> str:
    return f"95% interval {percent(value['low'])} to {percent(value['high'])}"
