"""The figure of the benchmarks: what a reproduction costs as it grows."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def plot_cost(table: pd.DataFrame):
    """Seconds against ds and against the number of shadows; `table` has what, against, ds, n_shadows, seconds."""
    _, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
    fixed = {"ds": "two shadows", "n_shadows": "ds 2500"}
    for ax, (against, rows) in zip(axes, table.groupby("against"), strict=True):
        slopes = []
        for (what, part), marker in zip(rows.groupby("what"), "os", strict=False):
            if len(part) < 3:  # no line through two points
                ax.plot(part[against], part["seconds"], marker, label=what)
                continue
            slope, height = np.polyfit(np.log(part[against]), np.log(part["seconds"]), 1)
            slopes.append(f"{slope:.2f}")
            ax.plot(part[against], part["seconds"], marker, label=f"{what}: slope {slope:.2f}")
            ax.plot(part[against], np.exp(height) * part[against] ** slope, color="0.6", lw=1)
        ax.set(xscale="log", yscale="log", ylabel="seconds, on all cores")
        ax.set_xlabel("ds: training records of a model" if against == "ds" else "number of shadows")
        ax.set_xticks(sorted(set(rows[against])), sorted(set(rows[against])), rotation=30)
        ax.minorticks_off()
        finding = f"growth as {against} to the power {' and '.join(slopes)}" if slopes else "too few points for a slope"
        ax.set_title(f"Cost against {against} ({fixed[against]})\n{finding}")
        ax.legend(fontsize=10, loc="upper left")
    return axes
