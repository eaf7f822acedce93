"""The report on reference models: parts of a profile, pages, intervals over pairs, verdicts, tables and figures."""

import math
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit
from test_references import halves

from mia_helpers import Experiment, plots
from mia_helpers.attacks.references import per_record
from mia_helpers.batch import steps
from mia_helpers.engine import store
from mia_helpers.plots import references as drawn_of
from mia_helpers.report import modern
from mia_helpers.report.intervals import NOT_RUN, Value, over_pairs
from mia_helpers.report.modern import claims, figures, tables, values
from mia_helpers.report.questions import row
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile

matplotlib.use("agg")
EXP = Experiment(dataset="synthetic_images", train_size=1000, epochs=10, n_references=16, n_shadows=2, l2_sweep=())
CENSUS = EXP.replace(dataset="synthetic_census")
STUDIES = tuple(
    (name, EXP) for name in ("modern", "modern_number", "modern_epochs", "modern_classes", "modern_recipes")
)
MORE = (("modern", EXP.replace(train_size=2000)), ("modern", EXP.replace(l2=5e-3)), ("modern", CENSUS))
PROFILE = Profile("demo", "", 0, (), (*STUDIES, *MORE))
STRICT = "tpr_at_01pct_fpr"


def found_of(attacker):
    """Plant figures: LiRA finds a third, less after few epochs; each pair of targets a little more than the last."""
    model = attacker.targets.models[0]
    ahead = {"lira": 0.3, "rmia": 0.15, "gap": 0.0}.get(attacker.attack, 0.1) * attacker.targets.epoch / 10
    ahead = ahead / 2 if model.split.train_size == 2000 else ahead / 100 if model.recipe.l2 else ahead
    steps_up = np.repeat(np.arange(8), 2) / 1000
    found = dict.fromkeys(values.SHARES, (0.5 + ahead + steps_up).tolist()) | {STRICT: (ahead + steps_up).tolist()}
    came = {"fpr_1pct": [0.01] * 16, "fpr_01pct": [0.001] * 16, "tpr_1pct": found[STRICT], "tpr_01pct": found[STRICT]}
    return found | came


@pytest.fixture
def planted(monkeypatch):
    for module in (values, tables):
        monkeypatch.setattr(module, "each_target", found_of)


# --- Profiles and pages -------------------------------------------------------------------------------------------


def test_a_profile_has_the_parts_that_it_names(monkeypatch, tmp_path):
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path)
    text = "description: d\nminutes: 1\n"
    parts = {
        "studies": (text + "studies:\n  modern: [{}]\n", {"references"}),
        "papers": (text + "experiments: [{}]\nstudies: {shadows: [{}]}\n", {"experiments"}),
        "both": (text + "experiments: [{}]\nstudies: {modern_epochs: [{n_references: [4, 8]}]}\n", None),
    }
    for name, (content, expected) in parts.items():
        (tmp_path / f"{name}.yaml").write_text(content)
        profile = profiles.load(name)
        assert profile.parts == (expected or {"experiments", "references"})
        last = [step.page.stem[:2] for step in steps.plan(profile) if step.experiment is None]
        pages = {"studies": ["08"], "papers": ["07"], "both": ["07", "08"]}
        assert last == pages[name]
    alone = steps.plan(profiles.load("studies"))
    assert [step.label.split("/")[1] for step in alone] == ["study of modern", "08_modern_attacks"]
    assert not profiles.load("studies").shown()


# --- Verdicts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judged", "options", "word"),
    [
        (Value(0.2, 0.1, 0.3), {"sign": 1}, "yes"),
        (Value(0.2, 0.1, 0.3), {"sign": -1}, "no"),
        (Value(0.2, -0.1, 0.3), {"sign": 1}, "undecided"),
        (Value(0.50, 0.49, 0.51), {"claimed": 0.5, "tolerance": 0.02}, "yes"),
        (Value(0.60, 0.59, 0.61), {"claimed": 0.5, "tolerance": 0.02}, "no"),
        (Value(0.51, 0.49, 0.53), {"claimed": 0.5, "tolerance": 0.02}, "undecided"),
        (Value(0.5), {"claimed": 0.5, "tolerance": 0.02}, "undecided"),  # no interval, no answer
        (Value(0.6, 0.5, 0.7), {}, "measured"),
        (NOT_RUN, {}, "measured"),  # there are figures, and nothing to compare them with
        (NOT_RUN, {"sign": 1}, "measured"),
        (NOT_RUN, {"claimed": 0.5, "tolerance": 0.02}, "measured"),
    ],
)
def test_the_words_of_a_verdict(judged, options, word):
    three = {"paper": NOT_RUN, "lira": Value(0.7, 0.6, 0.8), "rmia": Value(0.1)}
    made = row("M1", "what", three, "question", judged, SimpleNamespace(profile="demo", page="08_*"), EXP, **options)
    assert made["verdict"] == word
    assert (made["lira"], made["lira_low"], made["lira_high"], made["rmia"]) == (0.7, 0.6, 0.8, 0.1)
    assert math.isnan(made["p"]) == (not options.get("sign") or word == "measured")
    assert made["command"].endswith(f"--profile demo --only '{EXP}/*' '08_*'")


