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

from mia_helpers import Experiment, MIAError, backends, cli, store

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


def artifacts():
    return {p.name: p.read_bytes() for p in sorted(store.runs_dir().rglob("*.npz"))}


def start(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory):
    """The address of a scheduler with two worker processes, started as the README tells."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    told = folder / "scheduler.json"
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    processes = [start("-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", *common)]
    options = [*common, "--nthreads", "1", "--local-directory", str(folder)]
    processes += [start("-m", "dask", "worker", *options) for _ in range(2)]
    deadline = time.monotonic() + 60
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(told.read_text())["address"]
    for process in reversed(processes):
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def ray_cluster():
    """The address of a Ray node with two cores, started as the README tells."""
    ray = pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    main = "from ray.scripts.scripts import main; main()"
    node = start("-c", main, "start", "--head", "--block", "--disable-usage-stats", *options)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and node.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.2)
    yield f"127.0.0.1:{port}"
    ray.shutdown()
    node.terminate()
    node.wait(60)


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
        assert store.facts(exp.artifact())["backend"] == cluster
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
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("MIA_BACKEND", "dask")
    monkeypatch.setenv("MIA_SCHEDULER", "tcp://127.0.0.1:1")
    with pytest.raises(MIAError, match="no dask scheduler answers at tcp://127.0.0.1:1"), _quickly(distributed):
        list(backends.run(len, [("a",)]))


def _quickly(distributed):
    import dask

    return dask.config.set({"distributed.comm.timeouts.connect": "1s"})


def test_a_missing_package_is_told_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("MIA_BACKEND", "dask")
    monkeypatch.setenv("MIA_SCHEDULER", "tcp://127.0.0.1:1")
    with pytest.raises(MIAError, match=r"pip install -e '\.\[dask\]'"):
        list(backends.run(len, [("a",)]))
