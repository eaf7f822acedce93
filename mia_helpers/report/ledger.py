"""The ledger: what the report reads from artifacts, as plain numbers that last longer than the artifacts do.

Hours of training stand behind the tables of a profile, and gigabytes that no repository should carry. So every number
passes through a function marked `kept`. Where the artifacts are, it is computed; where they are not, it is read from
`results/<profile>/ledger.json`, which is committed beside the tables that were made from it. An entry's name tells the
function and the artifacts, whose own names tell all that they depend on, so one of other artifacts is never read; that
it is of the same code is what `VERSION` stands for, and each entry tells the commit. Like the artifacts themselves,
entries are shared: what one profile has of an artifact, all have.
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path

from mia_helpers.engine import environment, files, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.work import Work, needed

COMMIT = "commit"  # of an entry: the code that read the artifacts
HOW = (COMMIT, "facts")  # how numbers came about: `facts` (see `provenance`) has seconds and the machine
VERSION = 1  # raise it when the code changes what a kept function returns: older ledgers are then no longer read
_seen: dict[tuple[Path, str], dict[str, object]] = {}  # of each runs folder: what was computed or read so far


def kept(function: Callable | None = None, *, needs: Callable | None = None) -> Callable:
    """Mark a function of works (and plain parameters) that returns JSON values; None where neither way is open.

    It is computed where all works, or all that `needs(*args)` lists, are done.
    """
    if function is None:
        return functools.partial(kept, needs=needs)

    @functools.wraps(function)
    def read(*args):
        of = " ".join(arg.name for arg in args if isinstance(arg, Work))
        what = " ".join([function.__name__, *(str(arg) for arg in args if not isinstance(arg, Work))])
        wanted = needs(*args) if needs else [arg for arg in args if isinstance(arg, Work)]
        if all(work.is_done() for work in wanted):
            entry = {what: function(*args), COMMIT: _commit()}
        elif what in (known := committed().get(of, {})):
            entry = {what: known[what], COMMIT: known.get(COMMIT)}
        else:
            return None
        _seen.setdefault((store.runs_dir(), of), {}).update(entry)
        return entry[what]

    return read


@functools.lru_cache(maxsize=1)
def _commit() -> str | None:
    return environment.git_commit()


def committed() -> dict[str, dict]:
    """Return the entries of all ledgers of the checkout, by artifacts and function."""
    folder = files.of_checkout("results") if files.IS_CHECKOUT else None
    paths = sorted(folder.glob("*/ledger.json")) if folder else []
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@functools.lru_cache(maxsize=4)
def _read(paths: tuple[tuple[Path, int], ...]) -> dict[str, dict]:
    found: dict[str, dict] = {}
    for path, _ in paths:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            entries = told["entries"] if told["version"] == VERSION else {}
            for of, values in entries.items():
                found.setdefault(of, {}).update(values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise MIAError(f"{path} is damaged. To restore it: git checkout {path}") from None
    return found


def entries_of(profile: Profile) -> dict[str, dict]:
    """Return what was read for a profile in this process: the entries of its models, attacks and controls."""
    attackers = [attacker for _, _, attackers in profile.works() for attacker in attackers]
    controls = [control for exp in profile.experiments for control in exp.controls()]
    names, here = {work.name for work in [*attackers, *needed(attackers), *controls]}, store.runs_dir()
    return {of: values for (folder, of), values in sorted(_seen.items()) if folder == here and {*of.split()} <= names}


def commits_of(profile: Profile) -> list[str]:
    """Return the commits of the code that read the artifacts of a profile."""
    return sorted({values[COMMIT] for values in entries_of(profile).values() if values.get(COMMIT)})


def text(entries: dict[str, dict]) -> str:
    """Return a ledger as it is written: a line for each artifact or pair of them."""
    lines = [f"{json.dumps(of)}: {json.dumps(dict(sorted(values.items())))}" for of, values in entries.items()]
    return f'{{"version": {VERSION}, "entries": {{\n' + ",\n".join(lines) + "\n}}\n"


def same(path: Path, entries: dict[str, dict]) -> bool:
    """Return whether the ledger `path` holds these very entries, but for `HOW` they were computed."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return told["version"] == VERSION and _numbers(told["entries"]) == _numbers(entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _numbers(entries: dict[str, dict]) -> str:
    """Return the text without `HOW`: as text, NaN is NaN."""
    return text({of: {what: value for what, value in e.items() if what not in HOW} for of, e in entries.items()})
