"""What a student may hand in: a function that is tried, a number, a list; each read generously, or told what it is."""

import numpy as np

from mia_helpers.teaching.checking import expect


def tried(function, *values):
    """Return what the student's function makes of these values; say so if it is no function, or returns nothing."""
    expect(callable(function), "Hand in the function itself, without calling it: the check calls it with other values.")
    answer = function(*values)
    expect(answer is not None and answer is not Ellipsis, "Your function returns nothing so far.")
    return answer


def number(value, what: str) -> float:
    """Return a single number as a float; `what` begins the sentence that says what is wrong with it."""
    expect(np.size(value) == 1, f"{what} should be a single number; yours has the shape {np.shape(value)}.")
    found = float(np.asarray(value, float).ravel()[0])
    expect(np.isfinite(found), f"{what} is {found}: is something divided by zero?")
    return found


def indices(value, what: str) -> np.ndarray:
    """Return a list, set, array or column of whole numbers as int64 (n,)."""
    expect(np.ndim(value) > 0 or isinstance(value, set), f"{what} should be a list of indices, and not a single value.")
    found = np.asarray(sorted(value) if isinstance(value, set) else value)
    expect(found.ndim == 1, f"{what} should be one row of indices; yours has the shape {found.shape}.")
    expect(found.dtype.kind != "b", f"{what} should be indices; a mask of True and False is not one.")
    expect(bool(np.all(found == found.astype(np.int64))), f"{what} should be whole numbers, indices into the data.")
    return found.astype(np.int64)
