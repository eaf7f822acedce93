"""The real data sets, where they are at hand."""

import numpy as np
import pytest

from mia_helpers import Experiment, data
from mia_helpers.attacks import TARGET
from mia_helpers.data import registry
from mia_helpers.engine import shipped, store
from mia_helpers.walk import profiles


def needs(name):
    missing = not (registry.data_dir() / name).exists()
    return pytest.mark.skipif(missing, reason=f"{name} is not in MIA_DATA_DIR or data/")


@needs("cifar10.npz")
def test_cifar10_has_6000_images_of_each_class_from_a_named_source():
    cifar = data.load("cifar10")
    assert (cifar.x.shape, cifar.x.dtype) == ((60000, 32, 32, 3), np.uint8)
    assert np.bincount(cifar.y).tolist() == [6000] * 10
    assert cifar.source.startswith("CIFAR-10")
    assert cifar.class_names[cifar.y[0]] == "frog"  # the first image of the official order


@needs("adult/adult.data")
def test_adult_has_105_columns_and_the_papers_network():
    adult = data.load("adult")
    assert (adult.x.shape, adult.x.dtype) == ((48842, 105), np.float32)
    assert adult.y.sum() == 11687  # of 48,842 earn more than 50K
    assert adult.x[0, data.ADULT_COLUMNS.index("age")] == 39
    assert Experiment(dataset="adult", train_size=10000).model().untrained().count_params() == 536


@pytest.mark.slow
@pytest.mark.parametrize("file", ["cifar10.npz", "adult/adult.data"])
def test_the_shipped_records_are_of_these_data(file, monkeypatch):
    monkeypatch.delenv("MIA_RECORDS_DIR")
    if not (registry.data_dir() / file).exists():
        pytest.skip(f"{file} is not in MIA_DATA_DIR or data/")
    exp = next(exp for exp in profiles.load("classroom").experiments if file.startswith(exp.dataset))
    if exp.source != shipped.source_of(exp.dataset):
        pytest.skip("the shipped records were made from other pixels")
    for i in (TARGET, 0, exp.n_shadows - 1):
        records = exp.model(i).records()
        assert np.array_equal(records.index, np.concatenate(exp.split(i)))
        assert np.array_equal(records.label, exp.data.y[records.index])
    target = exp.target()
    answers = exp.query(exp.data.x[target.index[:50]])  # by the target's .keras file, which comes along
    np.testing.assert_allclose(answers, target.probs[:50], atol=1e-4)
    assert not store.path_of(exp.model().name).exists()  # nothing was trained
