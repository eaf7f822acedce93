"""What the commands of the command line do and print."""

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path

import pandas as pd

from mia_helpers import report
from mia_helpers.attacks import ATTACKS
from mia_helpers.batch import run as batch
from mia_helpers.batch import sources, steps
from mia_helpers.data import registry
from mia_helpers.engine import backends, files, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.engine.progress import duration
from mia_helpers.learning.defences import DEFENCES
from mia_helpers.learning.outputs import OUTPUTS
from mia_helpers.report import defences, modern
from mia_helpers.report import pages as written
from mia_helpers.teaching import copies
from mia_helpers.walk import estimates, jobs, profiles
from mia_helpers.walk.studies import STUDIES
from mia_helpers.walk.work import missing, needed


def reproduce(options) -> int:
    """Run the steps of a profile, and tell how each ended, what was trained, and where the results are."""
    choose_workers(options)
    profile = profiles.load(options.profile)
    planned = steps.plan(profile, options.only)
    with batch.lock():
        _check_data(planned, options.force)
        if options.force:
            print(f"--force: {batch.forget(planned)} artifacts forgotten")
        models = needed(planned)
        began, to_train = time.monotonic(), missing(models)
        outcomes = batch.run(planned)
        trained = len(to_train) - len(missing(to_train))
    _print_outcomes(outcomes)
    print(
        f"\nmodels: {trained} trained, {len(models) - len(to_train)} reused, in {duration(time.monotonic() - began)}"
        + _came_along(models)
    )
    _print_results(profile, outcomes)
    statuses = {outcome.status for outcome in outcomes}
    return 1 if statuses & {"failed", "skipped"} or statuses == {"no data"} else 0


def add_workers(parser) -> None:
    """Add the options that say how many models are trained side by side, and where."""
    parser.add_argument("--jobs", metavar="N", help="models trained side by side (default: one per core)")
    parser.add_argument("--backend", help="where: loky (default: processes of this machine), dask or ray")
    where = "of the cluster: tcp://HOST:8786 for dask, HOST:6379 for ray"
    parser.add_argument("--scheduler", metavar="ADDRESS", help=where)


def choose_workers(options) -> None:
    """Let the options decide where models are trained; raise an MIAError where they make no sense."""
    chosen = {"MIA_JOBS": options.jobs, "MIA_BACKEND": options.backend, "MIA_SCHEDULER": options.scheduler}
    os.environ.update({name: value for name, value in chosen.items() if value})
    backends.default_jobs()  # what makes no sense is told before anything runs
    if backends.name() == "loky" and options.scheduler:
        raise MIAError(f"--scheduler {options.scheduler} needs --backend dask or ray; loky works on this machine alone")


def _check_data(planned: list[steps.Step], force: bool) -> None:
    """Load the data that training needs, so that what is missing is told before anything is forgotten or run."""
    for name in dict.fromkeys(step.experiment.dataset for step in planned if step.experiment):
        alike = [step for step in planned if step.experiment and step.experiment.dataset == name]
        if registry.is_here(name) or force or not registry.is_known(name) or missing(needed(alike)):
            registry.load(name)


def _came_along(models) -> str:
    shipped = sum(not store.path_of(model.name).exists() and model.is_there() for model in models)
    return f" ({shipped} of them came with the repository; --force trains them)" if shipped else ""


def _print_outcomes(outcomes: list[batch.Outcome]) -> None:
    table = pd.DataFrame(
        [(*o.step.label.split("/"), o.status, duration(o.seconds)) for o in outcomes],
        columns=["experiment", "notebook", "status", "time"],
    )
    print("\n" + table.to_string(index=False))
    for outcome in outcomes:
        if outcome.error:
            print(f"\nfailed: {outcome.step.label}: {outcome.error}")
    if any(outcome.status == "no data" for outcome in outcomes):
        print(
            f"\nno data: these notebooks show the raw data, which are not in {registry.data_dir()} (see docs/data.md)"
        )


def _print_results(profile: profiles.Profile, outcomes: list[batch.Outcome]) -> None:
    made = {o.step.page.of_profile for o in outcomes if o.status == "ran" and o.step.page}
    for part, table_of in _TABLES.items():
        if part in made:
            table, root = table_of(profile)
            with pd.option_context("display.width", 200, "display.max_columns", None):
                print("\n" + table.to_string(index=False, na_rep="-") + "\n")
            print(f"tables     {report.results_dir(profile.name, root)}")
            print(f"figures    {report.figures_dir(profile.name, root)}")
    print(f"notebooks  {store.runs_dir() / profile.name}")


