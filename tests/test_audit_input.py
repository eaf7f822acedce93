"""Files of answers: what is read, and one sentence for each thing that is wrong with them."""

import audits
import numpy as np
import pandas as pd
import pytest

from mia_helpers import MIAError, Records
from mia_helpers.auditing import AuditAnswers, audit_scores, read
from mia_helpers.auditing.faults import kind_of
from mia_helpers.auditing.reading import as_answers


def changed(frame, **columns):
    return frame.assign(**columns)


def at(frame, column, row, value):
    values = frame[column].astype(object)
    values[row] = value
    return frame.assign(**{column: values})


P, S = audits.probabilities(n=80), audits.scores(n=80)
R = audits.with_references(n=80, models=4)
TABLE = [
    (P.drop(columns="member"), "there is no column member .* only: label, p0"),
    (P.rename(columns={"member": "members"}), "rename 'members'"),
    (P.assign(member=1), "there are 0 non-members .member = 0.: expected at least 20 of each kind"),
    (P.assign(member=0), "there are 0 members .member = 1."),
    (P.iloc[:0], "there are 0 records: expected at least 20 members"),
    (P.iloc[:3], "expected at least 20 of each kind; with fewer"),
    (at(P, "member", 5, 2), "member is 2 in row 5: expected 0 or 1"),
    (at(P, "member", 5, "yes"), "member is 'yes' in row 5: expected a number"),
    (P.drop(columns="label"), "there is no column label: with p0, p1"),
    (at(P, "label", 3, 4), "label is 4 in row 3: expected 0 to 3, as there are 4 columns"),
    (P.assign(label=P["label"] + 1), "of labels that count from 1, take label - 1"),
    (at(P, "label", 3, -1), "label is -1 in row 3: expected whole numbers from 0 on"),
    (at(P, "label", 3, 0.5), "label is 0.5 in row 3: expected whole numbers"),
    (at(P, "label", 3, "cat"), "label is 'cat' in row 3: expected a number"),
    (at(P, "p1", 7, np.nan), "p1 is missing .NaN. in row 7: expected finite numbers"),
    (at(P, "p1", 7, np.inf), "p1 is inf in row 7"),
    (at(S, "score", 7, 1e300), "score is 1e.300 in row 7: expected finite numbers, below 1e.100"),
    (at(P, "p1", 7, "high"), "p1 is 'high' in row 7: expected a number"),
    (P.assign(p0=P["p0"] * 0.5), r"look like probabilities, but row 0 adds up to 0\.\d+ .80 such rows."),
    (at(P, "p1", 7, 1.7), r"look like probabilities, but row 7 goes from 0\.\d+ to 1.7 .1 such rows."),
    (P[["member", "label", "p0"]], "only one column of answers, p0: .* p0 = 1 - p and p1 = p"),
    (P.drop(columns="p1"), "the column p1 is missing: expected p0 to p3 without a hole"),
    (P.assign(score=1.0), "there are both p0 and score"),
    (S.assign(loss=1.0), "there are both score and loss"),
    (S.drop(columns="score").assign(scores=1.0), "there is none; not read: .'scores'."),
    (at(S, "score", 9, "a"), "score is 'a' in row 9"),
    (S.assign(id=["a", "b"] * 40), "id 'a' is in rows 0 and 2.* .78 such rows.: expected each record once"),
    (at(S.assign(id=range(80)), "id", 4, None), "id is missing in row 4"),
    (at(S.assign(group="a"), "group", 4, " "), "group is missing in row 4"),
    (audits.scores(n=300).assign(group=range(300)), "group has 300 different values: expected at most 100"),
    (R.drop(columns=[f"in_{i}" for i in range(4)]), "there is phi_0, … without in_0"),
    (R.drop(columns=[f"phi_{i}" for i in range(4)]), "there is in_0, … without phi_0"),
    (R.drop(columns="in_3"), "there are 4 columns phi_… and 3 columns in_…"),
    (R.assign(in_2=2), "in_2 is 2 in row 0: expected 0 or 1"),
    (
        at(at(at(at(R, "in_0", 6, 1), "in_1", 6, 1), "in_2", 6, 1), "in_3", 6, 1),
        "row 6. is in the training set of all of",
    ),
    (
        at(at(at(at(R, "in_0", 6, 0), "in_1", 6, 0), "in_2", 6, 0), "in_3", 6, 0),
        "row 6. is in the training set of none",
    ),
    (
        R.assign(in_2=1 - R["member"], in_3=R["member"]),
        "in_2 says .* exactly the non-members: it gives the answer away",
    ),
    (R.rename(columns={"score": "loss"}), "loss and phi_0 are not on one scale: give score"),
    (P.rename(columns=str.upper), "there is no column member .*; rename 'MEMBER'"),
    (P.assign(member=np.where(P["member"] == 1, "yes", "no")), "member is '(yes|no)' in row 0: .* member is 0 or 1"),
    (P.assign(label=1e30), "label is 1e.30 in row 0: expected whole numbers up to 1,000,000,000"),
    (P.assign(**100 * P[["p0", "p1", "p2", "p3"]]), "add up to 100 in each row: .* of percentages or counts, divide"),
]


