"""Figures to play with: frames hold what they say, the fragment needs nothing but itself, sliders move the figure."""

import base64
import io
import json
import os
import re
import shutil
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from PIL import Image

from mia_helpers import plots
from mia_helpers.attacks import Records
from mia_helpers.attacks.references import References
from mia_helpers.engine.errors import MIAError
from mia_helpers.plots.play import PLAYER, fragment
from mia_helpers.plots.play.record import evidence
from mia_helpers.plots.play.threshold import confusion

PAGE = "<!doctype html><html lang='en'><meta charset='utf-8'><title>play</title><body>{}</body></html>"


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)


def records(n=400, shift=3.0):
    rng = np.random.default_rng(0)
    member = np.arange(n) < n // 2
    odds = rng.normal(np.where(member, shift, 0), 1)
    p = 1 / (1 + np.exp(-odds))
    label = rng.integers(0, 2, n)
    probs = np.stack([np.where(label == k, p, 1 - p) for k in (0, 1)], axis=1).astype(np.float32)
    return Records(probs, label, member, np.full(n, -1), np.arange(n))


def references(n_models=12, n=60):
    rng = np.random.default_rng(0)
    half = np.stack([rng.permutation(np.arange(n) < n // 2) for _ in range(n_models // 2)])
    member = np.stack([half, ~half], axis=1).reshape(n_models, n)
    return References(rng.normal(3 * member + rng.normal(0, 2, n), 1).astype(np.float32), member, np.zeros(n, int))


def sweep():
    rows = [(0.0, True, 0.9), (0.01, True, 0.8), (0.01, False, 0.6)]
    table = pd.DataFrame(rows, columns=["l2", "adaptive", "accuracy"])
    table = table.assign(attack="svm", train_accuracy=1.0, test_accuracy=[0.5, 0.55, 0.55])
    return {0.0: records(), 0.01: records(shift=1.0), 0.5: records()}, table


PLAYERS = {
    "threshold": lambda: plots.play_threshold(records()),
    "record": lambda: plots.play_record(references()),
    "l2": lambda: plots.play_l2(*sweep()),
}


@pytest.fixture(scope="module")
def shown():
    """What a notebook keeps of each, and its metadata."""
    with pytest.MonkeyPatch.context() as patch, matplotlib.rc_context():
        plots.style()
        patch.delenv("JPY_SESSION_NAME", raising=False)
        return {name: make()._repr_mimebundle_() for name, make in PLAYERS.items()}


def data_of(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html).group(1))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_threshold_shows_the_counts_and_the_point_that_follow_from_it():
    these = records()
    player = plots.play_threshold(these)
    for i, name in list(enumerate(player.sliders[0].names))[::6]:
        level = float(name.replace("−", "-"))
        figure = player.figure(i)
        shown_level = figure.axes[0].lines[-1].get_xdata()[0]
        assert shown_level == pytest.approx(level, abs=0.051)
        said = these.log_odds > shown_level
        counts = [int((said == s)[these.member == truth].sum()) for truth in (False, True) for s in (False, True)]
        assert texts(figure.axes[1]) == [f"{count:,}" for count in counts]
        tn, fp, fn, tp = counts
        dot = figure.axes[2].lines[-1]
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (fp / (fp + tn), tp / (tp + fn))
        assert f"accuracy {(tp + tn) / len(these):.3f}" in player.say(i)
    best = max((confusion(these.member, these.log_odds, t).trace() for t in these.log_odds), default=0)
    start = confusion(these.member, these.log_odds, player.figure(*player.start).axes[0].lines[-1].get_xdata()[0])
    assert start.trace() == best


def test_the_fragment_shows_what_the_figure_does(shown):
    plots.style()
    player, data = plots.play_threshold(records()), data_of(shown["threshold"][0][PLAYER])
    counts = [values for _, what, values in data["moves"] if what == "text"]
    for i in range(0, len(player.sliders[0].names), 6):
        assert [values[i] for values in counts] == texts(player.figure(i).axes[1])
        assert data["says"][i] == player.say(i)


def test_vectors_lie_where_matplotlib_draws_them():
    def draw(ax, i):
        ax.plot([0, i], [0, 1], lw=1, gid=fragment.MOVES)
        ax.set(xlim=(0, 10), ylim=(0, 1))
        ax.set_position([0, 0, 1, 1])

    svg, changes = fragment.panel(draw, (2, 1), [(5,), (10,)], 0)
    assert 'viewBox="0 0 384 192"' in svg
    ((mark, what, values),) = changes
    assert (mark, what) == (0, "d")
    assert values == ["M0 0m0 192l192-192", "M0 0m0 192l384-192"]


def test_a_record_shows_the_likelihood_ratio_of_its_own_models():
    models = references()
    player = plots.play_record(models, [7, 3], target=2)
    rest = [m for m in range(12) if m not in (2, 3)]
    phi, answer = models.confidence[rest, 3, 0].astype(float), float(models.confidence[2, 3, 0])
    inside, outside = phi[models.member[rest, 3]], phi[~models.member[rest, 3]]
    told = sum(  # the density of a normal distribution, written out
        sign * (-(((answer - v.mean()) / v.std(ddof=1)) ** 2) / 2 - np.log(v.std(ddof=1)))
        for sign, v in ((1, inside), (-1, outside))
    ) / np.log(10)
    assert evidence(inside, outside, answer) == pytest.approx(told)
    assert [slider.names for slider in player.sliders][1] == ["4", "8", "10"]
    say = player.say(1, 2)
    assert f"10^{abs(told):.1f}" in say
    assert ("rightly" in say) == ((told > 0) == models.member[2, 3])
    assert len(player.figure(1, 0).axes[0].lines) == len(player.figure(1, 2).axes[0].lines)


def test_lambda_shows_the_rows_of_the_table():
    player = plots.play_l2(*sweep())
    assert player.sliders[0].names == ["0 (no penalty)", "0.01"]  # 0.5 was not attacked
    assert texts(player.figure(0).axes[1]) == ["1.000", "0.500", "no penalty to know", "0.900"]
    assert texts(player.figure(1).axes[1]) == ["1.000", "0.550", "0.600", "0.800"]
    assert "adapts is right for 0.800" in player.say(1)


@pytest.mark.parametrize("name", PLAYERS)
def test_a_fragment_is_small_and_needs_nothing_else(shown, name):
    html = shown[name][0][PLAYER]
    assert len(html.encode()) < (45_000 if name == "record" else 100_000)
    assert not re.search(r"https?:|<link|<iframe|@import|url\(|fetch\(", html)
    sources = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"\bid=", html)  # so that several stand on a page
    script = re.search(r"<script>(.*?)</script>", html, re.S).group(1)
    assert len(script.splitlines()) < 40
    assert script.startswith("(() => {")
    assert script.endswith("})();")


@pytest.mark.parametrize("name", PLAYERS)
def test_where_nothing_moves_there_is_a_picture_with_an_alt_text(shown, name):
    data, metadata = shown[name]
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert 400 < picture.width <= 820
    assert len(data["image/png"]) < 70_000
    player = PLAYERS[name]()
    assert all(player.say(*positions) in metadata["image/png"]["alt"] for positions in player.shown)
    assert len(player.shown) >= 2


@pytest.mark.parametrize("name", PLAYERS)
def test_the_same_input_gives_the_same_bytes(shown, name):
    plots.style()
    assert PLAYERS[name]()._repr_mimebundle_() == shown[name]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plots.play_threshold(records()[:200]), "no non-members"),
        (lambda: plots.play_threshold(records()[200:]), "no members"),
        (lambda: plots.play_record(references(4)), "4 models, expected .* at least 6"),
        (lambda: plots.play_record(references(), [60]), "record 60, expected whole numbers from 0 to 59"),
        (lambda: plots.play_record(references(), target=12), "model 12"),
        (lambda: plots.play_record(references(), []), "no record is named"),
        (lambda: plots.play_l2({0.3: records()}, sweep()[1]), "targets has λ"),
    ],
)
def test_bad_input_is_told(make, message):
    with pytest.raises(MIAError, match=message):
        make()


