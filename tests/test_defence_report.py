"""The report on defences: D1 to D6, judged by what was planted; tables and figures, of much and of nothing."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from scipy import stats
from test_defence_values import ATTACKS, CENSUS, EXP, PRIVATE, PROFILE, plant, settings, told

from mia_helpers import plots
from mia_helpers.engine import store
from mia_helpers.learning import defences as in_training
from mia_helpers.learning.private import accounting
from mia_helpers.report import defences
from mia_helpers.report.defences import claims, figures, tables
from mia_helpers.report.intervals import Value
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import AS_IT_IS, STUDIES

matplotlib.use("agg")


@pytest.fixture
def world(monkeypatch):
    return plant(monkeypatch)


@pytest.fixture(autouse=True)
def closed():
    """Figures are drawn in the notebook's look."""
    plots.style()
    yield
    plt.close("all")


# --- D1 to D6 -----------------------------------------------------------------------------------------------------

FOUND = {  # and test accuracy: what `whole` plants
    AS_IT_IS: (0.40, 0.50),
    "l2=0.0005": (0.22, 0.52),
    "l2=0.005": (0.03, 0.45),
    "early_stopping=2": (0.06, 0.49),
    "early_stopping=5": (0.20, 0.40),
    "top_class": (0.04, 0.501),
    "fooling": (0.41, 0.499),
    "dp_sgd,noise=0.2": (0.30, 0.505),
    "dp_sgd,noise=0.5": (0.21, 0.465),
    "dp_sgd,noise=1": (0.10, 0.42),
    "dp_sgd,noise=2": (0.02, 0.38),
}


@pytest.fixture
def whole(world):
    """Some of the settings, measured; the paper's attack is stopped by two, and nearly by a third."""
    shown = {name: i / 10 for i, name in enumerate(reversed(PRIVATE), 2)}
    for name, (found, test) in FOUND.items():
        world[name] = told(found, test, epsilon=shown.get(name, 0.1))
    world[AS_IT_IS] |= {"accuracy": 0.7, "paper": Value(0.51, 0.50, 0.52)}  # it has no defence that could stop him
    world["l2=0.005"] |= {"accuracy": 0.51, "paper": Value(0.50, 0.48, 0.52)}
    world["fooling"] |= {"paper": Value(0.49, 0.47, 0.51)}
    world["early_stopping=5"] |= {"paper": Value(0.52, 0.50, 0.54)}
    world["top_class"] |= told(0.04, 0.501, best="label_only")
    return world


def rows_of(table, claim):
    """The verdicts of a claim by what is asked, from behind the data set."""
    part = table[table["claim"] == claim]
    return dict(zip(part["what"].str.removeprefix("synthetic_images, "), part["verdict"], strict=True))


def test_l2_maps_and_early_stopping_are_judged_by_what_was_found(whole):
    table, found = claims.claims_table(PROFILE), "canaries found at 0.1% false alarms, beside no defence"
    same, best = "test accuracy, beside no defence", "accuracy of the best attack, beside no defence"
    weak, strong = [{best: "no", found: "no", same: "yes"}, {best: "yes", found: "yes", same: "no"}]
    expected = {f"l2=0.0005: {what}": word for what, word in weak.items()}
    assert rows_of(table, "D1") == expected | {f"l2=0.005: {what}": word for what, word in strong.items()}
    hidden = rows_of(table, "D2")
    assert len(hidden) == 5 * 2
    assert hidden[f"top_class (best attack: label_only): {found}"] == "yes"
    assert hidden[f"fooling (best attack: lira): {found}"] == "no"
    assert hidden[f"top_class: {same}"] == hidden[f"fooling: {same}"] == "yes"
    assert list(hidden.values()).count("not run") == 2 * 3
    assert rows_of(table, "D3") == {  # 3% and 17% more than under the penalty; more accurate by 0.04, less by 0.05
        "early_stopping=2: canaries found at 0.1% false alarms, beside l2=0.005": "yes",
        "early_stopping=2: test accuracy, beside l2=0.005": "yes",
        "early_stopping=5: canaries found at 0.1% false alarms, beside l2=0.005": "no",
        "early_stopping=5: test accuracy, beside l2=0.005": "no",
    }
    first = table[table["claim"] == "D1"].iloc[1]
    assert (first["defended"], first["beside"], first["judged"]) == pytest.approx((0.22, 0.40, 0.22 - 0.05))
    assert table["command"].str.endswith(f"--profile demo --only '{EXP}/*' '09_*'").all()
    assert list(dict.fromkeys(table["claim"])) == ["D1", "D2", "D3", "D4", "D5", "D6"]
    assert not table.duplicated(["claim", "what"]).any()


