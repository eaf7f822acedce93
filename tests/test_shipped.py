"""The records that come with the repository: read like artifacts, never in the way of one's own."""

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.batch import sources, steps
from mia_helpers.data import adult, registry
from mia_helpers.engine import files, shipped, store
from mia_helpers.walk import profiles, worker
from mia_helpers.walk.work import missing, needed

EXP = Experiment(dataset="adult", train_size=3, n_shadows=1)
PROBS = np.linspace(0, 1, 6, dtype=np.float32)[:, None]


@pytest.fixture
def records(monkeypatch, tmp_path):
    """Ship the target and the shadow of EXP, of data that are not here; return the shipped arrays of the target."""
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "no data"))
    monkeypatch.setattr(adult, "download", lambda _folder: pytest.fail("it would download"))
    source = {"sha256": "of adult", "source": "UCI Adult, planted"}
    with monkeypatch.context() as patch:
        patch.setattr(registry, "source_of", lambda _name: source)
        found = {}
        for i in (-1, 0):
            index = np.array([0, 1, 2, 48839, 48840, 48841])
            arrays = dict(probs=PROBS, label=(index == 48841).astype(int), member=np.arange(6) < 3)
            arrays |= dict(model_id=np.full(6, i), index=index, n_parameters=np.int64(536))
            told = {"seconds": 2.5, "backend": "loky", "depends_on": EXP.model(i).depends_on()}
            found[EXP.model(i).name] = (arrays, told)
        names = list(found)
        shipped.write(found, lambda name: b"a model" if name == names[0] else None, {"data": {"adult": source}})
    return found[names[0]][0]


def test_without_data_the_records_that_came_along_are_read_to_the_bit(records):
    assert EXP.source["source"] == "UCI Adult, planted"
    assert store.exists(EXP.model().name)
    arrays, facts = store.load(EXP.model().name)
    assert facts["seconds"] == store.facts(EXP.model().name)["seconds"] == 2.5
    assert arrays.keys() == records.keys() - {"model_id"}
    for name, array in arrays.items():
        assert records[name].dtype == array.dtype
        assert np.array_equal(records[name], array)
    for i, answers in ((-1, EXP.target()), (0, EXP.shadows())):
        assert answers.model_id.dtype == np.int64
        assert answers.model_id.tolist() == [i] * 6
    assert EXP.attack("gap").metrics["accuracy"] == 5 / 6  # two of the non-members are wrong
    assert not store.path_of(EXP.model().name).exists()  # nothing was copied


def test_looking_at_the_data_downloads_nothing_where_records_stand_in(records, monkeypatch):
    with pytest.raises(MIAError, match=r"adult is not in .*no data, and .* have no raw data\. .*data\.load\('adult'\)"):
        _ = EXP.data
    monkeypatch.setattr(adult, "download", lambda _folder: (_ for _ in ()).throw(MIAError("it downloads")))
    with pytest.raises(MIAError, match="it downloads"):  # its models are to be trained, and then need the data
        _ = EXP.replace(seed=1).data


def test_the_files_are_compact_and_not_pickled(records):
    with np.load(shipped.folder() / "adult.npz", allow_pickle=False) as file:
        dtypes = {key.rpartition("/")[2]: file[key].dtype for key in file.files}
    assert dtypes["probs"] == np.float32
    assert (dtypes["label"], dtypes["index"]) == (np.uint8, np.uint16)


def test_a_model_file_that_came_along_is_read(records):
    assert store.model_file(EXP.model().name) == b"a model"
    assert store.model_file(EXP.model(0).name) is None
    assert not list(store.runs_dir().rglob("*.keras"))  # nothing was copied


def test_what_was_forgotten_is_not_read_again_and_ones_own_comes_first(records):
    name = EXP.model().name
    assert store.forget([name]) == 1
    assert not store.exists(name)
    assert store.load(name) is None
    store.save(name, {**records, "probs": 1 - PROBS}, seconds=1, depends_on=EXP.model().depends_on())
    assert store.load(name)[0]["probs"][0] == 1


def test_ones_own_that_is_damaged_does_not_hide_what_came_along(records):
    name = EXP.model().name
    for damage in (
        lambda path: path.write_bytes(b"no archive"),
        lambda path: path.with_suffix(".json").write_text("{"),
    ):
        store.save(name, {"a": np.arange(3)}, seconds=1, depends_on=EXP.model().depends_on())
        damage(store.path_of(name))
        assert store.exists(name)
        with pytest.warns(UserWarning, match="is damaged .*the one that came with the repository is read"):
            assert np.array_equal(store.load(name)[0]["probs"], PROBS)