def notebook(*cells):
    first = "from tests.test_play import PLAYERS\nfrom mia_helpers import plots\nplots.style()"
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(source) for source in (first, *cells)]
    return book


def run(book, **env):
    here = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    NotebookClient(book, kernel_name="python3", timeout=300).execute(env=os.environ | {"PYTHONPATH": here} | env)
    return book


@pytest.mark.slow
def test_where_a_server_started_the_kernel_sliders_draw_anew():
    moved = "from mia_helpers.plots.play.sliders import widget\nplayer = PLAYERS['threshold']()\n"
    moved += "box = widget(player)\nslider, shown = box.children\n"
    moved += "before = shown.value\nslider.value = 0\n"
    moved += "assert shown.value != before\nassert player.alt(0) in shown.value, shown.value[-400:]\nbox"
    book = run(notebook("PLAYERS['threshold']()", moved), JPY_SESSION_NAME="x.ipynb")
    data = book.cells[1].outputs[0].data
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "image/png" in data  # for who opens the notebook without a kernel
    assert PLAYER not in data


@pytest.mark.slow
def test_headless_and_in_other_readers_there_is_the_picture():
    exporters = pytest.importorskip("nbconvert.exporters")
    book = run(notebook("PLAYERS['l2']()"))
    data, metadata = book.cells[1].outputs[0].data, book.cells[1].outputs[0].metadata
    assert set(data) == {"text/plain", "image/png", PLAYER}
    html, _ = exporters.HTMLExporter().from_notebook_node(book)
    assert data["image/png"].strip() in html.replace("\n", "")
    assert "best attack that adapts" in metadata["image/png"]["alt"]
    assert "mia-player" not in html


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1400])
def test_in_a_browser_the_keyboard_moves_the_figure(browser, shown, tmp_path, width):
    """Three on one page: each moves alone, without error, request or overflow."""
    (tmp_path / "page.html").write_text(PAGE.format("".join(d[PLAYER] for d, _ in shown.values())), encoding="utf-8")
    page, wrong = browser.new_page(viewport={"width": width, "height": 800}), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    roots, names = page.query_selector_all(".mia-player"), list(shown)
    before = [look(root) for root in roots]
    for i, root in enumerate(roots):
        slider = root.query_selector("input")
        slider.focus()
        page.keyboard.press("ArrowLeft" if i == 0 else "ArrowRight")
        page.keyboard.press("Home" if names[i] == "l2" else "ArrowRight")
        page.keyboard.press("ArrowRight")
        now = [look(r) for r in roots]
        assert [a != b for a, b in zip(now, before, strict=True)] == [j == i for j in range(len(roots))]
        assert now[i][0] != before[i][0]  # what is drawn
        assert now[i][1] != before[i][1]  # the alt text
        assert root.query_selector("p").inner_text() in now[i][1]
        name = data_of(shown[names[i]][0][PLAYER])["names"][0][int(slider.evaluate("s => s.value"))]
        assert root.query_selector("output").inner_text() == name == slider.get_attribute("aria-valuetext")
        before = now
    assert wrong == []
    page.close()


def look(root):
    drawn = [mark.evaluate("m => m.outerHTML") for mark in root.query_selector_all("[data-moves]")]
    return "".join(drawn), root.query_selector("[role=img]").get_attribute("aria-label")
