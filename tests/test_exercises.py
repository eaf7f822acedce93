"""The exercises: each is complete, its check refuses stub and wrong answers, and student copies have no solution."""

import json
import re
import time
from pathlib import Path

import nbformat
import pytest
from trying import Trial, fresh_clone_in, shared_runs, told, wrong_answers

from mia_helpers import MIAError
from mia_helpers.batch import cli
from mia_helpers.engine import files
from mia_helpers.teaching import check, copies, exercises
from mia_helpers.teaching.checking import CHECKS, expect
from mia_helpers.walk.road import ROAD

NOTEBOOKS = [page.source for page in ROAD]
QUESTION = """\
### Exercise 90.1 · What does 0.55 mean? (1 minute)

Which?

<details><summary>A. Much</summary>

Not quite: a coin has 0.5.

</details>
<details><summary>B. Little</summary>

Right: it is near a coin.

</details>
<details><summary>C. Nothing</summary>

Not quite: see [the notebook](05_evaluation.ipynb) and [a page](../docs/limits.md#the-data).

</details>
<details><summary>D. All</summary>

Not quite: that would be 1.

</details>"""
SOLUTION = """\
def mean(values):
    \"\"\"Return the mean.\"\"\"
    # solution begins
    return sum(values) / len(values)
    # solution ends"""
# The kernel of a test has the check from the notebook; the test itself has it from `sample`.
REGISTER = """\
from mia_helpers.teaching.checking import exercise, expect

values = [1, 2, 6.7]

@exercise("90.2")
def of_mean(mean, values):
    found = mean(values)
    expect(found is not None, "The function returns nothing.")
    expect(found != sum(values), "That is the sum: divide it.")
    expect(found != 2, "That is the median.")
    expect(abs(found - sum(values) / len(values)) < 1e-9, "That is something else.")
    return "All count alike."

values"""
WRONG = [
    {"code": "return sum(values)", "says": "the sum"},
    {"code": "return sorted(values)[len(values) // 2]", "says": "median"},
    {"code": "return max(values)", "says": "something else"},
]


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def cells():
    """Return the cells of a notebook with a question and a task."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    folded = {"tags": ["solution", "hide-input"], "jupyter": {"source_hidden": True}}
    return [
        markdown("# A sample", id="title"),
        code(REGISTER, id="register"),
        markdown(QUESTION, id="question", metadata={"tags": ["question"]}),
        markdown("### Exercise 90.2 · A mean (5 minutes)\n\nWrite it.", id="task", metadata={"tags": ["task"]}),
        code(SOLUTION, id="solution", metadata=folded, execution_count=3),
        code(
            'from mia_helpers.teaching import check\n\ncheck("90.2", mean, values)',
            id="check",
            metadata={"tags": ["check"]},
            execution_count=4,
            outputs=[nbformat.v4.new_output("stream", text="Exercise 90.2: right.")],
        ),
        code("done = mean(values)", id="after"),
    ]


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A function that writes a notebook with a question and a task, after a change, and returns its path."""
    monkeypatch.setitem(CHECKS, "90.2", expect)

    def make(change=None, name="90_sample.ipynb"):
        book = nbformat.v4.new_notebook(cells=cells())
        by_id = {cell.id: cell for cell in book.cells}
        if change:
            change(book, by_id)
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(exist_ok=True)
        nbformat.write(book, path)
        return path

    return make


# --- What is committed --------------------------------------------------------------------------------------------


def test_every_exercise_is_complete_and_every_check_is_asked():
    found = exercises.read_all(NOTEBOOKS)
    tasks = {exercise.number for many in found.values() for exercise in many if exercise.is_task}
    assert set(CHECKS) == tasks


@named(NOTEBOOKS)
def test_there_are_three_to_five_exercises_short_ones_and_tasks(path):
    found = exercises.read_all([path])[path]
    assert 3 <= len(found) <= 5
    assert {exercise.is_task for exercise in found} == {True, False}
    assert min(exercise.minutes for exercise in found) <= 3
    assert max(exercise.minutes for exercise in found) <= 20


