"""What is missing, in which tasks it is trained, and how long that takes."""

import pandas as pd
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.batch import cli
from mia_helpers.engine import backends, files, store
from mia_helpers.engine.progress import Progress
from mia_helpers.walk import estimates, jobs, worker

IMAGES = Experiment(dataset="synthetic_images", train_size=100, epochs=2, n_shadows=3)
CENSUS = IMAGES.replace(dataset="synthetic_census")


def models(exp):
    return [exp.model(), *exp.shadow_models()]


@pytest.fixture
def trained(monkeypatch):
    """The tasks that were given to workers; each model of them is 'trained' in two seconds."""
    tasks = []

    def run(work, given):
        assert work is worker.train
        for number, (task, names) in enumerate(given):
            assert names == [model.name for model in task]
            tasks.append(task)
            yield number, [worker.Trained({}, b"", 2.0, {}) for _ in task]

    monkeypatch.setattr(backends, "run", run)
    return tasks


def test_census_models_are_one_task_and_image_models_one_each():
    assert [len(task) for task in jobs.group(models(IMAGES))] == [1, 1, 1, 1]
    assert [len(task) for task in jobs.group(models(CENSUS) + models(CENSUS.replace(seed=1)))] == [8]
    penalised = CENSUS.replace(l2=5e-3)
    assert sorted(len(task) for task in jobs.group(models(CENSUS) + models(penalised)[:2])) == [2, 4]
    many = jobs.group(models(CENSUS.replace(n_shadows=50)))
    assert [len(task) for task in many] == [32, 19]
    assert [*many[0], *many[1]] == models(CENSUS.replace(n_shadows=50))


def test_the_longest_task_comes_first():
    short, long = IMAGES.model(0), IMAGES.replace(epochs=50).model(0)
    assert jobs.group([short, long]) == [[long], [short]]


def test_only_what_is_missing_is_trained(trained):
    IMAGES.train()
    assert sorted(model.split.model_id for (model,) in trained) == [-1, 0, 1, 2]
    trained.clear()
    IMAGES.replace(n_shadows=5, n_resamples=3, l2_shadows=4).train()
    assert sorted(model.split.model_id for (model,) in trained) == [3, 4]
    trained.clear()
    IMAGES.train()
    assert trained == []


def test_progress_tells_models_rate_and_time_left(trained, capsys):
    jobs.train_all([IMAGES.model(0)])
    capsys.readouterr()
    IMAGES.train()
    first, *lines = capsys.readouterr().err.splitlines()
    assert first.startswith("training: 3 of 4 models are missing; ")
    assert [line.split()[1] for line in lines] == ["2/4", "3/4", "4/4"]
    assert all("samples/s" in line and line.endswith(" left") for line in lines)
    assert lines[-1].endswith(", 0 s left")


def test_progress_counts_what_is_under_way_but_never_as_done(capsys):
    progress = Progress("training", 8, expected=8, at_once=16)
    progress.began -= 9
    progress.step("one", expected=1)  # and the 7 others are under way: 4.5 of 8 reached in 9 seconds
    assert capsys.readouterr().err == "training: 1/8 one, 9 s gone, 7 s left\n"


def test_a_worker_with_other_data_or_code_trains_nothing():
    with pytest.raises(MIAError, match="it has another version of this package or other data"):
        worker.train([IMAGES.model(0)], [IMAGES.replace(seed=1).model(0).name])


def test_expected_time_is_from_rates_measured_on_the_models_in_the_store(trained, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "2")
    benchmarked = estimates.measured_rates()
    assert benchmarked == estimates.BENCHMARKED
    assert benchmarked[True] > 10 * benchmarked[False] > 0
    jobs.train_all([IMAGES.model(0)])
    assert estimates.measured_rates() == benchmarked  # too few samples to tell
    jobs.train_all([IMAGES.replace(epochs=1000).model(0)])  # 1000 epochs of 100 records in 2 seconds
    damaged = store.path_of("synthetic_images/damaged")
    damaged.write_bytes(b"")
    damaged.with_suffix(".json").write_text('{"depends')
    measured = estimates.measured_rates()
    assert measured == {False: 50_000, True: benchmarked[True]}
    assert estimates.expected_seconds([IMAGES.replace(epochs=2000).model(0)], measured) == pytest.approx(4)
    assert estimates.wall_seconds([10, 10, 10]) == 15
    assert estimates.wall_seconds([10]) == 10


def test_status_estimates_what_is_left_to_train(capsys, monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "2")
    monkeypatch.setattr(estimates, "measured_rates", lambda: {False: 300.0, True: 3000.0})
    cli.main(["status", "--profile", "quick"])
    out = capsys.readouterr().out
    # Of 300 records at 300/s, 20 image models and 25 with canaries in 30 epochs, 9 by DP-SGD in 40: 30 or 40 s each.
    # Of 1500 at 3,000/s, 7 in 10 epochs: 5 s each. All on two cores.
    assert "quick: 61 models to train, about 14 min 32 s on 2 cores" in out
    assert "at 300 samples/s a core for images, 3,000 for a stack of census networks" in out


def test_the_committed_benchmarks_have_the_rates_that_estimates_start_from():
    ours = pd.read_csv(files.CHECKOUT / "benchmarks" / "results.csv").set_index("name")["ours"]
    one_worker = {True: ours["adult_shadows"], False: ours["cnn_scaling"] / 2}  # the latter is that of two workers
    assert pytest.approx(one_worker, rel=0.05) == estimates.BENCHMARKED