@pytest.mark.parametrize(("frame", "said"), TABLE, ids=[said[:40] for _, said in TABLE])
def test_what_is_wrong_is_told_in_one_sentence(frame, said, tmp_path):
    with pytest.raises(MIAError, match=said) as told:
        audit_scores(frame)
    assert "\n" not in str(told.value)
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(MIAError, match=r"a\.csv: "):
        read(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (dict(score=S["score"].astype(complex)), "score is complex128: expected numbers"),
        (dict(score=pd.to_datetime(["2020-01-01"] * 80)), "score is datetime64.*: expected numbers"),
        (dict(outputs=[[1, 2]] * 79 + [[1]], label=[0] * 80), "outputs has rows of several lengths"),
        (dict(score=S["score"], id=np.zeros((80, 2))), r"id has shape \(80, 2\), expected a name for each record"),
        (
            dict(score=S["score"], id=[f"\ud800{i}" for i in range(80)]),
            "in row 0: expected a text that UTF-8 can write",
        ),
        (dict(score="x"), r"score has shape \(\), expected 80 rows"),
    ],
)
def test_what_no_file_can_hold_is_told_too(given, said):
    with pytest.raises(MIAError, match=said):
        AuditAnswers(S["member"], **given)


def test_an_id_of_a_member_and_a_non_member_is_told_as_such():
    order = S.sort_values("member").reset_index(drop=True)
    with pytest.raises(MIAError, match="in rows 0 and 79, once as a member and once not"):
        audit_scores(order.assign(id=["x", *range(78), "x"]))


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([[0.2, 0.8], [1.0, 0.0]], "probabilities"),
        ([[0.2004, 0.8], [0.0, 0.9995]], "probabilities"),  # rounded
        ([[2.0, -1.0], [0.3, 0.4]], "logits"),
        ([[-0.1, -2.3], [-3.0, -0.05]], "logits"),  # log-probabilities are logits
    ],
)
def test_probabilities_and_logits_are_told_apart(rows, kind):
    assert kind_of(np.array(rows)) == kind
    assert kind_of(np.array(rows, np.float16).astype(float)) == kind


def test_logits_and_their_probabilities_give_the_same_scores():
    logits, probs = audits.answers(audits.outputs()), audits.answers(audits.probabilities())
    assert (logits.kind, probs.kind) == ("logits", "probabilities")
    assert logits.confidence == pytest.approx(probs.confidence, abs=1e-9)
    assert logits.probs == pytest.approx(probs.probs)


