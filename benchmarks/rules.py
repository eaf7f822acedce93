"""`python -m benchmarks.rules`: try the verdict rules and the intervals where the truth is known; keep `rules.md`."""

from pathlib import Path

from mia_helpers.engine import files
from mia_helpers.report import simulation
from mia_helpers.report.tables import markdown

PAGE = Path(__file__).parent / "rules.md"
REPEATS = 1000


def main() -> None:
    """Simulate (about 10 minutes on one core) and write the three tables."""
    verdicts = simulation.verdict_trials(REPEATS)
    covers = simulation.coverage_trials(REPEATS, sizes=(250, 2500))
    covers["where"] = covers["attack"] + ", " + covers["members"].astype(str)
    wide = covers.pivot(index="criterion", columns="where", values="covers")
    wide = wide.loc[list(dict.fromkeys(covers["criterion"])), list(dict.fromkeys(covers["where"]))].reset_index()
    text = f"How often each verdict falls, in {REPEATS:,} simulated runs:\n\n{markdown(verdicts)}\n"
    text += f"How often the 95% intervals over seeds, and of changes, hold it, in {REPEATS:,} simulated runs:\n\n"
    text += f"{markdown(simulation.seed_coverage_trials(REPEATS))}\n"
    text += (
        f"How often the 95% interval holds the true value, in {REPEATS:,} draws of members and as many non-members:\n\n"
    )
    files.write_text(PAGE, text + markdown(wide), variable=None)
    print(text + markdown(wide))


if __name__ == "__main__":
    main()
