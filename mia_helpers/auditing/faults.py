"""What may be wrong with answers to be audited: one sentence each, with the column, the row and what to do."""

import difflib
import re
from numbers import Integral, Real

import numpy as np
import pandas as pd

from mia_helpers.attacks.records import ROUNDING
from mia_helpers.engine.checks import number
from mia_helpers.engine.errors import MIAError

LEAST = 20  # of each kind: with fewer, an interval of a rate is wider than all that it could tell
MOST_GROUPS = 100
MOST_LABEL = 10**9
MOST = 1e100  # a number whose square is none any more
ONE_ANSWER = (
    "expected the model's answers in one way: either a column for each class (p0, p1, …) or one column score (or loss)"
)
HALF_PAIR = re.compile("[\ud800-\udfff]")  # half of a character, which no file can hold
_KNOWN = r"member|label|score|loss|id|group|p|phi|in|p\d+|phi_\d+|in_\d+"


def check_columns(names: list[str]) -> None:
    """Raise an MIAError if `member` or an answer is missing, or if there is more than one."""
    if "member" not in names:
        plain = {name.strip().lower(): name for name in names}
        near = difflib.get_close_matches("member", plain, n=1)
        hint = f"; rename {plain[near[0]]!r}" if near else ""
        if len(names) == 1 and re.search("[;\t|]", names[0]):
            hint = "; is that several columns? separate them by commas, and write numbers with a point"
        shown = ", ".join(" ".join(name.split()) for name in names[:8]) + (", …" if len(names) > 8 else "")
        raise MIAError(f"there is no column member (1: trained on, 0: not), only: {shown or 'nothing'}{hint}")
    outputs = [name for name in names if re.fullmatch(r"p|p\d+", name)]
    given = [*outputs[:1], *(name for name in ("score", "loss") if name in names)]
    if len(given) != 1:
        strange = [name for name in names if not re.fullmatch(_KNOWN, name)]
        found = f"there are both {given[0]} and {given[1]}" if given else f"there is none; not read: {strange[:5]}"
        raise MIAError(f"{ONE_ANSWER}; {found}")
    if "loss" in names and any(re.fullmatch(r"phi|phi_\d+", name) for name in names):
        raise MIAError("loss and phi_0 are not on one scale: give score, the log-odds of the true class as in phi_0")


def numbers(name: str, values) -> np.ndarray:
    """Return float64 (n,), all finite."""
    array = _plain(values)
    if array.ndim != 1:
        raise MIAError(f"{name} has shape {array.shape}, expected a value for each record")
    if array.dtype.kind not in "biufOSU":
        raise MIAError(f"{name} is {array.dtype}: expected numbers")
    if array.dtype.kind not in "biuf":
        texts = pd.Series(array)
        array = pd.to_numeric(texts, errors="coerce").to_numpy(float, na_value=np.nan)
        bad = np.flatnonzero(np.isnan(array) & texts.notna().to_numpy())
        if len(bad):
            raise MIAError(f"{name} is {texts[bad[0]]!r} in row {bad[0]}: expected a number")
    array = array.astype(float)
    _check_finite(name, array)
    return array


def matrix(name: str, values) -> np.ndarray:
    """Return float64 (n, columns), all finite; at least two columns of outputs."""
    array, column = _plain(values), "p" if name == "outputs" else "phi_"
    if array.dtype.kind not in "biuf":
        raise MIAError(f"{column}0, … are {array.dtype}: expected numbers")
    if array.ndim != 2 or not array.shape[1]:
        raise MIAError(f"{name} has shape {array.shape}, expected a row for each record and a column for each of them")
    if name == "outputs" and array.shape[1] == 1:
        raise MIAError(
            "there is only one column of answers, p0: expected one for each class; of a single output p, give p0 = "
            "1 - p and p1 = p (of a single logit z, p0 = 0 and p1 = z)"
        )
    array = array.astype(float)
    for i in np.flatnonzero(~(np.abs(array) < MOST).all(axis=0)):
        _check_finite(f"{column}{i}", array[:, i])
    return array


def _check_finite(name: str, column: np.ndarray) -> None:
    bad = np.flatnonzero(~(np.abs(column) < MOST))
    if len(bad):
        value = "missing (NaN)" if np.isnan(column[bad[0]]) else f"{column[bad[0]]}"
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise MIAError(
            f"{name} is {value} in row {bad[0]}{more}: expected finite numbers, below {MOST:g}; find out why, or leave "
            f"these records out"
        )


