"""Profiles: what is committed loads, lists are grids, mistakes are named."""

import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.walk import profiles

HEAD = "description: d\nminutes: 1\nexperiments:\n"


@pytest.fixture
def write(monkeypatch, tmp_path):
    monkeypatch.setattr(profiles, "folder", lambda: tmp_path)
    return lambda text: (tmp_path / "mine.yaml").write_text(text)


def test_committed_profiles_load():
    assert profiles.names() == ["classroom", "defences", "modern", "paper", "quick"]
    assert {exp.dataset for exp in profiles.load("quick").experiments} == {"synthetic_images", "synthetic_census"}
    first, adult = profiles.load("classroom").experiments
    assert first == Experiment()  # the notebooks' own parameters, whose outputs are committed
    assert (adult.dataset, adult.train_size, adult.n_shadows) == ("adult", 10000, 20)
    parts = {name: profiles.load(name).parts for name in profiles.names()}
    assert parts["modern"] == {"references"}
    assert parts["quick"] == {"experiments", "references", "defences"}
    assert parts["defences"] == {"defences"}
    assert parts["paper"] == {"experiments"}
    paper = profiles.load("paper")
    sizes = [exp.train_size for exp in paper.shown() if exp.dataset == "cifar10"]
    assert sizes == [2500, 5000, 10000, 15000]


def test_lists_are_a_grid_but_a_sweep_is_a_list(write):
    grid = HEAD + "  - {train_size: [10, 20], seed: [0, 1], l2_sweep: [0.1, 0.2]}\n"
    write(grid + "  - {seed: 2, l2_sweep: [1]}\n  - {seed: 2, l2_sweep: [2, 3]}\n")
    with pytest.raises(MIAError, match="two experiments have the same"):  # a sweep is not part of the name
        profiles.load("mine")
    write(grid + "  - {seed: 2, l2_sweep: [[1], [2, 3]]}\n")
    with pytest.raises(MIAError, match=r"mine\.yaml: l2_sweep=\[1\]: expected a number"):
        profiles.load("mine")
    write(grid)
    found = profiles.load("mine").experiments
    assert [(e.train_size, e.seed) for e in found] == [(10, 0), (10, 1), (20, 0), (20, 1)]
    assert {e.l2_sweep for e in found} == {(0.1, 0.2)}


def test_studies_are_a_grid_too(write):
    write(HEAD + "  - {}\nstudies:\n  shadows: [{n_shadows: [2, 3]}]\n  choices: [{}]\n")
    found = [(study, exp.n_shadows) for study, exp in profiles.load("mine").studies]
    assert found == [("shadows", 2), ("shadows", 3), ("choices", 10)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "mine.yaml is not valid YAML"),
        ("- a", "mine.yaml: expected exactly the keys"),
        (HEAD + "  - {trainsize: 5}", "mine.yaml: unknown parameter 'trainsize'.*Did you mean 'train_size'"),
        (HEAD + "  - {train_size: 0}", "mine.yaml: train_size=0: expected"),
        (HEAD + "  - {seed: [0, 0]}", "mine.yaml: two experiments have the same parameters"),
        (HEAD + "  5", "mine.yaml: experiments should be a list"),
        (HEAD + "  - {}\nstudies: {shadow: []}", "mine.yaml: unknown study 'shadow'.*Did you mean 'shadows'"),
        (HEAD + "  - {}\nstudies: {shadows: [{seeds: 1}]}", "mine.yaml: unknown parameter 'seeds'"),
    ],
)
def test_mistakes_are_named(write, text, message):
    write(text)
    with pytest.raises(MIAError, match=message):
        profiles.load("mine")


def test_unknown_profile_suggests_the_nearest():
    with pytest.raises(MIAError, match="'classrom'; known: classroom, defences, modern, paper.*'classroom'"):
        profiles.load("classrom")
