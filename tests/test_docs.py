"""The pages around the code: short, linked, and saying no number that was not measured."""

import ast
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pages_of import ROOT, section, tables_of, text_of

import mia_helpers
from mia_helpers.attacks import Records
from mia_helpers.batch import cli
from mia_helpers.engine import files
from mia_helpers.report import pages
from mia_helpers.walk import profiles
from mia_helpers.walk.attackers import Attacker

DOCS = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{name}" for name in DOCS)]
RESULTS = ["README.md", "docs/verdicts.md", "docs/modern.md", "docs/reproducibility.md", "docs/limits.md"]
# All that pages of results say in decimals, percent or thousands without having measured it.
CONSTANTS = (
    "a false-positive rate of 0.1%",
    "Guessing finds 0.1%",
    "an accuracy of 0.5, within",
    "sees 300,000 records",
    "fewer than 1,000 non-members, nor at 1%",
    "the same 60,000 images",
    "holds the truth less often than 95%",
    "the whole 95% interval",
    "What changed since version 0.2.0",
    "Seeds differ by 0.005 where nothing else is said",
    "each should fall in 2.5% of runs",
    "in at least 94% of draws at 2,500 members",
    "in 87 to 93% of simulated pools",
)


def prose_of(page):
    """Return a page without its blocks of code."""
    fenced = re.sub(r"(?ms)^```.*?^```$", "", text_of(page))
    return re.sub(r"(?m)^    .*$", "", fenced)


def links_of(page):
    """Return the targets of a page's links and images within the repository."""
    bare = re.sub(r"`[^`\n]*`", "", prose_of(page))
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", bare) if not target.startswith("https://")]


def anchors_of(page):
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose_of(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def each(names):
    return pytest.mark.parametrize("page", names)


# --- Pages and links ----------------------------------------------------------------------------------------------


def test_the_readme_is_one_page():
    assert len(text_of("README.md").splitlines()) <= 150


@each(PAGES)
def test_every_link_leads_somewhere(page):
    links = links_of(page)
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        path = ((ROOT / page).parent / target).resolve() if target else ROOT / page
        assert path.exists(), f"{page} links to {link}"
        assert path.is_relative_to(ROOT), f"{page} links to {link}"
        if anchor:
            assert anchor in anchors_of(path.relative_to(ROOT).as_posix()), f"{page} links to {link}"


def test_the_readme_links_to_every_page_and_each_links_back():
    linked = set(links_of("README.md"))
    assert {page for page in PAGES[1:] if page not in linked} == set()
    back = {page: "../README.md" if page.startswith("docs/") else "README.md" for page in PAGES[1:]}
    assert {page for page, link in back.items() if link not in links_of(page)} == set()


def test_every_notebook_is_in_the_readme():
    books = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert books == {link for link in links_of("README.md") if link.startswith("notebooks/")}


# --- Numbers ------------------------------------------------------------------------------------------------------


def results_of(page):
    """Return the part of a page that tells results."""
    return section(page, "What came out") if page == "README.md" else text_of(page)


def typed(text):
    """Return the numbers that nothing wrote: with a decimal point or comma, percent, n of m, hours and minutes."""
    bare = re.sub(r"https?://\S+|\]\([^)]*\)|`[^`\n]*`", "", pages.MARKER.sub("", text))
    bare = " ".join(bare.split())
    for constant in CONSTANTS:
        bare = bare.replace(constant, "")
    return re.findall(r"[−+-]?\d[\d,]*[.,]\d+%?|\d+%|\d+ of \d+|\d+ (?:core )?hours|\d+ minutes", bare)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("right for <!--c1.accuracy.2500-->0.856<!--/--> at ds 2500", []),
        ("right for 0.856 at ds 2500", ["0.856"]),
        ("by −0.025, or +0.025", ["−0.025", "+0.025"]),
        ("160,554 weights", ["160,554"]),
        ("3.0% of them, 66% of them", ["3.0%", "66%"]),
        ("12 of 12, in 7 core hours and 40 minutes", ["12 of 12", "7 core hours", "40 minutes"]),
        ("at a\nfalse-positive rate of 0.1%", []),
        ("at a true-positive rate of 0.1%", ["0.1%"]),
        ("`0.999`, λ = 5e-3", []),
    ],
)
def test_a_number_that_nothing_wrote_is_found(text, expected):
    assert typed(text) == expected


