"""Defences of the answer: what each map does to hand-made answers, and what is left for whoever knows of it."""

import numpy as np
import pytest
from scipy.special import logsumexp

from mia_helpers import Experiment, MIAError
from mia_helpers.attacks.intervals import area
from mia_helpers.attacks.records import Records
from mia_helpers.attacks.references import in_hindsight
from mia_helpers.learning.outputs import OUTPUTS, named

THREE = np.array([[0.96, 0.03, 0.01], [0.2, 0.5, 0.3], [0.34, 0.33, 0.33]], np.float32)
ONE = np.array([[0.96], [0.3], [0.5]], np.float32)


@pytest.mark.parametrize(
    ("text", "probs", "expected"),
    [
        ("rounding=1", THREE, [[1, 0, 0], [0.2, 0.5, 0.3], [1 / 3, 1 / 3, 1 / 3]]),
        ("rounding=0", THREE, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]]),
        ("rounding=1", ONE, [[1], [0.3], [0.5]]),
        ("temperature=1", THREE, THREE),
        ("temperature=1e9", THREE, np.full((3, 3), 1 / 3)),
        ("temperature=0.5", THREE[1:2], [[0.04 / 0.38, 0.25 / 0.38, 0.09 / 0.38]]),
        ("top_class", THREE, [[1, 0, 0], [0, 1, 0], [1, 0, 0]]),
        ("top_class", ONE, [[1], [0], [0]]),
    ],
)
def test_a_map_by_hand(text, probs, expected):
    shown = named(text).transform(probs)
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def answers(rng, sure, n, k=4):
    """Answers whose predicted class, drawn at random, has log-odds around `sure`."""
    odds = rng.normal(sure, 1, n)
    logits = rng.normal(0, 0.1, (n, k))
    top = rng.integers(k, size=n)
    logits[np.arange(n), top] = -np.inf
    logits[np.arange(n), top] = odds + logsumexp(logits, axis=1)
    p = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
    return p.astype(np.float32), top


@pytest.mark.parametrize("k", [2, 4])
def test_answers_that_fool_keep_the_class_and_hide_who_is_sure(k):
    rng = np.random.default_rng(0)
    (inside, _), (outside, _) = answers(rng, 6, 3000, k), answers(rng, 2, 3000, k)
    probs, member = np.concatenate([inside, outside]), np.arange(6000) < 3000
    fooling = named("fooling").fit(probs, member)
    shown = fooling.transform(probs)
    assert np.array_equal(shown.argmax(axis=1), probs.argmax(axis=1))
    label = probs.argmax(axis=1)
    records = [Records(p, label, member, np.zeros(6000, int), np.arange(6000)) for p in (probs, shown)]
    before, after = ([r.log_odds[member == is_in] for is_in in (True, False)] for r in records)
    assert (before[0] > fooling.cuts_.max() + 0.01).mean() > 0.9
    assert max(part.max() for part in after) <= fooling.cuts_.max() + 1e-3  # beyond the cut, all look alike
    middle = [np.median(before[1][before[1] <= cut]) for cut in (fooling.cuts_.min(), fooling.cuts_.max())]
    assert middle[0] - 0.1 < np.median(after[0]) < middle[1] + 0.1  # members are as sure as others usually are
    assert abs(area(*after) - 0.5) < 0.1 < area(*before) - 0.8
    below = records[0].log_odds < fooling.cuts_.min()
    np.testing.assert_array_equal(shown[below], probs[below])
    np.testing.assert_allclose(fooling.transform(shown), shown, atol=1e-6)


def test_a_class_without_members_is_left_alone():
    fooling = named("fooling").fit(THREE, np.array([False, False, False]))
    np.testing.assert_array_equal(fooling.transform(THREE), THREE)


@pytest.mark.parametrize("text", ["rounding=3", "temperature=2", "top_class", "fooling"])
def test_a_map_has_one_name(text):
    assert str(named(text)) == str(named(f" {text.replace('=', ' = ')} ")) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rounding=-1", "output='rounding=-1': rounding by -1: expected a whole number of digits from 0 to 7"),
        ("rounding=1.5", "rounding by 1.5: expected a whole number of digits"),
        ("temperature=0", "temperature by 0: expected a number above 0; 1 changes nothing"),
        ("temperature", "expected name=strength, such as 'temperature=0.1'"),
        ("top_class=1", "top class by 1: expected no strength; write 'top_class'"),
        ("hide=1", "unknown output 'hide'; known: rounding, temperature, top_class, fooling"),
        ("rounding=1,digits=2", "unknown option of rounding 'digits'"),
    ],
)
def test_a_map_that_makes_no_sense_is_told(text, said):
    with pytest.raises(MIAError, match=said):
        named(text)


