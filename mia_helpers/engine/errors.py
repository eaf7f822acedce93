"""The one exception that users are meant to read, and a sentence for all others."""

import difflib
import errno
import tempfile
from collections.abc import Iterable

GOES_ON = "What was finished is kept; the same command goes on from here."


class MIAError(ValueError):
    """Bad input or a bad environment: the message names the value, what was expected and what to do."""


def unknown(kind: str, name: object, known: Iterable[str]) -> MIAError:
    """Return the error for a `name` that is not among the `known` ones, with the nearest one as a suggestion."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return MIAError(f"unknown {kind} {name!r}; known: {', '.join(known)}.{hint}")


def sentence(error: BaseException) -> str:
    """Return any exception as one sentence; where the machine ran out of something, with what to do."""
    if isinstance(error, MIAError):
        return str(error)
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
        return f"out of memory. Use fewer workers (--jobs 1), fewer shadows or smaller models. {GOES_ON}"
    if number in (errno.EMFILE, errno.ENFILE):
        return f"too many open files. Raise the limit (ulimit -n 4096) or use fewer workers (--jobs 1). {GOES_ON}"
    if number == errno.ENOSPC:
        where = getattr(error, "filename", None) or f"the temporary folder {tempfile.gettempdir()} (or what it is on)"
        return f"no space left for {where}. Free some, or set TMPDIR to another folder. {GOES_ON}"
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