def test_each_notebook_asks_for_a_judgement_and_the_teaching_page_names_those_to_grade():
    judgements = {}
    for path, found in exercises.read_all(NOTEBOOKS).items():
        tags = [cell.metadata.get("tags", []) for cell in nbformat.read(path, as_version=4).cells]
        judgements[path] = [exercise.number for exercise in found if "judgement" in tags[exercise.cells[0]]]
        assert judgements[path], path.name
    page = (files.CHECKOUT / "docs" / "teaching.md").read_text(encoding="utf-8")
    listed = re.search(r"Grade the judgements \(exercises ([^)]+)\)", page)[1]
    assert re.findall(r"\d+\.\d+", listed) == [number for numbers in judgements.values() for number in numbers]


@named(NOTEBOOKS)
def test_at_least_three_wrong_answers_are_tried_of_each_task(path):
    tasks = [exercise.number for exercise in exercises.read_all([path])[path] if exercise.is_task]
    wrong = wrong_answers(path.stem)
    assert sorted(wrong) == tasks
    for number, answers in wrong.items():
        assert len(answers) >= 3, number
        assert all(set(answer) == {"code", "says"} and len(answer["says"]) > 2 for answer in answers), number


# --- What is not an exercise --------------------------------------------------------------------------------------


def removes(name):
    return lambda book, cell: book.cells.remove(cell[name])


def replaces(name, old, new):
    def change(_book, cell):
        assert old in cell[name].source
        cell[name].source = cell[name].source.replace(old, new)

    return change


def untagged(name, tag):
    return lambda _book, cell: cell[name].metadata.tags.remove(tag)


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        (removes("solution"), "task", "a task without a solution"),
        (removes("check"), "solution", "a solution without a check"),
        (removes("task"), "solution", "a solution without a task"),
        (untagged("task", "task"), "task", "tag it `question` or `task`"),
        (untagged("solution", "solution"), "task", "a task without a solution"),
        (untagged("solution", "hide-input"), "solution", "a solution is folded"),
        (lambda _, cell: cell["solution"].metadata.pop("jupyter"), "solution", "a solution is folded"),
        (lambda _, cell: cell["check"].metadata.tags.append("task"), "check", "tagged check and task"),
        (lambda _, cell: cell["after"].metadata.update(tags=["check"]), "after", "a check without a solution"),
        (lambda _, cell: cell["after"].metadata.update(tags=["question"]), "after", "a question is a markdown cell"),
        (replaces("after", "done", "# solution begins\ndone"), "after", "has the marker of a solution"),
        (replaces("solution", "    # solution ends", ""), "solution", "the markers '# solution begins'; expected"),
        (replaces("solution", "# solution begins", "# solution ends"), "solution", "expected '# solution begins'"),
        (replaces("solution", "solution begins", "Solution Begin"), "solution", "the markers '# Solution Begin'"),
        (replaces("solution", "    return sum(values) / len(values)\n", ""), "solution", "nothing between its markers"),
        (replaces("solution", '    """Return the mean."""\n', ""), "solution", "without its solution is no Python"),
        (replaces("solution", "return sum", "return return sum"), "solution", "with its solution is no Python"),
        (replaces("question", "Right:", "Not quite:"), "question", "0 right and 4 wrong options"),
        (replaces("question", "Not quite: that", "Right: that"), "question", "2 right and 2 wrong options"),
        (replaces("question", "Not quite: that", "Wrong: that"), "question", "option D must say"),
        (replaces("question", "<summary>C. ", "<summary>E. "), "question", "should begin with 'C. '"),
        (replaces("question", "All</summary>\n\n", "All</summary>\n"), "question", "option D has no blank line"),
        (replaces("question", "All</summary>", "All"), "question", "an option of another form"),
        (replaces("question", "(1 minute)", "(a minute)"), "question", "expected a line of the form"),
        (replaces("question", "90.1 ", "90.2 "), "question", "is exercise 90.2; here stands 90.1"),
        (replaces("task", "90.2", "9.2"), "task", "is exercise 9.2; here stands 90.2"),
        (replaces("check", "90.2", "90.1"), "check", "expected one check("),
        (replaces("check", ", mean, values", ""), "check", "expected one check("),
        (replaces("check", "check(", "mean("), "check", "calls nothing; expected one check("),
        (replaces("check", "values)", "values"), "check", "is no Python"),
    ],
)
def test_an_exercise_that_is_not_complete_is_named_with_notebook_and_cell(sample, change, where, says):
    path = sample(change)
    with pytest.raises(MIAError) as caught:
        exercises.read_all([path])
    assert str(caught.value).startswith(f"90_sample.ipynb, cell {where}: ")
    assert says in str(caught.value)


