"""The command `audit`: a file of answers in, a report out."""

from pathlib import Path

from mia_helpers.auditing import AuditReport, audit_scores, judging
from mia_helpers.engine.errors import MIAError


def add_to(command) -> None:
    """Add the command and its options to the command line."""
    summary = "audit a model from a file of its answers: what can be told about who was in its training data"
    audit = command("audit", run, summary)
    audit.add_argument("file", metavar="FILE", help="answers: .csv, .csv.gz, .parquet or .npz (see docs/audit.md)")
    audit.add_argument("--out", default="report.html", help="the page; its JSON goes beside it (default: report.html)")
    audit.add_argument("--baseline", metavar="JSON", help="the JSON of an older audit, to tell what changed")
    rule = "exit with 1 where a metric's interval is wholly above a number, such as 'tpr_at_1pct_fpr=0.05' (repeatable)"
    audit.add_argument("--fail-above", metavar="METRIC=NUMBER", action="append", default=[], help=rule)
    audit.add_argument("--seed", default="0", help="of random halves and pairs (default: 0)")


def run(options) -> int:
    """Audit, print the summary, write the report, and return 1 if a rule of --fail-above is broken."""
    for rule in options.fail_above:
        judging.parse(rule)  # what makes no sense is told before anything runs
    old = AuditReport.load(options.baseline) if options.baseline else None
    out = Path(options.out)
    if out.suffix != ".html":
        raise MIAError(f"--out {options.out}: expected a name that ends in .html; its JSON gets the same with .json")
    report = audit_scores(options.file, seed=_seed(options.seed))
    print(report.summary(old))
    page, beside = report.save(out, old)
    print(f"report  {page}\nJSON    {beside}")
    failures = report.failures(*options.fail_above)
    for said in failures:
        print(f"failed: {said}")
    return 1 if failures else 0


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise MIAError(f"--seed {text}: expected a whole number of at least 0") from None
