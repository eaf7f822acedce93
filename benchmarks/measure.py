"""Time two ways of doing the same thing in turn, and keep the ratio as a row of `benchmarks/results.csv`."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mia_helpers import files, results

FOLDER = Path(__file__).parent
COLUMNS = ["name", "baseline", "ours", "unit", "ratio", "low", "high", "floor", "machine"]
# TensorFlow takes 0 as "as many threads as it likes", its default; the package asks for one.
DEFAULT_THREADS = {"TF_NUM_INTRAOP_THREADS": "0", "TF_NUM_INTEROP_THREADS": "0"}


def in_turn(baseline: Callable, ours: Callable, *, repeats: int) -> tuple[list[float], list[float]]:
    """Call both, one after the other, `repeats` times, and return what they returned: slow moments hit both."""
    pairs = [(float(baseline()), float(ours())) for _ in range(repeats)]
    return [b for b, _ in pairs], [o for _, o in pairs]


def row(name: str, baseline: list[float], ours: list[float], unit: str, *, floor: float | None = None) -> dict:
    """Return a row: medians, and median, least and greatest of the pairwise ratios, where above 1 means ours is better.

    Seconds and gigabytes are better when there are fewer, rates when there are more. `baseline` may be empty.
    """
    more_is_better = unit == "samples/s"
    ratios = [o / b if more_is_better else b / o for b, o in zip(baseline, ours, strict=bool(baseline))]
    return {
        **{"name": name, "baseline": _median(baseline), "ours": _median(ours), "unit": unit},
        **{"ratio": _median(ratios), "low": min(ratios, default=None), "high": max(ratios, default=None)},
        **{"floor": floor, "machine": machine()},
    }


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def machine() -> str:
    """Return the processor, the cores that may be used, and the Python and TensorFlow versions."""
    from mia_helpers.store import versions

    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    found = versions("python", "tensorflow")
    return f"{model}; {os.cpu_count()} cores; Python {found['python']}; TensorFlow {found['tensorflow']}"


def script(module: str, *arguments: object, **environment: str) -> float:
    """Run `python -m benchmarks.MODULE ARGUMENTS` in a process of its own and return the number that it prints last."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    options = {"cwd": FOLDER.parent, "env": {**os.environ, **environment}, "text": True, "check": True}
    return float(subprocess.run(command, stdout=subprocess.PIPE, **options).stdout.split()[-1])


def seconds(work: Callable) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def keep(rows: list[dict]) -> pd.DataFrame:
    """Write the rows to `results.csv` and `results.md`, in place of older ones of the same name; return all."""
    path = FOLDER / "results.csv"
    old = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    new = pd.DataFrame(rows, columns=COLUMNS)
    table = pd.concat([old[~old["name"].isin(new["name"])], new], ignore_index=True).sort_values("name")
    files.write_text(path, table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))
    files.write_text(FOLDER / "results.md", results.markdown(table))
    return table
