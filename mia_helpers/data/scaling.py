"""How raw records become numbers that a network can learn from."""

import numpy as np

SCALINGS = ("paper", "standardised")


def fit(scaling: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shift and factor, float32, for `(x - shift) * factor`, from a model's own training records x (n, ...).

    'paper' divides by 255; 'standardised' gives each column (images: each colour) mean 0 and deviation 1.
    """
    if scaling == "paper":
        return np.float32(0), np.float32(1 / 255)
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    deviation = rows.std(axis=0)
    return rows.mean(axis=0).astype(np.float32), (1 / np.where(deviation > 0, deviation, 1)).astype(np.float32)