def test_attacks_are_forgotten_with_their_models(records):
    attack = EXP.attacker("gap").name
    EXP.attack("gap")
    assert store.exists(attack)
    assert store.forget([EXP.model(0).name]) == 2
    assert not store.exists(attack)
    assert store.exists(EXP.model().name)


def test_it_is_said_once_that_they_stand_in_for_the_data(records, capsys):
    registry._say_once.cache_clear()
    EXP.attack("gap")
    EXP.attack("threshold")
    assert capsys.readouterr().err.count("the records that came with the repository are read") == 1


def test_a_worker_without_the_data_does_not_train_under_their_name(records, monkeypatch):
    def absent(*_args):
        raise MIAError("there are no data")

    monkeypatch.setattr(registry, "load", absent)
    with pytest.raises(MIAError, match="there are no data"):
        worker.train([EXP.model(1)], [EXP.model(1).name])
    with pytest.raises(MIAError, match="there are no data"):
        EXP.model(0).network()  # its weights did not come along
    assert store.exists(EXP.model(0).name)  # and its records were not given up for them


def test_all_models_of_the_classroom_came_along(monkeypatch, tmp_path):
    monkeypatch.delenv("MIA_RECORDS_DIR")
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "no data"))
    models = needed(steps.plan(profiles.load("classroom")))
    assert len(models) == 44
    assert missing(models) == []
    for exp in profiles.load("classroom").experiments:  # and what else takes the data
        assert missing([exp.outsiders_work(), exp.twins_work()]) == []
        outsiders, target = exp.outsiders(), exp.target()
        assert len(outsiders) == len(target) == 2 * exp.train_size
        assert not outsiders.member.any()
        assert not np.isin(outsiders.index, target.index).any()
        assert exp.twins()["member"].isin(target.index[target.member]).all()
        assert exp.twins()["other"].isin(target.index[~target.member]).all()


@pytest.mark.slow
def test_records_that_are_written_have_what_else_takes_the_data(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_JOBS", "1")
    exp = Experiment(dataset="synthetic_census", train_size=50, n_shadows=1, epochs=1, l2_sweep=(), n_resamples=20)
    exp = exp.replace(n_references=4)
    profile = profiles.Profile("demo", "", 1, (exp,))
    monkeypatch.setattr(profiles, "load", lambda _name: profile)
    sources.write_records("demo")
    works = [exp.outsiders_work(), exp.twins_work(), exp.answers()]
    assert set(shipped.manifest()["artifacts"]) == {work.name for work in (*exp.models(), *works)}
    before, references = exp.outsider_draws("gap"), exp.references()
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "other runs"))
    monkeypatch.setattr(registry, "load", lambda *_args: pytest.fail("it needs the data"))
    monkeypatch.setattr(registry, "source_of", shipped.source_of)
    assert exp.outsider_draws("gap").equals(before)
    assert np.array_equal(exp.references().confidence, references.confidence)  # without the models
    assert np.array_equal(exp.references().right, references.right)
    assert exp.twins().empty
    assert not exp.has_twin().any()


def test_other_data_are_other_records(records, monkeypatch):
    monkeypatch.setattr(registry, "source_of", lambda _name: {"sha256": "other", "source": "other"})
    assert not store.exists(EXP.model().name)


def test_damaged_records_are_told_and_count_as_none(records):
    path = shipped.folder() / "adult.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"adult\.npz is damaged.*git checkout"):
        assert store.load(EXP.model().name) is None


def test_the_committed_records_are_small_and_whole(monkeypatch):
    monkeypatch.delenv("MIA_RECORDS_DIR")
    assert set(shipped.manifest()["files"]) == {"cifar10.npz", "adult.npz"}
    for name, told in shipped.manifest()["files"].items():
        assert (shipped.folder() / name).stat().st_size == told["bytes"]
    assert sum(path.stat().st_size for path in shipped.folder().iterdir()) < 14_500_000
    for exp in profiles.load("classroom").experiments:  # the reference models are there as confidences alone
        assert shipped.has(exp.answers().name)
        assert not shipped.has(exp.reference_models()[0].name)
    assert shipped.folder() == files.CHECKOUT / "records"
