"""Numbers beyond reason, numbers as YAML reads them, and parameters that papermill injects."""

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.attacks.metrics import by_group
from mia_helpers.engine import backends, environment
from mia_helpers.walk import profiles
from mia_helpers.walk.parameters import check_injected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_shadows": 10**6}, "n_shadows=1000000: expected at most 10,000; the paper takes 20"),
        ({"epochs": 10**15}, "epochs=1000000000000000: expected at most 100,000; .* would train for days"),
        ({"n_resamples": 10**12}, "n_resamples=1000000000000: expected at most 1,000,000"),
        ({"seed": 10**300}, r"seed=10{19}…: expected at most 4,294,967,295; NumPy's"),
        ({"seed": -(10**5000)}, "seed=a number of thousands of digits: expected a whole number of at least 0"),
        ({"batch_size": 10**9}, "batch_size=1000000000: expected at most"),
        ({"l2_shadows": 10**9}, "l2_shadows=1000000000: expected at most"),
        ({"learning_rate": 1e9}, "learning_rate=1000000000.0: expected at most"),
        ({"l2": 1e300}, "l2=1e.300: expected at most"),
        ({"l2_sweep": [1e300]}, "l2_sweep=1e.300: expected at most"),
        ({"learning_rate": "1e-3"}, r"learning_rate='1e-3': expected a number of at least 0$"),
        ({"dataset": {"a": 1}}, r"unknown data set \{'a': 1\}; known: cifar10"),
        ({"optimizer": {"a": 1}}, r"unknown optimizer \{'a': 1\}; known: adam"),
        ({"l2_sweep": [[1.0]]}, r"l2_sweep=\[1\.0\]: expected a number"),
        (
            {"defence": "smoothing=0.1"},
            "unknown defence 'smoothing'; known: dropout, early_stopping, label_smoothing, augmentation, dp_sgd",
        ),
        ({"defence": "label_smoothing=1"}, "label smoothing by 1: expected a share between 0 and 1"),
        ({"defence": "label_smoothing"}, "expected name=strength, such as 'label_smoothing=0.1'"),
    ],
)
def test_a_number_beyond_reason_is_one_clear_error(parameters, message):
    with pytest.raises(MIAError, match=message) as caught:
        Experiment(**parameters)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("dataset", "attack", "options", "message"),
    [
        ("synthetic_census", "network", {"epochs": 10**15}, r"epochs=10+: expected at most 100,000; it would train"),
        ("synthetic_census", "network", {"batch_size": 0.5}, "batch_size=0.5: expected a whole number of at least 1"),
        ("synthetic_images", "svm", {"C": 0}, "C=0: expected a number of at least 1e-09"),
        ("synthetic_images", "svm", {"gamma": ["0.1"]}, "gamma='0.1': expected a number"),
        ("synthetic_images", "svm", {"gamma": []}, r"gamma=\[\]: expected at least one number"),
        ("synthetic_images", "svm", {"resolution": 5}, "resolution=5: expected at most 1; cells"),
    ],
)
def test_an_option_beyond_reason_is_told_before_anything_is_trained(dataset, attack, options, message):
    with pytest.raises(MIAError, match=message):
        Experiment(dataset=dataset, train_size=100).attack(attack, **options)


def test_an_option_is_the_same_however_it_is_given():
    exp = Experiment(dataset="synthetic_images", train_size=100)
    named = {exp.attacker("svm", C=C).name for C in ([5], (5,), 5, np.array([5]), np.array(5), np.int64(5))}
    assert len(named) == 1


def test_more_resamples_than_make_sense_are_told():
    both = np.array([True, False])
    with pytest.raises(MIAError, match="n_resamples=1000000000000: expected at most 1,000,000"):
        by_group([0, 0], both, both, both, both, seed=0, n_resamples=10**12)


def test_numbers_of_numpy_are_numbers():
    exp = Experiment(dataset="synthetic_census", train_size=np.int64(100), l2=np.float32(0.5), seed=np.uint8(3))
    assert (exp.train_size, exp.l2, exp.seed) == (100, 0.5, 3)
    assert type(exp.train_size) is int
    assert exp == Experiment(dataset="synthetic_census", train_size=100, l2=0.5, seed=3)


def test_more_answers_than_fit_into_memory_are_told_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr(environment, "memory", lambda: 24e9)
    monkeypatch.setattr(backends, "run", lambda *_: pytest.fail("it trains"))
    exp = Experiment(dataset="synthetic_images", train_size=15000, n_shadows=10_000)
    for ask in (exp.shadows, lambda: exp.attack("gap")):
        with pytest.raises(
            MIAError, match=r"300,000,000 answers of 10,000 shadows would take 39 GB .* are 24\. Use fewer"
        ):
            ask()


def test_the_memory_of_a_container_counts(monkeypatch, tmp_path):
    assert environment.memory() > 1e8
    for text, limit in (("1000000\n", 1e6), ("max\n", None), ("9223372036854771712", None)):
        (tmp_path / "max").write_text(text)
        monkeypatch.setattr(environment, "CONTAINER", (str(tmp_path / "none"), str(tmp_path / "max")))
        assert (environment.memory() == 1e6) == (limit == 1e6)


