"""Twins: the same record, or nearly, among a model's members and among its non-members.

A twin blurs what membership means: the model has seen the record, or as good as, and yet it counts as a non-member.
"""

import numpy as np
from scipy.ndimage import uniform_filter

from mia_helpers.data.source import Dataset

# By eye, on CIFAR-10 at ds 15000: of the pairs beyond both bounds about one in 25 is not the same photograph (ships on
# a calm sea, animals in the same frame). Above a likeness of 0.8 there is none, but half of the others are missed.
CLOSE = 30.0  # grey levels of 255, root mean square
ALIKE = 0.7
FEWEST = 6  # nearest pairs of images that are kept in any case, to be looked at
WINDOW = 5  # pixels: what is wider is no fine structure
BLOCK = 1000  # members at a time, so that a few hundred MB are enough


def pairs(data: Dataset, members: np.ndarray, others: np.ndarray) -> dict[str, np.ndarray]:
    """Return the closest pairs of a member and another record, from two arrays of indices.

    Tables: the pairs of equal rows. Images: the pairs closer than `CLOSE`, and in any case the `FEWEST` nearest.

    Returns
    -------
    dict of arrays (p,), the closest pair first
        `member`, `other`: int64, indices into the data. `distance`: float64, root mean square difference of the
        pixels. `likeness`: float64, the correlation of what is left when each pixel loses the mean around it. Empty
        skies are close without being the same photograph; equal edges tell. (See `kinds`.)
    """
    member, other, square = (_close_images if data.is_images else _equal_rows)(data.x, members, others)
    distance = np.sqrt(square / data.x[0].size)
    order = np.lexsort((other, member, distance))
    order = order[(distance[order] < CLOSE) | (np.arange(len(order)) < FEWEST)]
    member, other, distance = member[order], other[order], distance[order]
    likeness = _likeness(data.x, member, other) if data.is_images else np.ones(len(order))
    return {"member": member, "other": other, "distance": distance, "likeness": likeness}


def kinds(distance: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    """Return what each pair is: 'identical', 'near' (the same photograph, both bounds are met) or 'close' (neither)."""
    near = (distance < CLOSE) & (likeness > ALIKE)
    return np.where(distance == 0, "identical", np.where(near, "near", "close"))


def _equal_rows(x, members, others):
    _, group = np.unique(x[np.concatenate([members, others])], axis=0, return_inverse=True)
    of_member, of_other = np.split(group.ravel(), [len(members)])
    shared = np.intersect1d(of_member, of_other)
    found = [
        (member, other)
        for value in shared
        for member in members[of_member == value]
        for other in others[of_other == value]
    ]
    member, other = np.array(found, np.int64).reshape(-1, 2).T
    return member, other, np.zeros(len(found))


def _close_images(x, members, others):
    """Find candidates by matrix products in float32, and tell their distances exactly, in whole numbers.

    The slack is the worst rounding of a product of so many terms, so no pair within the bound is missed.
    """
    a, a_square = _centred(x[others])
    slack = 4 * a.shape[1] ** 2 * 128.0**2 * np.finfo(np.float32).eps
    found = []
    for start in range(0, len(members), BLOCK):
        b, b_square = _centred(x[members[start : start + BLOCK]])
        square = a @ b.T
        square *= -2
        square += a_square[:, None]
        square += b_square
        nearest = np.partition(square.ravel(), min(FEWEST, square.size) - 1)[min(FEWEST, square.size) - 1]
        row, column = np.nonzero(square <= max(CLOSE**2 * a.shape[1], nearest) + slack)
        found.append(np.column_stack([members[start + column], others[row]]))
    member, other = np.concatenate(found).T
    return member, other, _squares(x, member, other)


def _centred(images):
    """Return the images as float32 rows around 0, and the squares of their lengths."""
    rows = images.reshape(len(images), -1).astype(np.float32) - 128
    return rows, np.einsum("ij,ij->i", rows, rows)


def _squares(x, first, second):
    axes = tuple(range(1, x.ndim))
    return _of_pairs(lambda a, b: np.square(a.astype(np.int64) - b).sum(axis=axes), x, first, second)


def _likeness(x, first, second):
    return _of_pairs(lambda a, b: (_fine(a) * _fine(b)).sum(axis=1), x, first, second)


def _of_pairs(measure, x, first, second):
    """Return what `measure` says of each pair of rows, a block of pairs at a time."""
    parts = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
    whole = [measure(x[first[part]], x[second[part]]) for part in parts]
    return np.concatenate(whole) if whole else np.zeros(0)


def _fine(images):
    """Return the fine structure of each image as a row of mean 0 and length 1 (all 0 where there is none)."""
    images = images.astype(float)
    rows = (images - uniform_filter(images, (0, WINDOW, WINDOW, 0), mode="nearest")).reshape(len(images), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
