"""DP-SGD: what it spends, that no record's gradient counts for more than it may, and that the noise is all there."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from mia_helpers import Experiment, MIAError
from mia_helpers.attacks.intervals import clopper_pearson
from mia_helpers.learning import census_network, defences, image_network, stacking, training
from mia_helpers.learning.private import accounting
from mia_helpers.learning.private import training as private
from mia_helpers.learning.private.accounting import epsilon, epsilon_by_moments, noise_for

RECIPE = {"epochs": 2, "batch_size": 32, "learning_rate": 1e-3, "decay": 1e-7}
PAPERS = [(1.0, 32 / 2500, 7900, 1 / 2500), (2.0, 32 / 10000, 31300, 1e-4), (0.7, 32 / 2500, 790, 1e-5)]
BOTH = pytest.mark.parametrize("network", [image_network, census_network])


def small_set(network, n=70, seed=0):
    rng = np.random.default_rng(seed)
    shape = (n, 32, 32, 3) if network is image_network else (n, 105)
    return rng.random(shape, dtype=np.float32), rng.integers(0, 10 if len(shape) == 4 else 2, n).astype(np.int32)


def weights_of(network):
    return b"".join(weight.tobytes() for weight in network.get_weights())


# --- What it spends -----------------------------------------------------------------------------------------------


def gaussian_delta(noise, eps):
    """Delta of one Gaussian release, exactly (Balle and Wang 2018, theorem 8)."""
    below, above = stats.norm.cdf(0.5 / noise - eps * noise), stats.norm.cdf(-0.5 / noise - eps * noise)
    return below - np.exp(eps) * above


@pytest.mark.parametrize("noise", [0.5, 1.0, 4.0])
def test_epsilon_of_one_release_is_the_gaussian_mechanisms(noise):
    found = epsilon(noise, 1.0, 1, 1e-5)
    assert gaussian_delta(noise, found) <= 1e-5  # an upper bound
    assert gaussian_delta(noise, found - 0.002) > 1e-5  # and no more than that


@pytest.mark.parametrize("case", PAPERS, ids=str)
def test_a_second_computation_says_the_same(case):
    assert 1 <= epsilon_by_moments(*case) / epsilon(*case) < 1.25


def test_an_epsilon_whose_loss_distribution_overflows_is_that_of_a_few_steps_more():
    rate, delta = 256 / 2500, 1e-5
    assert np.isinf(accounting._by_loss_distributions(0.2, rate, 400, delta))  # dp-accounting 0.6.0
    assert epsilon(0.2, rate, 300, delta) < epsilon(0.2, rate, 400, delta) < epsilon(0.2, rate, 410, delta)


def test_moments_by_hand():
    """Of order 2: 1 + q² (e^(1/σ²) - 1); without sampling, α / 2σ²."""
    noise, rate = 1.5, 0.1
    assert accounting._log_moment(noise, rate, 2) == pytest.approx(np.log1p(rate**2 * np.expm1(noise**-2)))
    assert accounting._log_moment(noise, 1.0, 7) == pytest.approx(6 * 7 / (2 * noise**2))


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [0.5, 8])
@pytest.mark.parametrize("run", [case[1:] for case in PAPERS], ids=str)
def test_the_noise_spends_what_it_may_and_no_more(wanted, run):
    noise = noise_for(wanted, *run)
    assert epsilon(noise, *run) <= wanted < epsilon(noise * 0.998, *run)


def test_more_noise_than_makes_sense_is_refused_with_what_can_be_had():
    run = (32 / 2500, 7900, 1 / 2500)
    with pytest.raises(MIAError, match=r"epsilon=0.001 would take noise of more than 1000 .* at least 0\.002"):
        noise_for(0.001, *run)
    assert epsilon(noise_for(0.0025, *run), *run) <= 0.0025


def test_what_a_recipe_spends():
    by_epsilon = defences.named("dp_sgd=8,clip=2").privacy(ds=2500, batch_size=32, epochs=100)
    assert {name: by_epsilon[name] for name in ("delta", "clip", "rate", "steps", "relation")} == {
        **{"delta": 1 / 2500, "clip": 2, "rate": 32 / 2500, "steps": 7900},
        "relation": "add or remove one record",
    }
    assert 7.98 < by_epsilon["epsilon"] <= 8
    by_noise = defences.named("dp_sgd,noise=1").privacy(ds=2500, batch_size=32, epochs=100)
    assert (by_noise["noise"], by_noise["epsilon"]) == (1, epsilon(*PAPERS[0]))
    assert defences.named("dp_sgd,noise=0").privacy(2500, 32, 1)["epsilon"] == np.inf
    whole = defences.named("dp_sgd,noise=4").privacy(ds=20, batch_size=32, epochs=3)
    assert (whole["rate"], whole["steps"]) == (1, 3)


# --- How it is named ----------------------------------------------------------------------------------------------

BAD = [
    ("dp_sgd", "neither of epsilon and noise: expected one, as in 'dp_sgd=8' or 'dp_sgd,noise=1.1'"),
    ("dp_sgd=8,noise=1", "both of epsilon and noise: expected one"),
    ("dp_sgd=8,noise=0", "both of epsilon and noise: .*Without noise no epsilon can be had"),
    ("dp_sgd=0", "epsilon=0: expected a number above 0"),
    ("dp_sgd=-1", "epsilon=-1: expected a number above 0"),
    ("dp_sgd=nan", "epsilon=nan: expected a number above 0"),
    ("dp_sgd=1e9", r"epsilon=1e\+09: expected a number above 0, up to 1000; beyond, it proves nothing"),
    ("dp_sgd=", "expected name=strength"),
    ("dp_sgd=eight", "expected name=strength"),
    ("dp_sgd=8,clip=0", "clip=0: expected a number above 0"),
    ("dp_sgd=8,clip=inf", "clip=inf: expected a number above 0"),
    ("dp_sgd=8,delta=0", "delta=0: expected a number between 0 and 1"),
    ("dp_sgd=8,delta=1", "delta=1: expected a number between 0 and 1"),
    ("dp_sgd,noise=-1", "noise=-1: expected a number from 0 to 1000"),
    ("dp_sgd,noise=nan", "noise=nan: expected a number from 0 to 1000"),
    ("dp_sgd=8,clib=1", "unknown option of dp_sgd 'clib'; known: clip, delta, noise. Did you mean 'clip'"),
    ("label_smoothing,noise=1", "expected name=strength, such as 'label_smoothing=0.1'"),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_bad_input_is_one_clear_error(text, why):
    with pytest.raises(MIAError, match=why):
        Experiment(defence=text)


def test_equal_meaning_has_one_name():
    for name, others in {
        "dp_sgd=8": ("dp_sgd=8.0,clip=1", " dp_sgd=8 , clip=1.0"),
        "dp_sgd=8,clip=0.5,delta=1e-05": ("dp_sgd=8,delta=0.00001,clip=.5",),
        "dp_sgd,noise=1.1": ("dp_sgd,clip=1,noise=1.10",),
    }.items():
        assert {str(defences.named(text)) for text in (name, *others)} == {name}


def test_a_delta_that_publishes_records_is_warned_of():
    with pytest.warns(UserWarning, match=r"delta=0.01 is above 1/ds = 0.0004"):
        defences.named("dp_sgd,noise=1,delta=0.01").privacy(2500, 32, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        defences.named("dp_sgd,noise=1").privacy(2500, 32, 1)


# --- Batches ------------------------------------------------------------------------------------------------------


def test_each_record_is_drawn_on_its_own():
    n, rate, steps = 400, 0.08, 3000
    at, record = private.poisson_batches(np.random.default_rng(0), n, rate, steps)
    drawn = np.zeros((steps, n), int)
    np.add.at(drawn, (at, record), 1)
    assert drawn.max() == 1
    sizes = stats.binom(n, rate)
    edges = sizes.ppf(np.linspace(0, 1, 11)[1:-1])
    counts = np.histogram(drawn.sum(axis=1), [-1, *(edges + 0.5), n])[0]
    expected = steps * np.diff([0, *sizes.cdf(edges), 1])
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert stats.kstest(stats.binom(steps, rate).cdf(drawn.sum(axis=0)), "uniform").pvalue > 1e-3
    for one, other in ((drawn[:-1], drawn[1:]), (drawn[:, :-1], drawn[:, 1:])):  # next step, next record
        together, chance = int((one * other).sum()), rate**2 * one.size
        assert abs(together - chance) < 4 * np.sqrt(chance)


@pytest.mark.parametrize(("n", "rate", "steps"), [(7, 1.0, 3), (1, 1.0, 1), (5, 1e-9, 4), (3, 0.9, 1)])
def test_small_and_whole_batches(n, rate, steps):
    at, record = private.poisson_batches(np.random.default_rng(1), n, rate, steps)
    if rate == 1:
        assert (at * n + record).tolist() == list(range(steps * n))
    assert len(set(zip(at, record, strict=True))) == len(at)
    assert (at < steps).all()
    assert (record < n).all()
    rows, sizes = private._padded([(at, record)] * 2, n, steps)
    for step in range(steps):
        assert rows[1, step, : sizes[1, step]].tolist() == (n + record[at == step]).tolist()


# --- Gradients ----------------------------------------------------------------------------------------------------


def by_tapes(network, x, y):
    """The gradient of each record's cross-entropy, from a tape of its own, with the answers that Keras gives."""
    import tensorflow as tf

    for one, label in zip(x, y, strict=True):
        with tf.GradientTape() as tape:
            loss = training._cross_entropy(defences.NONE, tf.constant([label]), network(one[None]))[0]
        yield [gradient.numpy() for gradient in tape.gradient(loss, network.trainable_weights)]


