"""However a run ends, nothing of it lives on, and nothing of it is lost."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.batch import cli, run, steps
from mia_helpers.engine import backends, errors, parent, store
from mia_helpers.walk import jobs
from mia_helpers.walk.profiles import Profile

posix = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes as Linux shows them")
TRAIN = """
from mia_helpers import Experiment
Experiment(dataset="synthetic_images", train_size=2000, n_shadows=4, epochs=1000).train()
"""
BATCH = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from mia_helpers import Experiment
from mia_helpers.batch import cli, run
run.run = lambda _steps: Experiment(dataset="synthetic_images", train_size=2000, n_shadows=4, epochs=1000).train()
sys.exit(cli.main(["reproduce"]))
"""


def state(pid):
    """Return the parent of a process and whether it runs (a zombie does not); None if there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return int(told["PPid"]), not told["State"].startswith("Z")


def children(pid):
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if state(path.name) == (pid, True)]


def alive(pids):
    return [pid for pid in pids if (found := state(pid)) and found[1]]


@contextlib.contextmanager
def started(code):
    """Start code that trains, and yield it with its workers as soon as they train; whatever happens, it ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    while "models are missing" not in process.stderr.readline():
        assert process.poll() is None
    deadline = time.monotonic() + 60
    while len(children(process.pid)) < 3 and time.monotonic() < deadline:  # two workers, and what loky tracks them with
        time.sleep(0.1)
    time.sleep(2)  # for their first task
    try:
        yield process, children(process.pid)
    finally:
        process.kill()
        process.wait()


def all_ended(workers):
    deadline = time.monotonic() + 30
    while alive(workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not alive(workers)


@posix
@pytest.mark.slow
def test_workers_end_within_seconds_after_their_parent_was_killed():
    with started(TRAIN) as (process, workers):
        assert len(workers) >= 2
        process.kill()
        process.wait()
        assert all_ended(workers)


@posix
@pytest.mark.slow
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_ends_a_batch_with_one_line_and_no_orphan(name, status):
    with started(BATCH) as (process, workers):
        assert len(workers) >= 2
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=30)
        assert process.returncode == status
        assert [line for line in said.splitlines() if "resource_tracker" not in line and line[:1] != " "] == [
            "stopped; what was finished is kept, and the same command goes on from here"
        ]
        assert all_ended(workers)


@posix
@pytest.mark.slow
def test_work_in_the_callers_own_process_does_not_end_it(monkeypatch):
    """joblib computes there when it is called from one of its own threads."""
    monkeypatch.setattr(parent, "EVERY", 0.1)
    parent.end_with(os.getpid())
    assert backends._numbered(os.getpid(), 3, len, ("abcd",)) == (3, 4)
    time.sleep(0.5)


@posix
def test_a_signal_that_nohup_has_ignored_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cli._signals_end_as_ctrl_c():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


# --- One failure ends one thing -----------------------------------------------------------------------------------

GOOD = Experiment(dataset="synthetic_census", train_size=50, l2_sweep=())
BAD = GOOD.replace(train_size=51)


@pytest.mark.parametrize("error", [RuntimeError("it broke"), MemoryError(), OSError(24, "Too many open files")])
def test_any_error_fails_its_experiment_and_the_others_go_on(error, monkeypatch):
    def train(models):
        if models and models[0].split.train_size == 51:
            raise error

    monkeypatch.setattr(run, "train_all", train)
    monkeypatch.setattr(run, "_execute_once", lambda _step: ("ran", ""))
    monkeypatch.setattr(steps.Step, "works", lambda _step: [])
    outcomes = run.run(steps.plan(Profile("demo", "", 1, (BAD, GOOD))))
    assert [o.status for o in outcomes] == ["failed", *["skipped"] * 6, *["ran"] * 8]
    assert outcomes[0].error == errors.sentence(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory. Use fewer workers (--jobs 1)"),
        (OSError(24, "Too many open files"), "too many open files. Raise the limit (ulimit -n 4096)"),
        (OSError(28, "No space left on device"), "no space left for the temporary folder"),
        (OSError(28, "No space left on device", "/x/y"), "no space left for /x/y. Free some, or set TMPDIR"),
        (MIAError("as it is"), "as it is"),
        (RuntimeError("first\nsecond"), "RuntimeError: first"),
        (KeyError(), "KeyError"),
    ],
)
def test_every_error_is_one_sentence(error, words):
    assert errors.sentence(error).startswith(words)
    assert "\n" not in errors.sentence(error)


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["synthetic_images", "synthetic_census"])
def test_training_that_diverges_names_model_and_epoch_and_costs_no_other_model(dataset):
    exp = Experiment(dataset=dataset, train_size=100, n_shadows=1, epochs=3, scaling="standardised")
    bad = exp.replace(optimizer="sgd", learning_rate=1e6, l2=1e6).model()
    with pytest.raises(
        MIAError, match=rf"{bad.name}: training diverged: its loss is nan in epoch [123]\. Try a smaller"
    ):
        jobs.train_all([bad, exp.model(), exp.model(0)])
    assert [model.is_there() for model in (bad, exp.model(), exp.model(0))] == [False, True, True]
    assert not list((store.runs_dir() / "artifacts").rglob(f"*{bad.name.rpartition('/')[2]}*"))
