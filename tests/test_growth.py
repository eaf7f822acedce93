"""Room for growth: what is new is one file and one line where it is registered, and then it is everywhere."""

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError, plots, report
from mia_helpers.attacks import ATTACKS, Attack
from mia_helpers.batch import cli, steps
from mia_helpers.data import Source, registry
from mia_helpers.engine import store
from mia_helpers.learning import defences
from mia_helpers.learning.defences.base import Defence
from mia_helpers.report import figures
from mia_helpers.walk import road, studies
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.studies.point import points


class Doubt(Attack):
    """Three lines: a name, a threshold, a score."""

    name, threshold_ = "doubt", -0.5
    _fit = staticmethod(lambda shadows: None)
    score = staticmethod(lambda records: records.true_class_probability.astype(float) - 1)


@pytest.fixture
def planted(monkeypatch):
    """An experiment whose models are in the store: members are answered with .9, others with .4."""
    monkeypatch.setattr(registry, "source_of", lambda name: {"sha256": name, "source": name})
    exp = Experiment(dataset="synthetic_images", train_size=50, n_shadows=2, l2_sweep=(), n_resamples=20)
    for model in (exp.model(), *exp.shadow_models()):
        member, label = np.arange(100) < 50, np.arange(100) % 10
        p = np.where(member, 0.9, 0.4).astype(np.float32)
        probs = np.repeat((1 - p)[:, None] / 9, 10, axis=1)
        probs[np.arange(100), label] = p
        arrays = dict(probs=probs, label=label, member=member, index=np.arange(100))
        store.save(model.name, arrays, seconds=1, depends_on=model.depends_on())
    return exp


def test_an_attack_of_three_lines_is_everywhere_once_it_is_registered(planted, monkeypatch, capsys):
    with pytest.raises(MIAError, match="unknown attack 'doubt'"):
        planted.attack("doubt")
    monkeypatch.setitem(ATTACKS, "doubt", Doubt)
    result = planted.attack("doubt")
    assert (result.metrics["accuracy"], result.metrics["auc"]) == (1, 1)
    assert list(result.details) == ["cuts"]
    planted.attack("gap")
    table = report.metrics_table([planted]).set_index("attack")
    assert table["accuracy"].to_dict() == {"doubt": 1.0, "gap": 0.5}
    drawn = figures.plot_accuracy_by_size(report.metrics_table([planted]), report.paper.CIFAR10_ATTACK)
    assert "ours, synthetic_images (doubt)" in [text.get_text() for text in drawn.get_legend().get_texts()]
    assert cli.main(["list"]) == 0
    assert f"attacks    {', '.join(ATTACKS)}\n" in capsys.readouterr().out
    assert list(ATTACKS)[-1] == "doubt"
    assert "doubt" in {point.attacker.attack for point in studies.STUDIES["shadows"](planted)}


def test_an_attack_option_that_does_not_exist_is_told(planted):
    with pytest.raises(MIAError, match="the attack svm has no option 'gama'; it has: C, gamma, resolution, n_jobs"):
        planted.attack("svm", gama=1)


class Harder(Defence):
    """Targets of 1 become 1 + strength: no use, but easy to see."""

    name = "harder"

    def targets(self, targets):
        return targets * (1 + self.strength)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras's, where it runs in this process
@pytest.mark.parametrize("dataset", ["synthetic_images", "synthetic_census"])
def test_a_defence_changes_training_and_the_name_of_what_it_trains(dataset, monkeypatch):
    monkeypatch.setattr("mia_helpers.engine.backends.run", here)  # a worker does not know the test's defence
    exp = Experiment(dataset=dataset, train_size=100, n_shadows=1, epochs=2)
    with pytest.raises(
        MIAError,
        match="unknown defence 'harder'; known: dropout, early_stopping, label_smoothing, augmentation, dp_sgd",
    ):
        exp.replace(defence="harder=1")
    monkeypatch.setitem(defences.DEFENCES, "harder", Harder)
    plain, defended = exp.model(), exp.replace(defence="harder=1").model()
    assert plain.name != defended.name
    losses = [model.history()["loss"].iloc[0] for model in (plain, defended)]
    assert abs(losses[1] - losses[0]) > 0.1
    assert not np.array_equal(plain.records().probs, defended.records().probs)


def here(work, tasks):
    return ((number, work(*task)) for number, task in enumerate(tasks))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_a_data_set_is_a_source(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.random((400, 7), dtype=np.float32), (np.arange(400) % 2).astype(np.uint8)
    coins = Source("coins", size=400, is_images=False, own_classes=("heads", "tails"), read=lambda _: (x, y, "made up"))
    monkeypatch.setattr("mia_helpers.engine.backends.run", here)
    monkeypatch.setitem(registry.SOURCES, "coins", coins)
    exp = Experiment(dataset="coins", train_size=50, n_shadows=2, epochs=2, n_resamples=20)
    assert exp.attack("gap").metrics["tp"] + exp.attack("gap").metrics["fn"] == 50
    assert exp.model().n_parameters() == 7 * 5 + 5 + 6
    with pytest.raises(MIAError, match="a table has two"):
        Source("dice", size=6, is_images=False, own_classes=tuple("123456"), read=None)


def test_a_study_is_a_function_and_a_notebook_a_page(planted, monkeypatch, capsys):
    monkeypatch.setitem(studies.STUDIES, "seeds", lambda exp: [p for s in (0, 1) for p in points(exp, seed=s)])
    monkeypatch.setattr(steps, "ROAD", (*road.ROAD, road.Page("08_more", "more", lambda exp: [exp.model(0)])))
    planned = steps.plan(Profile("demo", "", 1, (planted,), (("seeds", planted),)))
    labels = [step.label.partition("/")[2] for step in planned]
    assert labels[-3:] == ["08_more", "study of seeds", "07_results"]
    assert planned[-3].needs() == [planted.model(0)]
    assert len(planned[-2].works()) == 2 * len(planted.attack_names)
    assert cli.main(["list"]) == 0
    assert f"studies    {', '.join(studies.STUDIES)}\n" in capsys.readouterr().out
    assert list(studies.STUDIES)[-1] == "seeds"


def test_a_page_may_read_models_and_attacks_in_any_order(planted):
    for reads in (lambda e: [e.model(5), e.attacker("gap")], lambda e: [e.attacker("gap"), e.model(5)]):
        page = road.Page("08_more", "more", reads)
        assert {model.split.model_id for model in page.models(planted)} == {-1, 0, 1, 5}
        assert [attacker.attack for attacker in page.works(planted)] == ["gap"]


def test_the_road_map_shows_each_notebook():
    texts = {text.get_text() for text in plots.draw_road_map(1).texts}
    assert {f"{page.stem[:2]}\n{page.place}" for page in road.ROAD} <= texts