# --- Intervals ----------------------------------------------------------------------------------------------------


def test_over_pairs_by_hand():
    found = over_pairs([0.2, 0.4, 0.3, 0.1, 0.5, 0.3])  # pairs .3, .2, .4
    scale = logit([0.3, 0.2, 0.4])
    half = stats.t.ppf(0.975, 2) * scale.std(ddof=1) / np.sqrt(3)
    expected = [0.3, expit(scale.mean() - half), expit(scale.mean() + half)]
    assert [found.ours, found.low, found.high, found.df] == pytest.approx([*expected, 2])
    assert found.interval == "3 pairs"
    for few in ([0.2, 0.4, 0.3, 0.1], [0.3] * 8):  # two pairs, or pairs that all agree
        value = over_pairs(few)
        assert value.ours == pytest.approx(np.mean(few))
        assert np.isnan([value.low, value.high]).all()
    nothing_found = over_pairs([0.0] * 6 + [0.001, 0.001], n=1000)
    assert 0 < nothing_found.low <= nothing_found.ours < nothing_found.high < 0.02


def test_over_pairs_leaves_out_what_was_not_measured():
    nan = math.nan
    assert over_pairs([nan] * 8) == NOT_RUN
    some = over_pairs([0.2, 0.4, nan, 0.1, 0.3, 0.1, 0.5, 0.3])
    assert (some.ours, some.interval) == (pytest.approx(0.3), "3 pairs")
    two = over_pairs([0.2, 0.4, nan, 0.1, 0.3, 0.1])
    assert (two.ours, math.isnan(two.low), two.interval) == (pytest.approx(0.25), True, "")


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.9])
def test_the_interval_over_pairs_holds_the_true_share(share):
    """Eight pairs of targets that know 2,500 records each; a pair's own share is around the true one."""
    rng, repeats = np.random.default_rng(0), 400
    of_pair = expit(logit(share) + 0.1 * rng.normal(size=(repeats, 8)))
    found = rng.binomial(2500, np.repeat(of_pair, 2, axis=1)) / 2500
    intervals = [over_pairs(list(row), n=2500) for row in found]
    covered = np.mean([value.low <= share <= value.high for value in intervals])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats)
    assert np.mean([value.high - value.low for value in intervals]) < 0.1


def attacker_with(found):
    return SimpleNamespace(found=found, targets=EXP.answers())


def test_changes_are_paired_target_by_target(monkeypatch):
    monkeypatch.setattr(values, "each_target", lambda attacker: attacker.found)
    old = attacker_with({"auc": [0.5, 0.9, 0.1, 0.3, 0.6, 0.8]})
    new = attacker_with({"auc": [0.6, 1.0, 0.3, 0.5, 0.9, 1.1]})
    found = values.paired_change(old, new, "auc")  # pairs .1, .2, .3
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert [found.ours, found.low, found.high] == pytest.approx([0.2, 0.2 - half, 0.2 + half])
    assert found.interval == "3 pairs"
    few = values.paired_change(attacker_with({"auc": [0.5, 0.5]}), attacker_with({"auc": [0.7, 0.6]}), "auc")
    assert (few.ours, math.isnan(few.low)) == (pytest.approx(0.15), True)
    for pair in ((None, new), (old, None), (attacker_with(None), new)):
        assert values.paired_change(*pair, "auc") == NOT_RUN
    gap = values.gap_of(attacker_with({"auc": [0.6, 0.6, 0.7, 0.7, 0.8, 0.8]}))
    assert gap.ours == pytest.approx(0.4)
    assert gap.low < 0.3 < 0.5 < gap.high


