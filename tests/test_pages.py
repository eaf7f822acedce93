"""Numbers in pages: how they are written, found in the tables, and put between markers; what is wrong is told."""

import json

import pandas as pd
import pytest

from mia_helpers import MIAError
from mia_helpers.batch import cli
from mia_helpers.engine import files
from mia_helpers.report import formats, lookup, pages
from mia_helpers.report.numbers import NUMBERS, Numbers, profile_of

NAN = float("nan")
CLAIMS = [
    # claim, what, published, ours, verdict
    ("C1", "CIFAR-10, ds 2500: attack precision", 0.785, 0.777, "reproduced"),
    ("C1", "CIFAR-10, ds 2500: attack accuracy", 0.863, 0.856, "reproduced"),
    ("C1", "CIFAR-10, ds 5000: attack accuracy", 0.8128, 0.7628, "not reproduced"),
    ("C2", "svm attack's accuracy at ds 15000 minus at ds 2500", -0.0245, -0.0266, "undecided"),
    ("C4", "Adult: attack accuracy on the target (test)", 0.5, 0.5001, "reproduced"),
    ("C4", "Adult, standardised columns: attack accuracy on the target (test)", 0.5, 0.4999, "reproduced"),
    ("C4", "Adult: gap attack on the target", NAN, 0.512, "measured"),
    ("C7", "threshold attack, 2 classes against 10", NAN, -0.2954, "reproduced"),
    ("C7", "threshold attack, 2 classes against 10 at the same train/test gap", NAN, -0.2471, "reproduced"),
    ("C9", "advantage of the threshold attack beyond the train/test gap", NAN, NAN, "not run"),
    ("open", "optimizer=sgd: change", NAN, -0.3142, "measured"),
    ("open", "batch_size=16: change", NAN, -0.0158, "measured"),
    ("open", "epochs=50: change", NAN, 0.0104, "measured"),
]
METRICS = pd.DataFrame(
    [
        ("cifar10", 2500, 0.0, 0, "svm", 0.010),
        ("cifar10", 2500, 0.0, 1, "svm", 0.030),
        ("cifar10", 5000, 0.0, 0, "threshold", 0.024),
        ("cifar10", 2500, 0.005, 0, "gap", 0.002),
        ("adult", 10000, 0.0, 0, "gap", 0.0),
    ],
    columns=["dataset", "train_size", "l2", "seed", "attack", "tpr_at_01pct_fpr"],
).assign(n_shadows=10, scaling="paper", adaptive=True)
THRESHOLDS = pd.DataFrame(
    {"dataset": "cifar10", "train_size": 15000, "seed": [0, 1], "accuracy": [0.7, 0.8], "in_hindsight": [0.8, 0.9]}
)


@pytest.fixture
def root(tmp_path):
    """Committed results of a few rows, a page in docs/, and an empty README."""
    for profile in ("paper", "classroom"):
        folder = tmp_path / "results" / profile
        folder.mkdir(parents=True)
        table = pd.DataFrame(CLAIMS, columns=["claim", "what", "published", "ours", "verdict"])
        table["ours"] += 0.1 * (profile == "classroom")
        table.to_csv(folder / "claims.csv", index=False)
        METRICS.to_csv(folder / "metrics.csv", index=False)
        THRESHOLDS.to_csv(folder / "thresholds.csv", index=False)
        told = {"core_hours_of_training": 7.25, "hours_of_attacks": 0.66}
        (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("", encoding="utf-8")
    return tmp_path


@pytest.fixture
def tables(root):
    return lookup.Tables("paper", root)


def page(root, text):
    (root / "docs" / "a.md").write_text(text, encoding="utf-8")


def written(root):
    return (root / "docs" / "a.md").read_text(encoding="utf-8")


# --- Formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (formats.number, 0.56644, "0.566"),
        (formats.number, -0.0265975, "−0.027"),
        (formats.number, -0.0004, "0.000"),
        (formats.two, 0.944056, "0.94"),
        (formats.signed, 0.03016, "+0.030"),
        (formats.signed, -0.3142, "−0.314"),
        (formats.signed, 0.0004, "0.000"),
        (formats.rise, 0.03016, "0.030"),
        (formats.fall, -0.2954, "0.295"),
        (formats.percent, 0.0304, "3.0%"),
        (formats.percent, 0.5, "50.0%"),
        (formats.count, 160554, "160,554"),
        (formats.count, 16.0, "16"),
        (formats.hours, 7.25, "7.2"),
        (formats.hours, 21.46, "21.5"),
        (formats.minutes, 0.66, "40"),
        (formats.seeds, 1, "one seed"),
        (formats.seeds, 3, "three seeds"),
        (formats.seeds, 12, "12 seeds"),
    ],
)
def test_a_number_is_written(form, value, text):
    assert form(value) == text


