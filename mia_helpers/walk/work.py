"""What the walk computes once and keeps: one shape for models and attacks, so that a batch treats them alike."""

from collections.abc import Iterable

import numpy as np

from mia_helpers.engine import store
from mia_helpers.engine.errors import MIAError


class Work:
    """A value that says all that its result depends on, and so under which name that is kept.

    Attributes
    ----------
    stage : str
        'training' or 'attacks': what its seconds are counted as.
    """

    stage: str

    def depends_on(self) -> dict:
        """Return all that the result depends on, as JSON values."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name of its artifact."""
        raise NotImplementedError

    def needs(self) -> "tuple[Work, ...]":
        """Return what must be there before it can be computed."""
        return ()

    def check(self) -> None:
        """Raise an MIAError, before hours of training, if it cannot be computed on this machine."""

    def label(self) -> str:
        """Return what it is, for a line of progress."""
        return self.name

    def is_there(self) -> bool:
        """Tell whether the result is in the store, without computing anything."""
        return store.exists(self.name)

    def is_done(self) -> bool:
        """Tell whether all that a report reads of it is in the store, without computing anything."""
        return self.is_there()

    def compute(self) -> None:
        """Compute the result, and what it needs, and keep it."""
        raise NotImplementedError

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the result; compute it if need be."""
        found = store.load(self.name)
        if found is None:
            self.compute()
            found = store.load(self.name)  # under another name, if the data were only just downloaded
        if found is None:
            raise MIAError(f"{store.path_of(self.name)} was written and cannot be read back. Is the disk sound?")
        return found[0]


def missing(works: Iterable[Work]) -> list[Work]:
    """Return those that are not in the store."""
    return [work for work in works if not work.is_there()]


def needed(works: Iterable) -> list[Work]:
    """Return what these works (or whatever has `needs`) need, each once, in order."""
    return list({need.name: need for work in works for need in work.needs()}.values())
