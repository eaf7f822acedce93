"""The papermill driver, on notebooks that do nothing or fail."""

import nbformat
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.batch import kernels, run, sources, steps
from mia_helpers.data import registry
from mia_helpers.engine import files
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.road import Page

GOOD = Experiment(dataset="synthetic_census", train_size=50)
BAD = GOOD.replace(train_size=51)
DEMO = Profile("demo", "two experiments", 1, (BAD, GOOD))
ROAD = (
    Page("01_a", "a", lambda _exp: [], shows_data=True),
    Page("02_b", "b", lambda exp: [exp.model()], shows_data=True),
    Page("07_report", "report", lambda _exp: [], of_profile="experiments"),
)


@pytest.fixture
def notebooks(monkeypatch, tmp_path):
    """01 fails for BAD, the others print their parameter; no model is trained."""
    monkeypatch.setattr(files, "CHECKOUT", tmp_path)
    books = [page.source for page in ROAD]
    code = ["assert train_size != 51, 'a bad size'", "print(train_size)", "print(profile)"]
    books[0].parent.mkdir()
    for path, line in zip(books, code, strict=True):
        cells = [nbformat.v4.new_code_cell("train_size = 1\nprofile = ''", metadata={"tags": ["parameters"]})]
        python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        book = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(line)], metadata=python)
        nbformat.write(book, path)
    monkeypatch.setattr(steps, "ROAD", ROAD)
    monkeypatch.setattr(sources, "ROAD", ROAD)
    monkeypatch.setattr(run, "train_all", lambda _models: None)
    return books


@pytest.mark.slow
def test_a_failure_skips_the_rest_of_its_experiment_and_the_others_go_on(notebooks):
    before = [path.read_bytes() for path in notebooks]
    outcomes = run.run(steps.plan(DEMO))
    assert [o.status for o in outcomes] == ["failed", "skipped", "ran", "ran", "ran"]
    assert "a bad size" in outcomes[0].error
    assert str(outcomes[0].step.output) in outcomes[0].error
    assert outcomes[0].step.output.exists()  # as far as it came, for a look
    assert [path.read_bytes() for path in notebooks] == before
    executed = nbformat.read(outcomes[3].step.output, as_version=4)
    assert executed.cells[-1].outputs[0].text == "50\n"


@pytest.mark.slow
def test_a_notebook_is_executed_again_only_when_something_changed(notebooks):
    def statuses(profile):
        return [outcome.status for outcome in run.run(steps.plan(profile))]

    good = Profile("demo", "one experiment", 1, (GOOD,))
    assert statuses(good) == ["ran", "ran", "ran"]
    assert statuses(good) == ["reused", "reused", "ran"]  # the report is made each time
    book = nbformat.read(notebooks[1], as_version=4)
    book.cells[-1].source = "print(2 * train_size)"
    nbformat.write(book, notebooks[1])
    assert statuses(good) == ["reused", "ran", "ran"]
    for damage in ("{", "{}", "[]"):
        steps.plan(good)[0].output.write_text(damage)
        assert statuses(good) == ["ran", "reused", "ran"]
    run.forget(steps.plan(good))
    assert statuses(good) == ["ran", "ran", "ran"]


@pytest.mark.slow
def test_outputs_are_written_into_a_source_only_when_it_ran(notebooks, monkeypatch):
    assert sources.write_outputs("02_*") == []
    book = nbformat.read(notebooks[1], as_version=4)
    assert book.cells[-1].outputs[0].text == "1\n"
    assert not {"papermill", "mia_helpers"} & set(book.metadata)
    assert all("papermill" not in cell.metadata and "execution" not in cell.metadata for cell in book.cells)
    book.cells[-1].source = "raise ValueError('no')"
    nbformat.write(book, notebooks[1])
    before = notebooks[1].read_bytes()
    (error,) = sources.write_outputs("02_*")
    assert "no" in error
    assert notebooks[1].read_bytes() == before


