"""An audit of a model itself: ask it, train references if that is wanted, and audit the answers."""

import numbers
from dataclasses import replace

from mia_helpers.attacks.references.privacy import DELTA
from mia_helpers.auditing import faults, inputs, models, raw, recipes, training
from mia_helpers.auditing.answers import AuditAnswers
from mia_helpers.auditing.from_scores import audit_scores
from mia_helpers.auditing.report import AuditReport
from mia_helpers.engine.checks import number
from mia_helpers.engine.errors import MIAError

N_REFERENCES = 16


def audit(
    model,
    members,
    non_members,
    *,
    train=None,
    n_references: int | None = None,
    fit: dict | None = None,
    ids=None,
    groups=None,
    seed: int = 0,
    delta: float = DELTA,
    name: str | None = None,
) -> AuditReport:
    """Audit a model: can it be told from its answers who was in its training data?

    Longer than a screen: it lists every option.

    Parameters
    ----------
    model : Keras model, fitted scikit-learn classifier, or function
        A function takes x and returns probabilities or logits, (n, k), or (n,) or (n, 1) of a single output. Of a
        classifier `predict_proba` is asked, or else `decision_function`, which is taken for logits.
    members, non_members : tuple (x, y)
        What it was trained on, and other records from the same source, drawn at random; at least 20 of each. x is what
        the model takes: an array (n, ...), a DataFrame or a sparse matrix. y has a class for each record: as `classes_`
        of the model names it, or the column of the answer, from 0.
    train : function (x, y) -> model, optional
        Trains a model like this one; it also gets `seed` if it has such a parameter. Left out, a scikit-learn estimator
        is cloned, and a Keras model rebuilt with fresh weights, its own optimizer and its own loss.
    n_references : int, optional
        Even; reference models, trained on halves of both sets together: 16 where `train` is given, else none.
    fit : dict, optional
        Of a Keras model that is rebuilt: options of its `fit`, such as {"epochs": 10, "batch_size": 32}.
    ids, groups : tuple of two, optional
        Of the members and of the non-members: names of records, each once, and slices to compare.
    seed : int
        Of halves, pairs and references. The same seed gives the same report where training does.
    delta : float
        Of differential privacy, 0 to 1.
    name : str, optional
        Of the model, for the report. With it references are also kept where `train` is given: another `train` takes
        another name.

    Returns
    -------
    AuditReport

    Raises
    ------
    MIAError
        If records, model or options make no sense, or training fails: one sentence.
    """
    faults.check_options(seed, delta)  # before hours of training
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise MIAError(f"name={name!r}: expected a text that names the model")
    n_references = _n_references(n_references, train, fit)
    pool = inputs.pool(members, non_members, ids, groups)
    recipe = recipes.recipe_of(model, train, fit) if n_references else None
    asked = models.ask(model, pool)
    answers = {"member": pool.member, "label": asked.label, "outputs": asked.outputs, "id": pool.id}
    answers["group"] = pool.group
    AuditAnswers(**answers)  # what is wrong with ids and groups is told before anything is trained
    shift, said = raw.shift(pool, int(seed)), [*asked.warnings]
    made = None
    if recipe:
        made = training.references(recipe, pool, asked, n_references, seed=int(seed), name=name)
        answers |= {"phi": made.phi, "known": made.known}
    report = audit_scores(AuditAnswers(**answers), seed=seed, delta=delta)
    said = [*([shift.said] if shift.is_sure else []), *filter(None, [raw.duplicates(pool)]), *said]
    notes = [*asked.notes, *(made.notes if made else ()), *([] if shift.is_sure else [shift.unsure])]
    about = report.about | {"source": name, "shift": shift.is_sure, "notes": notes}
    return replace(report, about=about, warnings=[*said, *report.warnings])


def _n_references(given: int | None, train, fit) -> int:
    if given is None:
        return N_REFERENCES if train is not None or fit is not None else 0
    number("n_references", given, numbers.Integral, 0, 10_000, "more than a hundred hardly add anything")
    if given % 2 or given == 2:
        raise MIAError(f"n_references={given}: expected an even number of at least 4 (or 0), as they come in pairs")
    if not given and train is not None:
        raise MIAError("train= is given with n_references=0: leave out one of them")
    return int(given)
