"""`python -m benchmarks [--only cnn] [--repeats 3]`: measure, print the table, keep it in `results.csv` and `.md`."""

import argparse

import pandas as pd

from benchmarks import census, cnn, cost, measure, private, references, svm, whole

GROUPS = {"census": census.rows, "svm": svm.rows, "cnn": cnn.rows, "references": references.rows}
GROUPS |= {"private": private.rows}
GROUPS |= {"whole": whole.rows, "cost": cost.rows}


def main() -> None:
    """Measure the chosen groups, each kept as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition(":")[2])
    parser.add_argument("--only", choices=GROUPS, nargs="+", default=list(GROUPS), help="groups to measure")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs behind each median (default: 3)")
    options = parser.parse_args()
    for name in options.only:
        table = measure.keep(GROUPS[name](options.repeats))
    with pd.option_context("display.width", 200, "display.max_columns", None, "display.max_colwidth", 30):
        print(table.drop(columns="machine").to_string(index=False, na_rep=""))
    print(measure.machine())


if __name__ == "__main__":
    main()