@each(RESULTS)
def test_every_number_of_a_result_is_written_from_the_tables(page):
    assert typed(results_of(page)) == []


def test_every_constant_stands_in_a_page():
    told = " ".join(" ".join(results_of(page).split()) for page in RESULTS)
    assert {constant for constant in CONSTANTS if constant not in told} == set()


def test_every_page_is_as_the_command_writes_it():
    assert pages.names(ROOT) == ["README.md", *(f"docs/{name}" for name in DOCS)]
    assert list(pages.stale(ROOT)) == []


def markers_of(text):
    return [match["name"] for match in pages.MARKER.finditer(text)]


def test_each_row_of_the_readme_tells_numbers_of_its_own_claim():
    rows = [row for row in tables_of(section("README.md", "What came out")) if row[0] != "claim"]
    assert [claim for claim, *_ in rows] == list(dict.fromkeys(pd.read_csv(ROOT / "results/paper/claims.csv")["claim"]))
    for claim, *others in rows:
        told = [name for name in markers_of(" ".join(others)) if not name.startswith("seeds.")]
        assert told, claim
        assert {name.partition(".")[0] for name in told} == {claim.lower()}


def test_the_strictest_sentence_is_about_every_target():
    table = pd.read_csv(ROOT / "results/paper/metrics.csv")
    most = table[table["attack"] != "boosted"]["tpr_at_01pct_fpr"].max()
    told = "the most that the paper's attack, a threshold or the gap attack find of any target's members is "
    assert f"{told}<!--found.one-->{100 * most:.1f}%<!--/-->" in " ".join(text_of("README.md").split())


@pytest.fixture
def checkout(tmp_path):
    """A copy of the pages and of the results that they tell."""
    kept = ["README.md", *(f"docs/{name}" for name in DOCS)]
    kept += [str(path.relative_to(ROOT)) for of in ("results/*/*", "benchmarks/*.md") for path in ROOT.glob(of)]
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@each([*RESULTS, "docs/speed.md"])
def test_whatever_is_wrong_between_markers_is_found(page, checkout):
    right = text_of(page)
    found = list(pages.MARKER.finditer(right))
    assert found
    for wrong_ones in (found, found[:1], found[-1:]):
        wrong = right
        for match in reversed(wrong_ones):
            wrong = f"{wrong[: match.start('told')]}0.999{wrong[match.end('told') :]}"
        (checkout / page).write_text(wrong, encoding="utf-8")
        assert pages.stale(checkout) == {page: right}
    assert pages.write(checkout) == [page]
    assert (checkout / page).read_text(encoding="utf-8") == right
    assert pages.write(checkout) == []


@each(["docs/batch.md", "docs/data.md", "docs/architecture.md", "CONTRIBUTING.md"])
def test_other_pages_tell_no_results(page):
    assert re.findall(r"0\.\d{3}(?![\d\w])", re.sub(r"`[^`\n]*`", "", prose_of(page))) == []


@each(["docs/verdicts.md", "docs/modern.md", "docs/speed.md", "docs/audit.md"])
def test_a_page_shows_the_committed_tables(page):
    tables = [name for name in markers_of(text_of(page)) if "/" in name]
    assert tables
    for table in tables:
        assert len(text_of(table).splitlines()) >= 5
        assert f"<!--{table}-->\n\n{text_of(table)}\n<!--/-->\n" in text_of(page)


