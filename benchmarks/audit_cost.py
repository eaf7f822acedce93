"""`python -m benchmarks.audit_cost`: seconds and memory of an audit of 100,000 records, the command as a user runs it.

Parquet needs `pip install pyarrow`; its row is left out without it.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import measure
from mia_helpers.engine import files
from mia_helpers.report.tables import markdown

PAGE = Path(__file__).with_suffix(".md")
RECORDS, CLASSES, MODELS, REPEATS = 100_000, 10, 16, 3
# Runs a command and prints seconds, those of the processor, and the most memory in MB that it held: of its only child.
WATCH = """
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used, unit = resource.getrusage(resource.RUSAGE_CHILDREN), 2**20 if sys.platform == "darwin" else 2**10
print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)
"""


def answers() -> dict[str, pd.DataFrame]:
    """Return frames by what they hold: probabilities of 10 classes, and the log-odds of 16 references beside them."""
    rng = np.random.default_rng(0)
    member, label = rng.random(RECORDS) < 0.5, rng.integers(0, CLASSES, RECORDS)
    z = rng.normal(size=(RECORDS, CLASSES))
    z[np.arange(RECORDS), label] += 2 + member
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    plain = pd.DataFrame(p).add_prefix("p").assign(member=member.astype(int), label=label)
    known = rng.random((RECORDS, MODELS)) < 0.5
    known[:, 1::2] = ~known[:, ::2]
    phi = pd.DataFrame(2 + known + rng.normal(size=known.shape)).add_prefix("phi_")
    beside = pd.concat([plain, phi, pd.DataFrame(known.astype(int)).add_prefix("in_")], axis=1)
    return {f"{CLASSES} classes": plain, f"{CLASSES} classes, {MODELS} references": beside}


def written(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the frame in each form that can be read, and return the paths."""
    frame.to_csv(folder / "a.csv", index=False)
    np.savez(folder / "a.npz", **{name: frame[name].to_numpy() for name in frame})
    if importlib.util.find_spec("pyarrow"):
        frame.to_parquet(folder / "a.parquet")
    return sorted(folder.glob("a.*"))


def cost(path: Path) -> tuple[float, float, float]:
    """Return seconds, those of the processor, and MB of the command `audit`, the start of Python included."""
    command = [sys.executable, "-m", "mia_helpers", "audit", path, "--out", path.with_name("r.html")]
    watched = [sys.executable, "-c", WATCH, *map(str, command)]
    told = subprocess.run(watched, cwd=files.CHECKOUT, check=True, capture_output=True, text=True).stdout
    seconds, of_processor, megabytes = map(float, told.split())
    return seconds, of_processor, megabytes


def main() -> None:
    """Measure each form and write the table."""
    rows = []
    for what, frame in answers().items():
        with tempfile.TemporaryDirectory() as folder:
            for path in written(frame, Path(folder)):
                seconds, of_processor, megabytes = zip(*(cost(path) for _ in range(REPEATS)), strict=True)
                row = {"file": path.suffix, "answers": what, "MB": f"{path.stat().st_size / 1e6:.0f}"}
                row |= {"seconds": f"{min(seconds):.1f} to {max(seconds):.1f}"}
                row |= {"of the processor": f"{statistics.median(of_processor):.1f}"}
                rows.append(row | {"memory, MB": f"{max(megabytes):.0f}"})
    load = f"; load average {os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else ""
    text = (
        f"{RECORDS:,} records, {REPEATS} runs each: the seconds by the clock, the median of those that the processor "
        f"worked, and the most memory.\n\n"
        f"{markdown(pd.DataFrame(rows))}\n{measure.machine()}{load}\n"
    )
    files.write_text(PAGE, text, variable=None)
    print(text)


if __name__ == "__main__":
    main()