def zeros_and_ones(name: str, values) -> np.ndarray:
    """Return bool (n,) of 0 and 1, or of False and True."""
    try:
        array = numbers(name, values)
    except MIAError as error:
        raise MIAError(f"{error}; {name} is 0 or 1") from None
    bad = np.flatnonzero((array != 0) & (array != 1))
    if len(bad):
        raise MIAError(f"{name} is {array[bad[0]]:g} in row {bad[0]}: expected 0 or 1")
    return array == 1


def check_lengths(answers) -> None:
    """Raise an MIAError if an array is not about the same records as `member`."""
    n = len(answers.member)
    for name in ("label", "outputs", "score", "id", "group", "phi", "known"):
        values = getattr(answers, name)
        if values is None:
            continue
        try:
            shape = np.shape(values)
        except ValueError:
            raise MIAError(f"{name} has rows of several lengths: expected one column as long as the other") from None
        if shape[:1] != (n,):
            raise MIAError(f"{name} has shape {shape}, expected {n} rows as member has")


def check_both_kinds(member: np.ndarray) -> None:
    """Raise an MIAError if there are fewer than `LEAST` members or non-members."""
    if not len(member):
        raise MIAError(f"there are 0 records: expected at least {LEAST} members and {LEAST} non-members")
    for kind, n in (("members", int(member.sum())), ("non-members", int((~member).sum()))):
        if n < LEAST:
            raise MIAError(
                f"there are {n} {kind} (member = {int(kind == 'members')}): expected at least {LEAST} of each kind; "
                f"with fewer, an interval is wider than all that it could tell"
            )


def kind_of(outputs: np.ndarray) -> str:
    """Return 'probabilities' or 'logits'; an MIAError for what is nearly probabilities."""
    within = ((outputs >= -ROUNDING) & (outputs <= 1 + ROUNDING)).all(axis=1)
    total = outputs.sum(axis=1)
    proper = within & (np.abs(total - 1) <= ROUNDING)
    if proper.all():
        return "probabilities"
    if not (within.all() or proper.mean() > 0.5):
        _check_no_shares(outputs, total)
        return "logits"
    row = int(np.flatnonzero(~proper)[0])
    what = (
        f"adds up to {total[row]:.4g}"
        if within[row]
        else f"goes from {outputs[row].min():.4g} to {outputs[row].max():.4g}"
    )
    raise MIAError(
        f"p0, p1, … look like probabilities, but row {row} {what} ({np.count_nonzero(~proper)} such rows): expected "
        f"rows that add up to 1; write more digits, or divide each row by its sum (of logits, subtract each row's mean)"
    )


def _check_no_shares(outputs: np.ndarray, total: np.ndarray) -> None:
    """Raise an MIAError for what are no logits either: nothing negative, and the same sum in each row."""
    if outputs.min() >= 0 and np.ptp(total) <= ROUNDING * total.max() and np.ptp(outputs, axis=0).any():
        raise MIAError(
            f"p0, p1, … add up to {total[0]:.4g} in each row: expected probabilities, which add up to 1, or logits; of "
            f"percentages or counts, divide each row by its sum"
        )


def labels(values, k: int | None = None) -> np.ndarray:
    """Return int64 (n,): whole numbers from 0, below the number of columns."""
    if values is None:
        raise MIAError("there is no column label: with p0, p1, … the true class of each record is needed, 0 for p0")
    array = numbers("label", values)
    bad = np.flatnonzero((array != np.round(array)) | (array < 0))
    if len(bad):
        raise MIAError(f"label is {array[bad[0]]:g} in row {bad[0]}: expected whole numbers from 0 on")
    if array.max() > MOST_LABEL:
        row = int(array.argmax())
        raise MIAError(f"label is {array[row]:g} in row {row}: expected whole numbers up to {MOST_LABEL:,}")
    if k and array.max() >= k:
        hint = "; of labels that count from 1, take label - 1" if array.min() >= 1 and array.max() == k else ""
        row = int(np.argmax(array >= k))
        raise MIAError(f"label is {array[row]:g} in row {row}: expected 0 to {k - 1}, as there are {k} columns{hint}")
    return array.astype(np.int64)


