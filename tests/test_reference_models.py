"""Reference models: their halves, what is asked of them and when, and the matrix of all answers."""

import numpy as np
import pytest

from mia_helpers import Experiment, MIAError
from mia_helpers.data import moves, splits
from mia_helpers.engine import backends, store
from mia_helpers.walk.references import _in_order
from mia_helpers.walk.worker import watched_epochs

pytestmark = pytest.mark.xdist_group("references")  # one process trains the models, for all tests
TINY = {"train_size": 60, "epochs": 3, "n_references": 4, "n_shadows": 2, "l2_sweep": (), "n_resamples": 20}
IMAGES = Experiment(dataset="synthetic_images", **TINY)
CENSUS = Experiment(dataset="synthetic_census", **TINY)
BOTH = pytest.mark.parametrize("exp", [IMAGES, CENSUS], ids=str)


@pytest.fixture(scope="module")
def folder(made_once):
    """A store with the reference models of both, trained once."""
    return made_once(lambda: [exp.answers().arrays() for exp in (IMAGES, CENSUS)])


# --- Halves -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "ds"), [(100, 25), (60000, 2500)])
def test_a_pair_shares_out_the_targets_records(n, ds):
    pool = np.sort(np.concatenate(splits.target_split(n, train_size=ds, seed=3)))
    known = np.zeros((6, n), bool)
    for i in range(6):
        inside, outside = splits.reference_split(n, i, train_size=ds, seed=3)
        assert len(inside) == len(outside) == ds
        assert np.array_equal(np.sort(np.concatenate([inside, outside])), pool)
        known[i, inside] = True
    assert not (known[0::2] & known[1::2]).any()
    assert (known[:, pool].sum(axis=0) == 3).all()  # each in half of the models
    assert len({row.tobytes() for row in known}) == 6  # and no draw is that of another pair
    others = splits.outsiders(n, train_size=ds, seed=3)
    assert not np.isin(others, pool).any()


def test_halves_follow_the_seed_and_not_the_number_of_models():
    few, many = (IMAGES.replace(n_references=n).reference_models() for n in (4, 32))
    assert [model.name for model in few] == [model.name for model in many[:4]]
    for one, other in zip(few, many, strict=False):
        assert np.array_equal(one.rows(), other.rows())
    assert not np.array_equal(few[0].rows(), IMAGES.replace(seed=1).reference_models()[0].rows())
    assert np.array_equal(few[0].rows(), IMAGES.replace(epochs=7).reference_models()[0].rows())
    population = few[0].population()
    assert len(population) == IMAGES.train_size
    assert all(np.array_equal(model.population(), population) for model in many)
    assert not np.isin(population, np.concatenate(few[0].rows())).any()


# --- Moved images -------------------------------------------------------------------------------------------------


def test_moves_by_hand():
    image = np.arange(1.0, 7).reshape(1, 2, 3, 1)  # 1 2 3 above 4 5 6
    found = {name: x[0, :, :, 0].tolist() for name, x in zip(moves.NAMES, moves.moved(image), strict=True)}
    assert found["mirrored"] == [[3, 2, 1], [6, 5, 4]]
    assert found["1 down"] == [[1, 2, 3], [1, 2, 3]]  # what comes in is the edge
    assert found["1 up"] == [[4, 5, 6], [4, 5, 6]]
    assert found["1 right"] == [[1, 1, 2], [4, 4, 5]]
    assert found["1 left"] == [[2, 3, 3], [5, 6, 6]]
    assert found["2 left"] == [[3, 3, 3], [6, 6, 6]]
    assert found["4 right"] == [[1, 1, 1], [4, 4, 4]]
    assert moves.NAMES[:6] == ("mirrored", "1 down", "1 up", "1 right", "1 left", "2 down")
    assert len(moves.NAMES) == len(set(moves.NAMES)) == 17
    assert moves.NAMES[-1] == "4 left"


def test_moves_keep_shape_type_and_colours():
    x = np.random.default_rng(0).random((3, 8, 6, 3), dtype=np.float32)
    for name, shifted in zip(moves.NAMES, moves.moved(x), strict=True):
        assert (shifted.shape, shifted.dtype) == (x.shape, x.dtype), name
    down = list(moves.moved(x))[moves.NAMES.index("3 down")]
    assert np.array_equal(down[:, 3:], x[:, :-3])
    assert np.array_equal(down[:, :3], np.repeat(x[:, :1], 3, axis=1))