def test_apart_by_hand():
    first, second = Value(0.2, 0.1, 0.35, "8 pairs", 7), Value(0.5, 0.46, 0.53, "5 seeds", 4)
    found = values.apart(first, second)
    assert found.ours == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3 - np.hypot(0.04, 0.15))
    assert found.high == pytest.approx(0.3 + np.hypot(0.03, 0.1))
    assert (found.interval, found.df) == ("8 pairs and 5 seeds", 4)
    assert math.isnan(values.apart(NOT_RUN, second).ours)


# --- Claims -------------------------------------------------------------------------------------------------------


def test_where_nothing_was_run_each_claim_has_rows_that_say_so():
    table = claims.claims_table(PROFILE)
    assert list(dict.fromkeys(table["claim"])) == ["M1", "M2", "M4", "M5", "M6", "M7", "M9", "M10"]
    assert set(table["verdict"]) == {"not run"}
    assert table[["paper", "lira", "rmia", "judged", "p_holm"]].isna().all(axis=None)
    assert not table.duplicated(["claim", "what"]).any()
    assert store.all_facts() == []  # nothing was trained
    few = claims.claims_table(Profile("demo", "", 0, (), (("modern", EXP),)))
    assert set(few["claim"]) == {"M1"}


def test_claims_are_judged_by_what_was_found(planted, monkeypatch):
    monkeypatch.setattr(claims, "by_the_paper", lambda *_: Value(0.001, 0.0005, 0.002, "5 seeds", 4))
    table = claims.claims_table(PROFILE)
    strict = table[table["what"].str.endswith("0.1%")]
    of = {name: part.set_index("what")["verdict"] for name, part in strict.groupby("claim")}
    assert set(of["M1"]) == {"yes"}
    assert of["M2"].tolist() == ["yes"]  # 2,000 records, half as many found
    assert of["M5"].iloc[-1] == "yes"  # the penalty hides them
    ahead = strict[strict["question"] == "LiRA is ahead of RMIA"].set_index("what")["verdict"]
    assert set(ahead[ahead.index.str.contains("online")]) == {"yes", "measured"}  # LiRA cannot be made of two
    assert set(ahead[ahead.index.str.contains("offline")]) == {"undecided", "measured"}  # they find the same
    fewer = strict[strict["question"] == "as good for LiRA as all"]
    assert set(fewer["verdict"]) <= {"yes", "undecided", "measured", "not run"}
    assert set(of["M7"][of["M7"].index.str.contains("minus")]) == {"undecided"}  # the same with 2, 5 and 10 classes
    first, *_, last = of["M9"]
    assert (first, last) == ("yes", "yes")  # no gap, and 3% are found after the first epoch
    assert of["M9"].index[0] == f"ds 1000, epochs=1 (no gap yet, 0.007): {values.SHARES[STRICT]}"
    came = table[table["what"].str.contains("false alarms that came")]
    assert set(came["lira"]) == {0.001}
    half = strict[(strict["claim"] == "M10") & strict["what"].str.contains("epochs=5")]
    assert half["lira"].tolist() == [0]  # the same targets, and figures by target
    assert set(table.loc[table["p_holm"] <= 1, "claim"]) >= {"M1", "M2", "M5"}


# --- Tables and figures -------------------------------------------------------------------------------------------


def test_tables_have_a_row_per_attack_and_setting(planted):
    table = modern.attacks_table(PROFILE)
    assert len(table) == sum(len(tables.STUDIES[name](exp)) for name, exp in PROFILE.studies)
    assert not table.duplicated(tables.KEYS).any()
    lira = table[(table["study"] == "modern") & (table["attack"] == "lira") & (table["train_size"] == 1000)].iloc[0]
    assert lira[STRICT] == pytest.approx(0.3 + 0.0035)
    assert lira["fpr_1pct"] == pytest.approx(0.01)
    assert (lira["targets"], lira["n_references"]) == (16, 14)
    assert len(modern.overview(table)) == (table["study"] == "modern").sum()


def drawn(attacks, judged):
    return [
        figures.plot_by_size(attacks, judged),
        figures.plot_by_number(attacks),
        figures.plot_by_epoch(attacks),
        figures.plot_by_setting(attacks, "modern_classes", "Classes"),
        figures.plot_by_setting(attacks, "modern_recipes", "Recipes"),
    ]


