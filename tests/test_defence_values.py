"""The study of defences, and what is measured of each: who attacks whom, what counts as found, DP-SGD beside it."""

import math
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit
from test_references import planted as references_of

from mia_helpers import Experiment, MIAError
from mia_helpers.attacks.references import per_target, score_each, thresholds
from mia_helpers.learning import defences as in_training
from mia_helpers.learning.private import accounting
from mia_helpers.report.defences import claims, figures, values
from mia_helpers.report.intervals import NOT_RUN, Value
from mia_helpers.report.modern import values as modern_values
from mia_helpers.walk import profiles
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies import AS_IT_IS, STUDIES

matplotlib.use("agg")
EXP = Experiment(dataset="synthetic_images", train_size=1000, n_references=32, n_canaries=300, n_shadows=2, l2_sweep=())
CENSUS = EXP.replace(dataset="synthetic_census", scaling="standardised")
PROFILE = Profile("demo", "", 0, (), (("defences", EXP),))
PRIVATE = [f"dp_sgd,noise={noise}" for noise in ("0.2", "0.5", "1", "2")]
ATTACKS = ["lira", "lira_offline", "rmia", "threshold", "label_only", "gap"]


def setting_of(attacker):
    """The one thing in which an attacker's targets differ from those of EXP, as a study's points call it."""
    recipe = attacker.targets.models[0].recipe
    return attacker.targets.output or recipe.defence or (f"l2={recipe.l2:g}" if recipe.l2 else AS_IT_IS)


def spread(share):
    """A figure of 32 targets whose mean it is: each pair finds a little more than the last; arrays as they are."""
    return (share + np.repeat(np.linspace(-0.002, 0.002, 16), 2) if np.ndim(share) == 0 else np.asarray(share)).tolist()


def plant(monkeypatch):
    """Return what was measured, by setting: {'found': by attack, 'test', 'train', 'accuracy', 'epsilon', 'paper'}."""
    facts = {}

    def canaries(attacker):
        found = facts.get(setting_of(attacker), {}).get("found", {}).get(attacker.attack)
        if found is None:
            return None
        names = ("tpr_01pct", "tpr_1pct", "auc", "balanced_accuracy")
        came = facts[setting_of(attacker)].get("came", {}).get(attacker.attack, 0.001)
        came = {"fpr_01pct": [came] * 32, "fpr_1pct": [10 * came] * 32}
        return dict.fromkeys(names, spread(found)) | came | {"epsilon": spread(facts[setting_of(attacker)]["epsilon"])}

    def accuracies(attacker):
        told = facts.get(setting_of(attacker))
        return told and {part: spread(told[part]) for part in ("train", "test")}

    def each_target(attacker):
        told = facts.get(setting_of(attacker))
        return told and dict.fromkeys(modern_values.SHARES, spread(told["accuracy"]))

    def measured(attacker):
        return facts.get(attacker.output or setting_of(of_victim(attacker)), {}).get("paper", NOT_RUN)

    for module, function in ((values, canaries), (values, accuracies), (values, measured)):
        monkeypatch.setattr(module, function.__name__, function)
    monkeypatch.setattr(modern_values, "each_target", each_target)
    monkeypatch.setattr(modern_values, "exposure", lambda _: None)
    monkeypatch.setattr(accounting, "epsilon", accounting.epsilon_by_moments)  # the same in milliseconds, and larger
    return facts


def of_victim(attacker):
    return SimpleNamespace(targets=SimpleNamespace(output=None, models=[attacker.victim]))


def told(found, test=0.5, *, accuracy=0.6, epsilon=0.3, paper=(0.6, 0.58, 0.62), best="lira"):
    """What was measured of a setting: one attack finds so many, the others a tenth of that."""
    every = {attack: found if attack == best else np.multiply(found, 0.1) for attack in ATTACKS}
    return {
        "found": every,
        "test": test,
        "train": 0.9,
        "accuracy": accuracy,
        "epsilon": epsilon,
        "paper": Value(*paper),
    }


def settings(profile=PROFILE):
    [(study, exp)] = profile.studies
    points = {(p.setting, p.attacker.attack): p.attacker for p in STUDIES[study](exp)}
    return {setting.name: setting for setting in values.settings_of(points)}


def asked_of(profile=PROFILE, only=()):
    """What the claims are asked of, with the settings of these names (all)."""
    [(_, exp)], page = profile.studies, SimpleNamespace(profile="demo", page="09_*")
    return claims._Asked(page, exp, [s for name, s in settings(profile).items() if not only or name in only])


@pytest.fixture
def world(monkeypatch):
    return plant(monkeypatch)


