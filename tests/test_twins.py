"""Twins: what is planted is found, by an example computed by hand, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from mia_helpers import Experiment
from mia_helpers.data import registry, twins
from mia_helpers.data.source import Dataset
from mia_helpers.engine import store

MEMBERS, OTHERS = np.array([0, 1, 2, 3]), np.array([4, 5, 6, 7])


def images(x):
    return Dataset("planted", x, np.zeros(len(x), np.int64), ("one",), True, "made up", "")


@pytest.fixture
def strangers():
    """Eight images of noise: any two of them differ by about 104 grey levels."""
    return np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)


def kinds_of(found):
    return twins.kinds(found["distance"], found["likeness"]).tolist()


def test_equal_rows_of_a_table_are_identical_and_all_their_pairs_are_told():
    x = np.array([[1, 2], [3, 4], [1, 2], [5, 6], [3, 4], [1, 2], [1, 3], [9, 9]], np.float32)
    found = twins.pairs(replace(images(x), is_images=False), MEMBERS, OTHERS)
    assert list(zip(found["member"], found["other"], strict=True)) == [(0, 5), (1, 4), (2, 5)]
    assert kinds_of(found) == ["identical"] * 3
    none = twins.pairs(replace(images(x), is_images=False), MEMBERS[3:], OTHERS)
    assert {name: (len(array), array.dtype.kind) for name, array in none.items()} == {
        **dict.fromkeys(("member", "other"), (0, "i")),
        **dict.fromkeys(("distance", "likeness"), (0, "f")),
    }


def test_planted_identical_and_near_images_are_found_with_their_distances(strangers):
    x = strangers // 2 + 40
    x[6] = x[3]
    x[4] = x[1] + np.uint8(3)  # brighter by 3 everywhere: root mean square 3
    x[7] = x[0]
    x[7, 0, 0, 0] ^= 64  # one of 3,072 values differs by 64: root mean square 64 / √3072
    found = twins.pairs(images(x), MEMBERS, OTHERS)
    assert list(zip(found["member"], found["other"], strict=True))[:3] == [(3, 6), (0, 7), (1, 4)]
    assert found["distance"][:3] == pytest.approx([0, 64 / np.sqrt(3072), 3], abs=1e-12)
    assert found["likeness"][[0, 2]] == pytest.approx([1, 1])
    assert kinds_of(found) == ["identical", "near", "near", "close", "close", "close"]  # six are kept in any case
    assert (found["distance"][3:] > twins.CLOSE).all()


def test_strangers_are_no_twins_and_nor_are_plain_images_of_one_colour(strangers):
    found = twins.pairs(images(strangers), MEMBERS, OTHERS)
    assert kinds_of(found) == ["close"] * twins.FEWEST
    every = np.sqrt(np.square(strangers[MEMBERS, None].astype(int) - strangers[OTHERS]).mean(axis=(2, 3, 4)))
    assert found["distance"] == pytest.approx(np.sort(every.ravel())[: twins.FEWEST], abs=1e-12)
    skies = np.broadcast_to(np.arange(100, 108, dtype=np.uint8)[:, None, None, None], (8, 32, 32, 3))
    found = twins.pairs(images(skies), MEMBERS, OTHERS)
    assert len(found["distance"]) == 16  # all are close
    assert set(kinds_of(found)) == {"close"}


def test_the_search_in_blocks_finds_the_same(strangers, monkeypatch):
    x = strangers // 4
    whole = twins.pairs(images(x), MEMBERS, OTHERS)
    monkeypatch.setattr(twins, "BLOCK", 3)
    for name, array in twins.pairs(images(x), MEMBERS, OTHERS).items():
        assert np.array_equal(array, whole[name])


def test_an_experiment_keeps_its_twins_whatever_classes_are_joined(monkeypatch):
    exp = Experiment(dataset="synthetic_images", train_size=30, n_shadows=1)
    data = registry.load("synthetic_images")
    x, (train, test) = data.x.copy(), exp.split()
    x[test[5]] = x[train[7]]
    monkeypatch.setattr(registry, "load", lambda _name: replace(data, x=x))
    monkeypatch.setattr(registry, "source_of", lambda _name: {"sha256": "planted", "source": ""})
    first = exp.twins().iloc[0]
    assert (first["member"], first["other"], first["kind"]) == (train[7], test[5], "identical")
    assert (exp.twins()["kind"] == "close").sum() == twins.FEWEST - 1
    monkeypatch.setattr(registry, "load", lambda _name: pytest.fail("it searched again"))
    assert len(exp.replace(n_classes=2, epochs=7).twins()) == twins.FEWEST
    assert exp.replace(seed=1).twins_work().name != exp.twins_work().name
    assert [name for name, _ in store.all_facts()] == [exp.twins_work().name]
