"""A chapter on paper, as Markdown: stubs in the place of solutions, and all answers behind its text."""

import base64
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from book.chapters import Chapters
from mia_helpers.teaching import exercises

COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # of a terminal


@dataclass
class Printed(Chapters):
    """Turns notebooks into Markdown that pandoc reads; `pictures` collects their figures, as PNG, by path."""

    pictures: dict[str, bytes] = field(default_factory=dict)

    def markdown(self, book: NotebookNode, page: str) -> str:
        """Return the text of a notebook; `page` is its path in the repository."""
        found = exercises.read(book, page.rpartition("/")[2])
        parts = {at: exercise for exercise in found for at in exercise.cells}
        text, answers = [], ["## Answers to the exercises"]
        for at, cell in enumerate(book.cells):
            exercise = parts.get(at)
            if exercise is None:
                text += self._cell(cell, page)
                continue
            if at == exercise.cells[0]:
                label = f"#metadata(none) <answer-{exercise.number}>"
                answers += [f"### {exercise.number} · {exercise.title}", _typst(label)]
            asked, answered = self._exercise(cell, page)
            text += asked
            answers += answered
            if at == exercise.cells[-1]:
                text.append(_typst(f'#answer("{exercise.number}")'))
        return "\n\n".join(text + (answers if found else [])) + "\n"

    def _exercise(self, cell: NotebookNode, page: str) -> tuple[list[str], list[str]]:
        """Return what a cell of an exercise asks, and what belongs to its answer."""
        if cell.cell_type == "markdown":
            options = exercises.OPTION.findall(cell.source)
            letters = [option.strip().partition(".")[0] for option, _ in options]
            answers = [f"**{letter}.** {why.strip()}" for letter, (_, why) in zip(letters, options, strict=True)]
            asked = exercises.OPTION.sub(lambda option: f"{option[1].strip()}\n", cell.source)
            return [self.text(asked, page)], [self.text(answer, page) for answer in answers]
        answers = [part for output in cell.outputs for part in self._output(output, cell, page)]
        if "solution" not in cell.metadata.tags:
            return [_block(cell.source, "python")], answers
        stub = exercises.filled(cell.source, exercises.STUB)
        return [_block(stub, "python")], [_block(exercises.solution(cell.source), "python"), *answers]

    def _cell(self, cell: NotebookNode, page: str) -> list[str]:
        """Return a cell as it is committed: text, or code and what it wrote."""
        if cell.cell_type == "markdown":
            return [self.text(cell.source, page)]
        outputs = [part for output in cell.outputs for part in self._output(output, cell, page)]
        return [_block(cell.source, "python"), *outputs] if cell.source.strip() else []

    def _output(self, output: NotebookNode, cell: NotebookNode, page: str) -> list[str]:
        """Return one output: its figure, else its table, else its text."""
        data = output.get("data", {})
        if "image/png" in data:
            alt = self.alt(output, cell, page)
            path = f"pictures/{len(self.pictures)}.png"
            self.pictures[path] = base64.b64decode(data["image/png"])
            width = min(100, int.from_bytes(self.pictures[path][16:20]) // 7)  # its pixels stand in a PNG's header
            return [_typst(f'#picture("{path}", {_quoted(alt)}, width: {width}%)')]
        table = re.search(r"(?s)<table.*?</table>", data.get("text/html", ""))
        if table:
            return [_block(table[0], "{=html}")]
        text = COLOURS.sub("", output.get("text") or data.get("text/plain", ""))
        return [_block(text.strip("\n"), "output")] if text.strip() else []


def _typst(text: str) -> str:
    return _block(text, "{=typst}")


def _block(text: str, kind: str) -> str:
    """Return a fenced block, whose fence is longer than any in the text."""
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text) or [""]))
    return f"{fence} {kind}\n{text}\n{fence}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