# --- The study ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", ["defences", "defences_few"])
@pytest.mark.parametrize("exp", [EXP, CENSUS], ids=["images", "table"])
def test_each_setting_has_the_paper_unawares_and_attackers_who_adapt(exp, study):
    points, adaptive = STUDIES[study](exp), [name for name in ATTACKS if exp is EXP or name != "label_only"]
    names = list(dict.fromkeys(point.setting for point in points))
    assert names[0] == AS_IT_IS
    assert len({(point.setting, point.attacker) for point in points}) == len(points) == len(names) * (1 + len(adaptive))
    plain = exp.reference_models()
    for name in names:
        unaware, *others = (point.attacker for point in points if point.setting == name)
        assert (unaware.attack, unaware.shadows, unaware.own_output) == (exp.attack_names[0], exp.shadow_models(), None)
        assert unaware.adapts == (name == AS_IT_IS)
        assert [other.attack for other in others] == adaptive
        assert {values.Setting(name, {}).family} <= {*figures.LOOKS}
        for other in others:
            other.check()
            assert setting_of(other) == name
            assert (other.sources, other.victim, other.n_references) == (other.targets, None, None)
            assert {model.recipe for model in other.targets.models} == {unaware.victim.recipe}
            assert [model.split for model in other.targets.models] == [model.split for model in plain]
            assert unaware.output == other.targets.output
            recipe, private = other.targets.models[0].recipe, name.startswith("dp_sgd")
            tuned = (256, 3e-3, 40) if private else (exp.batch_size, exp.learning_rate, exp.epochs)
            assert (recipe.batch_size, recipe.learning_rate, recipe.epochs) == tuned
            assert (other.targets.models == plain) == (name == AS_IT_IS or other.targets.output is not None)


def test_which_settings_there_are():
    images, table = ({p.setting for p in STUDIES["defences"](exp)} for exp in (EXP, CENSUS))
    assert images ^ table == {"augmentation=0.0625", "augmentation=0.125", "augmentation=0.1", "augmentation=0.3"}
    assert {"l2=0.0005", "l2=0.005", "top_class", "fooling", *PRIVATE} < images
    assert len(images) == 20
    for exp, every in ((EXP, images), (CENSUS, table)):  # what notebook 09 reads is in both studies
        few = {point.setting for point in STUDIES["defences_few"](exp)}
        assert {AS_IT_IS, "dp_sgd,noise=1"} < few < every


# --- Profiles -----------------------------------------------------------------------------------------------------


def test_a_profile_tells_defences_only_by_their_study(monkeypatch, tmp_path):
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path)

    def load(text):
        (tmp_path / "mine.yaml").write_text(f"description: d\nminutes: 1\n{text}\n")
        return profiles.load("mine")

    found = load("studies: {defences: [{n_references: 8, n_canaries: [20, 40]}]}")
    assert [exp.n_canaries for _, exp in found.studies] == [20, 40]
    assert found.parts == {"defences"}
    assert load("experiments: [{}]\nstudies: {modern: [{}], defences_few: [{n_canaries: 20}]}").parts == {
        *("experiments", "references", "defences")
    }
    assert load("studies: {shadows: [{}]}").parts == set()
    refused = [("{n_canaries: 20}", ("modern", "shadows"), "n_canaries=20: ")]
    everywhere = ("modern", "shadows", "defences", "defences_few")
    refused += [("{defence: dropout=0.5}", everywhere, "defence='dropout=0.5': ")]
    refused += [("{output: top_class}", everywhere, "output='top_class': ")]
    for entry, studies, start in refused:
        for text in [f"experiments: [{entry}]", *(f"studies: {{{study}: [{entry}]}}" for study in studies)]:
            with pytest.raises(MIAError) as error:
                load(text)
            assert str(error.value).startswith(f"mine.yaml: {start}the tables of a profile have no column for it")
            assert str(error.value).count("\n") == 0


# --- Figures of a setting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("models", "records", "known"), [(12, 200, True), (12, 198, False), (22, 100, True)])
def test_the_rate_is_one_at_which_thresholds_are_known(models, records, known):
    """1,000 canaries that other models do not know: (12 - 2) * 200 / 2."""
    exp = EXP.replace(n_references=models, n_canaries=records)
    plain = settings(Profile("demo", "", 0, (), (("defences_few", exp),)))[AS_IT_IS]
    assert plain.rate == ("tpr_01pct" if known else "tpr_1pct")
    canaries = references_of(0, models=models, records=records)
    measured = per_target(score_each("lira", canaries), canaries.member, thresholds("lira", canaries))
    assert measured["tpr_01pct"].notna().all() == known
    assert measured["tpr_1pct"].notna().all()