def test_an_unfitted_map_is_told():
    with pytest.raises(MIAError, match="it has not learnt yet"):
        named("fooling").transform(THREE)


@pytest.mark.parametrize("name", OUTPUTS)
def test_how_near_to_certainty_a_map_can_tell(name):
    kind = OUTPUTS[name]
    output = kind(None if kind.bare else 2)
    assert output.finest == {"rounding": 0.005, "temperature": 0.0, "top_class": 0.01, "fooling": 0.0}[name]


# --- In the walk --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(made_once):
    """A store in which each test finds what those before it trained."""
    return made_once(lambda: None)


@pytest.fixture
def walk(trained):
    """An experiment of few images, with canaries among the records of its references."""
    sizes = {"train_size": 100, "n_shadows": 2, "n_references": 8, "epochs": 6, "n_canaries": 20}
    return Experiment(dataset="synthetic_images", l2_sweep=(), n_resamples=20, **sizes)


@pytest.mark.slow
def test_a_map_changes_names_only_where_it_is_used(walk):
    mapped = walk.replace(output="rounding=1")
    assert "output" not in walk.attacker("gap").depends_on()
    assert walk.model().name == mapped.model().name
    assert walk.attacker("gap").name != mapped.attacker("gap").name
    assert mapped.attacker("gap", shadows_of=walk).name != mapped.attacker("gap").name
    assert walk.answers().name != mapped.answers().name


@pytest.mark.slow
def test_everybody_sees_the_target_through_its_map(walk):
    mapped, rows = walk.replace(output="rounding=1"), walk.split()[0][:5]
    expected = named("rounding=1").transform(walk.target().probs)
    np.testing.assert_array_equal(mapped.target().probs, expected)
    np.testing.assert_allclose(mapped.query(walk.data.x[rows]), expected[:5], atol=1e-6)
    own = mapped.attacker("threshold")
    score, _ = own.judge(walk.target())  # whatever the victim answers goes through the map
    np.testing.assert_array_equal(score, own.result().score)
    assert own.adapts
    assert not mapped.attacker("threshold", shadows_of=walk).adapts


@pytest.mark.slow
def test_the_victims_map_is_learnt_from_the_defenders_shadows(walk):
    mapped, other = walk.replace(output="fooling"), walk.replace(l2=0.01)
    attacker = mapped.attacker("threshold", shadows_of=other)
    assert set(attacker.defender) == set(mapped.shadow_models())
    assert set(attacker.needs()) >= {*mapped.shadow_models(), *other.shadow_models()}
    shadows = walk.shadows()
    expected = named("fooling").fit(shadows.probs, shadows.member).transform(walk.model().records().probs)
    np.testing.assert_array_equal(mapped.target().probs, expected)


@pytest.mark.slow
def test_references_answer_through_the_map_and_their_labels_too(walk):
    plain, same = walk.references(), walk.replace(output="temperature=1").references()
    np.testing.assert_allclose(same.confidence, plain.confidence, atol=2e-2)  # through float32 probabilities
    np.testing.assert_array_equal(same.right, plain.right)
    top = walk.replace(output="top_class").references()
    assert np.unique(top.confidence).tolist() == pytest.approx([-np.log(99), np.log(99)])
    np.testing.assert_array_equal(top.confidence[..., 0] > 0, top.right[..., 0])
    assert top.population is None


@pytest.mark.slow
def test_canaries_are_measured_apart(walk):
    attacker = walk.reference_attacker("threshold")
    attacker.compute()
    references = walk.references()
    planted = np.isin(references.index, walk.reference_models()[0].split.canaries(60_000, 0))
    assert planted.sum() == 20
    for chosen, found in ((planted, attacker.canaries()["auc"]), (~planted, attacker.table()["auc"])):
        part = references.only(chosen)
        pairs = zip(part.member, part.confidence[..., 0], strict=True)
        np.testing.assert_allclose(found, [in_hindsight(member, score)["auc"] for member, score in pairs])
    assert attacker.canaries()["epsilon"].shape == (8,)
    assert attacker.victim is None
    assert walk.replace(n_canaries=0).reference_attacker("threshold").name != attacker.name


@pytest.mark.slow
def test_what_no_map_serves_is_told(walk):
    mapped = walk.replace(output="top_class")
    with pytest.raises(MIAError, match="epoch=2: a map, output='top_class', stands before trained models alone"):
        mapped.answers(2)
    with pytest.raises(MIAError, match="the shadows' answers about the target's records know no map"):
        mapped.shadow_answers()
    with pytest.raises(MIAError, match="moved images are kept as confidences"):
        mapped.answers().references(moves=True)
