"""DP-SGD (Abadi et al. 2016): training of which it is proved how little any one record changes what comes out."""

import math
import warnings
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from mia_helpers.engine.errors import MIAError
from mia_helpers.learning.defences.base import Defence
from mia_helpers.learning.private import accounting

MOST_EPSILON = 1000.0


class DPSGD(Defence):
    """Each record's gradient is clipped, and noise added to their sum; s is the epsilon that all epochs may spend.

    `dp_sgd=8` finds the least noise for it, `dp_sgd,noise=1.1` names the noise instead, as a multiple of the clipping
    norm; 0 clips and proves nothing. What comes of two data sets of which one has a record more (add or remove one) is
    then the same up to a factor of e^epsilon and a probability of delta: the weights of one network, after whatever
    epoch. A delta of 1/ds, the default, is the usual bound and a weak one, which would allow to publish each record
    with that probability. Not covered: whoever knows the seed, from which NumPy draws batches and noise again; the
    learning curves; what is scaled by the training records; floating-point numbers; and the choice among several runs
    by how well they do, which costs budget of its own.

    Other Parameters
    ----------------
    clip : float
        Most that the norm of a record's gradient may be; default 1.
    delta : float
        Default: 1 / ds.
    noise : float
        Instead of an epsilon.
    """

    name, bare = "dp_sgd", True
    OPTIONS: ClassVar[dict[str, float | None]] = {"clip": 1.0, "delta": None, "noise": None}

    def check(self) -> None:
        """Raise an MIAError unless there is an epsilon or a noise, and all can be."""
        clip, delta, noise = (self.options[name] for name in ("clip", "delta", "noise"))
        if (self.strength is None) == (noise is None):
            told = "neither" if noise is None else "both"
            raise MIAError(
                f"{told} of epsilon and noise: expected one, as in 'dp_sgd=8' or 'dp_sgd,noise=1.1'"
                + (". Without noise no epsilon can be had" if noise == 0 else "")
            )
        if self.strength is not None and not 0 < self.strength <= MOST_EPSILON:
            more = f"above 0, up to {MOST_EPSILON:g}; beyond, it proves nothing, and 'dp_sgd,noise=...' says so"
            raise MIAError(f"epsilon={self.strength:g}: expected a number {more}")
        if noise is not None and not 0 <= noise <= accounting.LARGEST_NOISE:
            raise MIAError(f"noise={noise:g}: expected a number from 0 to {accounting.LARGEST_NOISE:g}")
        if not 0 < clip < math.inf:
            raise MIAError(f"clip={clip:g}: expected a number above 0, such as 1")
        if delta is not None and not 0 < delta < 1:
            raise MIAError(f"delta={delta:g}: expected a number between 0 and 1, at most 1/ds")

    def privacy(self, ds: int, batch_size: int, epochs: int) -> dict:
        """Return what a recipe spends on a data set of so many records: its `noise` and `clip`, and what they prove.

        Returns
        -------
        dict
            `epsilon`, `delta`, `noise` (the deviation over the clipping norm), `clip`, `relation` (which data sets are
            neighbours), `rate` (at which records are drawn) and `steps`.

        Raises
        ------
        MIAError
            If the epsilon asked for cannot be reached.
        """
        clip, delta, noise = (self.options[name] for name in ("clip", "delta", "noise"))
        rate, steps = min(1.0, batch_size / ds), epochs * math.ceil(ds / batch_size)
        if delta is None:
            delta = 1 / max(ds, 2)
        elif delta > 1 / ds:
            warnings.warn(
                f"delta={delta:g} is above 1/ds = {1 / ds:g}: it allows to publish a record whole", stacklevel=2
            )
        if noise is None:
            noise = accounting.noise_for(self.strength, rate, steps, delta)
        epsilon = accounting.epsilon(noise, rate, steps, delta)
        return {
            **{"epsilon": epsilon, "delta": delta, "noise": noise, "clip": clip},
            **{"relation": "add or remove one record", "rate": rate, "steps": steps},
        }

    def draw(self, rng, n: int, network) -> dict[str, np.ndarray]:
        """Return what the epoch's batches and noise are drawn from."""
        return {"seed": rng.integers(2**32, size=4, dtype=np.uint32)}

    def program(self, network, weights, x, y, *, step, ds, batch_size, epochs) -> Callable:
        """Return the epoch of DP-SGD, with the noise for all epochs together."""
        from mia_helpers.learning.private.training import epoch_program

        spent = self.privacy(ds, batch_size, epochs)
        run_epoch = epoch_program(
            network,
            weights,
            x,
            y,
            step=step,
            clip=spent["clip"],
            noise=spent["noise"],
            rate=spent["rate"],
            expected=spent["rate"] * ds,
            steps=spent["steps"] // epochs,
        )
        return lambda order, drawn: run_epoch(drawn["seed"])
