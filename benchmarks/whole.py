"""A batch as a user sees it: the second run of the quick profile, and the memory of the largest experiment."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import measure, svm

PROC = Path("/proc")


LARGEST = "from mia_helpers import Experiment; exp = Experiment(dataset={!r}, train_size=15000, {})"


def rows(repeats: int) -> list[dict]:
    """Return `second_quick` and, on Linux, the peak memory of training and attack in the paper's largest experiment."""
    first, second = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            for times in (first, second):
                times.append(measure.seconds(lambda folder=folder: quick(folder)))
    found = [measure.row("second_quick", first, second, "s")]
    if PROC.exists():
        found.append(measure.row("training_memory", [], [training_memory()], "GB"))
        if svm.stored(svm.paper_size()):
            found.append(measure.row("attack_memory", [], [attack_memory()], "GB"))
    return found


def quick(folder: str) -> None:
    """Run the quick profile, all that it makes in `folder`."""
    environment = {**os.environ, "MIA_RUNS_DIR": f"{folder}/runs", "MIA_RESULTS_DIR": folder}
    command = [sys.executable, "-m", "mia_helpers", "reproduce", "--profile", "quick"]
    subprocess.run(command, cwd=measure.FOLDER.parent, env=environment, check=True, capture_output=True)


def training_memory() -> float:
    """Return the peak while the paper's largest networks train, one a core: ds 15000. Epochs do not add to it."""
    code = LARGEST.format("synthetic_images", "n_shadows=3, epochs=2") + "; exp.train()"
    with tempfile.TemporaryDirectory() as folder:
        return peak_memory([sys.executable, "-c", code], MIA_RUNS_DIR=folder)


def attack_memory() -> float:
    """Return the peak while the SVMs of ds 15000 are searched and fitted."""
    code = LARGEST.format("cifar10", "n_shadows=10") + "; from benchmarks import svm; svm.search(exp.shadows())"
    return peak_memory([sys.executable, "-c", code])


def peak_memory(command: list[str], **environment: str) -> float:
    """Run a command and return the most gigabytes that it and all its children held at once."""
    process = subprocess.Popen(command, cwd=measure.FOLDER.parent, env={**os.environ, **environment})
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _held(process.pid))
        time.sleep(0.2)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def _held(pid: int) -> float:
    """Return the gigabytes of a process and its children; a page that they share counts once (PSS)."""
    try:
        pss = next(line for line in (PROC / f"{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
        children = [child for path in PROC.glob(f"{pid}/task/*/children") for child in path.read_text().split()]
    except (OSError, StopIteration):  # it has just ended
        return 0.0
    return int(pss.split()[1]) * 1024 / 1e9 + sum(_held(int(child)) for child in children)
