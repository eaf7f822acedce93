"""The numbers that README and docs tell, by name: how each is written, and where it stands in the tables.

A page tells one between two comments, `<!--c2.svm-->−0.027<!--/-->`; `python -m mia_helpers pages` writes what is
between them. To add a number, add a line to `NUMBERS`, of M1 to M10 to `modern.numbers`, of D1 to D6 to
`defences.numbers`. The name of a profile before it, `classroom:c2.svm`, takes it from the tables of that profile;
without one they are those of `paper`, of `modern` for M1 to M10, and of `defences` for D1 to D6.
"""

import difflib
import itertools
from pathlib import Path

import pandas as pd

from mia_helpers.engine.errors import MIAError
from mia_helpers.report import paper
from mia_helpers.report.claims.row import SIZES
from mia_helpers.report.defences.numbers import DEFENCES
from mia_helpers.report.formats import count, fall, hours, minutes, number, percent, rise, seeds, signed, two
from mia_helpers.report.lookup import (
    UNJUDGED,
    Tables,
    alike,
    claim,
    directions,
    distance,
    found_of_one,
    found_on_average,
    intervals,
    mean,
    most,
    n_seeds,
    summary,
    told,
    verdicts,
)
from mia_helpers.report.modern.numbers import MODERN
from mia_helpers.report.verdicts import VERDICTS

WORDS = [(word, word.replace(" ", "-")) for word in VERDICTS if word not in UNJUDGED]
PLAIN = {"dataset": "cifar10", "train_size": 2500, "l2": 0}  # targets at ds 2500 without a penalty
STEPS = list(itertools.pairwise(SIZES))
ENDS = f"at ds {SIZES[-1]} minus at ds {SIZES[0]}"  # the largest size against the smallest
CLAIMS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9")
ATTACKS = {"svm": "the SVMs", "threshold": "the threshold attack", "gap": "the gap attack", "network": "the network"}


def _once(text: str):
    """Return what was measured by hand, once, and is in no table."""
    return str, lambda tables: text


def _tolerance(name: str):
    return two, lambda tables: paper.TOLERANCE[name]


def _epochs(n: int):
    return number, mean("studies", "accuracy", study="overfitting", setting=f"epochs={n}", attack="threshold")


def _boosted(what: str, column: str = "ours"):
    return percent, claim("beyond", "ds 2500: boosted", "at its threshold", what, column=column)