def summed(network, x, y, clip, counted=None):
    import tensorflow as tf

    from mia_helpers.learning.private.gradients import clipped_sum

    weights = [tf.convert_to_tensor(weight.value) for weight in network.trainable_weights]
    return [part.numpy() for part in clipped_sum(network, weights, tf.constant(x), tf.constant(y), clip, counted)[0]]


def norm_of(parts):
    return math.sqrt(sum((part.astype(float) ** 2).sum() for part in parts))


@pytest.mark.slow
@BOTH
def test_each_records_gradient_is_that_of_its_own_tape_clipped(network):
    model, (x, y) = network(seed=1, l2=0.1), small_set(network, 6)
    apart = list(by_tapes(model, x, y))
    norms = np.array([norm_of(parts) for parts in apart])
    assert np.ptp(norms) > 0.01
    counted = np.array([1, 1, 0, 1, 1, 0], np.float32)
    for clip, kept in ((1e6, None), (np.median(norms), None), (np.median(norms), counted), (0.01, None)):
        share = np.minimum(1, clip / norms) * (1 if kept is None else kept)
        for mine, theirs in zip(summed(model, x, y, clip, kept), zip(*apart, strict=True), strict=True):
            np.testing.assert_allclose(mine, np.tensordot(share, np.array(theirs), 1), atol=1e-5)
    for i, parts in enumerate(apart):
        assert norm_of(summed(model, x[i : i + 1], y[i : i + 1], 0.5)) == pytest.approx(min(0.5, norms[i]), rel=1e-5)
        for mine, theirs in zip(summed(model, x[i : i + 1], y[i : i + 1], 1e6), parts, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.slow
def test_a_stacks_gradients_are_those_of_its_models():
    import tensorflow as tf

    from mia_helpers.learning.private.gradients import clipped_sum

    models = [census_network(seed=i) for i in range(3)]
    x, y = (np.stack(part) for part in zip(*(small_set(census_network, 9, i) for i in range(3)), strict=True))
    weights = [tf.constant(parts) for parts in stacking.Stack(models).weights]
    together, _, _ = clipped_sum(models[0], weights, tf.constant(x), tf.constant(y), 0.7)
    for i, model in enumerate(models):
        for part, alone in zip(together, summed(model, x[i], y[i], 0.7), strict=True):
            np.testing.assert_allclose(part[i], alone, atol=1e-6)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("clip", [0.05, 1.0, 100.0])
def test_one_record_more_moves_the_sum_by_the_clipping_norm_at_most(network, clip):
    model, (x, y) = network(seed=1), small_set(network, 9)
    x[8] *= 1000  # a record that would move it far
    without, with_it = summed(model, x[:8], y[:8], clip), summed(model, x, y, clip)
    moved = norm_of([b - a for a, b in zip(without, with_it, strict=True)])
    assert moved <= clip * (1 + 1e-4)
    assert clip == 100 or moved > 0.9 * clip


# --- Steps --------------------------------------------------------------------------------------------------------


def gradients_of_steps(model, x, y, seed=0, **options):
    """What the optimiser gets in each step, (steps, weights); weights stay as they are."""
    import tensorflow as tf

    got = []

    def step(gradients):
        flat = tf.concat([tf.reshape(part, [-1]) for part in gradients], axis=0)
        tf.numpy_function(lambda values: got.append(values.copy()), [flat], [], stateful=True)

    weights = [weight.value for weight in model.trainable_variables]
    run = private.epoch_program(model, weights, x, y, step=step, **options)
    sums = run(np.arange(4, dtype=np.uint32) + seed)
    return np.array(got), sums


@pytest.mark.slow
def test_a_batch_without_records_takes_a_step_of_the_stated_noise():
    x, y = small_set(census_network)
    options = {"clip": 0.5, "noise": 3.0, "rate": 1e-12, "expected": 32, "steps": 40}
    got, sums = gradients_of_steps(census_network(seed=1), x, y, **options)
    scaled = got / (3.0 * 0.5 / 32)
    assert got.shape == (40, 536)
    assert sums.tolist() == [0, 0]
    low, high = stats.chi2(got.size).interval(0.999)
    assert low < (scaled**2).sum() < high
    assert stats.kstest(scaled.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(scaled[:-1].ravel(), scaled[1:].ravel())[0, 1]) < 4 / np.sqrt(got.size)
    assert (got != gradients_of_steps(census_network(seed=1), x, y, seed=1, **options)[0]).all()


@pytest.mark.slow
def test_the_penalty_is_neither_clipped_nor_divided():
    x, y = small_set(census_network)
    options = {"clip": 1e-9, "noise": 0.0, "rate": 0.5, "expected": 35, "steps": 1}
    model = census_network(seed=1, l2=0.3)
    got, _ = gradients_of_steps(model, x, y, **options)
    kernels = [0.6 * weight if weight.ndim == 2 else 0 * weight for weight in model.get_weights()]
    np.testing.assert_allclose(got[0], np.concatenate([part.ravel() for part in kernels]), atol=1e-7)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("nominal", [None, 60])
def test_without_noise_and_clipping_a_step_with_all_records_is_the_plain_one(network, nominal):
    x, y = small_set(network)
    recipe = {**RECIPE, "epochs": 3, "batch_size": 70, "optimizer": "sgd", "decay": 0.0, "learning_rate": 0.01}
    plain, private_one = network(seed=1, l2=0.01 * (not nominal)), network(seed=1, l2=0.01 * (not nominal))
    rate = 0.01 * 70 / (nominal or 70)  # the sum is divided by how many were to be expected
    curves = training.fit(plain, x, y, seed=3, **{**recipe, "learning_rate": rate})
    options = {"nominal": nominal, "defence": "dp_sgd,noise=0,clip=1e6"}
    others = training.fit(private_one, x, y, seed=3, **{**recipe, "batch_size": nominal or 70, **options})
    for mine, theirs in zip(private_one.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    for name, values in curves.items():
        np.testing.assert_allclose(others[name], values, atol=1e-4)


@pytest.mark.slow
@BOTH
def test_same_seed_same_bytes_and_another_seed_other_ones(network):
    x, y = small_set(network)

    def trained(seed):
        model = network(seed=1)
        curves = training.fit(model, x, y, seed=seed, defence="dp_sgd=8", test=(x, y), **RECIPE)
        assert np.isfinite([curves["loss"], curves["test_accuracy"]]).all()
        return weights_of(model)

    assert trained(3) == trained(3) != trained(4)


@pytest.mark.slow
def test_a_model_is_the_same_to_the_byte_in_any_stack(monkeypatch):
    rng = np.random.default_rng(6)
    x, y = rng.random((17, 300, 105), dtype=np.float32), rng.integers(0, 2, (17, 300))
    recipe = {**RECIPE, "defence": "dp_sgd,noise=0.3"}

    def trained(chosen):
        networks = [census_network(seed=i, l2=1e-3) for i in chosen]
        tests = [None] * len(chosen)
        curves = stacking.fit_stacked(networks, x[chosen], y[chosen], seeds=chosen, tests=tests, **recipe)
        return {
            i: (weights_of(network), curve["loss"].tobytes(), curve["accuracy"].tobytes())
            for i, network, curve in zip(chosen, networks, curves, strict=True)
        }

    together = trained(list(range(17)))
    assert trained([3]) | trained([16, 0]) | trained([2, 1]) | trained(list(range(4, 16))) == together
    monkeypatch.setattr(private, "BLOCK", 96)  # as if a neighbour had had a large batch
    assert trained([5, 9]) == {i: together[i] for i in (5, 9)}
    monkeypatch.setattr(private, "MOST_NOISE", 3 * 536)  # drawn in pieces, it is the same noise
    assert trained([5])[5][0] == together[5][0]


@pytest.mark.slow
def test_a_stack_is_its_models_trained_one_after_another():
    x, y = (np.stack(part) for part in zip(*(small_set(census_network, 90, i) for i in range(2)), strict=True))
    recipe = {**RECIPE, "defence": "dp_sgd,noise=0.5", "optimizer": "sgd"}
    alone, stacked = ([census_network(seed=i) for i in range(2)] for _ in range(2))
    curves = stacking.fit_stacked(stacked, x, y, seeds=[7, 8], tests=[None, None], **recipe)
    for i, model in enumerate(alone):
        learned = training.fit(model, x[i], y[i], seed=7 + i, **recipe)
        np.testing.assert_allclose(curves[i]["loss"], learned["loss"], atol=1e-5)
        for mine, theirs in zip(model.get_weights(), stacked[i].get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.slow
def test_a_stack_of_image_networks_is_refused():
    x, y = small_set(image_network, 8)
    models = [image_network(seed=i) for i in range(8)]
    with pytest.raises(MIAError, match="a stack of image networks: expected dense ones"):
        options = {"seeds": list(range(8)), "tests": [None] * 8, "defence": "dp_sgd,noise=1"}
        stacking.fit_stacked(models, np.stack([x] * 8), np.stack([y] * 8), **options, **RECIPE)


# --- An audit -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("part", "holds"), [(1.0, True), (0.25, False)])
def test_a_planted_canary_shows_no_more_than_the_stated_epsilon(part, holds):
    """One noisy sum of all records, with or without a canary by a coin, again and again; who holds the canary's own
    gradient asks whether the sum goes that way. With a quarter of the noise, the same audit finds it out."""
    model, (x, y) = census_network(seed=1), small_set(census_network, 9)
    x[8] *= 1000
    canary = [b - a for a, b in zip(summed(model, x[:8], y[:8], 1.0), summed(model, x, y, 1.0), strict=True)]
    noise, delta, runs, coins = 1.0, 1e-5, 400, 4000
    stated, rng = epsilon(noise, 1.0, 1, delta), np.random.default_rng(0)
    exceeded = 0
    for _ in range(runs):
        member = rng.random(coins) < 0.5
        told = norm_of(canary) * member + part * noise * rng.standard_normal(coins) > 1  # fixed beforehand
        least_true, _ = clopper_pearson(int(told[member].sum()), int(member.sum()))
        _, most_false = clopper_pearson(int(told[~member].sum()), int((~member).sum()))
        exceeded += np.log(max(least_true - delta, 1e-12) / most_false) > stated
    if holds:
        assert exceeded / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    else:
        assert exceeded / runs > 0.9


@pytest.mark.slow
def test_the_noise_that_is_asked_for_is_in_the_weights():
    """Nearly all batches are empty, so the weights walk by the noise alone: 1,000 steps of noise · clip."""
    rng, network = np.random.default_rng(0), census_network(seed=1)
    x, y = rng.random((20, 105), dtype=np.float32), rng.integers(0, 2, 20)
    before = np.concatenate([weight.ravel() for weight in network.get_weights()])
    recipe = {"epochs": 1, "batch_size": 1, "learning_rate": 1e-3, "decay": 0.0, "optimizer": "sgd", "nominal": 1000}
    training.fit(network, x, y, seed=2, defence="dp_sgd,noise=1.5,clip=0.7", **recipe)
    moved = np.concatenate([weight.ravel() for weight in network.get_weights()]) - before
    assert moved.std() == pytest.approx(1e-3 * 1000**0.5 * 1.5 * 0.7, rel=0.15)
