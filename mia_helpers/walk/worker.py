"""What a worker does: train models and return their artifacts. Who only reads records never imports TensorFlow."""

import platform
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from mia_helpers.attacks.records import TARGET, Records, log_odds_of_logits
from mia_helpers.data import moves, registry
from mia_helpers.engine import environment
from mia_helpers.engine.errors import MIAError

# Keras's session is global, so in a worker with several threads (Dask's may have them) models take turns.
ONE_AT_A_TIME = threading.Lock()
WATCHED = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, eq=False)
class Trained:
    """A model on its way to the store: arrays, `.keras` file, its share of the seconds, and the worker's machine.

    `failed` says why there is no model: its training diverged.
    """

    arrays: dict[str, np.ndarray]
    keras_file: bytes
    seconds: float
    made_by: dict
    failed: str = ""


def train(models: list, names: list[str]) -> list[Trained]:
    """Train these models: one, or (where they stack) several alike as one program.

    `names` are the artifacts that they will be. They stand for the data and the code too, so a worker which has
    others raises an MIAError instead of training something else under that name.
    """
    for model, name in zip(models, names, strict=True):
        _check_same(model, name)
    with ONE_AT_A_TIME:
        began = time.monotonic()
        _keras().utils.clear_session()
        jobs = [_prepare(model) for model in models]
        _fit(jobs)
        done = [_result(job) for job in jobs]
        share = (time.monotonic() - began) / len(models)
    return [Trained(arrays, content, share, environment.here(), failed) for arrays, content, failed in done]


def _check_same(model, name: str) -> None:
    registry.load(model.dataset)  # or the name would be that of the data which the shipped records were made from
    if model.name != name:
        raise MIAError(
            f"worker {platform.node()} would train {model.name}, not {name}: it has another version of this "
            f"package or other data ({model.data.source}, in {registry.data_dir()}). Give it the same."
        )


def _keras():
    from mia_helpers.learning.keras_on_tensorflow import keras

    return keras()


def _prepare(model) -> SimpleNamespace:
    """Return the network with its initial weights, and its records, scaled."""
    train, test = model.rows()
    shift, factor = model.scale(train)
    x_train, x_test = ((model.data.x[rows] - shift) * factor for rows in (train, test))
    weights_seed, order_seed = np.random.SeedSequence([model.seed, model.split.model_id + 1]).generate_state(2)
    return SimpleNamespace(
        model=model,
        network=model.untrained(int(weights_seed)),
        seed=int(order_seed),
        train=train,
        test=test,
        shift=shift,
        factor=factor,
        x_train=x_train,
        x_test=x_test,
        watched={},
    )


def _fit(jobs: list[SimpleNamespace]) -> None:
    """Train the networks of all jobs and give each job its learning curves."""
    from mia_helpers.learning import stacking, training

    model = jobs[0].model
    recipe, y = model.recipe.fit_options() | {"nominal": model.split.train_size}, model.data.y
    # Only the target's test curve is drawn.
    tests = [(job.x_test, y[job.test]) if job.model.split.model_id == TARGET else None for job in jobs]
    watch = _watching(jobs) if model.split.population else None
    held_out = [_held_out(job) for job in jobs] if model.recipe.holds_out else None
    if model.stacks:
        networks, seeds = [job.network for job in jobs], [job.seed for job in jobs]
        x, labels = [job.x_train for job in jobs], [y[job.train] for job in jobs]
        if not model.split.n_canaries:  # or else their numbers differ
            x, labels = np.stack(x), np.stack(labels)
        held_out = held_out and tuple(np.stack(parts) for parts in zip(*held_out, strict=True))
        recipe |= {"tests": tests, "held_out": held_out, "watch": watch}
        curves = stacking.fit_stacked(networks, x, labels, seeds=seeds, **recipe)
    else:
        each = zip(jobs, tests, held_out or [None] * len(jobs), strict=True)
        curves = [
            training.fit(
                job.network, job.x_train, y[job.train], seed=job.seed, test=test, held_out=held, watch=watch, **recipe
            )
            for job, test, held in each
        ]
    for job, learned in zip(jobs, curves, strict=True):
        job.curves = learned


def _held_out(job: SimpleNamespace) -> tuple[np.ndarray, np.ndarray]:
    """Return the records, scaled, and classes by which a defence may choose the epoch."""
    rows = job.model.held_out()
    return (job.model.data.x[rows] - job.shift) * job.factor, job.model.data.y[rows]


def _watching(jobs: list[SimpleNamespace]):
    """Return what is called after each epoch of reference models: at the watched ones it keeps what they tell."""
    from mia_helpers.learning.training import logits

    data, shown = jobs[0].model.data, watched_epochs(jobs[0].model.recipe.epochs, jobs[0].model.recipe.defence)
    population = jobs[0].model.population()  # the same for all
    asked = [np.concatenate([job.train, job.test, population]) for job in jobs]

    def watch(epoch: int) -> None:
        for job, rows in zip(jobs, asked, strict=True) if epoch in shown else ():
            parts = (job.x_train, job.x_test, (data.x[population] - job.shift) * job.factor)
            job.watched[epoch] = _told(np.concatenate([logits(job.network, x) for x in parts]), data.y[rows])

    return watch