def test_figures_say_what_was_found(planted):
    made = drawn(modern.attacks_table(PROFILE), claims.claims_table(PROFILE))
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in made]
    assert "LiRA finds 0.15 to 0.30 of the members" in titles[0]
    assert titles[1].endswith("ahead is lira with 4, lira with 14")
    assert titles[2].endswith("LiRA finds ten times as many as chance from epoch 1 on, at a gap of 0.01")
    assert "LiRA: 0.30 (n_classes=2) to 0.30" in titles[3]
    assert "LiRA: 0.30 (as it is) to 0.30" in titles[4]
    assert all(ax.get_xlabel() for ax in made)


def test_figures_of_a_part_or_of_nothing(planted, monkeypatch):
    whole, judged = modern.attacks_table(PROFILE), claims.claims_table(PROFILE)
    assert "ahead is lira with 14" in figures.plot_by_number(whole[whole["n_references"] == 14]).get_title()
    without_gap = figures.plot_by_epoch(whole[whole["attack"] != "gap"]).get_title()
    assert without_gap.endswith("from epoch 1 on")
    monkeypatch.undo()
    empty = modern.attacks_table(PROFILE)
    assert empty.empty
    assert len(modern.overview(empty)) == 0
    for ax in drawn(empty, claims.claims_table(PROFILE)):
        assert ax.texts[0].get_text() == "not run with this profile"
    too_small = whole.assign(**{STRICT: np.nan})
    for ax in drawn(too_small, judged):  # where 0.1% cannot be known, 1% is shown
        assert "at 1% false alarms" in ax.get_xlabel() + ax.get_ylabel()


def test_figures_of_one_record_and_of_all():
    rng = np.random.default_rng(0)
    member = halves(rng, 8, 1000)
    score = rng.normal(size=member.shape) + 2 * member
    one = drawn_of.plot_one_record(rng.normal(5, 1, 30), rng.normal(0, 1, 30), 5.0)
    assert "likely among models that know it" in one.get_title()
    assert "that do not" in drawn_of.plot_one_record(rng.normal(5, 1, 30), rng.normal(0, 1, 30), 0.0).get_title()
    assert "too few records to tell" in drawn_of.plot_mean_roc({"lira": (member, score)}).get_title()
    many = drawn_of.plot_mean_roc({"lira": (np.tile(member, 2), np.tile(score, 2))})
    assert "at 0.1% false alarms: lira 0." in many.get_title()
    caught = drawn_of.plot_caught(per_record(np.tile([True, False], (8, 500)), member))
    assert "50% of the records never, 50% in nine of ten" in caught.get_title()
    right = np.stack([member, member & (rng.random(member.shape) < 0.5)], axis=-1)
    queries = plots.plot_queries(right, member, ["itself", "mirrored"])
    assert "ahead by 1.00 on the record" in queries.get_title()


def test_tables_are_named_by_what_else_the_profile_has(planted):
    both = Profile("both", "", 0, (EXP.replace(train_size=60),), (("modern", EXP),))
    alone = Profile("alone", "", 0, (), (("modern", EXP),))
    names = {}
    for profile in (both, alone):
        _, written = modern.write(profile, modern.attacks_table(profile), claims.claims_table(profile))
        names[profile.name] = {path.name for path in written if path.suffix in (".csv", ".json")}
    assert names["both"] == {"modern_attacks.csv", "modern_claims.csv", "modern_verdicts.csv"}  # 07 writes the others
    assert names["alone"] == {"attacks.csv", "claims.csv", "verdicts.csv", "manifest.json", "ledger.json"}


def test_fuller_results_are_not_replaced(planted, tmp_path):
    profile = Profile("alone", "", 0, (), (("modern", EXP), ("modern_epochs", EXP)))
    whole, judged = modern.attacks_table(profile), claims.claims_table(profile)
    root, _ = modern.write(profile, whole, judged)
    kept = tmp_path / "results" / "alone" / "attacks.csv"
    before = kept.read_bytes()
    assert root == tmp_path
    part = whole[whole["study"] == "modern"]
    root, written = modern.write(profile, part, judged)
    assert root == store.runs_dir() / "alone"
    assert all(root in path.parents for path in written)
    assert kept.read_bytes() == before
    assert len(pd.read_csv(kept)) == len(whole)
    assert modern.write(profile, whole, judged)[0] == tmp_path  # as full: replaced