NUMBERS = {
    # What the verdict on a claim is (c3.verdict), how many rows have one (c1.judged), and each (c1.not-reproduced).
    **{f"{name.lower()}.verdict": (str, summary(name)) for name in CLAIMS},
    **{f"{name.lower()}.judged": (count, verdicts(name)) for name in CLAIMS},
    **{f"{name.lower()}.{hyphened}": (count, verdicts(name, word)) for name in CLAIMS for word, hyphened in WORDS},
    **{f"{name.lower()}.tolerance": _tolerance(name) for name in paper.TOLERANCE},
    # The paper's attack, and the trend over the sizes.
    **{f"c1.accuracy.{ds}": (number, claim("C1", f"ds {ds}:", "accuracy")) for ds in SIZES},
    "c1.distance": (number, distance("C1")),
    "c2.svm": (signed, claim("C2", "svm", ENDS)),
    "c2.svm.published": (signed, claim("C2", "svm", ENDS, column="published")),
    "c2.threshold": (signed, claim("C2", "threshold", ENDS)),
    "c2.threshold.verdict": (str, claim("C2", "threshold", ENDS, column="verdict")),
    "c2.svm.last": (str, claim("C2", "svm", f"at ds {STEPS[-1][1]} minus at ds {STEPS[-1][0]}", column="verdict")),
    **{f"c2.svm.{large}": (signed, claim("C2", "svm", f"at ds {large} minus at ds {small}")) for small, large in STEPS},
    # Adult.
    "c4.attack": (number, alike("C4", "attack accuracy on the target")),
    "c4.called": (percent, claim("C4", "Adult: share of the target's records that the attack calls members")),
    "c4.gap.standardised": (number, claim("C4", "standardised", "gap attack")),
    # The penalty.
    **{f"c5.paper.{ds}": (number, claim("C5", f"ds {ds} ", "the paper's attacker")) for ds in SIZES},
    **{f"c5.adapts.{ds}": (number, claim("C5", f"ds {ds} ", "who adapt")) for ds in SIZES},
    **{f"c5.gap.{ds}": (fall, claim("C5", f"ds {ds} ", "gap")) for ds in SIZES},
    **{f"c5.test.{ds}": (rise, claim("C5", f"ds {ds} ", "test accuracy")) for ds in SIZES},
    # Shadows and classes.
    "c6.threshold": (signed, claim("C6", "threshold", "10 shadows against 1")),
    "c6.svm": (rise, claim("C6", "svm", "10 shadows against 1")),
    "c6.svm.accuracy": (number, claim("C6", "ds 2500: svm attack, 10 shadows")),
    "c6.threshold.accuracy": (number, claim("C6", "ds 2500: threshold attack, 10 shadows")),
    "c6.large-c": (number, claim("C6", "C up to 1000", ", 1 shadow")),
    "c7.threshold": (fall, claim("C7", "threshold attack, 2 classes against 10")),
    "c7.threshold.same-gap": (fall, claim("C7", "threshold", "2 classes against 10", "same train/test gap")),
    # Parameters, overfitting, open choices.
    **{f"c8.{name}": (count, claim("C8", f"the {name} network")) for name in ("image", "census", "attack")},
    "c9.correlation": (two, claim("C9", "rank correlation", "threshold")),
    "c9.epochs.1": (number, claim("C9", "after 1 epoch:")),
    "c9.epochs.20": _epochs(20),
    "c9.epochs.100": _epochs(100),
    "c9.beyond": (number, claim("C9", "advantage of the threshold attack")),
    "open.sgd": (signed, claim("open", "optimizer=sgd")),
    "open.sgd.fall": (fall, claim("open", "optimizer=sgd")),
    "open.sgd.train": (two, mean("studies", "train_accuracy", study="choices", setting="optimizer=sgd", attack="svm")),
    "open.gamma": (rise, claim("open", "gamma")),
    "open.others": (number, most("open", but=("optimizer=sgd", "gamma"))),
    # What no claim says: a threshold at ds 15000, and members found at a false-positive rate of 0.1%.
    "carried": (number, mean("thresholds", "accuracy", dataset="cifar10", train_size=15000)),
    "carried.hindsight": (number, mean("thresholds", "in_hindsight", dataset="cifar10", train_size=15000)),
    "found.one": (percent, found_of_one()),
    "found.one.attack": (ATTACKS.get, found_of_one("attack")),
    "found.one.ds": (str, found_of_one("train_size")),
    **{f"auc.{name}.2500": (number, mean("metrics", "auc", **PLAIN, attack=name)) for name in ("svm", "threshold")},
    "beyond.svm": (percent, claim("beyond", "ds 2500: svm", "members found")),
    "beyond.found": _boosted("members found"),
    "beyond.found.low": _boosted("members found", "low"),
    "beyond.found.high": _boosted("members found", "high"),
    "beyond.precision": _boosted("precision"),
    "found.plain": (percent, found_on_average(penalised=False)),
    "found.l2": (percent, found_on_average(penalised=True)),
    "found.l2.ds": (str, found_on_average(penalised=True, column="train_size")),
    # All rows together.
    "intervals": (count, intervals()),
    "directions": (count, directions()),
    "directions.reproduced": (count, directions("reproduced")),
    "directions.hold": (count, directions("reproduced", below=0.05)),
    # How it was run.
    **{f"seeds.{ds}": (seeds, n_seeds("metrics", dataset="cifar10", train_size=ds)) for ds in SIZES},
    "seeds.large": (seeds, n_seeds("metrics", dataset="cifar10", train_size=(10000, 15000))),
    "seeds.adult": (seeds, n_seeds("metrics", dataset="adult")),
    "seeds.classes": (seeds, n_seeds("studies", study="classes")),
    "seeds.studies": (seeds, n_seeds("studies", study=("classes", "overfitting", "choices"))),
    "hours.training": (hours, told("core_hours_of_training")),
    "minutes.attacks": (minutes, told("hours_of_attacks")),
    "jpeg.images": _once("6,102"),  # CIFAR-10 images of which the original pixels were at hand
    "jpeg.change": _once("0.2"),  # percentage points of test accuracy, between JPEG and original pixels
    "merging": _once("0.0002"),  # of the attack's accuracy at ds 2500, with and without the merging of points
    **MODERN,
    **DEFENCES,
}
OTHERS = {"modern": MODERN, "defences": DEFENCES}


def profile_of(name: str) -> str:
    """Return the profile whose tables tell this number, where its marker names none."""
    return next((profile for profile, numbers in OTHERS.items() if name in numbers), "paper")


class Numbers:
    """The numbers of the tables below a folder, each by its name."""

    def __init__(self, root: Path):
        self.root, self._tables = root, {}

    def __getitem__(self, name: str) -> str:
        """Return a number as it is written.

        Raises
        ------
        MIAError
            If there is no such name, or its row is not there, not alone, or empty.
        """
        profile, _, key = name.rpartition(":")
        if key not in NUMBERS:
            near = difflib.get_close_matches(key, NUMBERS, n=4, cutoff=0.4)
            hint = f"near: {', '.join(near)}" if near else "none is near"
            raise MIAError(f"no number has this name; {hint}. Names are in mia_helpers/report/numbers.py")
        written, find = NUMBERS[key]
        profile = profile or profile_of(key)
        tables = self._tables.setdefault(profile, Tables(profile, self.root))
        try:
            found = find(tables)
        except KeyError as error:  # a column that was there when the number got its name
            raise MIAError(f"its table in results/{tables.folder.name} has no {error}") from None
        if pd.isna(found):
            raise MIAError(f"its row in results/{tables.folder.name} has no number there")
        text = written(found)
        if not isinstance(text, str):
            raise MIAError(f"its row in results/{tables.folder.name} has {found!r}, for which there is no wording")
        return text