def test_a_rise_that_fell_and_a_fall_that_rose_are_refused():
    with pytest.raises(MIAError, match=r"says that it rises, but the change is −0\.030"):
        formats.rise(-0.03)
    with pytest.raises(MIAError, match=r"says that it falls, but the change is \+0\.030"):
        formats.fall(0.03)


# --- Numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c1.accuracy.2500", "0.856"),
        ("classroom:c1.accuracy.2500", "0.956"),
        ("c1.distance", "0.050"),
        ("c1.reproduced", "2"),
        ("c1.not-reproduced", "1"),
        ("c1.judged", "3"),
        ("c1.verdict", "2 reproduced, 1 not reproduced"),
        ("c1.tolerance", "0.03"),
        ("c2.verdict", "undecided"),
        ("c2.svm", "−0.027"),
        ("c2.svm.published", "−0.025"),
        ("c4.judged", "2"),
        ("c4.verdict", "reproduced"),
        ("c4.attack", "0.500"),
        ("c7.threshold", "0.295"),
        ("c7.threshold.same-gap", "0.247"),
        ("open.others", "0.016"),
        ("carried", "0.750"),
        ("carried.hindsight", "0.850"),
        ("found.one", "3.0%"),
        ("found.one.attack", "the SVMs"),
        ("found.one.ds", "2500"),
        ("found.plain", "2.4%"),
        ("found.l2", "0.2%"),
        ("found.l2.ds", "2500"),
        ("seeds.2500", "two seeds"),
        ("hours.training", "7.2"),
        ("minutes.attacks", "40"),
    ],
)
def test_a_number_is_found(name, text, root):
    assert Numbers(root)[name] == text


@pytest.mark.parametrize(
    ("find", "said"),
    [
        (lookup.claim("C1", "accuracy"), "2 rows of claim C1 have that: 'CIFAR-10, ds 2500: attack accuracy', "),
        (lookup.claim("C1", "ds 2500", "acuracy"), "has 'ds 2500' and 'acuracy'; near: 'CIFAR-10, ds 2500: attack acc"),
        (lookup.claim("C5", "gap"), "no row of claim C5 has 'gap'; near: none"),
        (lookup.claim("C2", "svm", column="p_hol"), "unknown column 'p_hol'"),
        (lookup.alike("C4", ""), r"alike, but: 'Adult: attack accuracy on the target \(test\)' 0\.500, .* 0\.512"),
        (lookup.summary("open"), "no row of claim open is judged"),
        (lookup.told("cpu_hours"), "unknown field of manifest.json 'cpu_hours'"),
        (lookup.mean("metrics", "l2", dataset="cifar10"), "4 rows of metrics.csv have that, for 2 seeds"),
        (lookup.mean("metrics", "l2", dataset="mnist"), "metrics.csv has no row with dataset=mnist"),
        (lookup.mean("studies", "accuracy", study="shadows"), r"results/paper/studies\.csv is missing. Run 07"),
        (lookup.n_seeds("metrics", train_size=(2500, 5000)), "as many seeds of each, but: "),
    ],
)
def test_what_is_not_there_or_there_twice_is_told(find, said, tables):
    with pytest.raises(MIAError, match=said):
        find(tables)


