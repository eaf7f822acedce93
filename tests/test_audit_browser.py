"""The page of an audit in a real browser: on a desk, on a phone, in the dark and on paper."""

import audits
import numpy as np
import pytest
from browsers import browser

from mia_helpers import audit_scores

pytestmark = pytest.mark.xdist_group("browser")  # one browser for all tests
# How well dark text on light paper can be read, and light on dark: WCAG 2.1 asks for 4.5.
CONTRAST = """
element => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(
            part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let below = element;
    while (getComputedStyle(below).backgroundColor === "rgba(0, 0, 0, 0)") below = below.parentElement;
    const seen = [getComputedStyle(element).color, getComputedStyle(below).backgroundColor].map(light);
    return (Math.max(...seen) + 0.05) / (Math.min(...seen) + 0.05);
}
"""


def grouped():
    names = ["aged 20 to 39", "aged 40 to 59", "an-unbroken-name-that-is-far-longer-than-a-phone-is-wide-" * 2]
    frame = audits.outputs(leak=3.0).assign(group=np.tile(names, 400))
    return frame.assign(id=[f"customer-{i}-" + "x" * (200 if i == 7 else 2) for i in range(1200)])


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The paths of pages of all kinds: groups and long names, references, few records, and two audits compared."""
    folder, old = tmp_path_factory.mktemp("pages"), audit_scores(audits.outputs(seed=1))
    frames = {"groups": grouped(), "references": audits.with_references(), "few": audits.scores(n=60)}
    made = {name: audit_scores(frame).save(folder / f"{name}.html") for name, frame in frames.items()}
    made["compared"] = audit_scores(audits.outputs(leak=1.0)).save(folder / "compared.html", old)
    return {name: page for name, (page, _) in made.items()}


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture
def tab(chromium):
    """A function that opens a page and returns it, with a list of what the browser complained of and asked for."""
    opened = []

    def open_page(path, width, **options):
        page = chromium.new_page(viewport={"width": width, "height": 800}, **options)
        opened.append(page)
        told = []
        page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: told.append(request.url))
        page.goto(path.as_uri(), wait_until="load")
        return page, told

    yield open_page
    for page in opened:
        page.close()


@pytest.mark.parametrize("name", ["groups", "references", "few", "compared"])
@pytest.mark.parametrize("width", [390, 1400])
def test_a_page_needs_nothing_else_and_fits(name, width, pages, tab):
    page, told = tab(pages[name], width)
    asked = [what for what in told if not what.startswith("data:")]  # the icon is in the page
    assert asked == [pages[name].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    figures = page.locator("figure svg").all()
    assert len(figures) == (3 if name == "groups" else 2)
    for one in figures:
        box = one.bounding_box()
        assert min(box["width"], box["height"]) > 150
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    for one in page.locator("main p, main li, h1, h2").all():
        box = one.bounding_box()
        assert box["height"] > 0
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", [390, 1400])
def test_texts_of_figures_stay_within_them(width, pages, tab):
    """Figures are drawn for matplotlib's fonts and shown in the page's, which must not be wider."""
    page, _ = tab(pages["groups"], width)
    for figure in page.locator("figure svg").all():
        around = figure.bounding_box()
        for text in figure.locator("text").all():
            box = text.bounding_box()
            assert box["x"] >= around["x"] - 1, text.text_content()
            assert box["x"] + box["width"] <= around["x"] + around["width"] + 1, text.text_content()


def test_the_answer_is_seen_without_scrolling(pages, tab):
    for width in (390, 1400):
        page, _ = tab(pages["references"], width)
        box = page.locator(".answer").bounding_box()
        assert box["y"] + box["height"] < 400


def test_wide_tables_scroll_in_their_own_box(pages, tab):
    page, _ = tab(pages["references"], 390)
    wide = [one.evaluate("e => [e.scrollWidth, e.clientWidth]") for one in page.locator(".scroll").all()]
    assert any(inside > shown for inside, shown in wide)
    assert all(shown <= 390 for _, shown in wide)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_by_day_and_by_night(scheme, pages, tab):
    page, _ = tab(pages["groups"], 1400, color_scheme=scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 27)"}[scheme]
    for what in (
        "h1",
        ".answer",
        ".lead",
        ".soft",
        ".checks h2",
        ".checks li",
        "caption",
        "thead th",
        "td",
        "td small",
    ):
        assert page.locator(what).first.evaluate(CONTRAST) >= 4.5, what
    fills = page.locator("figure svg text").evaluate_all("every => every.map(e => getComputedStyle(e).fill)")
    assert set(fills) == {page.evaluate("getComputedStyle(document.body).color")}


def test_on_paper_there_is_dark_text_and_nothing_to_scroll(pages, tab):
    page, _ = tab(pages["references"], 794, color_scheme="dark")  # A4 at 96 dots an inch
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("h1").evaluate(CONTRAST) >= 4.5
    for one in page.locator(".scroll").all():
        assert one.evaluate("e => getComputedStyle(e).overflowX") == "visible"
        assert one.evaluate("e => e.scrollWidth") <= 794
    assert len(page.pdf(format="A4")) > 10_000
