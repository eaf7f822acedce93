"""The command line: `python -m mia_helpers reproduce | audit | list | status | clean | records | …`."""

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator

from mia_helpers.batch import audits, commands
from mia_helpers.engine.errors import MIAError, sentence

FOLDERS = """folders (each environment variable moves one):
  MIA_RUNS_DIR     artifacts and executed notebooks (default: runs/)
  MIA_RESULTS_DIR  where results/ and figures/ are written (default: the checkout)
  MIA_DATA_DIR     raw data (default: data/)
  MIA_RECORDS_DIR  the records that come with the repository (default: records/)"""


class _Ended(KeyboardInterrupt):
    """The process was asked to end by a signal."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 done, 1 a notebook failed or an audit found more than --fail-above allows, 2 bad input or environment, 128 and the
    signal's number where it was interrupted (or where nobody reads its output any more).
    """
    options = _parser().parse_args(argv)
    try:
        with _signals_end_as_ctrl_c():
            status = options.command(options)
            sys.stdout.flush()  # here, where it can be told that the reader is gone
            return status
    except MIAError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interruption:
        logging.disable()  # the notebook's client would log that its kernel is gone
        with contextlib.suppress(OSError):  # the terminal may be what is gone
            print("stopped; what was finished is kept, and the same command goes on from here", file=sys.stderr)
        return 128 + (interruption.args[0] if isinstance(interruption, _Ended) else signal.SIGINT)
    except BrokenPipeError:  # `list | head` has read enough
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # or Python would tell it once more at its end
        return 128 + getattr(signal, "SIGPIPE", 13)
    except (MemoryError, OSError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _signals_end_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM (a supervisor) and SIGHUP (the terminal was closed) end the command as Ctrl-C does."""

    def end(number, _frame):
        raise _Ended(number)

    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():  # there, Python lets no handler be set
        known = []
    heeded = [number for number in known if signal.getsignal(number) != signal.SIG_IGN]  # nohup has one ignored
    before = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mia_helpers",
        description="Membership inference, reproduced in notebooks.",
        epilog=FOLDERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, summary):
        added = add.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=function)
        return added

    _add_reproduce(command)
    audits.add_to(command)
    command("list", commands.list_all, "list profiles, data sets, attacks and studies")
    status = command("status", commands.status, "tell what a profile has computed and what is missing")
    status.add_argument("--profile", help="one profile (default: all)")
    clean = command("clean", commands.clean, "delete executed notebooks (--profile) or all artifacts as well")
    clean.add_argument("--profile", help="only this profile's executed notebooks; artifacts stay")
    clean.add_argument("--yes", action="store_true", help="delete; without it, only tell what would be deleted")
    summary = "train what profile classroom misses, and write the compact records of the repository"
    command("records", commands.records, summary)
    summary = "execute the notebooks with their own parameters and keep the outputs in them"
    notebooks = command("notebooks", commands.notebooks, summary)
    notebooks.add_argument("--only", metavar="GLOB", help="only notebooks that match, such as '05_*'")
    exercises = command("exercises", commands.exercises, "write student copies of the notebooks, without solutions")
    exercises.add_argument("--out", metavar="FOLDER", help="where (default: exercises/ of the checkout)")
    exercises.add_argument("--only", metavar="GLOB", help="only notebooks that match, such as '05_*'")
    command("pages", commands.pages, "write the numbers and tables in README and docs from the committed results")
    command("lab", lambda _options: _lab(), "open notebooks and student copies in JupyterLab")
    return parser


def _add_reproduce(command) -> None:
    reproduce = command(
        "reproduce", commands.reproduce, "run the notebooks of a profile and build its tables and figures"
    )
    reproduce.add_argument("--profile", default="quick", help="which experiments (default: quick; see list)")
    reproduce.add_argument(
        "--only",
        metavar="GLOB",
        nargs="+",
        default=(),
        help="only experiments, studies or notebooks that match, such as 'adult*' or '05_*' '07_*'",
    )
    commands.add_workers(reproduce)
    reproduce.add_argument(
        "--force", action="store_true", help="forget what these experiments have computed, and do it again"
    )


def _lab() -> int:
    """Replace this process by JupyterLab, which gets the folders as this process understands them.

    It begins in `notebooks/` and sees the whole checkout: student copies, and the pages that notebooks link to.
    """
    from mia_helpers.engine import files

    os.environ.pop("MPLBACKEND", None)  # or there would be no figures
    begin = files.of_checkout("notebooks")
    folders = [f"--ServerApp.root_dir={begin.parent}", f"--FileContentsManager.preferred_dir={begin}"]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *folders])