@pytest.mark.parametrize("jobs", ["²", "9" * 5000, "2.5", "-1", "0", "two", " 2"])
def test_a_number_of_jobs_that_is_none_is_told_at_once(jobs, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", jobs)
    with pytest.raises(MIAError, match=r"jobs \(--jobs or MIA_JOBS\): expected a whole number from 1 to \d+") as caught:
        backends.default_jobs()
    assert len(str(caught.value)) < 200


def test_a_defence_has_one_name():
    names = {Experiment(defence=f"label_smoothing={text}").defence for text in ("0.1", "0.10", " 1e-1", ".1")}
    assert names == {"label_smoothing=0.1"}


# --- YAML ---------------------------------------------------------------------------------------------------------

HEAD = "description: d\nminutes: 1\nexperiments:\n"


@pytest.fixture
def write(monkeypatch, tmp_path):
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path)
    return lambda text, encoding="utf-8": (tmp_path / "mine.yaml").write_text(text, encoding=encoding)


@pytest.mark.parametrize("number", ["1e-3", "1.0e-3", "1E-3", "0.001", "1.e-3", "+1e-3"])
def test_a_number_is_a_number_as_people_write_it(write, number):
    write(HEAD + f"  - {{learning_rate: {number}, l2_sweep: [{number}]}}\n")
    (exp,) = profiles.load("mine").experiments
    assert (exp.learning_rate, exp.l2_sweep) == (0.001, (0.001,))


def test_an_empty_sweep_is_none(write):
    write(HEAD + "  - {l2_sweep: []}\n")
    assert profiles.load("mine").experiments[0].l2_sweep == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "  - {seed: []}", r"seed: \[\] stands for no experiment at all"),
        (HEAD.replace("1", "soon") + "  - {}", "minutes: 'soon', expected how many minutes"),
        (HEAD.replace("1", "yes") + "  - {}", "minutes: True, expected"),
        (HEAD.replace("1", ".nan") + "  - {}", "minutes: nan, expected"),
        (HEAD + "  - {}\nstudies: [shadows]", r"studies: \['shadows'\], expected the name of each study"),
        (HEAD + "  - {}\nstudies: {shadows: {}}", "shadows should be a list of parameters"),
        (HEAD + "  - {l2_sweep: [[1], [2]]}", r"l2_sweep=\[1\]: expected a number"),
        ("1: 2", "expected exactly the keys"),
        (HEAD + "  []", r"experiments should be a list of parameters, .* got \[\]"),
        (HEAD + f"  - {{seed: {'9' * 5000}}}", "Exceeds the limit"),
        (HEAD + "  - 5", "experiments should be a list of parameters"),
        (HEAD + "  - {seed: 1, epochs: 2, seed: 3}", "'seed' stands there twice"),
        (HEAD + "  - {}\nminutes: 2", "'minutes' stands there twice"),
        (HEAD + "  - {seed: 010}", "010: YAML reads a number with a leading zero in octal"),
    ],
)
def test_mistakes_in_a_profile_are_named(write, text, message):
    write(text)
    with pytest.raises(MIAError, match=f"mine.yaml: {message}"):
        profiles.load("mine")


def test_a_profile_takes_no_defence_as_long_as_no_table_tells_it(write):
    write(HEAD + "  - {defence: label_smoothing=0.1}")
    with pytest.raises(MIAError, match=r"mine\.yaml: defence='label_smoothing=0.1': the tables of a profile have no"):
        profiles.load("mine")


def test_a_profile_that_is_not_utf_8_is_told(write):
    write(HEAD.replace("d", "é") + "  - {}", encoding="latin-1")
    with pytest.raises(MIAError, match=r"mine\.yaml is not UTF-8"):
        profiles.load("mine")


# --- Parameters of a notebook -------------------------------------------------------------------------------------


def test_a_notebooks_variables_make_the_experiment():
    variables = {**Experiment(seed=3).parameters(), "In": ["", "# Parameters\nseed = 3\n"], "other": 5}
    assert Experiment.from_notebook(variables) == Experiment(seed=3)


def test_a_misspelt_parameter_of_papermill_is_told_by_the_notebook():
    variables = {**Experiment().parameters(), "In": ["", "# Parameters\nseed = 3\ntrainsize = 100\n", "gap = 5"]}
    with pytest.raises(MIAError, match="unknown parameter 'trainsize'; known: dataset, .*Did you mean 'train_size'"):
        Experiment.from_notebook(variables)
    with pytest.raises(MIAError, match="unknown parameter 'seed'; known: profile"):
        check_injected(variables, ["profile"])
    for own in ("# Parameters\na, b = 1, 2\n", "# Parameters\n%matplotlib inline\n", "# mine\nx = 1\n"):
        Experiment.from_notebook({**Experiment().parameters(), "In": [own]})
    with pytest.raises(MIAError, match="unknown parameter 'profil'"):
        profiles.from_notebook({"profile": "quick", "In": ['# Parameters\nprofil = "paper"\n']})
