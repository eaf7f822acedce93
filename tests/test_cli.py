"""The command line: exit codes, and one clear message instead of a traceback."""

import os
import shlex
import subprocess
import sys
import threading

import pytest

from mia_helpers import MIAError
from mia_helpers.attacks import ATTACKS
from mia_helpers.batch import cli, commands, run, steps
from mia_helpers.data import cifar10, registry, source
from mia_helpers.engine import files, store
from mia_helpers.walk import profiles
from mia_helpers.walk.studies import STUDIES


def fails(capsys, *arguments):
    """Run a command that must end with status 2 and one line; return that line."""
    assert cli.main(list(arguments)) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0]


def test_unknown_profile(capsys):
    assert "Did you mean 'quick'" in fails(capsys, "reproduce", "--profile", "qick")


def test_only_that_matches_nothing(capsys):
    assert "--only 'nothing*' matches nothing" in fails(capsys, "reproduce", "--only", "nothing*")


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1e9", "1000000"])
def test_jobs_that_is_no_number(capsys, jobs):
    said = fails(capsys, "reproduce", f"--jobs={jobs}")
    assert f"'{jobs}' jobs (--jobs or MIA_JOBS): expected a whole number from 1 to " in said


def test_data_that_is_not_there_is_told_before_anything_runs(capsys, monkeypatch, tmp_path):
    def offline(path):
        raise source.no_data("CIFAR-10", path, OSError("no route"))

    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(cifar10, "download", offline)
    monkeypatch.setattr(run, "run", lambda _steps: pytest.fail("it ran"))
    assert "MIA_DATA_DIR" in fails(capsys, "reproduce", "--profile", "classroom")


def test_without_data_what_came_along_is_enough_unless_a_model_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(registry, "is_here", lambda _name: False)
    monkeypatch.setattr(registry, "is_known", lambda _name: True)
    monkeypatch.setattr(registry, "source_of", lambda name: {"sha256": name, "source": name})
    monkeypatch.setattr(run, "run", lambda planned: [run.Outcome(planned[0], "no data", 0.0), *some])
    some = [run.Outcome(steps.Step("cifar10/05_evaluation"), "ran", 0.0)]

    def load(name):
        raise MIAError(f"{name} is asked for")

    monkeypatch.setattr(registry, "load", load)
    assert "cifar10 is asked for" in fails(capsys, "reproduce", "--profile", "classroom")
    monkeypatch.setattr(store, "exists", lambda _name: True)
    assert cli.main(["reproduce", "--profile", "classroom"]) == 0
    out = capsys.readouterr().out
    assert "models: 0 trained, 44 reused" in out
    assert "44 of them came with the repository; --force trains them" in out
    assert "no data: these notebooks show the raw data" in out
    assert "cifar10 is asked for" in fails(capsys, "reproduce", "--profile", "classroom", "--force")
    some.clear()
    assert cli.main(["reproduce", "--profile", "classroom", "--only", "01_*"]) == 1  # nothing was done at all


def test_runs_folder_that_cannot_be_made(capsys, monkeypatch, unwritable):
    monkeypatch.setenv("MIA_RUNS_DIR", str(unwritable))
    assert "set MIA_RUNS_DIR to another folder" in fails(capsys, "reproduce")


def test_two_runs_at_once(capsys):
    with run.lock():
        assert "another run works in" in fails(capsys, "reproduce")


def test_in_a_shell_there_is_no_traceback():
    command = [sys.executable, "-m", "mia_helpers", "reproduce", "--profile", "clasroom"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=files.CHECKOUT, check=False)
    assert done.returncode == 2
    assert "Did you mean 'classroom'" in done.stderr
    assert "Traceback" not in done.stderr


