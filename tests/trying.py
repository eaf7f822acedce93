"""Trying the exercises of a notebook: its student copy is executed once, with every answer that is to be tried."""

import os
import re
import shutil
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

from mia_helpers.batch.kernels import OwnKernel
from mia_helpers.engine import files
from mia_helpers.teaching import exercises

WRONG_ANSWERS = files.CHECKOUT / "tests" / "data" / "wrong_answers"
# Prints the numbers in the answer to an exercise, one a line: what no message may contain.
NUMBERS = """
import numbers as _numbers
_told = {answer}
_told = list(_told.values()) if isinstance(_told, dict) else _told if isinstance(_told, (list, tuple)) else [_told]
for _one in _told:
    if isinstance(_one, _numbers.Real) and not isinstance(_one, bool):
        print(repr(float(_one)))
"""


def wrong_answers(stem: str) -> dict[str, list[dict]]:
    """Return the wrong answers to try of a notebook, by exercise."""
    path = WRONG_ANSWERS / f"{stem[:2]}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def shared_runs(tmp_path_factory) -> Path:
    """Return one folder of artifacts for all notebooks: what the one has attacked, the next reads."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "exercises-runs"


def fresh_clone_in(folder: Path, runs: Path) -> dict[str, str]:
    """Return the variables of a student's machine: what comes with the repository, and neither data nor network."""
    shutil.copytree(files.CHECKOUT / "results", folder / "results")  # 07 to 09 read the ledger, and write it
    variables = {files.RUNS: runs, files.RESULTS: folder, files.DATA: folder / "no-data"}
    variables[files.RECORDS] = files.CHECKOUT / "records"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return {name: str(value) for name, value in variables.items()} | proxies  # where nobody answers


class Trial:
    """A student copy in a kernel, which starts in the copy's folder.

    `faults` is what is not as it must be, in words; `tried` counts wrong answers by exercise.
    """

    def __init__(self, source: Path, copy: Path, wrong: dict[str, list[dict]]):
        self.source, self.wrong = nbformat.read(source, as_version=4), wrong
        found = exercises.read(self.source, source.name)
        self.tasks = {exercise.cells[1] + 1: exercise for exercise in found if exercise.is_task}  # a cell stands before
        self.faults: list[str] = []
        self.tried = dict.fromkeys((exercise.number for exercise in self.tasks.values()), 0)
        self._client = NotebookClient(
            nbformat.read(copy, as_version=4),
            kernel_name="python3",
            kernel_manager_class=OwnKernel,
            allow_errors=True,
            timeout=300,
            extra_arguments=["--log-level=CRITICAL"],
            resources={"metadata": {"path": str(copy.parent)}},
        )

    def run(self) -> "Trial":
        """Execute the copy; at each task the stub, the wrong answers and the solution, each followed by the check."""
        with self._client.setup_kernel():
            for at, cell in enumerate(self._client.nb.cells):
                if at in self.tasks:
                    self.faults += [f"{self.tasks[at].number}: {fault}" for fault in self._try(at)]
                elif cell.cell_type == "code" and at - 1 not in self.tasks:
                    _, error = self._execute(at, cell.source)
                    self.faults += [f"cell {cell.id}: {error.ename}: {error.evalue}"] if error else []
        return self

    def _execute(self, at: int, source: str):
        """Execute a source in the place of a cell; return what it printed, and the error or None."""
        cell = nbformat.v4.new_code_cell(source)
        self._client.execute_cell(cell, at)
        printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        errors = [output for output in cell.outputs if output.output_type == "error"]
        return printed, errors[0] if errors else None

    def _answer(self, at: int, code: str):
        """Write an answer, run its cell and the check: return what the check printed, its error, and a fault."""
        _, error = self._execute(at, code)
        if error:
            return "", None, f"its cell does not run: {error.ename}: {error.evalue}"
        return *self._execute(at + 1, self._client.nb.cells[at + 1].source), ""

    def _try(self, at: int):
        """Yield what is wrong with a task: its stub, its check, or its solution."""
        solved, number = self.source.cells[at - 1].source, self.tasks[at].number
        check = self._client.nb.cells[at + 1].source
        _, error, fault = self._answer(at, self._client.nb.cells[at].source)
        if fault or error is None or error.ename != "NotYet" or "could not be tried" in error.evalue:
            yield f"the stub must not pass, and be told what is missing, but: {fault or error or 'it passes'}"
        hints = []
        for wrong in self.wrong.get(number, []):
            self.tried[number] += 1
            self._client.nb.cells[at + 1].source = check
            _, error, fault = self._answer(at, exercises.filled(solved, wrong["code"]))
            if fault or error is None or error.ename != "NotYet":
                yield f"the wrong answer {wrong['code']!r} must not pass, but: {fault or error or 'it passes'}"
            elif wrong["says"].lower() not in error.evalue.lower():
                yield f"{wrong['code']!r} must be told {wrong['says']!r}, and is told {error.evalue!r}"
            else:
                hints.append(error.evalue)
        if len({re.sub(r"[\d.]+", "", hint) for hint in hints}) < 3:
            yield f"{len(hints)} wrong answers are told why, with fewer than three different hints"
        self._client.nb.cells[at + 1].source = check
        printed, error, fault = self._answer(at, solved)
        if fault or error or f"Exercise {number}: right." not in printed:
            yield f"the solution must pass, but: {fault or error or printed}"
        answer = exercises.asked(check)[0].args[1]
        numbers, _ = self._execute(at + 1, NUMBERS.format(answer=exercises.ast.unparse(answer)))
        for value in map(float, numbers.split()):
            yield from (f"the hint {hint!r} tells the answer {form}" for hint in hints for form in told(hint, value))


def told(hint: str, value: float) -> list[str]:
    """Return the forms of a number, of two digits and more, that a hint contains."""
    forms = {repr(value), f"{value:.3g}", f"{value:.3f}", f"{100 * value:.3g}%", f"{value:.0f}", f"{value:,.0f}"}
    exact = [form for form in forms if len(re.sub(r"\D", "", form).strip("0")) > 1]
    return [form for form in exact if re.search(rf"(?<![\d.,]){re.escape(form)}(?!\d|[.,]\d)", hint)]