def test_a_complete_exercise_is_read(sample):
    path = sample()
    question, task = exercises.read_all([path])[path]
    assert question == exercises.Exercise("90.1", "What does 0.55 mean?", 1, (2,))
    assert task == exercises.Exercise("90.2", "A mean", 5, (3, 4, 5))


def test_an_option_with_too_few_wrong_ones_and_a_name_without_a_number(sample):
    path = sample(lambda _, cell: cell["question"].update(source=QUESTION.partition("\n<details><summary>D")[0]))
    with pytest.raises(MIAError, match="1 right and 2 wrong options"):
        exercises.read_all([path])
    with pytest.raises(MIAError, match=r"sample.ipynb, cell question: .* must begin with its number"):
        exercises.read_all([sample(name="sample.ipynb")])


def test_a_check_is_registered_and_asked(sample, monkeypatch):
    path = sample()
    monkeypatch.setitem(CHECKS, "90.3", expect)
    with pytest.raises(MIAError, match=r"check of exercise 90\.3 \(expect in mia_helpers.teaching.checking\) is asked"):
        exercises.read_all([path])
    monkeypatch.delitem(CHECKS, "90.3")
    monkeypatch.delitem(CHECKS, "90.2")
    with pytest.raises(MIAError, match=r'no @exercise\("90.2"\) in mia_helpers/teaching/checks/n90.py'):
        exercises.read_all([path])


def test_an_answer_is_put_where_the_marked_lines_stood():
    assert exercises.solution(SOLUTION) == "return sum(values) / len(values)"
    assert exercises.filled(SOLUTION, "if 1:\n    return 2").endswith('mean."""\n    if 1:\n        return 2')
    assert exercises.filled("x = ...\n# solution begins\nx = 1\n# solution ends\nx", "x = 2") == "x = ...\nx = 2\nx"


def test_an_answer_that_cannot_be_tried_and_an_exercise_that_is_none(monkeypatch):
    monkeypatch.setitem(CHECKS, "90.2", lambda answer: expect(answer > 1, "It is too small."))
    for answer, says in ((..., "no answer so far"), (None, "no answer so far"), (0, "too small"), ("a", "TypeError")):
        with pytest.raises(MIAError, match=says):
            check("90.2", answer)
    with pytest.raises(MIAError, match="unknown exercise '90.4'"):
        check("90.4", 1)


# --- Student copies -----------------------------------------------------------------------------------------------


def test_a_copy_has_the_stub_and_neither_solution_nor_outputs(sample, tmp_path):
    (path,) = copies.write([sample()], tmp_path / "out")
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    first, _, _, _, _, answer, checks, _ = book.cells
    assert "**Student copy** of `90_sample.ipynb`" in first.source
    assert answer.source == 'def mean(values):\n    """Return the mean."""\n    # your code here'
    assert answer.metadata == {"tags": ["solution"]}
    assert 'check("90.2", mean, values)' in checks.source
    assert all(cell.execution_count is None and not cell.outputs for cell in book.cells if cell.cell_type == "code")
    text = path.read_text(encoding="utf-8")
    assert "sum(values) / len(values)\\n    # solution" not in text
    assert "solution begins" not in text


def test_copies_of_the_notebooks_are_the_same_bytes_each_time_and_have_no_solution(tmp_path):
    made = copies.write(NOTEBOOKS, tmp_path / "out")
    assert [path.name for path in made] == [path.name for path in NOTEBOOKS]
    first = [path.read_bytes() for path in made]
    for path in made:
        path.unlink()
    assert [path.read_bytes() for path in copies.write(NOTEBOOKS, tmp_path / "out")] == first
    for source, path in zip(NOTEBOOKS, made, strict=True):
        text, book = path.read_text(encoding="utf-8"), nbformat.read(source, as_version=4)
        assert "solution begins" not in text
        for exercise in exercises.read(book, source.name):
            if exercise.is_task:
                assert json.dumps(exercises.solution(book.cells[exercise.cells[1]].source))[1:-1] not in text


