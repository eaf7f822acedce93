"""The command `audit`: a file of answers, or a model and two files of records, in; a report out."""

from pathlib import Path

from mia_helpers.auditing import AuditReport, audit, audit_scores, judging
from mia_helpers.batch import commands, keras_files
from mia_helpers.engine.errors import MIAError


def add_to(command) -> None:
    """Add the command and its options to the command line."""
    summary = "audit a model, or a file of its answers: what can be told about who was in its training data"
    added = command("audit", run, summary)
    files = "answers: .csv, .csv.gz, .parquet or .npz; or model.keras members.npz non_members.npz (see docs/audit.md)"
    added.add_argument("files", metavar="FILE", nargs="+", help=files)
    added.add_argument("--out", default="report.html", help="the page; its JSON goes beside it (default: report.html)")
    added.add_argument("--baseline", metavar="JSON", help="the JSON of an older audit, to tell what changed")
    rule = "exit with 1 where a metric's interval is wholly above a number, such as 'tpr_at_1pct_fpr=0.05' (repeatable)"
    added.add_argument("--fail-above", metavar="METRIC=NUMBER", action="append", default=[], help=rule)
    added.add_argument("--seed", default="0", help="of random halves and pairs (default: 0)")
    _add_training(added)


def _add_training(added) -> None:
    group = added.add_argument_group("reference models, of model.keras")
    group.add_argument("--references", metavar="N", default="0", help="train N of them, 16 or more (default: none)")
    group.add_argument("--epochs", metavar="N", help="of each; how long the model itself was trained")
    group.add_argument("--batch-size", metavar="N", default="32", help="(default: 32)")
    commands.add_workers(group)


def run(options) -> int:
    """Audit, print the summary, write the report, and return 1 if a rule of --fail-above is broken."""
    for rule in options.fail_above:
        judging.parse(rule)  # what makes no sense is told before anything runs
    old = AuditReport.load(options.baseline) if options.baseline else None
    out = Path(options.out)
    if out.suffix != ".html":
        raise MIAError(f"--out {options.out}: expected a name that ends in .html; its JSON gets the same with .json")
    report = _audited(options)
    print(report.summary(old))
    page, beside = report.save(out, old)
    print(f"report  {page}\nJSON    {beside}")
    failures = report.failures(*options.fail_above)
    for said in failures:
        print(f"failed: {said}")
    return 1 if failures else 0


def _audited(options) -> AuditReport:
    seed, references = _whole("--seed", options.seed), _whole("--references", options.references)
    first, *others = options.files
    if not others and not first.endswith(".keras"):
        if references:
            raise MIAError(f"--references {references} needs a model: give model.keras members.npz non_members.npz")
        return audit_scores(first, seed=seed)
    if len(others) != 2 or not first.endswith(".keras"):
        raise MIAError(
            f"{len(options.files)} files, the first {first}: expected one file of answers, or model.keras members.npz "
            f"non_members.npz"
        )
    fit = None
    if references:
        if options.epochs is None:
            raise MIAError(f"--references {references} needs --epochs N: a model does not tell how long it was trained")
        fit = {"epochs": _whole("--epochs", options.epochs), "batch_size": _whole("--batch-size", options.batch_size)}
    commands.choose_workers(options)
    members, non_members = (keras_files.load_records(Path(path)) for path in others)
    more = {f"{name}s": _both(name, members, non_members) for name in ("id", "group")}
    model = keras_files.load_model(Path(first))
    sets = [(part["x"], part["y"]) for part in (members, non_members)]
    return audit(model, *sets, n_references=references, fit=fit, seed=seed, name=Path(first).name, **more)


def _both(name: str, members: dict, non_members: dict) -> tuple | None:
    there = [name in part for part in (members, non_members)]
    if any(there) and not all(there):
        raise MIAError(f"only one of the two files has {name}: expected it in both or in none")
    return (members[name], non_members[name]) if all(there) else None


def _whole(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise MIAError(f"{option} {text}: expected a whole number of at least 0") from None