def ids(values, member: np.ndarray) -> np.ndarray:
    """Return str (n,), each once; without ids, the rows."""
    array = np.arange(len(member)).astype(str) if values is None else _texts("id", values)
    if len(set(array)) < len(array):
        first = pd.Series(array)
        row = int(np.flatnonzero(first.duplicated())[0])
        other = int(np.flatnonzero(array == array[row])[0])
        across = ", once as a member and once not" if member[row] != member[other] else ""
        n = int(first.duplicated().sum())
        raise MIAError(
            f"id {array[row]!r} is in rows {other} and {row}{across} ({n} such rows): expected each record once"
        )
    return array


def groups(values) -> np.ndarray:
    """Return str (n,): the name of each record's group."""
    array = _texts("group", values)
    if (n := len(set(array))) > MOST_GROUPS:
        raise MIAError(
            f"group has {n:,} different values: expected at most {MOST_GROUPS}; give slices, such as age bands"
        )
    return array


def _texts(name: str, values) -> np.ndarray:
    array = _plain(values)
    if array.ndim != 1:
        raise MIAError(f"{name} has shape {array.shape}, expected a name for each record")
    texts = np.array([str(value) for value in array], object)  # no column of pandas: with pyarrow it takes UTF-8 alone
    empty = np.flatnonzero(pd.isna(array) | np.array([not text.strip() for text in texts], bool))
    if len(empty):
        raise MIAError(f"{name} is missing in row {empty[0]} ({len(empty)} such rows): expected a name for each record")
    bad = [row for row, text in enumerate(texts) if not text.isascii() and HALF_PAIR.search(text)]
    if bad:
        raise MIAError(f"{name} is {texts[bad[0]]!r} in row {bad[0]}: expected a text that UTF-8 can write")
    return texts


def known_to_references(answers) -> np.ndarray | None:
    """Return bool (n, N) that fits phi: each record known to some of the references and not to all, or none to any."""
    phi, known = answers.phi, answers.known
    if phi is None and known is None:
        return None
    if phi is None or known is None:
        there, missing = ("phi_0", "in_0") if known is None else ("in_0", "phi_0")
        raise MIAError(f"there is {there}, … without {missing}, …: reference models need both, one of each for a model")
    if np.shape(known) != phi.shape:
        n = np.shape(known)[1] if np.ndim(known) == 2 else 0
        raise MIAError(f"there are {phi.shape[1]} columns phi_… and {n} columns in_…: expected one of each for a model")
    known = np.column_stack([zeros_and_ones(f"in_{i}", column) for i, column in enumerate(np.asarray(known).T)])
    if not known.any():
        if phi.shape[1] < 2:
            raise MIAError("there is one reference model: expected at least two")
        return known
    for name, count in (("all", known.all(axis=1)), ("none", ~known.any(axis=1))):
        if count.any():
            row = int(np.argmax(count))
            raise MIAError(
                f"record {answers.id[row]!r} (row {row}) is in the training set of {name} of the {phi.shape[1]} "
                f"reference models ({int(count.sum())} such records): each needs models of both kinds; leave these "
                f"records out, or give only models that know no record"
            )
    _check_own_split(answers.member, known)
    return known


def _check_own_split(member: np.ndarray, known: np.ndarray) -> None:
    """Raise an MIAError if a reference was trained on exactly the target's split, or on exactly what it leaves out."""
    agree = (known == member[:, None]).mean(axis=0)
    own = np.flatnonzero((agree == 0) | (agree == 1))
    if len(own):
        which = "the members" if agree[own[0]] == 1 else "the non-members"
        raise MIAError(
            f"in_{own[0]} says that reference model {own[0]} was trained on exactly {which}: it gives the answer away; "
            f"leave out phi_{own[0]} and in_{own[0]}"
        )


def _plain(values) -> np.ndarray:
    """Return an array; a pandas column with missing values becomes one with NaN or None."""
    return values.to_numpy() if isinstance(values, pd.Series) else np.asarray(values)


def check_options(seed: int, delta: float) -> None:
    """Raise an MIAError unless there can be such a seed, and such a delta of differential privacy."""
    number("seed", seed, Integral, 0, 2**32 - 1, "NumPy takes no larger seed")
    if isinstance(delta, bool) or not isinstance(delta, Real) or not 0 <= delta < 1:
        raise MIAError(f"delta={delta!r}: expected a number from 0 to below 1")
