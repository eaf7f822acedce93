"""Answers of models whose leak is known, for the tests of audits."""

import numpy as np
import pandas as pd

from mia_helpers.auditing.reading import from_columns


def kinds(n, rng):
    """Return bool (n,): half of them members, in random order."""
    return rng.permutation(np.arange(n) < n // 2)


def outputs(n=1200, k=4, leak=0.0, seed=0, shift=2.0):
    """Return a frame with logits of k classes; those of members are higher by `leak` for the true class."""
    rng = np.random.default_rng(seed)
    member, label = kinds(n, rng), rng.integers(0, k, n)
    z = rng.normal(0, 1, (n, k))
    z[np.arange(n), label] += shift + leak * member
    columns = {"member": member.astype(int), "label": label}
    return pd.DataFrame(columns | {f"p{i}": z[:, i] for i in range(k)})


def probabilities(**options):
    """Return the same with probabilities."""
    frame = outputs(**options)
    columns = [name for name in frame if name.startswith("p")]
    z = np.exp(frame[columns])
    frame[columns] = z.div(z.sum(axis=1), axis=0)
    return frame


def scores(n=1200, leak=0.0, seed=0):
    """Return a frame with a score for each record."""
    rng = np.random.default_rng(seed)
    member = kinds(n, rng)
    return pd.DataFrame({"member": member.astype(int), "score": rng.normal(0, 1, n) + leak * member})


def with_references(n=600, models=8, leak=2.0, seed=0, paired=True):
    """Return a frame with a score and reference models; what a model knows is higher by `leak`."""
    rng = np.random.default_rng(seed)
    frame, hard = scores(n, 0, seed), rng.normal(0, 2, n)
    known = rng.random((n, models)) < 0.5
    if paired:
        known[:, 1::2] = ~known[:, ::2]
    else:  # two of each kind at least
        known[:, :2], known[:, 2:4] = True, False
        known = rng.permuted(known, axis=1)
    frame["score"] = hard + leak * frame["member"] + rng.normal(0, 1, n)
    phi = hard[:, None] + leak * known + rng.normal(0, 1, (n, models))
    more = {f"phi_{i}": phi[:, i] for i in range(models)} | {f"in_{i}": known[:, i].astype(int) for i in range(models)}
    return pd.concat([frame, pd.DataFrame(more)], axis=1)


def answers(frame):
    return from_columns({name: frame[name] for name in frame})