def seconds_of_training(profile, rate, cores):
    """Return how long the image networks take: each experiment at this rate, but no shorter than its longest model."""
    seen, total = set(), 0.0
    for _, _, attackers in profiles.load(profile).works():
        models = {model for attacker in attackers for model in attacker.needs() if not model.stacks} - seen
        samples = [model.samples for model in models]
        total += max(sum(samples) / rate, max(samples, default=0) * cores / rate)
        seen |= models
    return total


def test_expected_times_follow_from_the_measured_rates():
    measured = pd.read_csv(ROOT / "benchmarks" / "results.csv").set_index("name").loc["cnn_scaling"]
    header, *rows = tables_of(section("docs/speed.md", "What to expect"))
    assert len(rows) == 6
    for cores, rate, *told, how in rows:
        n, rate = int(cores.split()[0]), float(rate.replace(",", ""))
        if how == "rate measured":
            assert rate == pytest.approx(measured["baseline" if n == 1 else "ours"], abs=1)
        else:
            assert rate == pytest.approx(n * measured["ours"] / 2, rel=0.01)
        for profile, time in zip(("classroom", "paper"), told, strict=True):
            assert profile in header[2 if profile == "classroom" else 3]
            hours, minutes = re.fullmatch(r"(?:(\d+) h )?(\d+) min", time).groups(default="0")
            expected = seconds_of_training(profile, rate, n) / 60
            assert 60 * int(hours) + int(minutes) == pytest.approx(expected, abs=0.6)


# --- Names --------------------------------------------------------------------------------------------------------


def test_every_variable_is_documented():
    package = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "mia_helpers").rglob("*.py"))
    used = set(re.findall(r"\bMIA_[A-Z]+(?:_[A-Z]+)*\b", package))
    assert set(files.VARIABLES) <= used
    told = "\n".join(text_of(page) for page in PAGES if page != "CHANGELOG.md")
    assert {name for name in used if f"`{name}`" not in told} == set()
    folders = tables_of(section("docs/data.md", "Folders"))
    assert {row[0].strip("`") for row in folders[1:]} == set(files.VARIABLES)


def test_every_make_target_is_documented():
    targets = re.findall(r"(?m)^([a-z]+):.*## ", text_of("Makefile"))
    assert {"reproduce", "test", "lab", "notebooks", "bench", "lint"} <= set(targets)
    told = "\n".join(text_of(page) for page in PAGES if page == "README.md" or page.startswith("docs/"))
    assert {target for target in targets if not re.search(rf"\bmake {target}\b", told)} == set()


def test_pages_name_only_targets_and_commands_that_there_are(capsys):
    targets = set(re.findall(r"(?m)^([a-z]+):.*## ", text_of("Makefile")))
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    commands = set(re.findall(r"(?m)^    ([a-z]+)\b", capsys.readouterr().out))
    for page in PAGES:
        assert set(re.findall(r"`?\bmake ([a-z]+)(?=`| [A-Z]+=|   )", text_of(page))) <= targets, page
        assert set(re.findall(r"-m mia_helpers ([a-z]+)", text_of(page))) <= commands, page
    told = {row[0].strip("`") for row in tables_of(text_of("docs/batch.md").partition("## Profiles")[0])}
    assert told - {"command"} == commands