def test_a_model_that_cannot_be_trained_fails_its_experiment_alone(notebooks, monkeypatch):
    def train(models):
        if BAD.model() in models:
            raise MIAError("no data")

    monkeypatch.setattr(run, "train_all", train)
    monkeypatch.setattr(kernels, "execute", lambda *_args: "")
    outcomes = run.run(steps.plan(DEMO))
    assert [(o.status, o.error) for o in outcomes[:2]] == [("failed", "no data"), ("skipped", "")]
    assert {o.status for o in outcomes[2:]} == {"ran"}


@pytest.mark.parametrize(
    ("only", "labels"),
    [("*", 5), (f"{GOOD}", 2), ("02_*", 2), (f"{BAD}/01_a", 1), ("*/07*", 1)],
)
def test_only_keeps_what_matches(notebooks, only, labels):
    assert len(steps.plan(DEMO, [only])) == labels


def test_only_that_matches_nothing_lists_what_there_is(notebooks):
    with pytest.raises(MIAError, match=r"--only 'cifar\*' matches nothing.*all/07_report"):
        steps.plan(DEMO, ["cifar*"])


def test_each_notebook_gets_the_models_that_it_reads():
    exp = GOOD.replace(n_shadows=3, l2_sweep=[5e-3], l2_shadows=1)
    planned = steps.plan(Profile("demo", "", 1, (exp,)))[:6]
    assert [len(step.needs()) for step in planned] == [0, 1, 4, 4, 4, 6]
    # Four attacks: plain, by one who ignores the penalty, by one who adapts. Twins in 01 and 05, where there are also
    # the outsiders and what four attacks say of them.
    assert [len(step.works()) for step in planned] == [1, 0, 0, 4, 10, 12]


def test_further_seeds_and_studies_are_computed_without_notebooks():
    exp = GOOD.replace(n_shadows=2, l2_sweep=[])
    profile = Profile("demo", "", 1, (exp, exp.replace(seed=1), BAD), (("shadows", exp),))
    planned = steps.plan(profile)
    assert profile.shown() == (exp, BAD)
    walk = [*(f"0{number}" for number in range(1, 7)), "10"]
    assert [step.page and step.page.stem[:2] for step in planned] == [*walk, None, *walk, None, "07"]
    seed, study = planned[7], planned[15]
    assert (seed.label, study.label) == (f"{exp.replace(seed=1)}/attacks", f"{exp}/study of shadows")
    assert (len(seed.needs()), len(seed.works())) == (3, 5)
    assert (len(study.needs()), len(study.works())) == (3, 8)
    assert steps.plan(profile, ["*/study of shadows"]) == [study]
    assert steps.plan(profile, ["*/study of shadows", "07_*"]) == [study, planned[16]]


def test_without_the_raw_data_the_notebooks_that_show_them_are_left_out(notebooks, monkeypatch):
    monkeypatch.setattr(registry, "is_here", lambda _name: False)
    monkeypatch.setattr(kernels, "execute", lambda *_args: "")
    outcomes = run.run(steps.plan(Profile("demo", "", 1, (GOOD,))))
    assert [o.status for o in outcomes] == ["no data", "no data", "ran"]


def test_second_run_on_the_same_folder_is_told():
    with run.lock(), pytest.raises(MIAError, match="another run works in .*MIA_RUNS_DIR"), run.lock():
        pass
    with run.lock():
        pass


def test_what_a_cell_prints_is_kept_in_one_piece(tmp_path):
    """A busy machine sends it in several; the same notebook should give the same bytes."""
    output = [nbformat.v4.new_output("stream", name=name, text=f"{text}\n") for name, text in ("oa", "ob", "ec", "od")]
    for one in output:
        one.name = {"o": "stdout", "e": "stderr"}[one.name]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass", outputs=output)])
    nbformat.write(book, tmp_path / "a.ipynb")
    (cell,) = nbformat.reads(sources.without_traces(tmp_path / "a.ipynb"), as_version=4).cells
    kept = [(one.name, one.text) for one in cell.outputs]
    assert kept == [("stdout", "a\nb\n"), ("stderr", "c\n"), ("stdout", "d\n")]