def watched_epochs(epochs: int, defence: str | None = None) -> tuple[int, ...]:
    """Return after which epochs of so many the confidences of a reference model are kept; the last is one.

    With a defence it is the only one: such models are asked when they are done.
    """
    return (epochs,) if defence else (*(epoch for epoch in WATCHED if epoch < epochs), epochs)


def _told(logits: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence in the true class, float32 (n,), and whether that class is predicted, bool (n,)."""
    confidence = log_odds_of_logits(logits, label).astype(np.float32)
    return confidence, confidence > 0 if logits.shape[1] == 1 else logits.argmax(axis=1) == label


def _result(job: SimpleNamespace) -> tuple[dict, bytes, str]:
    """Return the arrays and the `.keras` file of a trained model, or why there are none."""
    from mia_helpers.learning.keras_on_tensorflow import to_bytes
    from mia_helpers.learning.training import check_converged

    try:
        check_converged(job.curves)
        return _arrays(job), to_bytes(job.network), ""
    except MIAError as error:
        return {}, b"", f"{job.model.name}: {error}"


def _arrays(job: SimpleNamespace) -> dict[str, np.ndarray]:
    from mia_helpers.learning.training import predict

    index = np.concatenate([job.train, job.test])
    records = Records(
        probs=np.concatenate([predict(job.network, job.x_train), predict(job.network, job.x_test)]),
        label=job.model.data.y[index],
        member=np.arange(len(index)) < len(job.train),
        model_id=np.full(len(index), job.model.split.model_id),
        index=index,
    )
    arrays = {**records.arrays(), "shift": job.shift, "factor": job.factor}
    arrays["n_parameters"] = np.int64(job.network.count_params())
    if job.watched:
        arrays |= _watched_arrays(job, records.label)
    return arrays | {f"curve_{name}": values for name, values in job.curves.items()}


def _watched_arrays(job: SimpleNamespace, label: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is kept of a reference model beside its answers.

    After each of the `epochs`: `confidence`, float32 (epochs, 2·ds), the log-odds of the true class; `right`, bool of
    that shape, whether it is predicted; and `population`, float32 (epochs, z). Of a trained model's images also
    `moved` and `moved_right` (moves, 2·ds), the same two for the queries of `data.moves`.
    """
    from mia_helpers.learning.training import logits

    confidence, right = (np.stack(parts) for parts in zip(*job.watched.values(), strict=True))
    arrays, n = {"epochs": np.array(list(job.watched))}, len(label)
    arrays |= {"confidence": confidence[:, :n], "right": right[:, :n], "population": confidence[:, n:]}
    if job.model.stacks:
        return arrays
    both = zip(moves.moved(job.x_train), moves.moved(job.x_test), strict=True)
    told = [_told(np.concatenate([logits(job.network, x) for x in pair]), label) for pair in both]
    return arrays | {
        name: np.stack(part) for name, part in zip(("moved", "moved_right"), zip(*told, strict=True), strict=True)
    }


def answers(model, name: str, content: bytes, shift, factor, rows: np.ndarray) -> np.ndarray:
    """Return what the trained model `name` answers to these rows of its data set, float32 (n, k).

    `content` are the bytes of its `.keras` file; shift and factor scale the rows. It raises what `train` does.
    """
    from mia_helpers.learning.training import predict

    return _asked(predict, model, name, content, shift, factor, rows)


def confidences(model, name: str, content: bytes, shift, factor, rows: np.ndarray) -> np.ndarray:
    """Return the trained model's log-odds of the true class of these rows, float32 (n,); all else as `answers`."""
    from mia_helpers.learning.training import logits

    return _told(_asked(logits, model, name, content, shift, factor, rows), model.data.y[rows])[0]


def _asked(ask, model, name: str, content: bytes, shift, factor, rows: np.ndarray) -> np.ndarray:
    from mia_helpers.learning.keras_on_tensorflow import from_bytes

    _check_same(model, name)
    with ONE_AT_A_TIME:
        return ask(from_bytes(content, model.name), (model.data.x[rows] - shift) * factor)


def fit_attack_network(probs, member, seed: int, recipe: dict) -> tuple[list[np.ndarray], float]:
    """Return the weights of the paper's attack network, trained on these answers, and its last loss.

    probs float32 (n, 1) and member bool (n,); the weights are float32 (1, 5), (5,), (5, 1) and (1,). `recipe` is that
    of `training.fit`.
    """
    from mia_helpers.learning import networks, training

    with ONE_AT_A_TIME:
        network = networks.attack_network(n_inputs=probs.shape[1], seed=seed)
        curves = training.fit(network, probs, member, seed=seed, **recipe)
    training.check_converged(curves)
    return network.get_weights(), float(curves["loss"][-1])
