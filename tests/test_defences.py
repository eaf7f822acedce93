"""Defences in training: what each changes, by hand; and that a stack trains the same models with it."""

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.data import registry, splits
from mia_helpers.data.canaries import mislabelled
from mia_helpers.learning import census_network, defences, image_network, stacking, training
from mia_helpers.learning.defences.early_stopping import Stopping
from mia_helpers.learning.orders import drawing

RECIPE = {"epochs": 4, "batch_size": 32, "learning_rate": 1e-2, "decay": 0.0}
HEURISTICS = ("dropout=0.5", "early_stopping=1", "label_smoothing=0.1", "augmentation=0.1")
RNG = np.random.default_rng


class Weight:
    """What a tf.Variable is to `Stopping`."""

    def __init__(self, value):
        self.value = np.array(value, float)

    def numpy(self):
        return self.value.copy()

    def assign(self, value):
        self.value = np.array(value)


# --- Each alone ---------------------------------------------------------------------------------------------------


def test_early_stopping_keeps_each_models_best_epoch():
    losses = iter([[3.0, 1.0], [2.0, 2.0], [2.5, 0.5], [1.0, 3.0], [9.0, 9.0]])
    weight = Weight([[0.0], [0.0]])
    stopping, ended = Stopping([weight], lambda: np.array(next(losses)), patience=2), []
    for epoch in range(4):
        weight.assign([[epoch], [epoch]])
        ended.append(stopping.ends_after(epoch))
    # The first is best in epoch 3; the second ended after 2, two epochs after its 0, and what it reached then counts.
    curves = {"loss": np.arange(10.0).reshape(5, 2)}
    stopping.restore(curves)
    assert ended == [False, False, False, False]
    assert weight.value.tolist() == [[3.0], [2.0]]
    assert curves["loss"][:, 0].tolist() == [0, 2, 4, 6, 6]
    assert curves["loss"][:, 1].tolist() == [1, 3, 5, 5, 5]


def test_early_stopping_keeps_nothing_of_a_model_that_never_had_a_loss():
    weight = Weight([1.0])
    stopping, curves = Stopping([weight], lambda: np.array(np.nan), patience=3), {"loss": np.array([1.0, np.nan])}
    assert not stopping.ends_after(0)
    stopping.restore(curves)
    assert np.isnan(curves["loss"]).all()  # told as a model that diverged
    Stopping([weight], None, patience=3).restore(curves)


def test_a_model_that_has_ended_is_not_taken_up_again():
    losses = iter([[1.0, 4.0], [2.0, 3.0], [0.5, 2.0], [0.4, 1.0]])
    weight = Weight([[0.0], [0.0]])
    stopping = Stopping([weight], lambda: np.array(next(losses)), patience=1)
    for epoch in range(4):
        weight.assign([[epoch], [epoch]])
        stopping.ends_after(epoch)
    stopping.restore({})
    assert weight.value.tolist() == [[0.0], [3.0]]


@pytest.mark.slow
def test_dropout_drops_at_its_rate_and_keeps_the_mean():
    network, dropout = image_network(seed=1), defences.named("dropout=0.25")
    drawn = dropout.draw(RNG(0), 50, network)
    assert {name: mask.shape for name, mask in drawn.items()} == {"dense": (50, 1152), "probabilities": (50, 128)}
    assert abs(drawn["dense"].mean() - 0.75) < 4 * (0.25 * 0.75 / drawn["dense"].size) ** 0.5
    x = np.ones((50, 128), np.float32)
    seen = dropout.hidden(drawn, x, network.layers[-1]).numpy()
    assert np.unique(seen).tolist() == pytest.approx([0, 4 / 3])
    assert np.array_equal(seen > 0, drawn["probabilities"])


@pytest.mark.slow
def test_augmentation_moves_images_as_it_says():
    x = RNG(0).random((4, 8, 8, 3)).astype(np.float32)
    drawn = {"shift": np.array([[0, 0], [2, 0], [0, -1], [1, 3]], np.int32), "mirrored": np.array([0, 0, 0, 1], bool)}
    seen = defences.named("augmentation=0.5").inputs(x, drawn).numpy()
    rows, columns = np.arange(8), np.arange(8)
    np.testing.assert_array_equal(seen[0], x[0])
    np.testing.assert_array_equal(seen[1], x[1][np.clip(rows + 2, 0, 7)])
    np.testing.assert_array_equal(seen[2], x[2][:, np.clip(columns - 1, 0, 7)])
    np.testing.assert_array_equal(seen[3], x[3][np.clip(rows + 1, 0, 7)][:, np.clip(columns + 3, 0, 7)[::-1]])


