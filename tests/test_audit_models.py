"""Audits of models: what may be one, what is checked in the records, and one sentence for each thing that is wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mia_helpers import MIAError, audit
from mia_helpers.auditing import inputs, raw
from mia_helpers.auditing.models import ask, confidence
from mia_helpers.auditing.words import SHIFTED


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("MIA_JOBS", "1")


def halved(load, seed=0):
    x, y = load(return_X_y=True)
    x, other, y, theirs = train_test_split(x, y, test_size=0.5, random_state=seed)
    return (x, y), (other, theirs)


DIGITS, CANCER, WINE = halved(load_digits), halved(load_breast_cancer), halved(load_wine)


def fitted(model, sets):
    return model.fit(*sets[0])


def forest(n=30):
    return RandomForestClassifier(n, random_state=0)


# --- Which model leaks --------------------------------------------------------------------------------------------


def test_a_fully_grown_forest_leaks_and_a_linear_model_hardly_does():
    report = audit(fitted(RandomForestClassifier(random_state=0), DIGITS), *DIGITS, n_references=6)
    assert report.value("auc")["low"] > 0.9
    assert report.value("tpr_at_1pct_fpr")["low"] > 0.2
    assert report.about["references"] == 6
    assert "caught" in report.worst(5)
    linear = audit(fitted(make_pipeline(StandardScaler(), LogisticRegression(C=0.01)), DIGITS), *DIGITS)
    assert linear.value("auc")["value"] < 0.55
    assert linear.value("tpr_at_1pct_fpr")["low"] < 0.01


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (GradientBoostingClassifier(n_estimators=20, random_state=0), "probabilities"),
        (KNeighborsClassifier(3), "probabilities"),
        (make_pipeline(StandardScaler(), SVC()), "logits"),
    ],
    ids=["boosting", "neighbours", "svc"],
)
@pytest.mark.parametrize("sets", [CANCER, WINE], ids=["two classes", "three"])
def test_other_classifiers(model, kind, sets):
    report = audit(fitted(model, sets), *sets, n_references=4)
    assert report.about["kind"] == kind
    assert {"threshold", "lira", "rmia"} <= set(report.table["attack"])
    assert np.isfinite(report.table.query("metric == 'auc'")["value"]).all()
    assert any("decision function" in note for note in report.about["notes"]) == (kind == "logits")


def test_a_model_of_other_records_does_not_leak():
    x, y = load_digits(return_X_y=True)
    covered = []
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(y))
        own, one, other = order[:600], order[600:850], order[850:1100]
        model = forest(20).fit(x[own], y[own])
        report = audit(model, (x[one], y[one]), (x[other], y[other]))
        auc = report.value("auc")
        covered.append(auc["low"] <= 0.5 <= auc["high"])
    assert sum(covered) >= 5


@pytest.mark.slow
def test_a_keras_model_is_rebuilt():
    from mia_helpers.learning.keras_on_tensorflow import keras

    scaled = [((x - CANCER[0][0].mean(0)) / CANCER[0][0].std(0), y) for x, y in CANCER]
    layers = keras().layers
    keras().utils.set_random_seed(0)
    network = keras().Sequential([layers.Input((30,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
    with pytest.raises(MIAError, match="the Keras model is not compiled"):
        audit(network, *scaled, n_references=4, fit={"epochs": 2})
    network.compile("adam", "binary_crossentropy")
    network.fit(*scaled[0], epochs=2, verbose=0)
    before = network.get_weights()
    with pytest.raises(MIAError, match="does not tell how long it was trained: give fit="):
        audit(network, *scaled, n_references=4)
    report = audit(network, *scaled, n_references=4, fit={"epochs": 2, "batch_size": 32})
    assert (report.about["classes"], report.about["references"]) == (2, 4)
    assert {"lira", "rmia"} <= set(report.table["attack"])
    assert all(np.array_equal(*pair) for pair in zip(before, network.get_weights(), strict=True))
    classes = keras().Sequential([layers.Input((30,)), layers.Dense(2, "softmax")])
    classes.compile("sgd", "categorical_crossentropy")
    assert audit(classes, *scaled, n_references=4, fit={"epochs": 1}).about["classes"] == 2


# --- What x, y and the model's answers may be ---------------------------------------------------------------------


FORMS = {
    "float16": lambda x: x.astype(np.float16),
    "a frame": lambda x: pd.DataFrame(x).add_prefix("c"),
    "sparse": sparse.csr_matrix,
    "coordinates": sparse.coo_matrix,
    "lists": lambda x: x.tolist(),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x(form):
    (x, y), (other, theirs) = WINE
    x, other = FORMS[form](x), FORMS[form](other)
    report = audit(forest().fit(x, y), (x, y), (other, theirs), n_references=4)
    assert report.value("auc")["value"] > 0.6


def test_images_and_categories():
    (x, y), (other, theirs) = DIGITS
    images = [(part.reshape(-1, 8, 8), label) for part, label in ((x, y), (other, theirs))]
    flat = fitted(forest(), DIGITS)
    report = audit(lambda x: flat.predict_proba(x.reshape(len(x), -1)), *images)
    assert report.table.equals(audit(flat, *DIGITS).table)
    frames = [
        pd.DataFrame({"a": part[:, 0], "kind": pd.Categorical(np.where(part[:, 1] > 2, "x", "y"))})
        for part in (WINE[0][0], WINE[1][0])
    ]
    frames[1]["kind"] = frames[1]["kind"].cat.add_categories("z")
    joined = inputs.pool((frames[0], WINE[0][1]), (frames[1], WINE[1][1])).x
    assert list(joined["kind"].cat.categories) == ["x", "y", "z"]
    report = audit(lambda x: np.full((len(x), 3), 1 / 3), (frames[0], WINE[0][1]), (frames[1], WINE[1][1]))
    assert report.value("auc")["value"] == 0.5


def test_classes_by_name():
    names = np.array(["red", "rosé", "white"])
    sets = [(x, names[y]) for x, y in WINE]
    model = fitted(forest(), sets)
    report, numbered = audit(model, *sets), audit(fitted(forest(), WINE), *WINE)
    assert report.table.equals(numbered.table)
    unnamed = audit(model.predict_proba, *sets)
    assert unnamed.table.equals(numbered.table)
    assert "sorted order: red, rosé, white" in unnamed.summary()


def test_a_single_output_becomes_two_columns():
    model = fitted(forest(), CANCER)
    two = audit(model, *CANCER).table["value"]
    for single in (lambda x: model.predict_proba(x)[:, 1], lambda x: model.predict_proba(x)[:, 1:]):
        found = audit(single, *CANCER).table["value"]
        assert found.to_numpy() == pytest.approx(two.to_numpy(), abs=0.02, nan_ok=True)  # 1 - p0 is p1 but for ties
    assert audit(lambda x: model.predict_proba(x)[:, 1] * 9 - 5, *CANCER).about["kind"] == "logits"


def test_a_model_that_answers_differently_is_averaged():
    model, rng = fitted(forest(), WINE), np.random.default_rng(0)

    def noisy(x):
        p = model.predict_proba(x) + rng.uniform(0, 0.1, (len(x), 3))
        return p / p.sum(axis=1, keepdims=True)

    pool = inputs.pool(*WINE)
    asked = ask(noisy, pool)
    assert asked.queries == 5
    assert "answers differently when it is asked twice" in asked.warnings[0]
    assert ask(model, pool).warnings == ()
    assert "asked twice" in audit(noisy, *WINE).summary()


def test_a_model_and_a_training_that_change_their_records_in_place_do_not_change_those_of_the_audit():
    model = fitted(forest(), CANCER)

    def careless(of):
        def question(x):
            p = of.predict_proba(x)
            x *= 0
            return p

        return question

    def train(x, y):
        made = careless(forest().fit(x, y))
        x *= 0
        return made

    before = [part.copy() for part in CANCER[0]]
    plain = audit(model, *CANCER, train=lambda x, y: forest().fit(x, y), n_references=4)
    found = audit(careless(model), *CANCER, train=train, n_references=4)
    assert found.table.equals(plain.table)
    assert found.warnings == plain.warnings
    assert all(np.array_equal(part, old) for part, old in zip(CANCER[0], before, strict=True))


def test_what_is_missing_from_a_half_has_no_probability():
    pool = inputs.pool(*WINE)
    asked = ask(fitted(forest(), WINE), pool)
    known = WINE[0][1] > 0
    partly = forest().fit(WINE[0][0][known], WINE[0][1][known])
    phi = confidence(partly, pool.x, asked, "reference 0")
    assert np.isfinite(phi).all()
    assert phi[asked.label == 0].max() < -3
    assert np.abs(phi).max() < 10  # forests answer exactly 0 and 1


# --- The records --------------------------------------------------------------------------------------------------


def test_a_shift_is_told_in_the_first_line():
    """The model has learnt neither set, and members are from another distribution: an audit "finds" them."""
    x, y = load_digits(return_X_y=True)
    x, y, own = x[600:], y[600:], (x[:600], y[:600])
    noisy = x[600:] + np.random.default_rng(0).normal(0, 4, x[600:].shape)
    report = audit(forest().fit(*own), (x[:600], y[:600]), (noisy, y[600:]))
    assert report.value("auc")["low"] > 0.6
    assert report.summary().splitlines()[0] == SHIFTED
    assert report.warnings[0].startswith("Members and non-members are not from the same distribution: a ")
    assert "This audit measures that shift" in report.warnings[0]
    apart = audit(fitted(forest(), DIGITS), *DIGITS)
    assert apart.about["shift"] is False
    assert not apart.summary().startswith(SHIFTED)
    assert "no classifier told them apart" in apart.summary()


@pytest.mark.parametrize("form", ["array", "frame", "sparse", "texts"])
def test_duplicates_across_the_sets_are_counted(form):
    x = np.arange(300.0).reshape(100, 3)
    forms = {"array": np.array, "frame": pd.DataFrame, "sparse": sparse.csr_matrix}
    made = forms.get(form, lambda part: np.array([str(row) for row in part]))
    y, other = np.zeros(50, int), np.concatenate([x[50:98], x[[7, 9]]])
    said = raw.duplicates(inputs.pool((made(x[:50]), y), (made(other), y)))
    assert said.startswith("2 of 50 non-members are among the members too")
    assert "row 48 of the non-members and row 7 of the members" in said
    assert raw.duplicates(inputs.pool((made(x[:50]), y), (made(x[50:]), y))) is None


def test_records_become_numbers():
    frame = pd.DataFrame({"n": [1.0, np.nan, 3.0], "s": ["a", "b", None], "t": pd.to_datetime(["2020-01-01"] * 3)})
    assert np.isfinite(raw.as_numbers(frame)).all()
    assert raw.as_numbers(np.full((3, 2, 2), np.nan)).shape == (3, 4)
    assert raw.as_numbers(np.array(["a b", "c"])).shape[0] == 2
    assert raw.as_numbers(np.array([[1, "a"], [2, "b"]], object)).shape[0] == 2
    assert raw.as_numbers(np.ones((3, 2)) * 1j).shape == (3, 4)
    assert raw.as_numbers(np.rec.fromarrays([[1.0, 2.0], ["a", "b"]])).shape == (2, 3)
    for form in (np.array, pd.DataFrame, sparse.csr_matrix):
        assert sparse.csr_matrix(raw.as_numbers(form([[1e300, 1.0], [2.0, 3.0]]))).max() == 1e30


def test_cells_may_hold_lists():
    frames = [pd.DataFrame({"a": [[i, 2] for i in range(at, at + 30)]}) for at in (0, 29)]
    assert raw.duplicates(inputs.pool(*((frame, np.zeros(30, int)) for frame in frames))).startswith("1 of 30")


# --- What is wrong ------------------------------------------------------------------------------------------------

(X, Y), (X2, Y2) = WINE
MODEL = fitted(forest(), WINE)


def raises(x):
    raise RuntimeError("no such layer")


TABLE = [
    (dict(model=5), "the model is a int: expected a Keras model, a fitted classifier"),
    (dict(model=RandomForestClassifier), "the model is a type|the model cannot be asked"),
    (dict(model=forest()), "the model cannot be asked about x .NotFittedError"),
    (dict(model=raises), "the model cannot be asked about x .RuntimeError: no such layer"),
    (dict(model=lambda x: np.zeros((3, 3))), r"the model answers with shape \(3, 3\) to 89 records"),
    (dict(model=lambda x: np.zeros((len(x), 3, 2))), r"the model answers with shape \(89, 3, 2\)"),
    (dict(model=lambda x: np.full((len(x), 3), np.nan)), "to record 0: expected finite numbers; has training diverged"),
    (dict(model=lambda x: None), "the model answers object"),
    (dict(model=MODEL.predict), r"the model answers int64, such as \[[012]\]: expected probabilities"),
    (dict(model=SVC(decision_function_shape="ovo").fit(X, Y)), "answers pairs of classes"),
    (dict(members=X), r"members is a ndarray: expected a pair, members=\(x, y\)"),
    (dict(members=(X, Y[:-1])), "members: x has 89 rows and y 88"),
    (dict(members=(X, np.eye(3)[Y])), "of one-hot labels, take y.argmax"),
    (dict(members=(X, np.where(Y == 0, np.nan, Y))), "y of members is missing in row"),
    (dict(members=(X, Y + 0.5)), "in row 0: expected classes, whole numbers or texts"),
    (dict(members=(X, Y.astype(str))), "y of members has texts and y of non_members numbers"),
    (dict(members=(X, Y + 5)), "the model knows 0, 1, 2; name the classes as it does"),
    (dict(model=MODEL.predict_proba, members=(X, Y + 1), non_members=(X2, Y2 + 1)), "take label - 1"),
    (dict(members=(X[:3], Y[:3])), "there are 3 members"),
    (dict(members=(X[:0], Y[:0])), "there are 0 members"),
    (dict(members=(3, Y)), "x of members is no array"),
    (dict(non_members=(X2[:, :5], Y2)), r"a record of members has shape \(13,\), of non_members \(5,\)"),
    (dict(non_members=(pd.DataFrame(X2), Y2)), "x of members is a ndarray, of non_members a DataFrame"),
    (dict(ids=range(5)), "ids is a range: expected a pair"),
    (dict(ids=(range(89), range(3))), r"ids of non_members has shape \(3,\)"),
    (dict(ids=(range(89), range(89))), "id '0' is in rows 0 and 89, once as a member and once not"),
    (dict(n_references=3), "n_references=3: expected an even number of at least 4"),
    (dict(n_references=2), "n_references=2: expected an even number"),
    (dict(n_references=-1), "n_references=-1: expected a whole number"),
    (dict(n_references=0, train=raises), "train= is given with n_references=0"),
    (dict(train=5), "train is a int: expected a function"),
    (dict(train=lambda x, y: None), r"train\(x, y\) returned nothing: .* does it end with return model"),
    (dict(train=lambda x, y: raises(x)), "training reference 0 on 89 records failed .RuntimeError: no such layer"),
    (dict(train=lambda x, y: 7), "reference 0 is a int: expected a Keras model"),
    (dict(train=lambda x, y: lambda x: np.full((len(x), 2), 0.5)), "reference 0 answers 2 probabilities, the audited"),
    (dict(train=raises, fit={"epochs": 1}), "fit= is for a Keras model that is rebuilt"),
    (dict(fit={"epochs": 1}), "is for Keras models: a RandomForestClassifier"),
    (dict(model=MODEL.predict_proba, n_references=4), "it cannot be told how a method is trained: give train="),
    (dict(seed=-1), "seed=-1: expected"),
    (dict(delta=2), "delta=2: expected"),
    (dict(name=" "), "name=' ': expected a text"),
    (dict(members=(X, np.where(Y == 1, np.inf, Y))), "y of members is inf in row"),
    (dict(members=(X[:, :0], Y)), r"x of members has shape \(89, 0\): a record is empty"),
    (dict(members=(pd.DataFrame(X[:, :2], columns=["a", "a"]), Y)), "x of members has the column 'a' twice"),
    (dict(model=lambda x: 100 * MODEL.predict_proba(x)), "add up to 100 in each row"),
]


@pytest.mark.parametrize(("changed", "said"), TABLE, ids=[said[:45] for _, said in TABLE])
def test_what_is_wrong_is_told_in_one_sentence(changed, said, tmp_path):
    given = {"model": MODEL, "members": (X, Y), "non_members": (X2, Y2)} | changed
    with pytest.raises(MIAError, match=said) as told:
        audit(given.pop("model"), given.pop("members"), given.pop("non_members"), **given)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "runs").exists()


def test_groups_and_ids_get_into_the_report():
    groups = tuple(np.where(y == 0, "first", "others") for _, y in WINE)
    ids = tuple([f"{who}{i}" for i in range(89)] for who in "mn")
    report = audit(MODEL, *WINE, ids=ids, groups=groups)
    assert set(report.groups["group"]) == {"first", "others"}
    assert report.worst(3)["id"].str.startswith("m").all()