def test_what_is_found_is_the_best_of_several_and_its_interval_says_so(world):
    rng = np.random.default_rng(0)
    planted = {"lira": 0.20, "rmia": 0.22, "gap": 0.08}
    planted = {name: share + np.repeat(rng.normal(0, 0.02, 16), 2) for name, share in planted.items()}
    nothing = {"threshold": np.full(32, np.nan)}  # of too few canaries: it counts for nothing
    world[AS_IT_IS] = told(0) | {"found": planted | nothing}
    setting = settings()[AS_IT_IS]
    alone = {}
    for name, shares in planted.items():
        scale = logit((shares[::2] + 0.5 / 300) / (1 + 1 / 300))
        half = stats.t.ppf(0.975, 15) * scale.std(ddof=1) / 4
        alone[name] = (shares.mean(), expit(scale.mean() - half), expit(scale.mean() + half))
        found = setting.of_canaries(name)
        assert (found.ours, found.low, found.high) == pytest.approx(alone[name])
    wider = stats.t.ppf(1 - 0.025 / 3, 15) / stats.t.ppf(0.975, 15)
    ours, low, high = alone["rmia"]
    found = setting.found()
    assert setting.best() == "rmia"
    assert found.ours == pytest.approx(ours)
    assert found.low == pytest.approx(max(centre - wider * (centre - below) for centre, below, _ in alone.values()))
    assert found.low < low
    assert found.high == pytest.approx(max(high, alone["lira"][2]))


def test_pairs_that_all_agree_hide_nobody(world):
    """Targets find 20% or 40%, and each pair 30%: there is an interval, and the others' is none of it."""
    world[AS_IT_IS] = told(0) | {"found": {"lira": np.zeros(32), "rmia": np.tile([0.2, 0.4, 0.4, 0.2], 8)}}
    found = settings()[AS_IT_IS].found()
    exact = stats.binomtest(90, 300).proportion_ci()  # of the 300 canaries that a pair shares out
    assert (found.ours, found.high) == pytest.approx((0.3, exact.high))
    assert 0.2 < found.low < exact.low
    row = asked_of().few_are_found("D2", settings()[AS_IT_IS], NOT_RUN, "")
    assert row["verdict"] == "no"


def test_epsilon_shown_and_proven(world, monkeypatch):
    monkeypatch.undo()  # the accountant itself
    every, defence = settings(), in_training.named("dp_sgd,noise=2")
    private = every["dp_sgd,noise=2"]
    spent = defence.privacy(1000, 256, 40)
    assert private.proven() == private.proven(1e-3) == spent["epsilon"]
    assert (spent["delta"], spent["rate"], spent["steps"]) == (1e-3, 0.256, 160)
    assert private.proven() < private.proven(1e-5) < accounting.epsilon_by_moments(2, 0.256, 160, 1e-5)
    proven = private.proven(1e-5)
    bounds = {"dp_sgd,noise=2": np.zeros(32), AS_IT_IS: np.zeros(32)}
    monkeypatch.setattr(values, "canaries", lambda attacker: {"epsilon": bounds[setting_of(attacker)]})
    assert (private.shown().ours, private.shown().low, private.share_refuted()) == (0, 0, 0)
    bounds["dp_sgd,noise=2"][[3, 8]] = proven * np.array([1.01, 1.5])
    assert private.share_refuted() == 2 / 32
    pairs = np.array([0, 1.01, 0, 0, 1.5, *[0] * 11]) * proven / 2
    mean, half = pairs.mean(), stats.t.ppf(0.975, 15) * pairs.std(ddof=1) / 4
    assert mean < half  # so the t-interval would begin below 0
    assert (private.shown().ours, private.shown().low, private.shown().high) == pytest.approx((mean, 0, mean + half))
    assert np.isnan([every[AS_IT_IS].share_refuted(), every[AS_IT_IS].proven(), every["l2=0.005"].proven(1e-5)]).all()


def test_an_attack_that_raises_more_false_alarms_than_it_aimed_at_does_not_count(world):
    world["top_class"] = told(0.7, best="rmia") | {"came": {"rmia": 0.0065, "lira": 0.0015}}
    setting = settings()["top_class"]
    assert not setting.counts("rmia")  # 31 of 4,800, where 5 were aimed at
    assert setting.counts("lira")  # 7 of 4,800 may be chance
    assert setting.best() == "lira"
    assert setting.found().ours == pytest.approx(0.07)
    world["top_class"]["came"]["rmia"] = 0.001
    assert setting.found().ours == pytest.approx(0.7)