@pytest.mark.slow
def test_augmentation_draws_shifts_up_to_its_share_and_mirrors_half():
    drawn = defences.named("augmentation=0.125").draw(RNG(0), 4000, image_network(seed=1))
    assert np.unique(drawn["shift"]).tolist() == list(range(-4, 5))
    assert abs(drawn["mirrored"].mean() - 0.5) < 4 * 0.5 / 4000**0.5


@pytest.mark.slow
def test_augmentation_of_a_table_takes_columns_of_other_records():
    augmentation, x = defences.named("augmentation=0.3"), RNG(0).random((6, 105)).astype(np.float32)
    drawn = augmentation.draw(RNG(1), 6, census_network(seed=1))
    seen = augmentation.inputs(x, drawn).numpy()
    for i in range(6):
        other = drawn["other"][i] % 6
        np.testing.assert_array_equal(seen[i], np.where(drawn["swapped"][i], x[other], x[i]))
    assert abs(drawn["swapped"].mean() - 0.3) < 4 * (0.21 / drawn["swapped"].size) ** 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dropout=1", "dropout by 1: expected a rate from 0 to less than 1"),
        ("dropout=-0.1", "dropout by -0.1: expected a rate"),
        ("early_stopping=0", "early stopping by 0: expected a whole number of epochs, at least 1"),
        ("early_stopping=1.5", "early stopping by 1.5: expected a whole number"),
        ("augmentation=0.6", "augmentation by 0.6: expected a share above 0, up to 0.5"),
        ("dropout=0.5,rate=2", "unknown option of dropout 'rate'"),
        ("dropout=half", "expected name=strength, such as 'dropout=0.1'"),
    ],
)
def test_a_strength_that_makes_no_sense_is_told(text, said):
    with pytest.raises(MIAError, match=said):
        Experiment(defence=text)


# --- In training --------------------------------------------------------------------------------------------------


def census(seed, n=200):
    rng = RNG(seed)
    return rng.random((n, 105), dtype=np.float32), rng.integers(0, 2, n)


