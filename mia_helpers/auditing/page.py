"""The page: one HTML file with everything in it, that asks no network for anything."""

import html as escaping

import pandas as pd

from mia_helpers.auditing import figures, measure, words

CSS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1e21; --soft: #5b6067; --line: #d9dce0; --box: #f5f6f8;
  --member: #0072b2; --other: #c14f00; --warn: #8a4b00; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e8eaed; --soft: #a8adb5;
  --line: #3a3f46; --box: #1f2226; --member: #56b4e9; --other: #ff9a56; --warn: #ffb869; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 50rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: .4rem 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--line); }
p, ul { margin: .6rem 0; } ul { padding-left: 1.2rem; } li { margin: .35rem 0; }
p, li, td { overflow-wrap: anywhere; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
.answer { font-size: 1.25rem; line-height: 1.4; font-weight: 600; margin: .8rem 0 1.2rem; }
.lead { font-size: 1.12rem; }
.checks { border-left: 4px solid var(--warn); background: var(--box); padding: .2rem .9rem; margin: 1rem 0; }
.checks h2 { border: 0; margin: .5rem 0 .2rem; padding: 0; color: var(--warn); }
figure { margin: 1.2rem 0; } figure svg { display: block; width: 100%; max-width: 34rem; height: auto; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .5rem .6rem; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
thead th { background: var(--box); white-space: normal; vertical-align: bottom; min-width: 4.6rem; }
td small, th small { display: block; font-weight: 400; color: var(--soft); font-size: .85em; }
tr.best td, tr.best th { font-weight: 600; } tr.best small { font-weight: 400; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; }
  figure, tr, .checks { break-inside: avoid; } .scroll { overflow: visible; border: 0; }
  figure svg { max-width: 12cm; } }
"""


def html(report, old=None) -> str:
    """Return the page as a string; the same report gives the same bytes. With an `old` one it tells what changed."""
    drawn, parts = figures.drawn(report), []
    source = report.about.get("source")
    title = f"Membership audit{f' of {source}' if source else ''}"
    for one in words.sections(report, old):
        parts.append(_section(one, report, drawn))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_text(title)}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n<h1>{_text(title)}</h1>\n'
        f'<p class="soft">Can it be told from the model\'s answers who was in its training data?</p>\n'
        f'<p class="answer">{_text(words.answer(report))}</p>\n'
        f"{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _section(one: words.Section, report, drawn: dict[str, str]) -> str:
    text = list(one.text)
    lines = []
    if one.key == "learns":
        lines.append(f'<p class="lead">{_text(text.pop(0))}</p>')
    lines += [f"<p>{_text(part)}</p>" for part in text]
    if one.items:
        lines.append("<ul>" + "".join(f"<li>{_text(part)}</li>" for part in one.items) + "</ul>")
    extras = {
        "learns": lambda: [_figure(drawn["roc"]), _attacks(report), _figure(drawn["scores"])],
        "records": lambda: [_worst(report)],
        "groups": lambda: [_figure(drawn["groups"]), _groups(report)],
    }
    lines += extras[one.key]() if one.key in extras else []
    body = "\n".join(lines)
    return f'<section class="{one.key}">\n<h2>{_text(one.heading)}</h2>\n{body}\n</section>\n'


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"


def _attacks(report) -> str:
    """Return the table of all attacks: a row for each, with intervals below the values."""
    head = ["attack", *(words.METRIC_TITLES[metric] for metric in measure.METRICS)]
    rows = []
    for attack in words.attacks_of(report):
        cells = [_text(words.TITLES.get(attack, attack))]
        for metric in measure.METRICS:
            value = report.value(metric, attack)
            ends = [words.figure(metric, value[end]) for end in ("low", "high")]
            small = "" if pd.isna(value["high"]) else f"<small>{ends[0]} to {ends[1]}</small>"
            cells.append(f"{words.figure(metric, value['value'])}{small}")
        rows.append((attack == report.about["headline"], cells))
    guess = ["guessing", *(words.figure(metric, words.CHANCE[metric]) for metric in measure.METRICS)]
    return _table("All attacks, with intervals", head, [*rows, (False, guess)])


def _worst(report, n: int = 20) -> str:
    table = report.worst(n)
    caption = f"The first {len(table)} of {report.about['members']:,} members"
    if "caught" in table:
        head = ["record", "caught", "models that know it", "falsely", "non-members above, now"]
        rows = [
            [
                _text(one.id),
                f"{words.percent(one.caught)}<small>{words.percent(one.caught_low)} to {words.percent(one.caught_high)}"
                "</small>",
                f"{one.n_in:.0f}",
                words.percent(one.falsely),
                f"{one.non_members_above:,.0f}",
            ]
            for one in table.itertuples()
        ]
    else:
        head = ["record", "score", "non-members as high or higher"]
        rows = [[_text(one.id), f"{one.score:.4g}", f"{one.non_members_above:,}"] for one in table.itertuples()]
    if "group" in table:
        for row, group in zip(rows, table["group"], strict=True):
            row[0] += f"<small>{_text(group)}</small>"
    return _table(caption, head, [(False, row) for row in rows])


def _groups(report) -> str:
    head = ["group", "members caught", "of", "falsely", "of non-members", "p (Holm)"]
    rows = []
    for one in report.groups.itertuples():
        ends = "" if pd.isna(one.low) else f"<small>{words.percent(one.low)} to {words.percent(one.high)}</small>"
        p = "–" if pd.isna(one.p_holm) else f"{one.p_holm:.2g}"
        shares = ["–" if pd.isna(share) else words.percent(share) for share in (one.share, one.false_share)]
        cells = [_text(one.group), shares[0] + ends, f"{one.members:,}", shares[1], f"{one.non_members:,}", p]
        rows.append((p != "–" and one.p_holm < 0.05, cells))
    return _table("At one threshold for all groups", head, rows)


def _table(caption: str, head: list[str], rows: list[tuple[bool, list[str]]]) -> str:
    """Return a table in a box of its own to scroll in; cells are HTML already."""
    columns = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    body = ""
    for best, (first, *rest) in rows:
        cells = f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest)
        row = '<tr class="best">' if best else "<tr>"
        body += f"{row}{cells}</tr>\n"
    label = escaping.escape(caption, quote=True)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table>\n<caption>{label}</caption>\n'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def _text(value: object) -> str:
    return escaping.escape(str(value))