@pytest.mark.parametrize("folder", ["exercises", "deeper/down/exercises"])
def test_links_lead_where_they_led(sample, tmp_path, folder):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "limits.md").write_text("")
    one, other = sample(replaces("question", "05_evaluation", "90_other")), sample(name="90_other.ipynb")
    up = "../" * len(Path(folder).parts)
    path = f"{up}notebooks/90_other.ipynb"
    for copied in ([one], [one, other], [one]):  # alone, beside the other, where the other is already
        written = copies.write(copied, tmp_path / folder)
        text = nbformat.read(written[0], as_version=4).cells[3].source
        assert f"[the notebook]({path}) and [a page]({up}docs/limits.md#the-data)" in text
        path = "90_other.ipynb"
    assert written[0].parent.joinpath(f"{up}docs/limits.md").exists()


def test_links_of_the_notebooks_resolve_in_the_default_folder():
    origin, out = files.CHECKOUT / "notebooks", files.CHECKOUT / copies.FOLDER
    names = [path.name for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            for (_, before), (_, after) in zip(
                copies.LINK.findall(cell.source),
                copies.LINK.findall(copies.relinked(cell.source, origin, out, names)),
                strict=True,
            ):
                if cell.cell_type == "markdown" and ":" not in before:
                    assert (origin / before).exists(), f"{path.name}: {before}"
                    assert after == before if before.endswith(".ipynb") else (out / after).resolve().exists()


def edited(change):
    def edit(path):
        book = nbformat.read(path, as_version=4)
        change(book)
        nbformat.write(book, path)

    return edit


def run_and_saved(book):
    book.cells[2].outputs = [nbformat.v4.new_output("stream", text="3")]
    book.cells[2].execution_count = 7
    book.metadata["kernelspec"] = {"name": "other", "display_name": "Other"}


def test_a_copy_that_was_only_run_is_made_anew(sample, tmp_path):
    source = sample()
    (path,) = copies.write([source], tmp_path / "out")
    before = path.read_bytes()
    edited(run_and_saved)(path)
    assert path.read_bytes() != before
    copies.write([source], tmp_path / "out")
    assert path.read_bytes() == before
    sample(replaces("task", "Write it.", "Please write it."))
    copies.write([source], tmp_path / "out")  # a new version of the notebook
    assert "Please write it." in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (edited(lambda book: book.cells[5].update(source="mean = max")), "was edited"),
        (edited(lambda book: book.cells.append(nbformat.v4.new_markdown_cell("note"))), "was edited"),
        (edited(lambda book: book.cells.pop()), "was edited"),
        (edited(lambda book: book.metadata.pop(copies.MARK)), "is no student copy"),
        (lambda path: path.write_text("{"), "is no student copy"),
        (lambda path: path.write_bytes(b"\xff"), "is no student copy"),
        (lambda path: path.write_text("[]"), "is no student copy"),
        (lambda path: (path.unlink(), path.mkdir()), "is no student copy"),
    ],
)
def test_what_a_student_made_of_it_is_kept_and_nothing_else_is_written(sample, tmp_path, edit, says):
    sources = [sample(name="90_a.ipynb"), sample(name="90_b.ipynb"), sample(name="90_c.ipynb")]
    a, b, c = copies.write(sources, tmp_path / "out")
    edit(b)
    a.unlink()
    edited(run_and_saved)(c)
    kept = [path.read_bytes() if path.is_file() else None for path in (a, b, c)]
    with pytest.raises(MIAError) as caught:
        copies.write(sources, tmp_path / "out")
    assert f"{b} {says}" in str(caught.value)
    assert "--out another-folder" in str(caught.value)
    assert [path.read_bytes() if path.is_file() else None for path in (a, b, c)] == kept
    assert len(copies.write(sources, tmp_path / "another")) == 3


def test_the_notebooks_themselves_are_never_overwritten(sample):
    source = sample()
    before = source.read_bytes()
    with pytest.raises(MIAError, match="is no student copy"):
        copies.write([source], source.parent)
    assert source.read_bytes() == before


def test_a_folder_that_cannot_be_made(sample, unwritable):
    with pytest.raises(MIAError, match="cannot write .* A file is where one of its folders should be"):
        copies.write([sample()], unwritable)