# --- Names --------------------------------------------------------------------------------------------------------


def test_what_is_new_is_not_in_the_names_of_targets_and_shadows():
    for exp in (IMAGES, CENSUS):
        for model in (exp.model(), exp.model(0)):
            assert not {"population", "n_references"} & model.depends_on().keys()
            more = exp.replace(n_references=8)
            assert more.model(model.split.model_id).name == model.name
        reference = exp.reference_models()[0]
        assert reference.depends_on()["population"] == exp.train_size
        assert "n_references" not in reference.depends_on()
        assert reference.name not in (exp.model().name, exp.model(0).name)
    assert IMAGES.answers().name != IMAGES.replace(n_references=8).answers().name
    assert IMAGES.answers().name != IMAGES.answers(1).name
    assert IMAGES.answers().name == IMAGES.answers(3).name
    assert IMAGES.shadow_answers().name != IMAGES.replace(n_shadows=3).shadow_answers().name


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (0, "n_references=0: expected a whole number of at least 2"),
        (1, "n_references=1: expected a whole number of at least 2"),
        (-4, "n_references=-4: expected a whole number of at least 2"),
        (7, "n_references=7: expected an even number"),
        (20_000, "n_references=20000: expected at most 10,000"),
        (True, "n_references=True: expected"),
    ],
)
def test_a_number_of_references_that_makes_no_sense(n, message):
    with pytest.raises(MIAError, match=message):
        IMAGES.replace(n_references=n)


def test_epochs_that_are_watched():
    assert watched_epochs(100) == (1, 2, 5, 10, 20, 50, 100)
    assert watched_epochs(60) == (1, 2, 5, 10, 20, 50, 60)
    assert watched_epochs(3) == (1, 2, 3)
    assert watched_epochs(1) == (1,)
    for epoch in (0, 4, 50, -1):
        with pytest.raises(MIAError, match=rf"epoch={epoch}: the confidences were kept after epochs 1, 2, 3"):
            IMAGES.references(epoch)


# --- The matrix ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@BOTH
def test_the_matrix_has_the_answers_of_each_model_in_the_order_of_the_rows(exp, trained):
    answers = exp.answers()
    found, rows = exp.references(), answers.index()
    queries = 18 if exp is IMAGES else 1
    assert found.confidence.shape == (4, 120, 1)
    assert found.right.shape == (4, 120, queries)
    assert found.population.shape == (4, 60)
    assert np.array_equal(rows, np.sort(np.concatenate(exp.split())))
    assert np.array_equal(found.label, exp.data.y[rows])
    for i, model in enumerate(answers.models):
        records, inside = model.records(), model.rows()[0]
        order = np.argsort(records.index)
        assert np.array_equal(records.index[order], rows)
        assert np.array_equal(found.member[i], np.isin(rows, inside))
        assert np.array_equal(found.right[i, :, 0], records.correct[order])
        np.testing.assert_allclose(found.confidence[i, :, 0], records.log_odds[order], atol=1e-4)
        np.testing.assert_allclose(model.query(exp.data.x[rows]), records.probs[order], atol=1e-5)
    assert not np.isin(found.population_index, rows).any()


@pytest.mark.slow
def test_the_population_is_asked_as_the_records_are(trained):
    model, rows = IMAGES.reference_models()[2], IMAGES.answers().arrays()["population_index"]
    p, y = model.query(IMAGES.data.x[rows]).astype(float), IMAGES.data.y[rows]
    of_true = p[np.arange(60), y]
    expected = np.log(of_true) - np.log(p.sum(axis=1) - of_true)
    np.testing.assert_allclose(IMAGES.references().population[2], expected, atol=1e-4)


