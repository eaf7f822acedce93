"""References of an audit: halves in pairs, seeds, what is kept and read again, and other processes."""

import threading

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_info

from mia_helpers import MIAError, audit
from mia_helpers.auditing import training
from mia_helpers.auditing.training import halves
from mia_helpers.engine import store

X, X2, Y, Y2 = train_test_split(*load_wine(return_X_y=True), test_size=0.5, random_state=0)
SETS = ((X, Y), (X2, Y2))


def forest(seed=0):
    return RandomForestClassifier(20, random_state=seed)


MODEL = forest().fit(X, Y)


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")


def test_each_record_is_in_one_half_of_each_pair():
    label = np.repeat([0, 1, 2], [50, 31, 2])
    known = halves(label, 6, seed=1)
    assert (known[:, ::2] != known[:, 1::2]).all()
    assert {int(known[label == 2, i].sum()) for i in range(6)} == {1}  # of a rare class, one record each
    assert (halves(label, 10, seed=1)[:, :6] == known).all()
    assert (halves(label, 6, seed=2) != known).any()


@pytest.mark.usefixtures("alone")
def test_the_same_seed_gives_the_same_report_and_nothing_is_trained_twice(monkeypatch, capsys):
    first = audit(MODEL, *SETS, n_references=4)
    assert "references: 4/4" in capsys.readouterr().err
    again = audit(MODEL, *SETS, n_references=4)
    assert again.to_json() == first.to_json()
    assert "references" not in capsys.readouterr().err
    more = audit(MODEL, *SETS, n_references=6)
    assert more.about["references"] == 6
    assert "2 of 6 are to be trained, 4 were kept" in capsys.readouterr().err
    monkeypatch.setenv("MIA_RUNS_DIR", str(store.runs_dir().with_name("others")))
    assert audit(MODEL, *SETS, n_references=4).to_json() == first.to_json()
    assert not audit(MODEL, *SETS, n_references=4, seed=1).table.equals(first.table)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("named", [True, False])
def test_what_was_trained_before_an_interruption_is_not_trained_again(named, capsys):
    calls, options = [], {"n_references": 4, "name": "wine"} if named else {"n_references": 4}

    def train(x, y, seed):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return forest(seed).fit(x, y)

    with pytest.raises(KeyboardInterrupt):
        audit(MODEL, *SETS, train=train, **options)
    report = audit(MODEL, *SETS, train=train, **options)
    assert len(calls) == (5 if named else 7)
    assert ("give name= to keep them" in capsys.readouterr().err) != named
    assert any("give name=" in note for note in report.about["notes"]) != named


@pytest.mark.usefixtures("alone")
def test_other_records_labels_or_options_are_other_references(capsys):
    audit(MODEL, *SETS, n_references=4)
    changed = X.copy()
    changed[0, 0] += 1
    for model, sets in ((forest(1).fit(X, Y), SETS), (MODEL, ((changed, Y), SETS[1]))):
        capsys.readouterr()
        audit(model, *sets, n_references=4)
        assert "4 of 4 are to be trained" in capsys.readouterr().err


@pytest.mark.usefixtures("alone")
def test_a_folder_that_cannot_be_written_costs_no_audit(unwritable, monkeypatch):
    monkeypatch.setenv("MIA_RUNS_DIR", str(unwritable))
    report = audit(MODEL, *SETS, n_references=4)
    (said,) = [note for note in report.about["notes"] if "not kept" in note]
    assert said.startswith("References are not kept: cannot write")


@pytest.mark.usefixtures("alone")
def test_in_this_process_there_are_no_more_threads_than_jobs():
    """Where others hold the cores too, OpenMP's threads wait for each other: one takes a tenth of the time of two."""
    seen = []

    def train(x, y):
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp")
        return forest().fit(x, y)

    audit(MODEL, *SETS, train=train, n_references=4)
    assert set(seen) == {1}


@pytest.mark.usefixtures("alone")
def test_training_does_not_move_the_random_numbers_of_the_process():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    audit(MODEL, *SETS, train=lambda x, y: forest(np.random.randint(99)).fit(x, y), n_references=4)
    assert np.random.random() == expected


@pytest.mark.slow
def test_other_processes_train_the_same(monkeypatch, capsys):
    lock = threading.Lock()

    def train(x, y):
        return forest().fit(x, y)

    def with_lock(x, y):
        with lock:  # cannot be sent to another process
            return forest().fit(x, y)

    monkeypatch.setenv("MIA_JOBS", "2")
    beside = audit(MODEL, *SETS, train=train, n_references=4)
    assert "cannot be sent" not in capsys.readouterr().err
    one_by_one = audit(MODEL, *SETS, train=with_lock, n_references=4)
    assert "train cannot be sent to other processes (TypeError" in capsys.readouterr().err
    assert one_by_one.table.equals(beside.table)
    with pytest.raises(MIAError, match=r"train\(x, y\) returned nothing"):
        audit(MODEL, *SETS, train=lambda x, y: None, n_references=4)


def test_version_is_part_of_the_name(monkeypatch, alone, capsys):
    audit(MODEL, *SETS, n_references=4)
    monkeypatch.setattr(training, "VERSION", 0)
    capsys.readouterr()
    audit(MODEL, *SETS, n_references=4)
    assert "4 of 4" in capsys.readouterr().err
