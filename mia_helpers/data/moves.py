"""The same image seen a little differently: what an attacker asks about beside the image itself."""

from collections.abc import Iterator

import numpy as np

_WAY = {(1, 0): "down", (-1, 0): "up", (0, 1): "right", (0, -1): "left"}
SHIFTS = tuple((down, right) for n in range(1, 5) for down, right in ((n, 0), (-n, 0), (0, n), (0, -n)))
NAMES = ("mirrored", *(f"{abs(down or right)} {_WAY[np.sign(down), np.sign(right)]}" for down, right in SHIFTS))


def moved(x: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the mirror images of x (n, height, width, colours), then x shifted by 1 to 4 pixels in each direction.

    What a shift uncovers is filled with the pixels of the edge. These are the queries of Choquette-Choo et al. (2021),
    but for the shifts along both axes at once.
    """
    yield x[:, :, ::-1]
    reach = max(max(map(abs, shift)) for shift in SHIFTS)
    height, width = x.shape[1:3]
    wide = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    for down, right in SHIFTS:
        yield wide[:, reach - down : reach - down + height, reach - right : reach - right + width]
