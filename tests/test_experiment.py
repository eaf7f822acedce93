"""Experiment: its parameters, what its artifacts depend on, and the walk itself in miniature."""

import json
import math

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.engine import backends, store
from mia_helpers.walk import jobs
from mia_helpers.walk.attackers import resolve

TINY = {"train_size": 150, "epochs": 2, "n_shadows": 2, "l2_sweep": (5e-3,), "l2_shadows": 1, "n_resamples": 20}
IMAGES = Experiment(dataset="synthetic_images", **TINY)
CENSUS = Experiment(dataset="synthetic_census", **TINY)


# --- Parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"train_size": 0}, "train_size=0: expected a whole number of at least 1"),
        ({"train_size": -5}, "train_size=-5: expected"),
        ({"train_size": "abc"}, "train_size='abc': expected a whole number"),
        ({"train_size": 2.5}, "train_size=2.5: expected a whole number"),
        ({"train_size": True}, "train_size=True: expected"),
        ({"train_size": 15001}, "there are 60,000. The most is 15000"),
        ({"n_shadows": 0}, "n_shadows=0: expected a whole number of at least 1"),
        ({"l2": -1e-3}, "l2=-0.001: expected a number of at least 0"),
        ({"l2": math.nan}, "l2=nan: expected"),
        ({"l2_sweep": [5e-3, -1]}, "l2_sweep=-1: expected"),
        ({"seed": -1}, "seed=-1: expected"),
        ({"dataset": "cifar"}, "unknown data set 'cifar'; known: cifar10, adult.*Did you mean 'cifar10'"),
        ({"scaling": "standardized"}, "unknown scaling.*Did you mean 'standardised'"),
        ({"trainsize": 10}, "unknown parameter 'trainsize'; known: dataset, .*Did you mean 'train_size'"),
    ],
)
def test_a_value_that_makes_no_sense_is_one_clear_error(parameters, message):
    with pytest.raises(MIAError, match=message):
        Experiment.from_mapping(parameters)


def test_parameters_are_plain_and_come_back_the_same():
    plain = json.loads(json.dumps(IMAGES.parameters()))
    assert Experiment.from_mapping(plain) == IMAGES
    assert Experiment(l2=0).l2 == 0.0
    assert isinstance(Experiment(l2=0).l2, float)
    assert IMAGES.replace(seed=5).seed == 5
    assert IMAGES.seed == 0


def test_names_tell_experiments_apart():
    changed = [{}, {"l2": 5e-3}, {"scaling": "standardised"}, {"epochs": 50}, {"n_shadows": 12}, {"seed": 1}]
    assert len({str(Experiment(**c)) for c in changed}) == len(changed)


def test_artifacts_depend_on_what_they_are_made_from_and_on_nothing_else():
    more = IMAGES.replace(n_shadows=12, l2_sweep=[1], l2_shadows=3, n_resamples=7)
    assert more.model().name == IMAGES.model().name
    assert more.model(1).name == IMAGES.model(1).name
    for change in ({"seed": 1}, {"epochs": 3}, {"l2": 1.0}, {"train_size": 151}, {"scaling": "standardised"}):
        assert IMAGES.replace(**change).model().name != IMAGES.model().name
    names = {exp.attacker("gap").name for exp in (IMAGES, more, IMAGES.replace(n_shadows=3))}
    assert len(names) == 3
    assert np.array_equal(IMAGES.replace(l2=1).split(0), IMAGES.split(0))


def test_models_lists_what_the_notebooks_train_once_each():
    models = [(model.recipe.l2, model.split.model_id) for model in IMAGES.models()]
    assert models == [(0.0, -1), (0.0, 0), (0.0, 1), (0.005, -1), (0.005, 0)]


def test_number_of_workers_must_be_a_number(monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "two")
    with pytest.raises(MIAError, match=r"'two' jobs \(--jobs or MIA_JOBS\): expected a whole number"):
        backends.default_jobs()


def test_resolve_knows_the_papers_attack_and_suggests_names():
    assert resolve("shokri", ("svm", "threshold", "gap")) == "svm"
    assert resolve("gap", ("svm", "threshold", "gap")) == "gap"
    with pytest.raises(MIAError, match=r"unknown attack 'treshold'.*Did you mean 'threshold'"):
        resolve("treshold", ("svm", "threshold", "gap"))