def test_the_command_says_what_it_made_and_what_to_do_next(capsys, tmp_path, monkeypatch):
    assert cli.main(["exercises", "--out", str(tmp_path / "out"), "--only", "0[45]_*"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"2 student copies are in {tmp_path / 'out'}, without solutions and outputs"
    assert second == f"next: jupyter lab {tmp_path / 'out'}"
    assert cli.main(["exercises", "--only", "5_*"]) == 2
    assert "--only '5_*' matches nothing; there are: 01_data_preparation" in capsys.readouterr().err
    monkeypatch.setattr(files, "CHECKOUT", tmp_path)
    (tmp_path / "notebooks").symlink_to(Path(__file__).parents[1] / "notebooks")
    assert cli.main(["exercises", "--only", "05_*"]) == 0
    told = capsys.readouterr().out
    assert f"a student copy is in {tmp_path / 'exercises'}" in told
    assert "next: make lab, and open the folder exercises/ there" in told


# --- Stub, wrong answers, solution --------------------------------------------------------------------------------


@pytest.fixture
def fresh_clone(monkeypatch, tmp_path, tmp_path_factory):
    """The records and results that come with the repository, and neither data nor network."""
    for name, value in fresh_clone_in(tmp_path, shared_runs(tmp_path_factory)).items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@named(NOTEBOOKS)
def test_checks_refuse_stub_and_wrong_answers_and_accept_the_solution(path, fresh_clone, tmp_path):
    if not exercises.read_all([path])[path]:
        pytest.skip("no exercises so far")
    (copy,) = copies.write([path], tmp_path / "exercises")
    began = time.monotonic()
    trial = Trial(path, copy, wrong_answers(path.stem)).run()
    print(f"{path.stem}: {trial.tried} wrong answers in {time.monotonic() - began:.0f} s")
    assert trial.faults == []


@pytest.fixture
def tried(sample, tmp_path):
    """A function that tries the sample after a change, with wrong answers, and returns the faults."""

    def run(change=None, wrong=WRONG):
        source = sample(change)
        (copy,) = copies.write([source], tmp_path / "exercises")
        return Trial(source, copy, {"90.2": wrong}).run().faults

    return run


@pytest.mark.slow
def test_a_right_check_has_no_fault_and_an_answer_that_fails_is_told_how(tried):
    assert tried(wrong=[*WRONG, {"code": "return 1 / 0", "says": "division"}]) == []


def all_of(*changes):
    return lambda book, cell: [change(book, cell) for change in changes]


@pytest.mark.slow
def test_whatever_is_wrong_with_an_exercise_is_a_fault(tried):
    change = all_of(
        replaces("register", "found is not None", "True"),
        replaces("solution", "len(values)", "(len(values) - 1)"),
        replaces("after", "mean(values)", "mean(nothing)"),
    )
    bad = [{"code": "return (", "says": "sum"}, {"code": "return 2", "says": "middle"}, *WRONG[:2]]
    stub, cell, phrase, few, solution, after = tried(change, bad)
    assert stub.startswith("90.2: the stub must not pass, and be told what is missing, but: ")
    assert "'return (' must not pass, but: its cell does not run: SyntaxError" in cell
    assert "'return 2' must be told 'middle', and is told 'That is the median" in phrase
    assert "2 wrong answers are told why, with fewer than three different hints" in few
    assert "the solution must pass, but: " in solution
    assert after.startswith("cell after: NameError")


@pytest.mark.slow
def test_a_check_that_accepts_too_much_or_tells_the_answer_is_a_fault(tried):
    def change(_book, cell):
        lenient = cell["register"].source.replace("    expect(abs", "    # expect(abs").replace("mean(values)", "mean")
        cell["register"].source = lenient.replace('"That is the median."', 'f"Not 2 but {sum(values) / 3:.3g}."')
        cell["solution"].source = "average = ...\n# solution begins\naverage = sum(values) / 3\n# solution ends"
        cell["check"].source = cell["check"].source.replace("mean, values", "average, values")
        cell["after"].source = "done = average"

    wrong = [{**answer, "code": answer["code"].replace("return", "average =")} for answer in WRONG]
    lenient, few, tells = tried(change, [wrong[0], {**wrong[1], "says": "Not"}, wrong[2]])
    assert "'average = max(values)' must not pass, but: it passes" in lenient
    assert "fewer than three" in few
    assert "the hint 'Not 2 but 3.23.' tells the answer 3.23" in tells


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        ("It is 0.553.", 0.5531, ["0.553"]),
        ("It is 55.3% of all.", 0.5531, ["55.3%"]),
        ("A coin has 0.5.", 0.5, []),
        ("Of 2,500 records", 2500.0, ["2,500"]),
        ("It is 10.553, or 0.5537.", 0.5531, []),
    ],
)
def test_a_number_is_found_in_a_hint(hint, value, expected):
    assert told(hint, value) == expected