def test_every_option_of_reproduce_is_documented(capsys):
    with pytest.raises(SystemExit):
        cli.main(["reproduce", "--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if option not in text_of("docs/batch.md")} == set()


def test_every_profile_is_documented_with_its_minutes():
    rows = {name.strip("`"): time for name, *_, time in tables_of(section("docs/batch.md", "Profiles"))[1:]}
    assert set(rows) == set(profiles.names())
    for name, time in rows.items():
        minutes = profiles.load(name).minutes
        assert f"{minutes:g}" in time or f"{minutes / 60:g} hours" in time, name


def test_every_folder_of_the_package_is_documented():
    told = {row[0].strip("`/") for row in tables_of(section("docs/architecture.md", "The folders"))[1:]}
    assert told == {path.parent.name for path in (ROOT / "mia_helpers").glob("*/__init__.py")}


def test_the_newest_change_is_this_version():
    versions = re.findall(r"(?m)^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", text_of("CHANGELOG.md"))
    assert versions[0][0] == mia_helpers.__version__
    assert versions == sorted(versions, key=lambda v: [int(part) for part in v[0].split(".")], reverse=True)


def test_contributing_names_files_and_registries_that_there_are():
    text = text_of("CONTRIBUTING.md")
    named = set(re.findall(r"`((?:mia_helpers|profiles|tests|docs|results|benchmarks|data)/[\w./]+\.\w+)`", text))
    named = {path.replace("data/", "mia_helpers/data/") if path.startswith("data/") else path for path in named}
    to_be_written = {"mia_helpers/attacks/sure.py"} | {path for path in named if "NAME" in path or "NN" in path}
    assert len(named - to_be_written) > 12
    assert {path for path in named - to_be_written if not (ROOT / path).exists()} == set()
    for registry, path in {
        "ATTACKS": "mia_helpers/attacks/__init__.py",
        "SOURCES": "mia_helpers/data/registry.py",
        "STUDIES": "mia_helpers/walk/studies/__init__.py",
        "ROAD": "mia_helpers/walk/road.py",
        "claims_table": "mia_helpers/report/claims/__init__.py",
        "VERSION": "mia_helpers/walk/models.py",
        "DEFENCES": "mia_helpers/learning/defences/__init__.py",
        "OUTPUTS": "mia_helpers/learning/outputs/__init__.py",
        "LOOKS": "mia_helpers/plots/style.py",
        "CHECKS": "mia_helpers/auditing/checks.py",
    }.items():
        assert any(f"`{registry}`" in line and f"`{path}`" in line for line in text.splitlines()), registry
        assert re.search(rf"(?m)^(def )?{registry}\b", text_of(path)), registry


# --- Examples -----------------------------------------------------------------------------------------------------


def example_of(page):
    return re.search(r"(?ms)^```python$(.*?)^```$", text_of(page))[1]


def test_the_five_lines_run(monkeypatch):
    monkeypatch.setattr(Attacker, "result", lambda self: SimpleNamespace(metrics={"accuracy": self.attack}))
    code, names = example_of("README.md"), {}
    assert len([line for line in code.splitlines() if line]) <= 5
    exec(code, names)
    assert names["exp"].attack("shokri").metrics["accuracy"] == "svm"
    exec(example_of("docs/architecture.md"), names)


def test_the_attack_of_contributing_runs():
    code, names = example_of("CONTRIBUTING.md"), {}
    assert ast.get_docstring(ast.parse(code))
    exec(code, names)
    attack, n = names["SureAttack"], 200
    member = np.arange(n) % 2 == 0
    sure = np.where(member, 0.9, 0.6)[:, None]
    probs = np.hstack([sure, 1 - sure]).astype(np.float32)
    records = Records(probs, np.ones(n, int), member, np.zeros(n, int), np.arange(n))
    fitted = attack().fit(records)
    assert (fitted.decide(fitted.score(records)) == member).all()
    assert (fitted.probability(fitted.score(records))[member] > 0.5).all()


def test_the_workflow_runs_the_gate_with_python_versions_of_the_package():
    workflow = yaml.safe_load(text_of(".github/workflows/ci.yml"))
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML reads `on` as true
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == "bash .ci/run"
    assert job["timeout-minutes"] == 60
    allowed = SpecifierSet(re.search(r'requires-python = "(.*)"', text_of("pyproject.toml"))[1])
    versions = job["strategy"]["matrix"]["python-version"]
    assert versions == ["3.11", "3.13"]
    assert all(allowed.contains(version) for version in versions)