def _of_experiments(profile: profiles.Profile) -> tuple[pd.DataFrame, Path]:
    """Return what fits on a screen, and the root of where the rest was written."""
    metrics = report.metrics_table(profile.experiments)
    return report.overview(metrics), report.root_for(profile.name, metrics, report.studies_table(profile.studies))


def _of_references(profile: profiles.Profile) -> tuple[pd.DataFrame, Path]:
    attacks = modern.attacks_table(profile)
    return modern.overview(attacks), modern.root_for(profile, attacks)


def _of_defences(profile: profiles.Profile) -> tuple[pd.DataFrame, Path]:
    points = defences.points_table(profile)
    return defences.overview(points), defences.root_for(profile, points)


# By part (see `Profile.parts`).
_TABLES = {"experiments": _of_experiments, "references": _of_references, "defences": _of_defences}


def list_all(_options) -> int:
    """Print the profiles with their experiments, the data sets, the attacks and the studies."""
    if not files.IS_CHECKOUT:
        print("profiles   come with a checkout of the repository; this package is installed without one")
    for name in profiles.names() if files.IS_CHECKOUT else []:
        profile = profiles.load(name)
        print(f"{name:10} {duration(60 * profile.minutes)} on 2 cores: {profile.description}")
        for exp, study, _ in profile.works():
            print(f"             {exp}{study and f', study of {study}'}")
    registered = {
        "data sets": registry.SOURCES,
        "attacks": ATTACKS,
        "defences": DEFENCES,
        "outputs": OUTPUTS,
        "studies": STUDIES,
    }
    for what, known in registered.items():
        print(f"{what:10} {', '.join(known)}")
    return 0


def status(options) -> int:
    """Print what is there of each experiment and study, and how long the rest will take."""
    rates = estimates.measured_rates()
    for name in [options.profile] if options.profile else profiles.names():
        works = profiles.load(name).works()
        known = [work for work in works if registry.is_known(work[0].dataset)]
        to_train = missing(needed(attacker for _, _, attackers in known for attacker in attackers))
        print(f"{name}: {len(to_train)} models to train{_estimate(to_train, rates)}")
        for work in works:
            exp, study, attackers = work
            label = f"{exp}{study and f', study of {study}'}"
            if work not in known:
                print(f"  {label:62} {exp.dataset} is not in {registry.data_dir()} yet")
                continue
            models = needed(attackers)
            trained, attacked = len(models) - len(missing(models)), sum(a.is_done() for a in attackers)
            print(f"  {label:62} models {trained}/{len(models)}, attacks {attacked}/{len(attackers)}")
    print(f"at {rates[False]:,.0f} samples/s a core for images, {rates[True]:,.0f} for a stack of census networks")
    return 0


def _estimate(to_train, rates) -> str:
    seconds = [estimates.expected_seconds(task, rates) for task in jobs.group(to_train)]
    return f", about {duration(estimates.wall_seconds(seconds))} on {backends.default_jobs()} cores" if seconds else ""


def clean(options) -> int:
    """Delete the folders that `leftovers` names, or tell that they would be."""
    profile = profiles.load(options.profile) if options.profile else None
    folders = batch.leftovers(profile)
    if not folders:
        print("nothing to delete")
        return 0
    with batch.lock() if options.yes else contextlib.nullcontext():
        for folder in folders:
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            if options.yes:
                shutil.rmtree(folder)
            print(f"{'deleted' if options.yes else 'would delete'} {folder} ({size:.1f} MB)")
    if not options.yes:
        print("run again with --yes to delete")
    return 0


def records(_options) -> int:
    """Write the records that come with the repository."""
    with batch.lock():
        for path in sources.write_records("classroom", "defences"):
            print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def notebooks(options) -> int:
    """Execute the committed notebooks in place."""
    with batch.lock():
        errors = sources.write_outputs(options.only)
    for error in errors:
        print(f"failed: {error}", file=sys.stderr)
    return 1 if errors else 0


def exercises(options) -> int:
    """Write student copies of the notebooks, and tell what to do with them."""
    chosen = [page.source for page in sources.matching(options.only)]
    default = files.of_checkout(copies.FOLDER)
    folder = Path(options.out).expanduser().absolute() if options.out else default
    made = copies.write(chosen, folder)
    what = "a student copy is" if len(made) == 1 else f"{len(made)} student copies are"
    print(f"{what} in {folder}, without solutions and outputs")
    open_it = "make lab, and open the folder exercises/ there" if folder == default else f"jupyter lab {folder}"
    print(f"next: {open_it}")
    return 0


def pages(_options) -> int:
    """Write the numbers and tables in README and docs anew, and tell which pages changed."""
    changed = written.write(files.of_checkout("docs").parent)
    print("\n".join(f"written {page}" for page in changed) or "every page is as the results say")
    return 0