# --- The walk -----------------------------------------------------------------------------------------------------


def content():
    return {p.relative_to(store.runs_dir()): p.read_bytes() for p in sorted(store.runs_dir().rglob("*.npz"))}


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_gives_the_same_bytes_for_any_number_of_workers(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_JOBS", "1")
    IMAGES.shadows()
    IMAGES.attack("shokri")
    uninterrupted = content()

    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "stopped"))
    monkeypatch.setenv("MIA_JOBS", "2")
    jobs.train_all([IMAGES.model(1)])  # as far as a first run came
    first = content()
    IMAGES.attack("shokri")
    assert len(first) == 1
    assert content() == uninterrupted
    assert len(uninterrupted) == 4  # target, two shadows, one attack
    assert all(store.model_file(IMAGES.model(i).name) for i in (-1, 0, 1))

    def never(*_args, **_kwargs):
        raise AssertionError("nothing was missing")

    monkeypatch.setattr(backends, "run", never)
    IMAGES.shadows()
    damaged = store.path_of(IMAGES.model(0).name)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.warns(UserWarning, match="is damaged"), pytest.raises(AssertionError, match="nothing was missing"):
        IMAGES.shadows()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:artifact")
@pytest.mark.parametrize("exp", [IMAGES, CENSUS], ids=str)
def test_the_walk_in_miniature(exp, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")
    target, shadows = exp.target(), exp.shadows()
    assert target.member.tolist() == [True] * 150 + [False] * 150
    assert target.label.tolist() == exp.data.y[np.concatenate(exp.split())].tolist()
    assert np.unique(shadows.model_id).tolist() == [0, 1]
    assert not set(shadows.index) & set(target.index)
    np.testing.assert_allclose(exp.query(exp.data.x[target.index[:9]]), target.probs[:9], atol=1e-5)
    assert exp.history()["test_accuracy"].iloc[-1] == pytest.approx(target.accuracy(member=False))
    assert exp.model().n_parameters() == exp.model().untrained().count_params()

    path = store.path_of(exp.model().name)
    before = path.read_bytes()
    path.write_bytes(before[:100])
    assert np.array_equal(exp.target().probs, target.probs)
    assert path.read_bytes() == before

    regularised = exp.replace(l2=5e-3)
    for name in exp.attack_names:
        ignores = regularised.attack(name, shadows_of=exp)
        adapts = regularised.attack(name, shadows_of=regularised.replace(n_shadows=1))
        assert (ignores.adaptive, adapts.adaptive) == (False, True)
        assert ignores.metrics["tp"] + ignores.metrics["fn"] == 150
    with pytest.raises(MIAError, match="unknown attack 'lira'"):
        exp.attack("lira")


@pytest.mark.slow
def test_another_grid_trains_no_model(monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")
    first = IMAGES.attack("svm")
    monkeypatch.setattr(backends, "run", lambda *_a, **_k: pytest.fail("it trained"))
    other = IMAGES.attack("svm", gamma=(1.0, 10.0, 100.0))
    assert {row["gamma"] for row in other.details["per_class"]} <= {1.0, 10.0, 100.0}
    assert {row["gamma"] for row in first.details["per_class"]} <= {0.001, 0.01, 0.1}


@pytest.mark.parametrize(("dataset", "axes"), [("synthetic_images", (0, 1, 2)), ("synthetic_census", (0,))])
def test_standardised_scaling_is_fitted_on_the_models_own_training_records(dataset, axes):
    exp = Experiment(dataset=dataset, train_size=300, scaling="standardised")
    train, test = exp.split()
    shift, factor = exp.scale(train)
    scaled = (exp.data.x[train] - shift) * factor
    assert np.abs(scaled.mean(axis=axes)).max() < 1e-3
    deviation = scaled.std(axis=axes)
    assert np.allclose(deviation[deviation > 0], 1, atol=1e-3)  # a column may be constant in 300 records
    assert not np.array_equal(shift, exp.scale(test)[0])
    assert exp.replace(scaling="paper").scale(train) == (0, np.float32(1 / 255))
