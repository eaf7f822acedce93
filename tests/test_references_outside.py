"""What public code finds on a small matrix, and this project's own beside it.

The matrix (8 models, 40 records, 2 queries), a target, a population and what was found are in
`data/references_outside.json`; none of the tools' code is here. Each was run once, on the float32 confidences as
float64, with NumPy 2.4.6 and SciPy 1.17.1.

- LiRA: github.com/tensorflow/privacy, commit 03035d5d4a27, research/mi_lira_2021/plot.py, `generate_ours` and
  `generate_ours_offline`, with `fix_variance` False ("own") and True ("fixed"); lower means "member" in its online
  score. It takes medians: of two models that is the mean ("4", the first four models); of four it is not, and there
  np.median was replaced by np.mean for the run ("8_means"). Its standard deviations divide by n, not n - 1. With
  `fix_variance` it takes one for all records and queries, which is not centred per record, and online the in models'
  for both sides. So each test gives our formula the moments that it uses.
- RMIA: github.com/privacytrustlab/ml_privacy_meter, commit e384af8fd931, modules/mia/attacks/rmia.py, `run_rmia`, which
  is offline, with a = 0.3 and 1. Of the population's signals it takes the larger half, by sorting, as if half of the
  models knew z. Given the four models that are half of the eight ("rmia_0.3"), it takes all four, and their plain mean
  is the one that we mean. With eight ("larger_half"), we find the same if we are given that half.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from mia_helpers.attacks.references import References, Target, rmia_shares
from mia_helpers.attacks.references.lira import lira_offline, lira_online
from mia_helpers.attacks.references.moments import Moments, Side, moments

DATA = json.loads((Path(__file__).parent / "data" / "references_outside.json").read_text(encoding="utf-8"))
FOUND = {name: np.array(values) for name, values in DATA["found"].items()}
SAME = {"rel": 1e-9, "abs": 1e-9}


def references(n=8, population=None):
    phi, member = np.array(DATA["phi"]), np.array(DATA["member"]) == 1
    return References(phi, member, np.zeros(40, int), population).first(n)


def target():
    return Target(np.array(DATA["target"]), population=np.array(DATA["target_population"]))


def their_moments(ours, theirs_are_fixed):
    """Return the moments with the means of ours and their variances."""
    known, phi, chosen = moments(ours), ours.confidence.astype(float), ours.member
    if theirs_are_fixed:
        of_in, of_out = phi[chosen].var(), phi[~chosen].var()
        flat = np.ones_like(known.inside.variance)
        sides = (known.inside, of_in * flat), (known.outside, of_in * flat), (known.outside, of_out * flat)
    else:
        sides = [(side, side.variance * (side.n - 1) / side.n) for side in (known.inside, known.outside, known.outside)]
    inside, outside, alone = (Side(side.n, side.mean, variance) for side, variance in sides)
    return Moments(inside, outside), Moments(None, alone)


@pytest.mark.parametrize("models", ["4", "8_means"])
@pytest.mark.parametrize("kind", ["own", "fixed"])
def test_lira_is_that_of_the_reference_code_given_its_variances(kind, models):
    online, offline = their_moments(references(int(models[0])), kind == "fixed")
    phi, variance = target().confidence.astype(float), {"own": "record", "fixed": "pooled"}[kind]
    assert lira_online(phi, online, variance) == pytest.approx(-FOUND[f"lira_online_{kind}_{models}"], **SAME)
    two_sided = lira_offline(phi, offline, variance, two_sided=True) + np.log(2 * np.pi) / 2  # a constant we leave out
    # Offline, theirs is the log density itself: low where phi is far from the out models, above or below
    assert two_sided == pytest.approx(-FOUND[f"lira_offline_{kind}_{models}"], **SAME)


@pytest.mark.parametrize("a", [0.3, 1.0])
def test_rmia_is_that_of_privacy_meter_where_the_population_has_its_plain_mean(a):
    ours = references(population=np.tile(DATA["population"], (2, 1)))
    assert rmia_shares(target(), ours, online=False, a=a) == pytest.approx(FOUND[f"rmia_{a}"], **SAME)


@pytest.mark.parametrize("a", [0.3, 1.0])
def test_privacy_meter_takes_the_larger_half_of_the_populations_signals(a):
    of_eight = np.array(DATA["population_8"])
    half = np.sort(of_eight, axis=0)[4:]
    found = FOUND[f"rmia_{a}_larger_half"]
    given_it = rmia_shares(target(), references(population=np.tile(half, (2, 1))), online=False, a=a)
    assert given_it == pytest.approx(found, **SAME)
    plain = rmia_shares(target(), references(population=of_eight), online=False, a=a)
    assert np.mean(plain != found) > 0.5  # z looks more usual to it than it is, so more of x seem to be members
    assert (plain <= found).all()
