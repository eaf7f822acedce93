"""Alt texts: what a figure says of itself, and that notebooks keep it; figures of pages have one too."""

import base64
import io
import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from mia_helpers import plots
from mia_helpers.plots.alt import describe, say
from mia_helpers.plots.kept import NEAR, small

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_text_has_the_finding_the_axes_and_what_is_drawn():
    _, ax = plt.subplots()
    ax.plot([1, 2], [0, 1], label="ours")
    ax.plot([1, 2], [1, 0], label="theirs")
    ax.bar([1, 2], [0, 1])
    ax.set(xlabel="epochs", ylabel="accuracy", yscale="log", title="A title\nthe finding is 0.5")
    ax.legend()
    text = describe(ax.figure)
    assert text == (
        "A title: the finding is 0.5. x: epochs; y: accuracy, logarithmic. 2 lines, 1 set of bars for ours; theirs."
    )


def test_panels_are_told_apart_and_names_on_an_axis_are_said():
    figure, (left, right) = plt.subplots(1, 2)
    figure.suptitle("Both")
    left.set_xticks([0, 1], ["cat", "dog"])
    left.set(xlabel="class", title="left")
    right.set_yticks(range(9), [f"row {i}" for i in range(9)])
    right.set_title("right")
    text = describe(figure)
    assert text.startswith("Both. Panel 1: left. x: class (cat, dog)")
    assert "Panel 2: right. y: 9 rows, from row 0 to row 8." in text


def test_pictures_are_counted_and_named():
    figure, axes = plt.subplots(1, 2)
    figure.suptitle("Records")
    for ax, name in zip(axes, ("ship", "frog"), strict=True):
        ax.imshow(np.zeros((4, 4)))
        ax.set_title(name)
        ax.axis("off")
    assert describe(figure) == "Records. 2 pictures: ship, frog."


def test_a_drawing_without_axes_has_its_words_and_a_text_of_its_own_goes_first():
    _, ax = plt.subplots()
    ax.text(0, 0, "target\nmodel")
    ax.axis("off")
    assert describe(ax.figure) == "target: model."
    assert describe(say(ax, "A box.").figure) == "A box."


@pytest.mark.parametrize("draw", [plots.draw_attack, plots.draw_shadow_models, plots.draw_attack_set])
def test_diagrams_say_what_is_in_them(draw):
    assert describe(draw().figure).startswith("Diagram of ")


def test_a_road_map_says_where_the_notebook_stands():
    text = describe(plots.draw_road_map(5).figure)
    assert text.startswith("Road map of 10 notebooks: ")
    assert "This is 5, " in text


@pytest.mark.slow
def test_notebooks_keep_the_text_and_the_same_picture(caplog):
    source = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.title('a finding');"
    with_text = "from mia_helpers import plots\nplots.style()\n"
    only_look = with_text.replace("plots.style()", "plots.kept.register = lambda: None\nplots.style()")
    shown = [run(first, source).cells[1].outputs[0] for first in (with_text, only_look)]
    assert shown[0].metadata["image/png"]["alt"] == "a finding. 1 line."
    assert "alt" not in shown[1].metadata.get("image/png", {})
    few, all_ = (Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) for output in shown)
    assert few.size == all_.size
    assert np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(all_.convert("RGB"), int)).max() <= NEAR
    assert len(shown[0].data["image/png"]) < 0.6 * len(shown[1].data["image/png"])
    exporters = pytest.importorskip("nbconvert.exporters")
    book = run(with_text, source)
    html, _ = exporters.HTMLExporter(template_name="classic").from_notebook_node(book)  # "lab" does not look for it
    assert "Alternative text is missing" not in caplog.text
    assert 'alt="a finding. 1 line."' in html


def test_a_picture_becomes_small_only_where_nobody_sees_it():
    def png(pixels, mode):
        written = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8), mode).save(written, "PNG")
        return written.getvalue()

    rng = np.random.default_rng(0)
    line = png(rng.integers(0, 256, (50, 3))[rng.integers(0, 50, (64, 64))], "RGB")
    assert Image.open(io.BytesIO(small(line))).mode == "P"
    assert small(line) == small(line)
    photograph, clear = png(rng.integers(0, 256, (64, 64, 3)), "RGB"), png(np.full((64, 64, 4), 100), "RGBA")
    assert small(photograph) == photograph
    assert small(clear) == clear


def run(*cells):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    here = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": here, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    NotebookClient(book, kernel_name="python3", timeout=300).execute(env=env)
    return book


def test_each_notebook_with_figures_sets_the_style_that_describes_them():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        draws = [i for i, source in enumerate(code) if re.search(r"\bplots\.(draw|plot)_|plt\.", source)]
        styled = [i for i, source in enumerate(code) if "plots.style()" in source]
        assert styled, path.name
        assert min(draws) >= styled[0], path.name


def test_each_figure_of_a_page_has_a_text_that_says_something():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for alt, where in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", page.read_text(encoding="utf-8")):
            assert len(alt.split()) >= 4, f"{page.name}: {where}: {alt!r}"
