"""What a reproduction costs as it grows: training and attack against ds and against the number of shadows."""

import matplotlib
import pandas as pd

from benchmarks import measure, svm
from mia_helpers import Experiment, plots
from mia_helpers.data import registry
from mia_helpers.engine import backends, files
from mia_helpers.walk import worker

SIZES, SHADOWS, EPOCHS = (500, 1000, 2500, 5000, 10000, 15000), (2, 4, 6, 10), 5


def rows(_repeats: int) -> list[dict]:
    """Write `cost.csv` and its figure; return no row, for there is no baseline."""
    matplotlib.use("Agg")
    table = pd.DataFrame([*_training(), *_attack()])
    files.write_text(measure.FOLDER / "cost.csv", table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))
    plots.style()
    plots.save(plots.plot_cost(table), files.CHECKOUT / "figures" / "benchmarks", "cost")
    return []


def _training():
    """Train five epochs on all cores: two shadows of each size, and more and more shadows of ds 2500."""
    exp = Experiment(dataset="synthetic_images", epochs=EPOCHS)
    _train(exp.replace(train_size=100, n_shadows=2))  # start the workers
    for against, ds, n in [*(("ds", ds, 2) for ds in SIZES), *(("n_shadows", 2500, n) for n in SHADOWS)]:
        seconds = measure.seconds(lambda ds=ds, n=n: _train(exp.replace(train_size=ds, n_shadows=n)))
        yield dict(what=f"training, {EPOCHS} epochs", against=against, ds=ds, n_shadows=n, seconds=seconds)


def _train(exp: Experiment) -> None:
    list(backends.run(worker.train, [([model], [model.name]) for model in exp.shadow_models()]))


def _attack():
    """Search and fit the SVMs: on two shadows of each size (above 5000 only stored ones), then on more of ds 2500."""
    plain = Experiment(dataset="cifar10" if registry.is_here("cifar10") else "synthetic_images", n_shadows=2)
    affordable = [ds for ds in SIZES if ds <= 5000 or svm.stored(plain.replace(train_size=ds))]
    for against, ds, n in [*(("ds", ds, 2) for ds in affordable), *(("n_shadows", 2500, n) for n in SHADOWS)]:
        shadows = plain.replace(train_size=ds, n_shadows=n).shadows()
        seconds = measure.seconds(lambda shadows=shadows: svm.search(shadows))
        yield dict(what="SVM attack", against=against, ds=ds, n_shadows=n, seconds=seconds)
