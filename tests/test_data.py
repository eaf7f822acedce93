"""Data sets, splits, and what happens to files that are not what they should be."""

import pickle

import numpy as np
import pytest

from mia_helpers import MIAError, data
from mia_helpers.data import adult, cifar10, registry, splits
from mia_helpers.learning.keras_on_tensorflow import keras


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "n_classes"),
    [("synthetic_images", (60000, 32, 32, 3), np.uint8, 10), ("synthetic_census", (48842, 105), np.float32, 2)],
)
def test_synthetic_set_has_the_shape_of_the_real_one_and_is_made_from_a_seed(name, shape, dtype, n_classes):
    first = data.load(name)
    registry._load.cache_clear()
    again = data.load(name)
    assert (first.x.shape, first.x.dtype, len(first)) == (shape, dtype, registry.named(name).size)
    assert np.array_equal(np.unique(first.y), np.arange(n_classes))
    assert first.sha256 == again.sha256
    assert first.x is not again.x


def test_census_columns_are_adults():
    census = data.load("synthetic_census")
    assert len(data.ADULT_COLUMNS) == 105
    ages = census.x[:, data.ADULT_COLUMNS.index("age")]
    assert (ages.min(), ages.max()) == (17, 90)
    for field in ("workclass", "education", "sex", "native-country"):
        levels = [i for i, column in enumerate(data.ADULT_COLUMNS) if column.startswith(field + "_")]
        assert (census.x[:, levels].sum(axis=1) == 1).all()


def test_data_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        data.load("synthetic_census").x[0, 0] = 1


@pytest.mark.parametrize("n_classes", [5, 2])
def test_classes_are_joined_into_groups_and_the_images_stay(n_classes):
    whole, grouped = data.load("synthetic_images"), data.load("synthetic_images", n_classes)
    assert grouped.x is whole.x
    assert len(grouped.class_names) == n_classes
    groups = cifar10.GROUPS[n_classes]
    assert sorted(k for group in groups for k in group) == list(range(10))
    for number, group in enumerate(groups):
        assert np.array_equal(grouped.y == number, np.isin(whole.y, group))


def test_groups_of_cifar10_have_names():
    class_names = registry.named("cifar10").class_names
    assert class_names(2) == ("vehicle", "animal")
    assert class_names(5)[3] == "cat or dog"
    assert class_names(10) == class_names() == cifar10.CLASSES
    with pytest.raises(MIAError, match="n_classes=3: cifar10 can have 10 or 5 or 2 classes"):
        class_names(3)


def test_unknown_data_set_names_the_nearest():
    with pytest.raises(MIAError, match="unknown data set 'cifar'.*Did you mean 'cifar10'"):
        data.load("cifar")


# --- Splits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "train_size"), [(100, 25), (60000, 2500), (60000, 15000), (48842, 10000)])
@pytest.mark.parametrize("seed", [0, 7])
def test_no_shadow_shares_a_record_with_the_target(n, train_size, seed):
    train, test = splits.target_split(n, train_size=train_size, seed=seed)
    target = set(train) | set(test)
    assert len(train) == len(test) == train_size
    assert len(target) == 2 * train_size
    for shadow in range(3):
        own_train, own_test = splits.shadow_split(n, shadow, train_size=train_size, seed=seed)
        own = set(own_train) | set(own_test)
        assert len(own_train) == len(own_test) == train_size
        assert len(own) == 2 * train_size
        assert not own & target
        assert max(own) < n


def test_shadows_differ_and_follow_the_seed():
    zero, one = (splits.shadow_split(1000, i, train_size=100, seed=0)[0] for i in (0, 1))
    assert not np.array_equal(zero, one)
    assert np.array_equal(one, splits.shadow_split(1000, 1, train_size=100, seed=0)[0])
    assert not np.array_equal(one, splits.shadow_split(1000, 1, train_size=100, seed=1)[0])


def test_too_many_records_is_an_error_with_the_numbers():
    with pytest.raises(
        MIAError, match=r"train_size=15001 is too large.*60,004 in all, but there are 60,000.*most is 15000"
    ):
        splits.target_split(60000, train_size=15001, seed=0)