def test_interruption_is_told_and_nothing_is_lost(capsys, monkeypatch):
    def interrupted(_steps):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run", interrupted)
    assert cli.main(["reproduce"]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err
    with run.lock():  # it was given back
        pass


def test_a_failed_notebook_is_shown_and_makes_the_status_1(capsys, monkeypatch):
    def one_fails(planned):
        return [run.Outcome(planned[0], "failed", 1.0, "it broke"), run.Outcome(planned[1], "skipped", 0.0)]

    monkeypatch.setattr(run, "run", one_fails)
    assert cli.main(["reproduce"]) == 1
    assert "it broke" in capsys.readouterr().out


def test_list_names_everything(capsys):
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    for name in (*profiles.names(), *registry.SOURCES, *ATTACKS, *STUDIES, "svm", "network", "gap", "threshold"):
        assert name in out


def test_status_counts_models_and_attacks(capsys):
    assert cli.main(["status", "--profile", "quick"]) == 0
    out = capsys.readouterr().out
    n = len(profiles.load("quick").experiments[0].attackers())
    assert n >= 9
    assert f"models 0/8, attacks 0/{n}" in out
    exp = profiles.load("quick").experiments[0]
    store.save(exp.model().name, {}, seconds=1, depends_on=exp.model().depends_on())
    cli.main(["status", "--profile", "quick"])
    assert f"models 1/8, attacks 0/{n}" in capsys.readouterr().out


def test_status_downloads_nothing(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(registry, "load", lambda _name: pytest.fail("it loaded"))
    assert cli.main(["status", "--profile", "classroom"]) == 0
    assert "cifar10 is not in" in capsys.readouterr().out


def test_clean_deletes_only_when_told_and_only_what_runs_made(capsys):
    assert cli.main(["clean"]) == 0
    assert "nothing to delete" in capsys.readouterr().out
    mine = store.runs_dir() / "mine.txt"
    for path in (store.runs_dir() / "artifacts" / "a.npz", store.runs_dir() / "quick" / "a.ipynb", mine):
        files.write_text(path, "x")
    cli.main(["clean", "--profile", "quick"])
    assert "would delete" in capsys.readouterr().out
    cli.main(["clean", "--profile", "quick", "--yes"])
    assert sorted(p.name for p in store.runs_dir().iterdir() if p.is_dir()) == ["artifacts"]
    cli.main(["clean", "--yes"])
    assert mine.exists()
    assert not (store.runs_dir() / "artifacts").exists()


def test_clean_beside_a_running_batch_deletes_nothing_and_does_not_say_so(capsys):
    files.write_text(store.runs_dir() / "artifacts" / "a.npz", "x")
    with run.lock():
        assert cli.main(["clean", "--yes"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "another run works in" in said.err
    assert (store.runs_dir() / "artifacts" / "a.npz").exists()


def test_out_of_memory_is_an_error_of_one_line(capsys, monkeypatch):
    monkeypatch.setattr(commands, "list_all", lambda _options: (_ for _ in ()).throw(MemoryError))
    assert fails(capsys, "list").startswith("error: out of memory. Use fewer workers")


def test_force_forgets_the_artifacts_of_the_chosen_experiments(capsys, monkeypatch):
    first, second = profiles.load("quick").experiments
    for exp in (first, second):
        store.save(exp.model().name, {}, seconds=1, depends_on=exp.model().depends_on())
    monkeypatch.setattr(run, "run", lambda planned: [run.Outcome(planned[0], "ran", 0.0)])
    assert cli.main(["reproduce", "--force", "--only", f"{first}"]) == 0
    assert "1 artifacts forgotten" in capsys.readouterr().out
    assert not store.exists(first.model().name)
    assert store.exists(second.model().name)


def test_bad_environment_is_an_error_of_one_line(capsys, monkeypatch):
    monkeypatch.setattr(commands, "list_all", lambda _options: (_ for _ in ()).throw(MIAError("so and so")))
    assert fails(capsys, "list") == "error: so and so"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a shell with pipes")
def test_who_stops_reading_gets_no_traceback():
    script = f"set -o pipefail; {shlex.quote(sys.executable)} -m mia_helpers list | head -0"
    done = subprocess.run(["bash", "-c", script], capture_output=True, encoding="utf-8", cwd=files.CHECKOUT)
    assert (done.returncode in (0, 141), done.stderr) == (True, "")


def test_a_command_runs_in_a_thread_too(capsys):
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(cli.main(["list"])))
    thread.start()
    thread.join()
    assert statuses == [0]
    assert "attacks" in capsys.readouterr().out
