"""Reference models of an audit: trained side by side on halves of both sets together, in complementary pairs.

What each tells is kept (see `engine.store`) where it can be told what it depends on, so a run that was stopped goes on.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cloudpickle
import numpy as np
from threadpoolctl import threadpool_limits

from mia_helpers.auditing import inputs, models, recipes
from mia_helpers.auditing.inputs import Pool
from mia_helpers.auditing.models import Asked
from mia_helpers.engine import backends, environment, quiet, store
from mia_helpers.engine.errors import MIAError, sentence
from mia_helpers.engine.progress import Progress, say

VERSION = 1  # of what a reference is trained on, and of what is kept of it


@dataclass(frozen=True, eq=False)
class References:
    """What reference models tell.

    Parameters
    ----------
    phi : float64 (n, N)
        Their log-odds of the true class.
    known : bool (n, N)
        Which records each was trained on.
    notes : tuple of str
        What the report should say about their training.
    """

    phi: np.ndarray
    known: np.ndarray
    notes: tuple[str, ...]


def halves(label: np.ndarray, n_references: int, seed: int) -> np.ndarray:
    """Return bool (n, n_references): a random half of each class for every even model, the other half for the next.

    Models of a pair depend on the seed and their number alone, so more references keep the first ones.
    """
    known = np.zeros((len(label), n_references), bool)
    for pair in range(n_references // 2):
        rng = np.random.default_rng((seed, 2, pair))
        order = rng.permutation(len(label))
        order = order[np.argsort(label[order], kind="stable")]
        known[order[rng.integers(2) :: 2], 2 * pair] = True
        known[:, 2 * pair + 1] = ~known[:, 2 * pair]
    return known


def references(recipe, pool: Pool, asked: Asked, n_references: int, *, seed: int, name: str | None) -> References:
    """Train the reference models that are not kept yet, each on its half, and return what they tell.

    Raises
    ------
    MIAError
        If training fails, or a model answers otherwise than the audited one; what was kept until then stays.
    """
    known = halves(asked.label, n_references, seed)
    keys, notes = _keys(recipe, pool, asked, n_references, seed, name)
    phi = np.full(known.shape, np.nan)
    for number, key in enumerate(keys):
        if key and (found := store.load(_name(number, key))):
            phi[:, number] = found[0]["phi"]
    missing = [number for number in range(n_references) if np.isnan(phi[0, number])]
    if missing:
        kept = n_references - len(missing)
        say(f"references: {len(missing)} of {n_references} are to be trained" + (f", {kept} were kept" if kept else ""))
        tasks = [(pool.x, pool.y, asked, known[:, number], number, _seed(seed, number)) for number in missing]
        for number, made in _with_progress(recipe, tasks, n_references, notes):
            phi[:, missing[number]] = made[0]
            if keys[missing[number]]:
                _keep(missing[number], keys[missing[number]], *made, notes)
    notes.append(
        f"References: {n_references} models, each trained on a random half ({known[:, 0].sum():,} records) of members "
        f"and non-members together, in pairs that share no record; the audited model had {int(pool.member.sum()):,}."
    )
    return References(phi, known, tuple(notes))


def one(payload, x, y, asked: Asked, known: np.ndarray, number: int, seed: int) -> tuple[np.ndarray, float, dict]:
    """Train reference `number` and return its log-odds, float64 (n,), the seconds, and the machine.

    `payload` is the recipe, or its bytes, as they are sent to another process.
    """
    recipe = payload
    if isinstance(payload, bytes):
        with quiet.stderr():  # that imports Keras
            recipe = cloudpickle.loads(payload)
    began, who = time.monotonic(), f"reference {number}"
    k, half = asked.outputs.shape[1], np.flatnonzero(known)
    model = recipes.train(recipe, inputs.rows(x, half), y[half], asked.label[half], k, seed, who)
    return models.confidence(model, x, asked, who), time.monotonic() - began, environment.here()


def _with_progress(recipe, tasks: list[tuple], total: int, notes: list[str]) -> Iterator[tuple[int, tuple]]:
    payload, alone = recipe, backends.name() == "loky" and (backends.default_jobs() == 1 or len(tasks) == 1)
    if not alone:
        try:
            payload = cloudpickle.dumps(recipe)
        except Exception as error:  # pickling raises whatever the objects inside raise
            alone = True
            notes.append(
                f"train cannot be sent to other processes ({sentence(error)}), so references were trained one after "
                f"another."
            )
            say(notes[-1])
    at_once = 1 if alone or backends.name() != "loky" else min(backends.default_jobs(), len(tasks))
    progress = Progress("references", total, done=total - len(tasks), expected=float(len(tasks)), at_once=at_once)
    with_recipe = [(payload, *task) for task in tasks]
    finished = ((i, _here(*task)) for i, task in enumerate(with_recipe)) if alone else backends.run(one, with_recipe)
    for number, made in finished:
        yield number, made
        progress.step(f"reference {tasks[number][4]}", expected=1.0)


def _here(*task) -> tuple[np.ndarray, float, dict]:
    """Train one in this process, with no more threads than `MIA_JOBS`: more only wait for each other (OpenMP)."""
    with threadpool_limits(backends.default_jobs(), user_api="openmp"):
        return one(*task)


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 4, number]).generate_state(1)[0] >> 1)  # some take no more than 31 bits


def _keys(recipe, pool: Pool, asked: Asked, n: int, seed: int, name: str | None) -> tuple[list, list[str]]:
    """Return all that each reference depends on, None where it cannot be told, and then a note that says so."""
    told = recipe.told()
    if told is None and name is None:
        note = "What training does cannot be told from outside, so references are not kept; give name= to keep them."
        say(note)
        return [None] * n, [note]
    read = hashlib.sha256(repr((asked.kind, asked.step, asked.queries, asked.classes)).encode())
    read.update(asked.label.tobytes())
    recipe_of = hashlib.sha256(f"{name}\n{told}".encode()).hexdigest()
    common = {"audit": VERSION, "data": inputs.fingerprint(pool), "recipe": recipe_of, "read": read.hexdigest()}
    common |= {"scikit-learn": environment.versions("scikit-learn").get("scikit-learn"), "seed": seed}
    return [common | {"number": number} for number in range(n)], []


def _name(number: int, key: dict) -> str:
    return f"audit/reference-{number:03d}-{store.fingerprint(key)}"


def _keep(number: int, key: dict, phi: np.ndarray, seconds: float, made_by: dict, notes: list[str]) -> None:
    try:
        store.save(_name(number, key), {"phi": phi}, seconds=seconds, depends_on=key, made_by=made_by)
    except MIAError as error:  # an audit is worth more than its being kept
        if not any("not kept" in note for note in notes):
            notes.append(f"References are not kept: {error}")
            say(notes[-1])