def test_the_papers_attack_as_a_judge_and_dp_sgd_at_equal_utility(whole):
    table, found = claims.claims_table(PROFILE), "canaries found at 0.1% false alarms"
    (what, word), *stopped = rows_of(table, "D4").items()
    assert (what.partition(":")[0], word) == ("11 settings", "measured")
    known = pd.DataFrame([(whole[name]["paper"].ours, FOUND[name][0]) for name in FOUND]).rank()
    assert table.loc[table["claim"] == "D4", "defended"].iloc[0] == pytest.approx(np.corrcoef(known.T)[0, 1])
    rest = f"which stops the paper's attack: {found}, beside that attack's accuracy"
    assert stopped == [(f"l2=0.005, {rest}", "yes"), (f"fooling, {rest}", "no")]
    equal = rows_of(table, "D5")
    assert len(equal) == 16
    words = {what.partition(":")[0]: word for what, word in equal.items()}
    assert {name for name, word in words.items() if word == "not run"} == {
        point.setting for point in STUDIES["defences"](EXP) if point.setting not in FOUND
    }
    # Under DP-SGD: 0.289 and 0.288 without a defence and with fooling, 0.173 at 0.45, 0.266 at 0.49, 0.06 at 0.40.
    assert words["no defence"] == words["fooling"] == words["early_stopping=5"] == "yes"
    assert words["l2=0.005"] == words["early_stopping=2"] == words["top_class"] == "no"
    assert words["l2=0.0005"] == "measured"  # DP-SGD was not trained to be as accurate
    beside = table[(table["claim"] == "D5") & table["what"].str.contains(" l2=0.005:")].iloc[0]
    between = 0.10 + (0.45 - 0.42) / (0.465 - 0.42) * (0.21 - 0.10)
    assert (beside["beside"], beside["judged"]) == pytest.approx((between, 0.03 - between + 0.05))


def test_an_epsilon_that_promises_nothing(whole):
    table = claims.claims_table(PROFILE)
    part, spent = table[table["claim"] == "D6"], in_training.named("dp_sgd,noise=0.2").privacy(1000, 256, 40)
    whats, words = part["what"].tolist(), part["verdict"].tolist()
    assert words == ["no", "yes", "measured", "no", "no", "measured", "no", "no", "measured", "yes", "no", "measured"]
    told = f"noise=0.2 (epsilon {spent['epsilon']:.3g}, vacuous): canaries found at 0.1% false alarms"
    assert spent["epsilon"] > 100
    assert whats[0] == f"synthetic_images, dp_sgd,{told}, beside no defence"
    assert "vacuous" not in whats[9]
    assert part["defended"].iloc[[2, 11]].tolist() == pytest.approx([0.5, 0.2])
    assert part["beside"].iloc[2] == accounting.epsilon(0.2, 0.256, 160, 1e-5)


# --- Where nobody is found, too little is known, or nothing was run -------------------------------------------------


def every_figure(rows):
    made = [figures.plot_unawares(rows), figures.plot_adapted(rows), *figures.plot_both(rows)]
    return [*made, figures.plot_frontier(rows), figures.plot_frontier(rows, "accuracy"), figures.plot_epsilon(rows)]


def test_where_nobody_is_found_there_is_an_answer(world):
    nobody = dict.fromkeys(ATTACKS, np.zeros(32))
    for name in settings():
        world[name] = told(0) | {"found": nobody}
    table = claims.claims_table(PROFILE)
    asked = table[table["question"] == claims.FEW]
    assert len(asked) == 2 + 5 + 4
    assert set(asked["verdict"]) == {"yes"}
    most = stats.binomtest(0, 300).proportion_ci().high  # 1.2% of the canaries that a pair shares out
    assert asked["high"].tolist() == pytest.approx([most - 0.05] * len(asked))
    assert set(table.loc[table["claim"] == "D5", "verdict"]) <= {"yes", "measured"}
    points = defences.points_table(PROFILE)
    assert (points[["found", "found_low"]] == 0).all(axis=None)
    assert np.isfinite(points[["found", "found_low", "found_high", "epsilon_shown_high"]][:1]).all(axis=None)
    assert "20 of 20 hide all but one in twenty" in every_figure(points)[1].get_title(loc="left")


def test_where_canaries_are_too_few_the_rest_is_told(whole):
    for facts in whole.values():
        facts["found"] = dict.fromkeys(ATTACKS, np.full(32, np.nan))
    points, table = defences.points_table(PROFILE), claims.claims_table(PROFILE)
    assert set(table.loc[table["question"] == claims.FEW, "verdict"]) == {"not run"}
    assert set(table.loc[table["claim"].isin(["D4", "D5"]), "verdict"]) == {"not run"}
    assert len(points) == len(FOUND) * len(ATTACKS)
    assert points["found"].isna().all()
    assert points["accuracy"].notna().all()
    assert len(defences.overview(points)) == 0
    assert len(defences.verdicts_table(table)) == (table["verdict"] != "not run").sum()
    *others, averages, epsilon = every_figure(points)
    assert {ax.texts[0].get_text() for ax in others} == {"not run with this profile"}
    assert averages.get_xlabel() == "test accuracy of the targets"
    assert epsilon.get_xlabel()