# --- CIFAR-10 files that are not ----------------------------------------------------------------------------------

X, Y = np.zeros((60000, 32, 32, 3), np.uint8), np.zeros(60000, np.uint8)


class Evil:
    """Unpickling this leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def cifar_error(monkeypatch, folder):
    monkeypatch.setenv("MIA_DATA_DIR", str(folder))
    with pytest.raises(MIAError) as caught:
        data.load("cifar10")
    assert "cifar10.npz" in str(caught.value)
    assert "Delete it to download" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": Y}, "it should hold x, y, but holds images"),
        ({"x": X[:10], "y": Y}, r"x is uint8 (10, 32, 32, 3), expected uint8 (60000, 32, 32, 3)"),
        ({"x": X, "y": Y.astype(np.int64)}, "y is int64 (60000,), expected uint8 (60000,)"),
        ({"x": X, "y": Y}, "not CIFAR-10's labels in the official order"),
    ],
)
def test_foreign_cifar_file(monkeypatch, tmp_path, arrays, message):
    np.savez(tmp_path / "cifar10.npz", **arrays)
    assert message in cifar_error(monkeypatch, tmp_path)


def test_truncated_cifar_file(monkeypatch, tmp_path):
    np.savez(tmp_path / "cifar10.npz", x=np.arange(10000), y=Y)
    content = (tmp_path / "cifar10.npz").read_bytes()
    (tmp_path / "cifar10.npz").write_bytes(content[: len(content) // 2])
    assert "truncated, damaged or foreign" in cifar_error(monkeypatch, tmp_path)


def test_pickled_cifar_files_are_never_unpickled(monkeypatch, tmp_path):
    trap = tmp_path / "trap"
    np.savez(tmp_path / "cifar10.npz", x=np.array([Evil(trap)], dtype=object), y=Y)
    assert "is not read" in cifar_error(monkeypatch, tmp_path)
    (tmp_path / "cifar10.npz").write_bytes(pickle.dumps(Evil(trap)))
    assert "is not read" in cifar_error(monkeypatch, tmp_path)
    assert not trap.exists()


def test_bare_array_instead_of_cifar(monkeypatch, tmp_path):
    np.save(tmp_path / "x.npy", Y)
    (tmp_path / "x.npy").rename(tmp_path / "cifar10.npz")
    assert "one bare array" in cifar_error(monkeypatch, tmp_path)


# --- Adult files that are not -------------------------------------------------------------------------------------

LINE = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, "
    "United-States, <=50K"
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINE, "its sha256 is"),
        (LINE.rsplit(",", 3)[0], "it has 12 columns, expected 15: age, workclass"),
        ("", "it has 0 columns"),
    ],
)
def test_adult_file_that_is_not_the_official_one(monkeypatch, tmp_path, line, message):
    (tmp_path / "adult").mkdir()
    for name in adult.SHA256:
        (tmp_path / "adult" / name).write_text(line + "\n")
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path))
    with pytest.raises(MIAError, match="adult.data is not the official file") as caught:
        data.load("adult")
    assert message in str(caught.value)


# --- Downloads ----------------------------------------------------------------------------------------------------


def offline(*_args, **_kwargs):
    raise Exception("URL fetch failure: name resolution")


@pytest.mark.slow
def test_no_network_names_both_ways_out_for_cifar(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(keras().datasets.cifar10, "load_data", offline)
    with pytest.raises(MIAError, match=r"could not be downloaded \(URL fetch.*connect to the network.*MIA_DATA_DIR"):
        data.load("cifar10")
    assert not (tmp_path / "none").exists()


def test_no_network_names_both_ways_out_for_adult(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("pooch.retrieve", offline)
    with pytest.raises(MIAError, match=r"could not be downloaded \(URL fetch.*connect to the network.*MIA_DATA_DIR"):
        data.load("adult")


def test_downloaded_adult_is_verified_before_it_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "adult.data").write_text("something else")
    monkeypatch.setattr("pooch.retrieve", lambda *_a, **_k: [str(tmp_path / "adult.data")])
    with pytest.raises(MIAError, match=r"another adult.data than the official one"):
        data.load("adult")
    assert not (tmp_path / "data").exists()
