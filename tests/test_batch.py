"""The papermill driver, on notebooks that do nothing or fail."""

import nbformat
import pytest

from mia_helpers import Experiment, MIAError, batch, data, profiles
from mia_helpers.profiles import Profile

GOOD = Experiment(dataset="synthetic_census", train_size=50)
BAD = GOOD.replace(train_size=51)
DEMO = Profile("demo", "two experiments", 1, (BAD, GOOD))


@pytest.fixture
def notebooks(monkeypatch, tmp_path):
    """01 fails for BAD, 02 and 03 do nothing; no model is needed."""
    sources = [tmp_path / "books" / name for name in ("01_a.ipynb", "02_b.ipynb", "07_report.ipynb")]
    code = ["assert train_size != 51, 'a bad size'", "print(train_size)", "print(profile)"]
    sources[0].parent.mkdir()
    for source, line in zip(sources, code, strict=True):
        cells = [nbformat.v4.new_code_cell("train_size = 1\nprofile = ''", metadata={"tags": ["parameters"]})]
        python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        book = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(line)], metadata=python)
        nbformat.write(book, source)
    monkeypatch.setattr(profiles, "notebooks", lambda: sources)
    monkeypatch.setattr(batch, "train_all", lambda _models: None)
    return sources


@pytest.mark.slow
def test_a_failure_skips_the_rest_of_its_experiment_and_the_others_go_on(notebooks):
    before = [source.read_bytes() for source in notebooks]
    outcomes = batch.run(batch.plan(DEMO))
    assert [o.status for o in outcomes] == ["failed", "skipped", "ran", "ran", "ran"]
    assert "a bad size" in outcomes[0].error
    assert str(outcomes[0].step.output) in outcomes[0].error
    assert outcomes[0].step.output.exists()  # as far as it came, for a look
    assert [source.read_bytes() for source in notebooks] == before
    executed = nbformat.read(outcomes[3].step.output, as_version=4)
    assert executed.cells[-1].outputs[0].text == "50\n"


@pytest.mark.slow
def test_a_notebook_is_executed_again_only_when_something_changed(notebooks):
    def statuses(profile):
        return [outcome.status for outcome in batch.run(batch.plan(profile))]

    good = Profile("demo", "one experiment", 1, (GOOD,))
    assert statuses(good) == ["ran", "ran", "ran"]
    assert statuses(good) == ["reused", "reused", "ran"]  # the report is made each time
    book = nbformat.read(notebooks[1], as_version=4)
    book.cells[-1].source = "print(2 * train_size)"
    nbformat.write(book, notebooks[1])
    assert statuses(good) == ["reused", "ran", "ran"]
    for damage in ("{", "{}", "[]"):
        batch.plan(good)[0].output.write_text(damage)
        assert statuses(good) == ["ran", "reused", "ran"]
    batch.forget(batch.plan(good))
    assert statuses(good) == ["ran", "ran", "ran"]


@pytest.mark.slow
def test_outputs_are_written_into_a_source_only_when_it_ran(notebooks, monkeypatch):
    assert batch.write_outputs("02_*") == []
    book = nbformat.read(notebooks[1], as_version=4)
    assert book.cells[-1].outputs[0].text == "1\n"
    assert not {"papermill", "mia_helpers"} & set(book.metadata)
    assert all("papermill" not in cell.metadata and "execution" not in cell.metadata for cell in book.cells)
    book.cells[-1].source = "raise ValueError('no')"
    nbformat.write(book, notebooks[1])
    before = notebooks[1].read_bytes()
    (error,) = batch.write_outputs("02_*")
    assert "no" in error
    assert notebooks[1].read_bytes() == before


def test_a_model_that_cannot_be_trained_fails_its_experiment_alone(notebooks, monkeypatch):
    def train(models):
        if models[0][0] == BAD:
            raise MIAError("no data")

    monkeypatch.setattr(batch, "train_all", train)
    monkeypatch.setattr(batch.Step, "models", lambda step: [(step.experiment, -1)])
    monkeypatch.setattr(batch.Step, "attackers", lambda _step: [])
    monkeypatch.setattr(batch, "execute", lambda *_args: "")
    outcomes = batch.run(batch.plan(DEMO))
    assert [(o.status, o.error) for o in outcomes[:2]] == [("failed", "no data"), ("skipped", "")]
    assert {o.status for o in outcomes[2:]} == {"ran"}


@pytest.mark.parametrize(
    ("only", "labels"),
    [("*", 5), (f"{GOOD}", 2), ("02_*", 2), (f"{BAD}/01_a", 1), ("*/07*", 1)],
)
def test_only_keeps_what_matches(notebooks, only, labels):
    assert len(batch.plan(DEMO, [only])) == labels


def test_only_that_matches_nothing_lists_what_there_is(notebooks):
    with pytest.raises(MIAError, match=r"--only 'cifar\*' matches nothing.*all/07_report"):
        batch.plan(DEMO, ["cifar*"])


def test_each_notebook_gets_the_models_that_it_reads():
    exp = GOOD.replace(n_shadows=3, l2_sweep=[5e-3], l2_shadows=1)
    steps = batch.plan(Profile("demo", "", 1, (exp,)))[:6]
    assert [len(step.models()) for step in steps] == [0, 1, 4, 4, 4, 6]
    # Three attacks: plain, by one who ignores the penalty, by one who adapts.
    assert [len(step.attackers()) for step in steps] == [0, 0, 0, 3, 3, 9]


def test_further_seeds_and_studies_are_computed_without_notebooks():
    exp = GOOD.replace(n_shadows=2, l2_sweep=[])
    profile = Profile("demo", "", 1, (exp, exp.replace(seed=1), BAD), (("shadows", exp),))
    steps = batch.plan(profile)
    assert profile.shown() == (exp, BAD)
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 7]
    seed, study = steps[6], steps[13]
    assert (seed.label, study.label) == (f"{exp.replace(seed=1)}/attacks", f"{exp}/study of shadows")
    assert (len(seed.models()), len(seed.attackers())) == (3, 3)
    assert (len(study.models()), len(study.attackers())) == (3, 6)
    assert batch.plan(profile, ["*/study of shadows"]) == [study]
    assert batch.plan(profile, ["*/study of shadows", "07_*"]) == [study, steps[14]]


def test_without_the_raw_data_the_notebooks_that_show_them_are_left_out(notebooks, monkeypatch):
    monkeypatch.setattr(data, "is_here", lambda _name: False)
    monkeypatch.setattr(batch.Step, "attackers", lambda _step: [])
    monkeypatch.setattr(batch, "execute", lambda *_args: "")
    outcomes = batch.run(batch.plan(Profile("demo", "", 1, (GOOD,))))
    assert [o.status for o in outcomes] == ["no data", "no data", "ran"]


def test_second_run_on_the_same_folder_is_told():
    with batch.lock(), pytest.raises(MIAError, match="another run works in .*MIA_RUNS_DIR"), batch.lock():
        pass
    with batch.lock():
        pass