@pytest.mark.slow
def test_moved_images_are_asked_in_the_order_of_the_names(trained):
    model, rows, found = IMAGES.reference_models()[1], IMAGES.answers().index(), IMAGES.answers().references(moves=True)
    assert found.confidence.shape == (4, 120, 1 + len(moves.NAMES))
    assert np.array_equal(found.confidence[..., :1], IMAGES.references().confidence)
    x = IMAGES.data.x[rows]
    for name in ("mirrored", "1 down", "4 left"):
        column = 1 + moves.NAMES.index(name)
        p = model.query(list(moves.moved(x))[column - 1])
        of_true = p[np.arange(120), found.label].astype(float)
        expected = np.log(of_true) - np.log1p(-of_true)
        np.testing.assert_allclose(found.confidence[1, :, column], expected, atol=1e-4)
        assert np.array_equal(found.right[1, :, column], p.argmax(axis=1) == found.label)


@pytest.mark.slow
@BOTH
def test_probabilities_come_with_the_matrix_when_they_are_asked_for(exp, trained):
    assert exp.answers().references().probs is None
    found, k = exp.answers().references(probs=True), 10 if exp is IMAGES else 1
    assert found.probs.shape == (4, 120, k)
    p = found.probs[3, np.arange(120), found.label] if k > 1 else np.abs(found.label - 1 + found.probs[3, :, 0])
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-found.confidence[3, :, 0])), atol=1e-5)


@pytest.mark.slow
@BOTH
def test_the_same_seed_gives_the_same_bytes_and_a_killed_run_goes_on(exp, trained, tmp_path, monkeypatch):
    before = {model.name: store.path_of(model.name).read_bytes() for model in exp.reference_models()}
    matrix, path = exp.answers().arrays(), store.path_of(exp.answers().name)
    content = path.read_bytes()
    monkeypatch.setenv("MIA_RUNS_DIR", str(tmp_path / "stopped"))
    first, gone, *others = exp.reference_models()
    for model in (first, *others):  # as far as the first run came
        copy = store.path_of(model.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        original = path.parent / copy.name
        for suffix in (".npz", ".json", ".keras"):
            copy.with_suffix(suffix).write_bytes(original.with_suffix(suffix).read_bytes())
    assert not gone.is_there()
    again = exp.answers().arrays()
    assert again.keys() == matrix.keys()
    assert all(np.array_equal(again[name], matrix[name]) for name in matrix)
    assert store.path_of(gone.name).read_bytes() == before[gone.name]
    assert store.path_of(exp.answers().name).read_bytes() == content
    monkeypatch.setattr(backends, "run", lambda *_a, **_k: pytest.fail("nothing was missing"))
    exp.references()


@pytest.mark.slow
def test_earlier_epochs_have_answers_of_their_own_and_only_the_last_has_moved_images(trained, monkeypatch):
    monkeypatch.setattr(backends, "run", lambda *_a, **_k: pytest.fail("it trained"))
    first, last = IMAGES.references(1), IMAGES.references()
    assert first.right.shape == (4, 120, 1)
    assert not np.array_equal(first.confidence, last.confidence)
    assert np.array_equal(first.member, last.member)
    arrays = IMAGES.reference_models()[0].arrays()
    order = np.argsort(arrays["index"])
    assert np.array_equal(first.confidence[0, :, 0], arrays["confidence"][0][order])
    assert np.array_equal(_in_order(arrays, 2)["confidence"], arrays["confidence"][1][order])


# --- Shadows, asked about the same records ------------------------------------------------------------------------


@pytest.mark.slow
@BOTH
def test_shadows_are_asked_about_the_targets_records(exp, monkeypatch, trained):
    found, arrays = exp.shadow_answers().references(), exp.shadow_answers().arrays()
    assert np.array_equal(arrays["index"], np.sort(np.concatenate(exp.split())))
    assert found.confidence.shape == (2, 120, 1)
    assert not found.member.any()
    for i, shadow in enumerate(exp.shadow_models()):
        p, label = shadow.query(exp.data.x[arrays["index"]]).astype(float), found.label
        of_true = p[np.arange(120), label] if p.shape[1] > 1 else np.where(label == 1, p[:, 0], 1 - p[:, 0])
        np.testing.assert_allclose(found.confidence[i, :, 0], np.log(of_true) - np.log1p(-of_true), atol=1e-4)
    online = exp.reference_attacker("lira", sources=exp.shadow_answers())
    with pytest.raises(MIAError, match=r"'lira' needs models trained on these records, .* trained on none of them"):
        online.table()
