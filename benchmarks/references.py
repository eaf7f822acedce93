"""Reference models: training and asking them against Keras's `fit`, and scoring all targets against a plain loop."""

import os
import sys

import numpy as np
from scipy.stats import norm

from benchmarks import measure
from mia_helpers import Experiment
from mia_helpers.attacks.references import References, score_each
from mia_helpers.engine import backends
from mia_helpers.learning import image_network
from mia_helpers.learning.keras_on_tensorflow import keras
from mia_helpers.walk import worker

DS, MODELS, EPOCHS = 2500, 4, 100  # as they are trained; with fewer epochs, asking them would be most of it
TARGETS, RECORDS = 64, 5000  # of the scores
ATTACKS = ("lira_record", "lira_offline")  # online, and offline


def rows(repeats: int) -> list[dict]:
    """Return `lira_scores` and `references`."""
    samples = DS * MODELS * EPOCHS
    trained = measure.in_turn(
        lambda: samples / measure.script("references", "keras"),
        lambda: samples / measure.script("references", "ours", 2),
        repeats=repeats,
    )
    return [
        measure.row("lira_scores", *scored(repeats), "s"),
        measure.row("references", *trained, "samples/s"),
    ]


# --- Scores -------------------------------------------------------------------------------------------------------


def scored(repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds of the loop and of `score_each`, both on one core, for all of `ATTACKS`."""
    ours, found = _matrix(), {}

    def loop():
        return measure.seconds(lambda: found.update(loop=[by_loop(ours, name) for name in ATTACKS]))

    def each():
        return measure.seconds(lambda: found.update(each=[score_each(name, ours) for name in ATTACKS]))

    pairs = measure.in_turn(loop, each, repeats=repeats)
    for name, looped, scores in zip(ATTACKS, found["loop"], found["each"], strict=True):
        assert np.allclose(looped, scores, rtol=1e-6, atol=1e-6), f"{name}: {np.abs(looped - scores).max()} apart"
    return pairs


def _matrix() -> References:
    """Return random confidences, those of members higher, and pairs of models that share out the records."""
    rng = np.random.default_rng(0)
    first = np.array([rng.permutation(RECORDS) < RECORDS // 2 for _ in range(TARGETS // 2)])
    member = np.stack([first, ~first], axis=1).reshape(TARGETS, RECORDS)
    return References(rng.normal(5 + 2 * member, 2), member, np.zeros(RECORDS, int))


def by_loop(references: References, name: str) -> np.ndarray:
    """Return the scores, (targets, records), as the public code goes about it: target by target, record by record.

    Mean and deviation of each record are computed anew for each target; offline, one deviation serves all records.
    """
    phi, member, scores = references.confidence[..., 0].astype(float), references.member, []
    for target in range(references.n_models):
        left = np.setdiff1d(np.arange(references.n_models), (target, references.pair_of(target)))
        one = _online if name == "lira_record" else _offline
        scores.append(one(phi[target], phi[left], member[left]))
    return np.array(scores)


def _online(target: np.ndarray, phi: np.ndarray, member: np.ndarray) -> list[float]:
    scores = []
    for record, x in enumerate(target):
        inside, outside = phi[member[:, record], record], phi[~member[:, record], record]
        of_in = norm.logpdf(x, inside.mean(), inside.std(ddof=1))
        scores.append(of_in - norm.logpdf(x, outside.mean(), outside.std(ddof=1)))
    return scores


def _offline(target: np.ndarray, phi: np.ndarray, member: np.ndarray) -> list[float]:
    outside = [phi[~member[:, record], record] for record in range(len(target))]
    deviation = np.sqrt(np.mean([values.var(ddof=1) for values in outside]))
    return [-norm.logsf(x, values.mean(), deviation) for x, values in zip(target, outside, strict=True)]


# --- Training, in processes of its own ----------------------------------------------------------------------------


def keras_references() -> None:
    """Train as many models as public code does: one Keras `fit` after another, default threads; then ask each once."""
    measure.default_threads()
    rng = np.random.default_rng(0)
    x, y = rng.random((2 * DS, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, 2 * DS)
    for i in range(MODELS):
        half, network = rng.permutation(2 * DS)[:DS], image_network(seed=i)
        network.compile(keras().optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
        network.fit(x[half], y[half], batch_size=32, epochs=EPOCHS, verbose=0)
        network.predict(x, batch_size=500, verbose=0)


def our_references(workers: str) -> float:
    """Return the seconds of this project's way: the start of the workers, watched epochs and moved images included."""
    exp = Experiment(dataset="synthetic_images", train_size=DS, n_references=MODELS, epochs=EPOCHS)
    os.environ["MIA_JOBS"] = workers

    def train():
        for _ in backends.run(worker.train, [([model], [model.name]) for model in exp.reference_models()]):
            pass

    return measure.seconds(train)


if __name__ == "__main__":
    way, *workers = sys.argv[1:]
    print(measure.seconds(keras_references) if way == "keras" else our_references(*workers))
