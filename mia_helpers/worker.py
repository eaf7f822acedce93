"""What a worker does: train models and return their artifacts. Who only reads records never imports TensorFlow."""

import platform
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from mia_helpers import data, store
from mia_helpers.errors import MIAError
from mia_helpers.records import TARGET, Records

# Keras's session is global, so in a worker with several threads (Dask's may have them) models take turns.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, eq=False)
class Trained:
    """A model on its way to the store: arrays, `.keras` file, its share of the seconds, and the worker's machine."""

    arrays: dict[str, np.ndarray]
    keras_file: bytes
    seconds: float
    environment: dict


def train(models: list[tuple], names: list[str]) -> list[Trained]:
    """Train these (experiment, model_id): one, or (where `exp.stacks`) several alike as one program.

    `names` are the artifacts that they will be. They stand for the data and the code too, so a worker which has
    others raises an MIAError instead of training something else under that name.
    """
    for (exp, model_id), name in zip(models, names, strict=True):
        data.load(exp.dataset)  # or the name would be that of the data which the shipped records were made from
        if exp.artifact(model_id) != name:
            raise MIAError(
                f"worker {platform.node()} would train {exp.artifact(model_id)}, not {name}: it has another version of "
                f"this package or other data ({exp.data.source}, in {data.data_dir()}). Give it the same."
            )
    with ONE_AT_A_TIME:
        began = time.monotonic()
        _keras().utils.clear_session()
        jobs = [_prepare(exp, model_id) for exp, model_id in models]
        _fit(jobs)
        done = [(_arrays(job), _keras_file(job.network)) for job in jobs]
        share = (time.monotonic() - began) / len(models)
    return [Trained(*made, share, store.environment_here()) for made in done]


def _keras():
    from mia_helpers.models import keras

    return keras()


def _prepare(exp, model_id: int) -> SimpleNamespace:
    """Return the network with its initial weights, and its records, scaled."""
    train, test = exp.split(model_id)
    shift, factor = exp.scale(train)
    x_train, x_test = ((exp.data.x[rows] - shift) * factor for rows in (train, test))
    weights_seed, order_seed = np.random.SeedSequence([exp.seed, model_id + 1]).generate_state(2)
    return SimpleNamespace(
        exp=exp,
        model_id=model_id,
        network=exp.new_network(int(weights_seed)),
        seed=int(order_seed),
        train=train,
        test=test,
        shift=shift,
        factor=factor,
        x_train=x_train,
        x_test=x_test,
    )


def _fit(jobs: list[SimpleNamespace]) -> None:
    """Train the networks of all jobs and give each job its learning curves."""
    from mia_helpers import training

    exp = jobs[0].exp
    recipe = {name: getattr(exp, name) for name in ("epochs", "batch_size", "optimizer", "learning_rate", "decay")}
    y = exp.data.y
    # Only the target's test curve is drawn.
    tests = [(job.x_test, y[job.test]) if job.model_id == TARGET else None for job in jobs]
    if exp.stacks:
        networks, seeds = [job.network for job in jobs], [job.seed for job in jobs]
        x, labels = (np.stack(parts) for parts in zip(*((job.x_train, y[job.train]) for job in jobs), strict=True))
        curves = training.fit_stacked(networks, x, labels, seeds=seeds, tests=tests, **recipe)
    else:
        curves = [
            training.fit(job.network, job.x_train, y[job.train], seed=job.seed, test=test, **recipe)
            for job, test in zip(jobs, tests, strict=True)
        ]
    for job, learned in zip(jobs, curves, strict=True):
        job.curves = learned


def _arrays(job: SimpleNamespace) -> dict[str, np.ndarray]:
    from mia_helpers.training import predict

    index = np.concatenate([job.train, job.test])
    records = Records(
        probs=np.concatenate([predict(job.network, job.x_train), predict(job.network, job.x_test)]),
        label=job.exp.data.y[index],
        member=np.arange(len(index)) < len(job.train),
        model_id=np.full(len(index), job.model_id),
        index=index,
    )
    arrays = {**records.arrays(), "shift": job.shift, "factor": job.factor}
    arrays["n_parameters"] = np.int64(job.network.count_params())
    return arrays | {f"curve_{name}": values for name, values in job.curves.items()}


def _keras_file(network) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        network.save(path)
        return path.read_bytes()


def fit_attack_network(probs, member, seed: int, recipe: dict) -> tuple[list[np.ndarray], float]:
    """Return the weights of the paper's attack network, trained on these answers, and its last loss.

    probs float32 (n, 1) and member bool (n,); the weights are float32 (1, 5), (5,), (5, 1) and (1,). `recipe` is that
    of `training.fit`.
    """
    from mia_helpers import models, training

    with ONE_AT_A_TIME:
        network = models.attack_network(n_inputs=probs.shape[1], seed=seed)
        curves = training.fit(network, probs, member, seed=seed, **recipe)
    return network.get_weights(), float(curves["loss"][-1])
