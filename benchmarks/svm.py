"""The per-class grid search: on merged points, classes side by side, against plain `GridSearchCV(SVC)`."""

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from benchmarks import measure
from mia_helpers import Experiment
from mia_helpers.attacks import PerClassSVM
from mia_helpers.data import registry
from mia_helpers.engine import backends

GRID = {"C": [0.1, 1.0, 10.0], "gamma": [0.001, 0.01, 0.1]}


def rows(repeats: int) -> list[dict]:
    """Return `svm_search` and `svm_search_one_core` (ds 2500), and `svm_paper_size` (ds 15000) where that is stored."""
    exp = Experiment(dataset="cifar10" if registry.is_here("cifar10") else "synthetic_images", train_size=2500)
    shadows, target = exp.shadows(), exp.target()
    fitted = {}

    def plain():
        return measure.seconds(lambda: fitted.update(plain=_plain(shadows)))

    def ours():
        return measure.seconds(lambda: fitted.update(ours=search(shadows)))

    pairs = measure.in_turn(plain, ours, repeats=repeats)
    _same(fitted["plain"], fitted["ours"], target)
    alone = [measure.seconds(lambda: search(shadows, n_jobs=1)) for _ in range(repeats)]
    found = [measure.row("svm_search", *pairs, "s"), measure.row("svm_search_one_core", pairs[0], alone, "s")]
    if stored(paper_size()):
        shadows = paper_size().shadows()
        found.append(measure.row("svm_paper_size", [], [measure.seconds(lambda: search(shadows))], "s"))
    return found


def paper_size() -> Experiment:
    """Return the paper's largest experiment. No benchmark trains its shadows: they take 40 minutes on two cores."""
    return Experiment(dataset="cifar10", train_size=15000)


def stored(exp: Experiment) -> bool:
    """Tell whether all shadows of an experiment are in the store."""
    return registry.is_here(exp.dataset) and all(shadow.is_there() for shadow in exp.shadow_models())


def _plain(shadows) -> dict:
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    parts = {k: shadows[shadows.label == k] for k in np.unique(shadows.label)}
    return {k: GridSearchCV(SVC(), GRID, cv=folds).fit(part.probs, part.member) for k, part in parts.items()}


def search(shadows, n_jobs: int | None = None) -> PerClassSVM:
    """Return this project's attack, fitted: `n_jobs` classes side by side (default: one per core)."""
    return PerClassSVM(n_jobs=n_jobs or backends.default_jobs()).fit(shadows)


def _same(plain: dict, ours: PerClassSVM, target) -> None:
    """Stop the benchmark if the choices differ, or the attack accuracy by more than 0.003."""
    for row in ours.details_["per_class"]:
        best = plain[row["class"]].best_params_
        assert {name: row[name] for name in GRID} == best, f"class {row['class']}: {row} instead of {best}"
    theirs = np.array([plain[k].predict(p[None])[0] for k, p in zip(target.label, target.probs, strict=True)])
    accuracies = [(said == target.member).mean() for said in (theirs, ours.decide(ours.score(target)))]
    print(f"svm_search: accuracy on the target {accuracies[0]:.4f} plain, {accuracies[1]:.4f} ours")
    assert abs(accuracies[0] - accuracies[1]) <= 0.003, accuracies
