"""Difficulty calibration: a loss that is low for a record that is hard for others (Watson et al., ICLR 2022)."""

import numpy as np

from mia_helpers.attacks.references.moments import Moments


def negative_loss(phi: np.ndarray) -> np.ndarray:
    """Return log p_y = -log(1 + e^-phi) of the record itself: float64 (..., 1) of phi (..., queries)."""
    return -np.logaddexp(0, -np.asarray(phi, float)[..., :1])


def calibrated(negative_loss: np.ndarray, moments: Moments) -> np.ndarray:
    """Return the mean loss over the out models minus the target's loss, float64 (..., records)."""
    return (negative_loss - moments.outside.mean)[..., 0]
