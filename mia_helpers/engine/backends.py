"""Where models are trained: processes of this machine, or the workers of a Dask or Ray cluster; one code for all.

`MIA_BACKEND` and `MIA_SCHEDULER` choose (`--backend` and `--scheduler` set them). A task carries parameters, never
data: each worker has the package and the data set of its own. What it makes comes back and is saved here, so the
machines need no common file system.
"""

import importlib
import os
import re
import warnings
from collections.abc import Callable, Iterator

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from mia_helpers.engine import parent
from mia_helpers.engine.errors import GOES_ON, MIAError, unknown
from mia_helpers.engine.progress import say

NAMES = ("loky", "dask", "ray")
PER_CORE = 16  # more processes than this many times the cores only take turns, and memory
DEATHS = 3  # this many workers in a row may die before a run on this machine gives up
WAIT = 60  # seconds for the first worker of a cluster to appear


def name() -> str:
    """Return the chosen backend: 'loky' (this machine), 'dask' or 'ray'."""
    chosen = os.environ.get("MIA_BACKEND") or "loky"
    if chosen not in NAMES:
        raise unknown("backend", chosen, NAMES)
    if chosen != "loky" and not scheduler():
        raise MIAError(f"--backend {chosen} needs --scheduler ADDRESS (or MIA_SCHEDULER): where the cluster listens")
    return chosen


def scheduler() -> str:
    """Return the address of the cluster, such as 'tcp://10.0.0.1:8786' (Dask) or '10.0.0.1:6379' (Ray)."""
    return os.environ.get("MIA_SCHEDULER") or ""


def default_jobs() -> int:
    """Return how many processes of this machine work side by side: `MIA_JOBS`, or one per core."""
    jobs, most = os.environ.get("MIA_JOBS") or str(joblib.cpu_count()), PER_CORE * joblib.cpu_count()
    if not re.fullmatch("[0-9]{1,9}", jobs) or not 1 <= int(jobs) <= most:
        told = jobs if len(jobs) < 40 else f"{jobs[:40]}…"
        raise MIAError(f"{told!r} jobs (--jobs or MIA_JOBS): expected a whole number from 1 to {most} on this machine")
    return int(jobs)


def run(work: Callable, tasks: list[tuple]) -> Iterator[tuple]:
    """Yield (number of the task, `work(*task)`) for each task, as they finish.

    A worker that dies (out of memory, machine gone) costs what was being computed, not the run: that is tried again.

    Raises
    ------
    MIAError
        If the backend is not installed or not reachable, or if workers die again and again; what `work` raises.
    """
    yield from _BACKENDS[name()](work, dict(enumerate(tasks)))


def _loky(work: Callable, tasks: dict[int, tuple]) -> Iterator[tuple]:
    """Run on spawned processes of this machine (TensorFlow hangs in a forked one), one thread each.

    When one of them dies, loky ends the others too and starts afresh; the tasks that were under way begin again.
    """
    # loky replaces a worker whose memory has grown, which is what should happen, and warns about it.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    left, deaths = dict(tasks), 0
    while left:
        # With one job, joblib would work in this very process. TensorFlow belongs in a worker, so there are always two.
        n_jobs = max(2, min(default_jobs(), len(left)))
        with joblib.parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
            parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=default_jobs())
        try:
            calls = (joblib.delayed(_numbered)(os.getpid(), number, work, task) for number, task in dict(left).items())
            for number, result in parallel(calls):
                del left[number]
                deaths = 0
                yield number, result
        except TerminatedWorkerError as error:
            deaths += 1
            if deaths == DEATHS:
                raise _gave_up(f"{DEATHS} workers in a row", error) from None
            say(f"a worker died; {len(left)} of {len(tasks)} tasks are not done yet and go on")


def _numbered(started_by: int, number: int, work: Callable, task: tuple):
    parent.end_with(started_by)
    return number, work(*task)


def _dask(work: Callable, tasks: dict[int, tuple]) -> Iterator[tuple]:
    """Run on a Dask cluster, which itself tries again, three times, what a dead worker left.

    Not through joblib: its Dask backend waits for ever for a task that Dask has given up.
    """
    distributed = _module("distributed", "dask")
    try:
        client = distributed.Client(scheduler())
    except (OSError, ValueError) as error:
        raise _unreachable("dask", str(error)) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
            running = {client.submit(work, *task, pure=False): number for number, task in tasks.items()}
            for done in distributed.as_completed(list(running)):
                yield running.pop(done), done.result()
        except TimeoutError:
            raise _unreachable("dask", f"it has had no worker for {WAIT} seconds") from None
        except distributed.scheduler.KilledWorker as error:
            raise _gave_up("a worker, and three more on the same task,", error) from None
        except (distributed.client.FutureCancelledError, distributed.comm.CommClosedError) as error:
            raise _unreachable("dask", f"connection lost: {error}") from None


def _ray(work: Callable, tasks: dict[int, tuple]) -> Iterator[tuple]:
    """Run on a Ray cluster, which itself tries again, three times, what a dead worker left.

    Not through joblib: Ray's joblib pool gives no result before all are there.
    """
    ray = _module("ray", "ray")
    died = ray.exceptions
    try:
        ray.init(scheduler(), ignore_reinit_error=True, log_to_driver=False, logging_level="error")
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _unreachable("ray", str(error)) from None
    remote = ray.remote(num_cpus=1, max_retries=3)(work)
    running = {remote.remote(*task): number for number, task in tasks.items()}
    try:
        while running:
            (done,), _ = ray.wait(list(running))
            yield running.pop(done), ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except (died.WorkerCrashedError, died.OutOfMemoryError, died.NodeDiedError, died.LocalRayletDiedError) as error:
        raise _gave_up("a worker, and three more on the same task,", error) from None
    finally:
        for task in running:
            ray.cancel(task, force=True)


_BACKENDS = {"loky": _loky, "dask": _dask, "ray": _ray}


def _module(module: str, backend: str):
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MIAError(f"--backend {backend} needs a package more: pip install -e '.[{backend}]'") from None


def _unreachable(backend: str, reason: str) -> MIAError:
    reason = (reason.splitlines() or ["no reason given"])[0]
    return MIAError(
        f"no {backend} cluster answers at {scheduler()} ({reason}). Is it running, has it workers, is the address "
        f"right? {GOES_ON}"
    )


def _gave_up(who: str, error: Exception) -> MIAError:
    return MIAError(
        f"{who} died ({type(error).__name__}). Is there enough memory for each? On this machine, --jobs 1 needs least. "
        f"{GOES_ON}"
    )