@pytest.mark.parametrize("study", [("defences", EXP.replace(n_references=8)), ("defences_few", CENSUS)])
def test_where_nothing_was_run_it_says_so(study, monkeypatch):
    profile = Profile("demo", "", 0, (), (study,))
    monkeypatch.setattr(accounting, "epsilon", accounting.epsilon_by_moments)
    points, table = defences.points_table(profile), claims.claims_table(profile)
    assert set(table["verdict"]) == {"not run"}
    assert table[["defended", "beside", "judged", "low", "p_holm"]].isna().all(axis=None)
    assert table["what"].str.startswith(("synthetic_images, ", "synthetic_census, standardised columns, ")).all()
    assert (points.empty, list(points)) == (True, tables.KEYS)
    assert defences.overview(points).empty
    assert list(defences.verdicts_table(table)) == [
        "claim",
        "what",
        "defended",
        "beside",
        "question",
        "answer",
        "p (Holm)",
    ]
    rows = figures.of_one(points, study[1])
    assert {ax.texts[0].get_text() for ax in every_figure(rows)} == {"not run with this profile"}
    _, written = defences.write(profile, points, table)
    assert {path.name for path in written if path.suffix in (".csv", ".json")} == {
        *("points.csv", "claims.csv", "verdicts.csv", "manifest.json", "ledger.json")
    }
    assert store.all_facts() == []  # nothing was trained


# --- Tables and figures -------------------------------------------------------------------------------------------


def test_tables_have_a_row_per_setting_and_attack(whole):
    points = defences.points_table(PROFILE)
    assert len(points) == len(FOUND) * len(ATTACKS)
    assert not points.duplicated(tables.KEYS).any()
    rows = points.set_index(["setting", "attack"])
    one = rows.loc[("dp_sgd,noise=1", "lira")]
    expected = {"found": 0.10, "test_accuracy": 0.42, "train_accuracy": 0.9, "accuracy": 0.6, "paper": 0.6}
    expected |= {"epsilon_shown": 0.3, "share_refuted": 0, "canary_fpr_1pct": 0.01, "targets": 32}
    assert one[[*expected]].tolist() == pytest.approx([*expected.values()])
    assert (one["rate"], one["family"], one["counts"]) == (0.001, "dp_sgd", True)
    assert np.isnan([*rows.loc[("dp_sgd,noise=1", "gap"), ["epsilon_shown", "share_refuted"]]]).all()
    assert rows.loc[("top_class", "lira"), "found"] == pytest.approx(0.004)
    short = defences.overview(points).set_index("setting")
    assert list(short.index) == [point for point in settings() if point in FOUND]
    assert short["found"].to_dict() == {name: pytest.approx(found) for name, (found, _) in FOUND.items()}
    assert short.loc["top_class", "attack"] == "label_only"


def frontier(metric):
    """How many settings none is at least as useful as and at least as private, and how many of those are DP-SGD."""
    ahead = [
        name
        for name, (one, useful) in metric.items()
        if not any(found <= one and test >= useful for other, (found, test) in metric.items() if other != name)
    ]
    return f"{len(ahead)} of {len(metric)} settings, {sum(name in PRIVATE for name in ahead)} of them DP-SGD"


def test_figures_say_what_was_planted(whole):
    points = figures.of_one(defences.points_table(PROFILE), EXP)
    accuracy = {name: (whole[name]["accuracy"] + i / 1000, FOUND[name][1]) for i, name in enumerate(FOUND)}
    points["accuracy"] = points["setting"].map({name: value for name, (value, _) in accuracy.items()})
    made = every_figure(points)
    second = [ax.get_title(loc="left").partition("\n")[2] for ax in made]
    for ax in made:
        ax.figure.canvas.draw()
        assert min(text.get_fontsize() for text in ax.findobj(Text) if text.get_text() and text.get_visible()) >= 8
        assert ax.get_xlabel()
    # Of the paper's attack 0.51, 0.50, 0.49 and 0.52 lie left of 0.53; 3%, 4% and 2% of the canaries are below 5%.
    assert second[0] == second[2] == "4 of 11 look private (left of the line)"
    assert second[1] == second[3] == "3 of 11 hide all but one in twenty (line)"
    assert second[4] == f"on the frontier (lower right): {frontier(FOUND)}"
    assert second[5] == f"on the frontier (lower right): {frontier(accuracy)}"
    # Both penalties, the top class and the most noise; by accuracy both penalties alone.
    assert frontier(FOUND) == "4 of 11 settings, 1 of them DP-SGD"
    assert frontier(accuracy) == "2 of 11 settings, 0 of them DP-SGD"
    proven = accounting.epsilon(0.2, 0.256, 160, 1e-5)
    assert second[6] == f"at most 0.50 is shown where {proven:,.0f} is proven"
    assert all(ax.get_ylabel() for ax in made[4:])
    assert [text.get_text() for text in made[1].get_yticklabels()][:2] == ["no defence", "l2 0.0005"]
    assert made[1].get_xlabel() == "share of canaries found at 0.1% false alarms"