@pytest.mark.slow
@pytest.mark.parametrize("defence", HEURISTICS)
def test_a_stack_trains_the_same_models(defence):
    parts, held = [census(i) for i in range(3)], census(9, 50)
    alone, stacked, seeds = (
        [census_network(seed=i) for i in range(3)],
        [census_network(seed=i) for i in range(3)],
        [7, 8, 9],
    )
    held_out = tuple(np.stack([part] * 3) for part in held)
    x, y = (np.stack(both) for both in zip(*parts, strict=True))
    recipe = {**RECIPE, "defence": defence}
    curves = stacking.fit_stacked(stacked, x, y, seeds=seeds, tests=[None] * 3, held_out=held_out, **recipe)
    for i, network in enumerate(alone):
        learned = training.fit(network, *parts[i], seed=seeds[i], held_out=held, **recipe)
        for mine, theirs in zip(network.get_weights(), stacked[i].get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
        np.testing.assert_allclose(curves[i]["loss"], learned["loss"], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("defence", [None, "dropout=0.5", "augmentation=0.3", "dp_sgd,noise=0.5"])
def test_models_of_unlike_numbers_of_records_do_not_depend_on_each_other(defence):
    sizes, recipe = [200, 193, 171, 225], {**RECIPE, "defence": defence, "nominal": 192}

    def trained(chosen):
        x, y = zip(*(census(i, sizes[i]) for i in chosen), strict=True)
        networks = [census_network(seed=i) for i in chosen]
        curves = stacking.fit_stacked(
            networks, list(x), list(y), seeds=[7 + i for i in chosen], tests=[None] * len(chosen), **recipe
        )
        weights = [b"".join(w.tobytes() for w in network.get_weights()) for network in networks]
        return {i: (w, curve["loss"].tobytes()) for i, w, curve in zip(chosen, weights, curves, strict=True)}

    assert trained([0, 1, 2, 3]) == trained([2, 1]) | trained([3]) | trained([0])


@pytest.mark.slow
def test_places_that_fill_up_teach_nothing():
    (x, y), recipe = census(0, 192), {**RECIPE, "nominal": 192}  # six batches of 32, shared out as they are
    y[0] = np.bincount(y).argmax()  # those that fill up show record 0: the model would be right about it
    alone, stacked = census_network(seed=0), [census_network(seed=0)]
    learned = training.fit(alone, x, y, seed=7, **RECIPE)
    [curves] = stacking.fit_stacked(stacked, [x], [y], seeds=[7], tests=[None], **recipe)
    for mine, theirs in zip(alone.get_weights(), stacked[0].get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(curves[name], learned[name], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("defence", HEURISTICS)
def test_an_image_network_trains_with_it_and_twice_to_the_same_bytes(defence):
    rng = RNG(0)
    x, y = rng.random((64, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, 64)
    found = []
    for chosen in (None, defence, defence):
        network = image_network(seed=1)
        training.fit(network, x, y, seed=2, held_out=(x[:20], y[:20]), **RECIPE, defence=chosen)
        found.append(b"".join(weight.tobytes() for weight in network.get_weights()))
    assert found[1] == found[2]
    if defence != "early_stopping=1":  # with a falling loss it changes nothing
        assert found[0] != found[1]


# --- Held-out records and canaries --------------------------------------------------------------------------------


def test_held_out_records_are_nobodys():
    exp = Experiment(dataset="synthetic_images", train_size=100, n_references=4, n_shadows=3, l2_sweep=())
    population = exp.reference_models()[0].population()
    for model in (exp.model(), *exp.shadow_models(), *exp.reference_models()):
        held = model.held_out()
        assert len(held) == 20
        assert not np.isin(held, np.concatenate([*model.rows(), *exp.split(), population])).any()


def test_too_few_held_out_records_are_told():
    with pytest.raises(
        MIAError, match=r"train_size=15000 leaves \d+ held-out records that are nobody's, expected 1000"
    ):
        Experiment(dataset="synthetic_images", train_size=15000).model(0).held_out()


def test_more_records_than_places_are_told():
    y = np.zeros((8, 81), int)
    with pytest.raises(MIAError, match="81 records in 2 batches are 41 each, and a batch has 40 places"):
        drawing(defences.NONE, list(range(8)), y, None, (2, 40))


def test_each_canary_is_in_by_a_coin_of_its_own():
    sizes = {"train_size": 500, "seed": 3, "n_canaries": 200}
    chosen = splits.canaries(4000, 200, train_size=500, seed=3)
    pool = np.sort(np.concatenate(splits.target_split(4000, train_size=500, seed=3)))
    inside = []
    for number in range(0, 200, 2):
        first, second = (splits.reference_split(4000, number + i, **sizes) for i in (0, 1))
        assert np.array_equal(np.sort(np.concatenate(first)), pool)
        assert np.array_equal(first[0], second[1])
        assert np.array_equal(first[1], second[0])
        is_canary = np.isin(first[0], chosen)
        assert np.count_nonzero(~is_canary) == 400
        inside.append(np.isin(chosen, first[0]))
    inside = np.array(inside)
    counts = inside.sum(axis=1)  # binomial(200, 1/2): no exact half
    assert abs(counts.mean() - 100) < 4 * (50 / len(counts)) ** 0.5
    assert 35 < counts.var() < 70
    assert abs(np.corrcoef(inside[:, 0], inside[:, 1])[0, 1]) < 0.4


def test_a_canary_has_a_wrong_class_and_nobody_else():
    data, rows = registry.load("synthetic_images"), np.arange(0, 300, 2)
    changed = mislabelled(data, rows, seed=1)
    assert (changed.y[rows] != data.y[rows]).all()
    assert np.array_equal(np.delete(changed.y, rows), np.delete(data.y, rows))
    assert set(np.unique((changed.y - data.y)[rows] % 10)) == set(range(1, 10))
    assert np.array_equal(mislabelled(data, rows, seed=1).y, changed.y)


@pytest.mark.parametrize(
    ("n", "said"), [(23, "an even number"), (2, "from 20"), (300, "more than half of the records")]
)
def test_canaries_that_make_no_sense_are_told(n, said):
    with pytest.raises(MIAError, match=f"n_canaries={n}: .*{said}"):
        Experiment(dataset="synthetic_images", train_size=100, n_canaries=n)