def test_csv_npz_and_a_frame_are_the_same(tmp_path):
    frame = P.assign(id=[f"{i:03d}" for i in range(80)], group="a", note="x")
    ids = np.array(frame["id"], "U")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    np.savez(tmp_path / "a.npz", **{name: frame[name].to_numpy() for name in P}, id=ids)
    matrix = frame[["p0", "p1", "p2", "p3"]].to_numpy()
    np.savez(tmp_path / "b.npz", member=frame["member"] == 1, label=frame["label"], p=matrix, id=ids)
    for name in ("a.csv", "a.csv.gz", "a.npz", "b.npz"):
        found = read(tmp_path / name)
        assert found.outputs == pytest.approx(matrix)
        assert list(found.id[:2]) == ["000", "001"]
    assert read(tmp_path / "a.csv").unread == ("note",)
    assert as_answers(frame).unread == ("note",)
    assert as_answers(found) is found


@pytest.mark.parametrize("k", [1, 4])
def test_records_of_a_target_are_answers(k):
    rng, nobody = np.random.default_rng(0), np.zeros(80, int)
    probs = rng.dirichlet(np.ones(max(k, 2)), 80)[:, -k:].astype(np.float32)
    probs[0] = np.eye(k, dtype=np.float32)[0]  # sure, whatever the class
    records = Records(probs, rng.integers(0, max(k, 2), 80), np.arange(80) < 40, nobody, nobody)
    found = as_answers(records)
    assert (found.kind, found.outputs.shape) == ("probabilities", (80, max(k, 2)))
    assert found.confidence[1:] == pytest.approx(records.log_odds[1:], rel=1e-4, abs=1e-5)
    assert found.correct.tolist() == records.correct.tolist()


def test_parquet(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no Parquet")

    def none(_path):
        raise ImportError("Missing optional dependency 'pyarrow'")

    with monkeypatch.context() as patch:
        patch.setattr(pd, "read_parquet", none)
        with pytest.raises(MIAError, match="pip install pyarrow"):
            read(path)
    pytest.importorskip("pyarrow")
    with pytest.raises(MIAError, match="no Parquet file that can be read"):
        read(path)
    P.assign(id=P.index.astype(str)).to_parquet(path)
    assert read(path).outputs == pytest.approx(P[["p0", "p1", "p2", "p3"]].to_numpy())


def test_files_that_cannot_be_read(tmp_path):
    def said(name, content=None):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(MIAError) as told:
            read(tmp_path / name)
        return str(told.value)

    assert "there is no such file" in said("none.csv")
    assert "unknown ending; expected a file .csv, .csv.gz, .parquet or .npz" in said("a.xlsx", b"")
    assert "the file is empty" in said("a.csv", b"")
    for mark in (b";", b"\t"):
        assert "separate them by commas" in said("a.csv", b"member,p0,p1\n1,0.5,0.5\n".replace(b",", mark))
    assert "no CSV file that can be read" in said("a.csv", b"member,score\n1,2\n1,2,3,4\n")
    assert "no CSV file that can be read" in said("a.csv", b"member,score\n\xff\xfe,1\n")
    assert "the column 'score' is there twice" in said("a.csv", b"member,score,score\n1,2,3\n")
    assert "no CSV file that can be read" in said("a.csv.gz", b"no gzip")
    assert "no .npz that can be read" in said("a.npz", b"PK no zip")
    np.savez(tmp_path / "o.npz", member=np.array([{}], object))
    assert "it holds Python objects" in said("o.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    assert "one array instead of an .npz" in said("one.npz", (tmp_path / "one.npy").read_bytes())
    with pytest.raises(MIAError, match="answers are a list: expected AuditAnswers, Records, a DataFrame, or"):
        as_answers([1, 2])
    with pytest.raises(MIAError, match="label has shape"):
        audits.answers(P).__class__(member=P["member"], outputs=P[["p0", "p1"]].to_numpy(), label=np.zeros(3))


@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": 1.5}, {"delta": 1}, {"delta": "x"}])
def test_options_that_make_no_sense(options):
    with pytest.raises(MIAError, match=f"{next(iter(options))}=.* expected"):
        audit_scores(S, **options)
