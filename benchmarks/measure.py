"""Time two ways of doing the same thing in turn, and keep the ratio as a row of `benchmarks/results.csv`."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from mia_helpers.engine import environment, files
from mia_helpers.report.tables import markdown

FOLDER = Path(__file__).parent
COLUMNS = ["name", "baseline", "ours", "unit", "ratio", "low", "high", "floor", "machine"]
ABOUT = {
    "adult_shadows": "21 calls of Keras's `fit`, default threads → one program",
    "attack_memory": "peak of the SVM attack at ds 15000",
    "cnn_one_worker": "Keras's `fit` on one thread → our epoch program on one thread",
    "cnn_scaling": "one worker → two, once they are started",
    "cnn_shadows": "10 shadows of ds 2500, 20 epochs: one Keras `fit` after another, default threads → two workers",
    "cnn_stacked": "4 image networks one after another → as one program (does not pay)",
    "dp_census": "24 census networks as one program: plain steps → DP-SGD (what the proof costs)",
    "dp_cnn": "image network on one thread: plain steps → DP-SGD (what the proof costs; Opacus: about a fifth)",
    "lira_scores": "LiRA online and offline, 64 targets, 5,000 records: a loop over both → all at once",
    "references": "4 reference models of ds 2500, 100 epochs: one Keras `fit` after another, asked once → two workers, "
    "asked after each watched epoch and about moved images",
    "second_quick": "`reproduce` of the quick profile: first run → second run",
    "svm_paper_size": "search and fit at ds 15000, 300,000 records",
    "svm_search": "ds 2500: `GridSearchCV(SVC)` class by class → merged points, classes on two cores",
    "svm_search_one_core": "the same on one core",
    "training_memory": "peak while ds 15000 trains on two cores",
}


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
    here = environment.here()
    return f"{here['machine']}; Python {here['versions']['python']}; TensorFlow {here['versions']['tensorflow']}"


def script(module: str, *arguments: object) -> float:
    """Run `python -m benchmarks.MODULE ARGUMENTS` in a process of its own and return the number that it prints last."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    options = {"cwd": FOLDER.parent, "text": True, "check": True}
    return float(subprocess.run(command, stdout=subprocess.PIPE, **options).stdout.split()[-1])


def default_threads() -> None:
    """Let TensorFlow take as many threads as it likes, its default, where the package asks for one (`environment.pin`).

    To be called by a baseline in a process of its own, before it asks for a network: that imports TensorFlow.
    """
    assert "tensorflow" not in sys.modules
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.pop(name, None)


def seconds(work: Callable) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def keep(rows: list[dict]) -> pd.DataFrame:
    """Write the rows to `results.csv` and `results.md`, in place of older ones of the same name; return all."""
    path = FOLDER / "results.csv"
    old = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    new = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[4:8], float))
    table = pd.concat([old[~old["name"].isin(new["name"])], new], ignore_index=True).sort_values("name")
    files.write_text(path, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    files.write_text(FOLDER / "results.md", markdown(page(table)) + f"\n{' / '.join(table['machine'].unique())}\n")
    return table


def page(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as people read it: what is compared, three digits, and which part of the floor is reached."""

    def number(value: float) -> str:
        return "" if pd.isna(value) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    span = [
        f"{number(low)} to {number(high)}" if low == low else ""
        for low, high in zip(table["low"], table["high"], strict=True)
    ]
    part = [
        f"{ours / floor:.0%} of {number(floor)}" if floor == floor else ""
        for ours, floor in zip(table["ours"], table["floor"], strict=True)
    ]
    return pd.DataFrame(
        {
            "name": table["name"],
            "baseline → ours": table["name"].map(ABOUT),
            "baseline": table["baseline"].map(number),
            "ours": table["ours"].map(number),
            "unit": table["unit"],
            "ratio": table["ratio"].map(number),
            "range": span,
            "floor reached": part,
        }
    )
