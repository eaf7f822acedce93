"""Which records a model trains on, and which it is asked about: disjoint parts of one shuffle."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mia_helpers.attacks.records import TARGET
from mia_helpers.engine.errors import MIAError

FIRST_REFERENCE = 10_000  # no shadow has such a model_id, so no reference shares initial weights with one


class Split(Protocol):
    """Which part of a data set a model gets, as a value: it says so in an artifact's name, and gives the indices.

    Attributes
    ----------
    train_size : int
        Records that the model trains on.
    role : str
        'target', 'shadow00', ...
    model_id : int
        Which model it is in `Records`.
    population : int
        How many records that no model of its kind is trained on it is asked about as well, at several epochs; 0 for
        models of which the answers to their own records are all that is kept.
    n_canaries : int
        How many of the records that it is asked about have a wrong class.
    """

    train_size: int
    role: str
    model_id: int
    population: int
    n_canaries: int

    def rows(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices among n records that it trains on, and those that it is asked about beside them."""


@dataclass(frozen=True)
class TargetSplit:
    """The first records of the shuffle: ds to train on, and ds to be asked about."""

    train_size: int
    role = "target"
    model_id = TARGET
    population = n_canaries = 0

    def rows(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the training and test indices (see `target_split`)."""
        return target_split(n, train_size=self.train_size, seed=seed)


@dataclass(frozen=True)
class ShadowSplit:
    """Records drawn from what the target left over, for shadow number `model_id`."""

    train_size: int
    model_id: int
    population = n_canaries = 0

    @property
    def role(self) -> str:
        """'shadow' and its number."""
        return f"shadow{self.model_id:02d}"

    def rows(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the training and test indices (see `shadow_split`)."""
        return shadow_split(n, self.model_id, train_size=self.train_size, seed=seed)


@dataclass(frozen=True)
class ReferenceSplit:
    """One half of the target's own 2·ds records, for a reference model; numbers 2i and 2i + 1 share out all of them.

    Attributes
    ----------
    number : int
        0, 1, ...; the `model_id` is FIRST_REFERENCE more.
    population : int
        Records that no reference is trained on, about which it is asked as well.
    n_canaries : int
        How many of the 2·ds records have a wrong class, each known to one of a pair by a coin of its own.
    """

    train_size: int
    number: int
    population: int
    n_canaries: int = 0

    @property
    def role(self) -> str:
        """'reference' and its number."""
        return f"reference{self.number:03d}"

    @property
    def model_id(self) -> int:
        """Which model it is in `Records`, and with the seed, which initial weights it has."""
        return FIRST_REFERENCE + self.number

    def rows(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of its half, and those of the other half (see `reference_split`)."""
        sizes = {"train_size": self.train_size, "n_canaries": self.n_canaries}
        return reference_split(n, self.number, **sizes, seed=seed)

    def canaries(self, n: int, seed: int) -> np.ndarray:
        """Return the indices of the canaries, int64 (n_canaries,): the same for all references (see `canaries`)."""
        return canaries(n, self.n_canaries, train_size=self.train_size, seed=seed)

    def others(self, n: int, seed: int) -> np.ndarray:
        """Return the indices of the population, int64 (population,): the same for all references (see `outsiders`)."""
        return outsiders(n, train_size=self.train_size, seed=seed)[: self.population]


def target_split(n: int, *, train_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the target's training and test indices, each int64 (train_size,), from n shuffled records.

    Raises
    ------
    MIAError
        If n records are too few: the target takes 2·ds, and each shadow 2·ds of the rest.
    """
    check_size(n, train_size)
    order = np.random.default_rng(seed).permutation(n)
    return order[:train_size], order[train_size : 2 * train_size]


def shadow_split(n: int, shadow: int, *, train_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the training and test indices of shadow number `shadow`, each int64 (train_size,).

    They are drawn from what the target left over, so no shadow shares a record with the target; shadows may share
    records with each other. Shadow i is the same for any number of shadows.
    """
    check_size(n, train_size)
    rest = np.random.default_rng(seed).permutation(n)[2 * train_size :]
    chosen = np.random.default_rng([seed, shadow + 1]).choice(rest, 2 * train_size, replace=False)
    return chosen[:train_size], chosen[train_size:]


def reference_split(
    n: int, reference: int, *, train_size: int, seed: int, n_canaries: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the training and test indices of reference model number `reference`, int64 arrays.

    Together they are the target's 2·ds records, its members and non-members alike. References 2i and 2i + 1 have the
    two halves of one draw, so each record is a member of just one of them (Carlini et al. 2022). Each half has ds
    records; with canaries, half of the others and those canaries for which a fair coin says so, each its own.
    """
    pool = np.concatenate(target_split(n, train_size=train_size, seed=seed))
    generator = np.random.default_rng([seed, 0, 2, reference // 2])
    chosen = canaries(n, n_canaries, train_size=train_size, seed=seed)
    drawn = generator.permutation(pool[~np.isin(pool, chosen)] if n_canaries else pool)
    half, heads = len(drawn) // 2, generator.random(n_canaries) < 0.5
    halves = np.append(drawn[:half], chosen[heads]), np.append(drawn[half:], chosen[~heads])
    return halves if reference % 2 == 0 else halves[::-1]


def canaries(n: int, n_canaries: int, *, train_size: int, seed: int) -> np.ndarray:
    """Return the indices of so many of the target's 2·ds records, which get a wrong class: int64 (n_canaries,)."""
    pool = np.concatenate(target_split(n, train_size=train_size, seed=seed))
    return np.random.default_rng([seed, 0, 3]).permutation(pool)[:n_canaries]


def outsiders(n: int, *, train_size: int, seed: int) -> np.ndarray:
    """Return the indices of 2·ds records that the target neither trains on nor is tested on, int64 (2·ds,).

    They are drawn from what the target left over, as the shadows' are, and without a look at those.
    """
    check_size(n, train_size)
    rest = np.random.default_rng(seed).permutation(n)[2 * train_size :]
    # Shadow i draws with [seed, i + 1]; [seed, 0] would be the target's own shuffle.
    return np.random.default_rng([seed, 0, 1]).choice(rest, 2 * train_size, replace=False)


def held_out(n: int, own: np.ndarray, *, train_size: int, seed: int) -> np.ndarray:
    """Return the indices of records by which a model may choose its epoch, int64: a fifth of ds, at most 1,000.

    They are outsiders of the target, but neither in the population that reference models are asked about (the first ds
    of the outsiders) nor the model's `own`.

    Raises
    ------
    MIAError
        If too few are left over.
    """
    wanted = min(max(train_size // 5, 1), 1000)
    left = outsiders(n, train_size=train_size, seed=seed)[train_size:]
    left = left[~np.isin(left, own)]
    if len(left) < wanted:
        raise MIAError(
            f"train_size={train_size} leaves {len(left)} held-out records that are nobody's, expected {wanted}, by "
            f"which a defence chooses the epoch. Take a smaller train_size, well below a quarter of {n:,}"
        )
    return left[:wanted]


def check_size(n: int, train_size: int) -> None:
    """Raise an MIAError with the numbers if n records are too few for a target and a disjoint shadow."""
    if 4 * train_size > n:
        raise MIAError(
            f"train_size={train_size} is too large: the target takes 2 x {train_size} records and each shadow 2 x "
            f"{train_size} of the rest, {4 * train_size:,} in all, but there are {n:,}. The most is {n // 4}."
        )