def test_a_damaged_table_is_told(root):
    (root / "results/paper/manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(MIAError, match=r"results/paper/manifest\.json cannot be read"):
        Numbers(root)["hours.training"]


def test_a_table_without_a_column_is_told(root):
    THRESHOLDS.drop(columns="seed").to_csv(root / "results/paper/thresholds.csv", index=False)
    with pytest.raises(MIAError, match="its table in results/paper has no 'seed'"):
        Numbers(root)["carried"]


def test_an_empty_cell_is_no_number(root):
    with pytest.raises(MIAError, match="its row in results/paper has no number there"):
        Numbers(root)["c9.beyond"]


def test_the_committed_results_have_every_number():
    tables = {profile: lookup.Tables(profile, files.CHECKOUT) for profile in ("paper", "modern", "defences")}
    assert [name for name, (_, find) in NUMBERS.items() if pd.isna(find(tables[profile_of(name)]))] == []


# --- Pages --------------------------------------------------------------------------------------------------------


def test_numbers_are_written_where_their_markers_are_and_nowhere_else(root):
    page(root, "By **<!--c2.svm--><!--/-->** (0.1), <!-- a note -->\n\n| a | <!--c1.distance-->9<!--/--> |\n")
    assert pages.write(root) == ["docs/a.md"]
    assert written(root) == (
        "By **<!--c2.svm-->−0.027<!--/-->** (0.1), <!-- a note -->\n\n| a | <!--c1.distance-->0.050<!--/--> |\n"
    )
    assert pages.write(root) == []


def test_a_file_is_shown_whole(root):
    (root / "table.md").write_text("not this", encoding="utf-8")
    (root / "results/paper/verdicts.md").write_text("| a |\n| --- |\n", encoding="utf-8")
    page(root, "# A\n\n<!--results/paper/verdicts.md-->old\n<!--/-->\n\nb\n")
    pages.write(root)
    assert written(root) == "# A\n\n<!--results/paper/verdicts.md-->\n\n| a |\n| --- |\n\n<!--/-->\n\nb\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a <!--c2.swm-->1<!--/-->", "^docs/a.md, marker c2.swm: no number has this name; near: c2.svm"),
        ("a <!--Q-->1<!--/-->", "marker Q: no number has this name; none is near"),
        ("a <!--nowhere:c2.svm-->1<!--/-->", "marker nowhere:c2.svm: results/nowhere/claims.csv is missing"),
        ("a <!--c6.svm-->1<!--/-->", "marker c6.svm: no row of claim C6 has 'svm' and '10 shadows against 1'"),
        ("a <!--c2.svm-->1", "marker <!--c2.svm-->: it has no partner"),
        ("a 1<!--/-->", "marker <!--/-->: it has no partner"),
        ("a <!-- c2.svm -->1<!--/-->", "marker <!--/-->: it has no partner"),
        ("a <!--c2.svm-->1 <!--c2.svm-->1<!--/-->", "marker <!--c2.svm-->: it has no partner"),
        ("<!--c2.svm-->1<!--/--> a", "begins a line"),
        ("a\n  - <!--c2.svm-->1<!--/--> a", "begins a line"),
        ("a <!--results/paper/verdicts.md--><!--/-->", "a file is shown on lines of its own"),
        ("<!--results/paper/none.md--><!--/-->", "no file of the repository has this name"),
        ("<!--../../etc/hosts--><!--/-->", "no file of the repository has this name"),
    ],
)
def test_a_marker_that_cannot_be_written_is_told_with_its_page(text, said, root):
    page(root, text)
    with pytest.raises(MIAError, match=said):
        pages.write(root)
    assert written(root) == text


def test_where_one_marker_fails_no_page_is_written_and_the_others_are_named(root):
    (root / "README.md").write_text("a <!--c2.svm-->9<!--/-->", encoding="utf-8")
    page(root, "a <!--x-->1<!--/--> <!--y-->1<!--/-->")
    with pytest.raises(MIAError, match=r"marker x: .*The same of docs/a\.md, marker y\. No page was changed\.$"):
        pages.write(root)
    assert (root / "README.md").read_text(encoding="utf-8") == "a <!--c2.svm-->9<!--/-->"


def test_the_command_tells_which_pages_it_wrote(root, monkeypatch, capsys):
    monkeypatch.setattr(files, "CHECKOUT", root)
    page(root, "a <!--c2.svm-->9<!--/-->\n")
    assert cli.main(["pages"]) == 0
    assert capsys.readouterr().out == "written docs/a.md\n"
    assert cli.main(["pages"]) == 0
    assert capsys.readouterr().out == "every page is as the results say\n"
    page(root, "a <!--c2-->9<!--/-->\n")
    assert cli.main(["pages"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
