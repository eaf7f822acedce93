"""Backends: real clusters on this machine give the same bytes as local processes, and a dead worker is no disaster."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.batch import cli
from mia_helpers.engine import backends, store

pytestmark = pytest.mark.xdist_group("clusters")  # one process starts them, for all tests
IMAGES = Experiment(dataset="synthetic_images", train_size=100, epochs=2, n_shadows=2, n_resamples=20)
CENSUS = IMAGES.replace(dataset="synthetic_census")


def die_once(number, mark):
    """Return the number, but be killed by the system the first time that one of the tasks is worked on."""
    if number == 1 and not Path(mark).exists():
        Path(mark).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(_number):
    os.kill(os.getpid(), signal.SIGKILL)


def complain(what):
    raise MIAError(what)


def artifacts():
    return {p.name: p.read_bytes() for p in sorted(store.runs_dir().rglob("*.npz"))}


@contextlib.contextmanager
def processes(*commands):
    """Start commands, and end them whatever happens."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [subprocess.Popen([sys.executable, *command], env=environment, **quiet) for command in commands]
    try:
        yield
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def soon(try_it, seconds=120):
    """Return what `try_it` returns as soon as it raises no more."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return try_it()
        except (OSError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory):
    """The address of a scheduler with two worker processes, started as the README tells."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    told = folder / "scheduler.json"
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    worker = ["-m", "dask", "worker", *common, "--nthreads", "1", "--nworkers", "2", "--death-timeout", "60"]
    scheduler = ["-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", *common]
    with processes(scheduler, [*worker, "--local-directory", str(folder)]):
        yield soon(lambda: json.loads(told.read_text()))["address"]


@pytest.fixture(scope="module")
def ray_cluster():
    """The address of a Ray node with two cores, started as the README tells."""
    ray = pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    main = "from ray.scripts.scripts import main; main()"
    with processes(["-c", main, "start", "--head", "--block", "--disable-usage-stats", *options]):
        soon(lambda: socket.create_connection(("127.0.0.1", port), 1).close())
        yield f"127.0.0.1:{port}"
        ray.shutdown()


@pytest.fixture(params=["dask", "ray"])
def cluster(request, monkeypatch):
    address = request.getfixturevalue(f"{request.param}_cluster")
    monkeypatch.setenv("MIA_BACKEND", request.param)
    monkeypatch.setenv("MIA_SCHEDULER", address)
    return request.param


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_as_this_machine(cluster, monkeypatch, tmp_path):
    for exp in (IMAGES, CENSUS):
        exp.attack("shokri")
        assert store.facts(exp.model().name)["backend"] == cluster
    from_cluster = artifacts()
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("MIA_BACKEND", "loky")
    monkeypatch.delenv("MIA_SCHEDULER")
    for exp in (IMAGES, CENSUS):
        exp.attack("shokri")
    from_here = artifacts()
    assert [name for name in from_here if from_here[name] != from_cluster.get(name)] == []
    assert len(from_here) == len(from_cluster) == 8  # of each: a target, two shadows, an attack


@pytest.mark.slow
def test_a_cluster_goes_on_when_a_worker_dies(cluster, tmp_path):
    tasks = [(number, str(tmp_path / "died")) for number in range(5)]
    assert sorted(backends.run(die_once, tasks)) == [(number, number) for number in range(5)]
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_one_clear_error(cluster):
    with pytest.raises(MIAError, match="three more on the same task, died"):
        list(backends.run(die, [(0,)]))


@pytest.mark.slow
def test_an_error_in_a_worker_of_a_cluster_is_the_same_error_here(cluster):
    with pytest.raises(MIAError, match="this is wrong"):
        list(backends.run(complain, [("this is wrong",)]))


def test_a_run_goes_on_when_a_worker_dies(tmp_path, capsys):
    tasks = [(number, str(tmp_path / "died")) for number in range(5)]
    assert sorted(backends.run(die_once, tasks)) == [(number, number) for number in range(5)]
    assert "a worker died" in capsys.readouterr().err


def test_workers_that_die_again_and_again_are_one_clear_error():
    with pytest.raises(MIAError, match="3 workers in a row died.*--jobs 1"):
        list(backends.run(die, [(0,)]))


@pytest.mark.parametrize(
    ("backend", "scheduler", "message"),
    [
        ("dusk", "", "unknown backend 'dusk'; known: loky, dask, ray. Did you mean 'dask'"),
        ("dask", "", "--backend dask needs --scheduler ADDRESS"),
        ("loky", "tcp://127.0.0.1:1", "--scheduler tcp://127.0.0.1:1 needs --backend dask or ray"),
    ],
)
def test_a_backend_that_makes_no_sense_is_told_before_anything_runs(backend, scheduler, message, monkeypatch, capsys):
    monkeypatch.setenv("MIA_BACKEND", "")  # to be restored: the command sets both
    monkeypatch.setenv("MIA_SCHEDULER", "")
    assert cli.main(["reproduce", "--backend", backend, "--scheduler", scheduler]) == 2
    assert message in capsys.readouterr().err


def test_a_scheduler_that_does_not_answer_is_one_clear_error(monkeypatch):
    pytest.importorskip("distributed")
    import dask

    monkeypatch.setenv("MIA_BACKEND", "dask")
    monkeypatch.setenv("MIA_SCHEDULER", "tcp://127.0.0.1:1")
    quickly = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
    with pytest.raises(MIAError, match="no dask cluster answers at tcp://127.0.0.1:1"), quickly:
        list(backends.run(len, [("a",)]))


def test_a_scheduler_without_workers_is_one_clear_error(monkeypatch):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        monkeypatch.setenv("MIA_BACKEND", "dask")
        monkeypatch.setenv("MIA_SCHEDULER", empty.scheduler_address)
        monkeypatch.setattr(backends, "WAIT", 1)
        with pytest.raises(MIAError, match="it has had no worker for 1 seconds"):
            list(backends.run(len, [("a",)]))


def test_a_missing_package_is_told_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("MIA_BACKEND", "dask")
    monkeypatch.setenv("MIA_SCHEDULER", "tcp://127.0.0.1:1")
    with pytest.raises(MIAError, match=r"pip install -e '\.\[dask\]'"):
        list(backends.run(len, [("a",)]))
