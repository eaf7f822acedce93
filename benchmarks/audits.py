"""`python -m benchmarks.audits`: the three audits that `docs/audit.md` shows, as JSON, as a table and as pictures.

The first two need nothing but the records that come with the repository. The forest trains 16 others, a minute on one
core. The pictures need a Chromium and playwright (`pip install -e '.[browser]'`).
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from mia_helpers import Experiment, audit, audit_scores
from mia_helpers.auditing import AuditReport, page, words
from mia_helpers.engine import files
from mia_helpers.report.tables import markdown
from mia_helpers.walk import profiles

RESULTS, FIGURES = (files.CHECKOUT / name / "audits" for name in ("results", "figures"))
METRICS = ("tpr_at_1pct_fpr", "auc", "balanced_accuracy", "gap")
WIDTHS = {"": (1400, 1300), "-phone": (390, 1600)}  # of the pictures, and how much of the page they show


def paper_target() -> AuditReport:
    """Audit the paper's target, CIFAR-10 at ds 2500, from what it answered."""
    return _named(audit_scores(Experiment(dataset="cifar10", train_size=2500).target()), "the paper's target")


def adult_target() -> AuditReport:
    """Audit the Adult target of the profile classroom, from what it answered."""
    exp = next(one for one in profiles.load("classroom").experiments if one.dataset == "adult")
    return _named(audit_scores(exp.target()), "the Adult target")


def forest(n_references: int = 16) -> AuditReport:
    """Audit a fully grown random forest of scikit-learn's digits, with forests on halves of both sets beside it."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    x, others, y, theirs = train_test_split(*load_digits(return_X_y=True), test_size=0.5, random_state=0)
    model = RandomForestClassifier(random_state=0).fit(x, y)
    return audit(model, (x, y), (others, theirs), n_references=n_references, name="a random forest")


REPORTS = {"paper_target": paper_target, "adult_target": adult_target, "forest": forest}


def table(reports: dict[str, AuditReport]) -> pd.DataFrame:
    """Return what the reports found as people read it: a row each, of the attack that surely finds most."""
    rows = []
    for report in reports.values():
        about = report.about
        row = {"audited": about["source"], "members": f"{about['members']:,}", "others": f"{about['non_members']:,}"}
        row |= {"references": about["references"], "attack": words.TITLES[about["headline"]]}
        for metric in METRICS:
            value = report.value(metric)
            shown = [words.figure(metric, value[name]) for name in ("value", "low", "high")]
            row[words.METRIC_TITLES[metric]] = "{} ({} to {})".format(*shown)
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Write JSON, table and pictures."""
    reports = {name: make() for name, make in REPORTS.items()}
    for name, report in reports.items():
        files.write_text(RESULTS / f"{name}.json", report.to_json(), variable=None)
    files.write_text(RESULTS / "reports.md", markdown(table(reports)), variable=None)
    take_pictures({name: page.html(report) for name, report in reports.items()})


def take_pictures(pages: dict[str, str]) -> None:
    """Write the top of each page as it is seen on a desk, and that of the forest on a phone too."""
    from playwright.sync_api import sync_playwright

    FIGURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, text in pages.items():
            for of, (width, height) in WIDTHS.items():
                if not of or name == "forest":
                    tab = browser.new_page(viewport={"width": width, "height": height})
                    tab.set_content(text)
                    _keep(FIGURES / f"{name}{of}.png", tab.screenshot())
        browser.close()


def _keep(path: Path, picture: bytes) -> None:
    with files.replacing(path, variable=None) as part:
        part.write_bytes(picture)
    print(f"{path.relative_to(files.CHECKOUT)}  {len(picture) / 1000:.0f} kB")


def _named(report: AuditReport, source: str) -> AuditReport:
    return replace(report, about=report.about | {"source": source})


if __name__ == "__main__":
    main()
