"""The one exception that users are meant to read."""

import difflib
from collections.abc import Iterable


class MIAError(ValueError):
    """Bad input or a bad environment: the message names the value, what was expected and what to do."""


def unknown(kind: str, name: object, known: Iterable[str]) -> MIAError:
    """Return the error for a `name` that is not among the `known` ones, with the nearest one as a suggestion."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return MIAError(f"unknown {kind} {name!r}; known: {', '.join(known)}.{hint}")