# --- Beside DP-SGD of the same accuracy ---------------------------------------------------------------------------


def test_beside_private_by_hand(world):
    rng = np.random.default_rng(0)
    low, high, own = (share + 0.02 * rng.normal(size=32) for share in (0.10, 0.30, 0.25))
    world |= {"dp_sgd,noise=2": told(low, 0.40), "dp_sgd,noise=0.5": told(high, 0.48, best="rmia")}
    world |= {"dp_sgd,noise=1": told(0.01, 0.36), "top_class": told(own, 0.46, best="label_only")}
    every = settings()
    private = [every[name] for name in PRIVATE]  # of which one was not run
    found, more = values.beside_private(every["top_class"], private)
    at = 0.25 * low + 0.75 * high  # 0.46 is three quarters of the way from 0.40 to 0.48
    pairs = (own - at).reshape(16, 2).mean(axis=1)
    half = stats.t.ppf(0.975, 15) * pairs.std(ddof=1) / 4
    assert found.ours == pytest.approx(at.mean())
    assert (more.ours, more.low, more.high) == pytest.approx((pairs.mean(), pairs.mean() - half, pairs.mean() + half))
    for accuracy, expected in ((0.40, low.mean()), (0.48, high.mean()), (0.38, (low.mean() + 0.01) / 2)):
        world["top_class"]["test"] = accuracy
        assert values.beside_private(every["top_class"], private)[0].ours == pytest.approx(expected)
    for accuracy in (0.35, 0.49):  # outside
        world["top_class"]["test"] = accuracy
        assert values.beside_private(every["top_class"], private) == (NOT_RUN, NOT_RUN)
    assert values.beside_private(every["fooling"], private) == (NOT_RUN, NOT_RUN)
    assert values.beside_private(every["top_class"], [every["dp_sgd,noise=0.2"]]) == (NOT_RUN, NOT_RUN)


def drawn(rng, share, pair):
    """The share of 150 canaries that each of 32 targets finds, where pairs differ: `pair` float (16,), -1 to 1."""
    return rng.binomial(150, np.repeat(share * (1 + 0.2 * pair), 2)) / 150


REPEATS = 300
RARELY = 0.05 + 3 * math.sqrt(0.05 * 0.95 / REPEATS)


@pytest.mark.parametrize(("here", "right"), [(0.5, "yes"), (0.3, "yes"), (0.25, None), (0.1, "no")])
def test_how_often_dp_sgd_is_said_to_let_more_be_found(world, here, right):
    """Halfway between two noises that let 20% and 40% be found; 25% is on the edge, where neither is an answer."""
    rng, words = np.random.default_rng(0), []
    asked = asked_of(only=(AS_IT_IS, "l2=0.005", "dp_sgd,noise=1", "dp_sgd,noise=2"))
    for _ in range(REPEATS):
        pair, noise = rng.uniform(-1, 1, 16), np.repeat(rng.normal(0, 0.01, 16), 2)
        planted = {"dp_sgd,noise=2": (0.2, 0.40), "dp_sgd,noise=1": (0.4, 0.50), "l2=0.005": (here, 0.45)}
        for name, (share, accuracy) in planted.items():  # more accurate on an easy half, and by chance of their own
            own = np.repeat(rng.normal(0, 0.005, 16), 2)
            world[name] = told(0, accuracy + noise + own) | {"found": {"lira": drawn(rng, share, pair)}}
        words.append([row["verdict"] for row in claims.d5(asked)][-1])
    for wrong in {"yes", "no"} - {right}:
        assert words.count(wrong) / REPEATS <= RARELY
    assert words.count(right) >= (0.9 * REPEATS if right else 0)


@pytest.mark.parametrize(("truth", "right"), [(0.02, "yes"), (0.05, None), (0.10, "no")])
def test_how_often_few_are_said_to_be_found(world, truth, right):
    """Five attacks find as many, so chance lifts the best of them; 5% is on the edge."""
    rng, words, asked = np.random.default_rng(0), [], asked_of()
    for _ in range(REPEATS):
        pair = rng.uniform(-1, 1, 16)
        world[AS_IT_IS] = told(0) | {"found": {name: drawn(rng, truth, pair) for name in ATTACKS[:5]}}
        words.append(asked.few_are_found("D2", asked.plain, NOT_RUN, "")["verdict"])
    for wrong in {"yes", "no"} - {right}:
        assert words.count(wrong) / REPEATS <= RARELY
    assert words.count(right) >= (0.9 * REPEATS if right else 0)
