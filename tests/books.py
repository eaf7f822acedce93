"""A book to test: that of the checkout with one more chapter, which has what the others may not have yet."""

import nbformat
import pytest

from mia_helpers import plots
from mia_helpers.engine import files

ROOT = files.CHECKOUT
HOW = "pip install -e '.[book]'"
QUESTION = """### Exercise 11.1 · Which one? (1 minute)

Which of these?

<details><summary>A. The first</summary>

Not quite: it is *before* the second.

</details>
<details><summary>B. The second</summary>

Right: it is **after** the first.

</details>
<details><summary>C. The third</summary>

Not quite: there is $n = 2$ only.

</details>
<details><summary>D. The fourth</summary>

Not quite: it is further away still.

</details>"""
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def needed():
    """Skip a test, with the reason, where the packages of the book are missing."""
    for name in ("sphinx", "myst_nb", "numpydoc", "sphinx_book_theme", "sphinxcontrib.bibtex"):
        pytest.importorskip(name, reason=f"the book's packages are not installed: {HOW}")


def shown(data, **metadata):
    """Return an output as a notebook keeps it."""
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def code(source, *outputs, count=1, **metadata):
    """Return a code cell that was executed, unless `count` is None."""
    return nbformat.v4.new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata)


def notebook(*cells):
    """Return a notebook of these cells, texts among them."""
    made = [nbformat.v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    language = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=made, metadata=language)


def player():
    """Return a figure with a slider of three positions."""
    slider = plots.play.Slider("Threshold", ["low", "middle", "high"])
    panel = plots.play.Panel(lambda ax, at: ax.axvline(at, gid=plots.play.fragment.MOVES))
    return plots.play.Player([slider], [panel], lambda at: f"It stands at {at}.", title="A line", shown=[(0,), (2,)])


def chapter():
    """Return a notebook with a player, a described figure, a folded cell, formulas and a question."""
    question = nbformat.v4.new_markdown_cell(QUESTION, metadata={"tags": ["question"]})
    slides = shown({"image/png": PNG, "text/plain": "", plots.play.PLAYER: player().html()})
    figure = shown({"image/png": PNG, "text/plain": ""}, **{"image/png": {"alt": "A dot, described"}})
    return notebook(
        "# 11 · Play\n\nHow it looks.",
        "## Formulas\n\nInline $x^2$, and\n\n$$\\sum_i w_i^2$$",
        code("play()", slides),
        code("figure()", figure),
        question,
        code("folded = 1", tags=["hide-input"]),
    )


def checkout(folder):
    """Return a checkout in `folder` that has everything of this one, and one chapter more."""
    folder.mkdir(exist_ok=True)
    for path in ROOT.iterdir():
        if path.name != "notebooks" and not path.name.startswith(".") and path.name not in ("runs", "build"):
            (folder / path.name).symlink_to(path)
    (folder / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (folder / "notebooks" / path.name).symlink_to(path)
    nbformat.write(chapter(), folder / "notebooks" / "11_play.ipynb")
    return folder
