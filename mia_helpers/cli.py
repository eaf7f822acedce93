"""The command line: `python -m mia_helpers reproduce | list | status | clean | records | notebooks`."""

import argparse
import logging
import os
import shutil
import sys
import time

import pandas as pd

from mia_helpers import attacks, backends, batch, data, jobs, profiles, results, store, studies
from mia_helpers.errors import MIAError
from mia_helpers.experiment import models_of
from mia_helpers.progress import duration


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a notebook failed, 2 bad input, 130 interrupted."""
    options = _parser().parse_args(argv)
    try:
        return options.command(options)
    except MIAError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        logging.disable()  # the notebook's client would log that its kernel is gone
        print("stopped; what was finished is kept, and the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mia_helpers", description="Membership inference, reproduced in notebooks."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, summary):
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=function)
        return added

    reproduce = command("reproduce", _reproduce, "run the notebooks of a profile and build its tables and figures")
    reproduce.add_argument("--profile", default="quick", help="which experiments (default: quick; see list)")
    reproduce.add_argument(
        "--only",
        metavar="GLOB",
        nargs="+",
        default=(),
        help="only experiments, studies or notebooks that match, such as 'adult*' or '05_*' '07_*'",
    )
    reproduce.add_argument("--jobs", metavar="N", help="models trained side by side (default: one per core)")
    reproduce.add_argument("--backend", help="where: loky (default: processes of this machine), dask or ray")
    reproduce.add_argument(
        "--scheduler", metavar="ADDRESS", help="of the cluster: tcp://HOST:8786 for dask, HOST:6379 for ray"
    )
    reproduce.add_argument(
        "--force", action="store_true", help="forget what these experiments have computed, and do it again"
    )
    command("list", _list, "list profiles, data sets and attacks")
    status = command("status", _status, "tell what a profile has computed and what is missing")
    status.add_argument("--profile", help="one profile (default: all)")
    clean = command("clean", _clean, "delete executed notebooks (--profile) or all artifacts as well")
    clean.add_argument("--profile", help="only this profile's executed notebooks; artifacts stay")
    clean.add_argument("--yes", action="store_true", help="delete; without it, only tell what would be deleted")
    command("records", _records, "train what profile classroom misses, and write the compact records of the repository")
    notebooks = command(
        "notebooks", _notebooks, "execute the notebooks with their own parameters and keep the outputs in them"
    )
    notebooks.add_argument("--only", metavar="GLOB", help="only notebooks that match, such as '05_*'")
    return parser


def _reproduce(options) -> int:
    if options.jobs is not None:
        if not options.jobs.isdigit() or int(options.jobs) < 1:
            raise MIAError(f"--jobs {options.jobs}: expected a whole number of at least 1")
        os.environ["MIA_JOBS"] = options.jobs
    os.environ.update({k: v for k, v in (("MIA_BACKEND", options.backend), ("MIA_SCHEDULER", options.scheduler)) if v})
    if backends.name() == "loky" and options.scheduler:  # an unknown backend is told here too
        raise MIAError(f"--scheduler {options.scheduler} needs --backend dask or ray; loky works on this machine alone")
    profile = profiles.load(options.profile)
    steps = batch.plan(profile, options.only)
    with batch.lock():
        _check_data(steps, options.force)
        if options.force:
            print(f"--force: {batch.forget(steps)} artifacts forgotten")
        models = models_of(steps)
        began, missing = time.monotonic(), batch.missing(models)
        outcomes = batch.run(steps)
        trained = len(missing) - len(batch.missing(missing))
    _print_outcomes(outcomes)
    print(
        f"\nmodels: {trained} trained, {len(models) - len(missing)} reused, in {duration(time.monotonic() - began)}"
        + _came_along(models)
    )
    _print_results(profile, outcomes)
    statuses = {outcome.status for outcome in outcomes}
    return 1 if statuses & {"failed", "skipped"} or statuses == {"no data"} else 0


def _check_data(steps, force: bool) -> None:
    """Load the data that training needs, so that what is missing is told before anything is forgotten or run."""
    for name in dict.fromkeys(step.experiment.dataset for step in steps if step.experiment):
        alike = [step for step in steps if step.experiment and step.experiment.dataset == name]
        if data.is_here(name) or force or not data.is_known(name) or batch.missing(models_of(alike)):
            data.load(name)


def _came_along(models) -> str:
    names = [exp.artifact(i) for exp, i in models]
    shipped = sum(not store.path_of(name).exists() and store.exists(name) for name in names)
    return f" ({shipped} of them came with the repository; --force trains them)" if shipped else ""


def _print_outcomes(outcomes) -> None:
    table = pd.DataFrame(
        [(*o.step.label.split("/"), o.status, duration(o.seconds)) for o in outcomes],
        columns=["experiment", "notebook", "status", "time"],
    )
    print("\n" + table.to_string(index=False))
    for outcome in outcomes:
        if outcome.error:
            print(f"\nfailed: {outcome.step.label}: {outcome.error}")
    if any(outcome.status == "no data" for outcome in outcomes):
        print(f"\nno data: these notebooks show the raw data, which are not in {data.data_dir()} (see README, Data)")


def _print_results(profile, outcomes) -> None:
    report = outcomes[-1]
    if report.status == "ran" and report.step.label.startswith("all/"):
        metrics = results.metrics_table(profile.experiments)
        root = results.root_for(profile.name, metrics, studies.table(profile.studies))
        with pd.option_context("display.width", 200, "display.max_columns", None):
            print("\n" + results.overview(metrics).to_string(index=False, na_rep="-") + "\n")
        print(f"tables     {results.results_dir(profile.name, root)}")
        print(f"figures    {results.figures_dir(profile.name, root)}")
    print(f"notebooks  {store.runs_dir() / profile.name}")


def _list(_options) -> int:
    for name in profiles.names():
        profile = profiles.load(name)
        print(f"{name:10} {duration(60 * profile.minutes)} on 2 cores: {profile.description}")
        for exp in profile.experiments:
            print(f"             {exp}")
        for study, exp in profile.studies:
            print(f"             {exp}, study of {study}")
    print(f"data sets  {', '.join(data.NAMES)}")
    print(f"attacks    {', '.join(attacks.ATTACKS)}")
    return 0


def _status(options) -> int:
    rates = jobs.measured_rates()
    for name in [options.profile] if options.profile else profiles.names():
        steps = [step for step in batch.plan(profiles.load(name)) if step.experiment and step.number in (0, 6)]
        known = [step for step in steps if data.is_known(step.experiment.dataset)]
        missing = batch.missing(models_of(known))
        print(f"{name}: {len(missing)} models to train{_estimate(missing, rates)}")
        for step in steps:
            label = f"{step.experiment}{f', study of {step.study}' if step.study else ''}"
            if step not in known:
                print(f"  {label:62} {step.experiment.dataset} is not in {data.data_dir()} yet")
                continue
            models, attackers = step.models(), step.attackers()
            trained, attacked = len(models) - len(batch.missing(models)), sum(a.is_done() for a in attackers)
            print(f"  {label:62} models {trained}/{len(models)}, attacks {attacked}/{len(attackers)}")
    print(f"at {rates[False]:,.0f} samples/s a core for images, {rates[True]:,.0f} for a stack of census networks")
    return 0


def _estimate(missing, rates) -> str:
    seconds = [jobs.expected_seconds(task, rates) for task in jobs.group(missing)]
    return f", about {duration(jobs.wall_seconds(seconds))} on {backends.default_jobs()} cores" if seconds else ""


def _clean(options) -> int:
    profile = profiles.load(options.profile) if options.profile else None
    folders = batch.leftovers(profile)
    if not folders:
        print("nothing to delete")
    for folder in folders:
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{'deleted' if options.yes else 'would delete'} {folder} ({size / 1e6:.1f} MB)")
    if options.yes:
        with batch.lock():
            for folder in folders:
                shutil.rmtree(folder)
    elif folders:
        print("run again with --yes to delete")
    return 0


def _records(_options) -> int:
    with batch.lock():
        for path in batch.write_records("classroom"):
            print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def _notebooks(options) -> int:
    with batch.lock():
        errors = batch.write_outputs(options.only)
    for error in errors:
        print(f"failed: {error}", file=sys.stderr)
    return 1 if errors else 0
