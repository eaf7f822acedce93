"""What every data set has in common: `Source` before it is loaded, `Dataset` afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mia_helpers.engine.errors import MIAError

Read = Callable[[Path], tuple[np.ndarray, np.ndarray, str]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set in its raw scale.

    Attributes
    ----------
    name : str
    x : uint8 (n, 32, 32, 3) for images, float32 (n, 105) for census records
    y : int64 (n,)
        Class of each record, 0 ... k - 1.
    class_names : tuple of k str
    is_images : bool
        Whether a record is an image (or else a row of a table).
    source : str
        Where the bytes come from; it reaches the manifest and the results.
    sha256 : str
        Of the bytes of x and y.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]
    is_images: bool
    source: str
    sha256: str

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Source:
    """All that is known of a data set without loading it.

    Attributes
    ----------
    name : str
    size : int
        Records in all.
    is_images : bool
    own_classes : tuple of str
        The names of its classes; a table has two.
    read : callable
        From the folder of the raw data to x, y uint8 (n,) and where they come from; it downloads what is missing.
    files : tuple of str
        What `read` needs in that folder; nothing where the data are made.
    groups : dict
        From a number of groups to the classes that each of them joins.
    group_names : dict
        From the classes of a group to its name, where 'a or b' would not do.
    """

    name: str
    size: int
    is_images: bool
    own_classes: tuple[str, ...]
    read: Read
    files: tuple[str, ...] = ()
    groups: dict[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    group_names: dict[tuple[int, ...], str] = field(default_factory=dict)

    def __post_init__(self):
        if not self.is_images and len(self.own_classes) != 2:
            raise MIAError(
                f"{self.name} has {len(self.own_classes)} classes; a table has two: its network has one output"
            )

    def is_in(self, folder: Path) -> bool:
        """Tell whether it can be read from this folder without a download."""
        return all((folder / path).exists() for path in self.files)

    def check_classes(self, n_classes: int | None) -> int | None:
        """Return `n_classes`, or None for the data set's own number; an MIAError if there is no such grouping."""
        own = len(self.own_classes)
        if n_classes is not None and n_classes not in (own, *self.groups):
            known = " or ".join(map(str, (own, *self.groups)))
            raise MIAError(f"n_classes={n_classes!r}: {self.name} can have {known} classes")
        return None if n_classes == own else n_classes

    def class_names(self, n_classes: int | None = None) -> tuple[str, ...]:
        """Return the names of the classes, or of the `n_classes` groups into which they are joined."""
        own, groups = self.own_classes, self.groups.get(self.check_classes(n_classes))
        if groups is None:
            return own
        return tuple(self.group_names.get(group, " or ".join(own[i] for i in group)) for group in groups)


def no_data(what: str, path: Path, error: Exception) -> MIAError:
    """Return the error for data that are not here and cannot be downloaded; it names both ways out."""
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return MIAError(
        f"{what} is not at {path} and could not be downloaded ({reason}). Either connect to the network and run again, "
        f"or put the file there (or set MIA_DATA_DIR to the folder that has it). Without data, use synthetic_images or "
        f"synthetic_census."
    )
