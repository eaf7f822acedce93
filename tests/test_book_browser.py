"""The book in a real browser: as people read it, on a phone's width and on a screen's."""

import functools
import http.server
import itertools
import threading

import books
import browsers
import pytest

books.needed()
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("book")]
PHONE, SCREEN = 390, 1400
OF_EACH_KIND = (
    "index.html",
    "notebooks/08_modern_attacks.html",
    "notebooks/11_play.html",
    "docs/defences.html",
    "results/paper/claims.html",
    "reference/mia_helpers.html",
    "bibliography.html",
)
# What a page is, as the browser shows it. `fixed`: figures that do not open large; `cut`: words beside their box.
FORM = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((h) => +h.tagName[1]),
  bare: [...document.images].filter((image) => !image.alt.trim()).length,
  fixed: [...document.querySelectorAll(".bd-article img")].filter((image) => !image.closest("button, a")).length,
  cut: [...document.querySelectorAll(".output:not(.text_html) pre")]
    .filter((pre) => pre.scrollWidth > pre.clientWidth).length,
  broken: [...document.images].filter((image) => image.complete && !image.naturalWidth).length,
})"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def served(built_book):
    """The book's address on a server of this machine."""
    handler = functools.partial(_Quiet, directory=str(built_book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with browsers.browser() as started:
        yield started


@pytest.fixture
def opened(chromium):
    """A function that opens a page; what goes wrong there, or is fetched from elsewhere, fails the test at its end."""
    faults = []
    with chromium.new_context() as context:

        def one(address, width=SCREEN):
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": 900})
            page.on("console", lambda told: told.type == "error" and faults.append(f"{address}: {told.text}"))
            page.on("pageerror", lambda error: faults.append(f"{address}: {error}"))
            page.on("requestfailed", lambda request: faults.append(f"{address}: no {request.url}"))
            page.on("request", lambda request: _elsewhere(request.url) and faults.append(f"{address}: {request.url}"))
            page.goto(address, wait_until="load")
            return page

        yield one
    assert faults == []


def _elsewhere(url):
    return not url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))


def in_order(headings):
    """Say whether there is one h1, first, and no level is left out on the way down."""
    steps = itertools.pairwise(headings)
    return headings[:1] == [1] and headings.count(1) == 1 and all(after <= before + 1 for before, after in steps)


def test_each_page_fits_and_is_in_order(built_book, served, opened):
    wrong = []
    for path in sorted(built_book.rglob("*.html")):
        name = path.relative_to(built_book).as_posix()
        page = opened(f"{served}/{name}", PHONE)
        for width in (PHONE, SCREEN):
            page.set_viewport_size({"width": width, "height": 900})
            form = page.evaluate(FORM)
            faults = [form[kind] for kind in ("bare", "fixed", "cut", "broken")]
            if form["wide"] > 0 or any(faults) or not in_order(form["headings"]):
                wrong.append((name, width, form))
        page.close()
    assert wrong == []


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_pages_work_from_a_folder_without_a_server(built_book, opened, name):
    page = opened((built_book / name).as_uri())
    assert page.evaluate(FORM)["broken"] == 0


@pytest.mark.parametrize("server", [True, False])
def test_search_finds_shadow_models(built_book, served, opened, server):
    page = opened(f"{served if server else built_book.as_uri()}/search.html?q=shadow+model")
    first = page.locator("#search-results li a").first
    first.wait_for()
    found = page.locator("#search-results li a").all_inner_texts()
    assert "3 · Shadow training" in found
    assert page.locator("#search-results h2").count() == 1


def test_the_search_button_leads_to_results(served, opened):
    page = opened(f"{served}/index.html")
    page.locator(".search-button-field:visible, .search-button__button:visible").first.click()
    page.locator("input[name=q]:visible").fill("shadow model")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=shadow+model*")
    page.locator("#search-results li a").first.wait_for()


def column(page, number):
    return page.locator(f"table.sortable tbody tr td:nth-child({number})").all_inner_texts()


def test_a_table_sorts_by_click_and_by_keyboard(served, opened):
    page = opened(f"{served}/results/paper/overview.html")
    names = page.locator("table.sortable th").all_inner_texts()
    number = next(i for i, name in enumerate(names, 1) if name.startswith("accuracy"))
    head = page.locator(f"table.sortable th:nth-child({number})")
    before = column(page, number)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, number) == sorted(before, key=float)
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, number) == sorted(before, key=float, reverse=True)
    other = page.locator("table.sortable th:nth-child(1)")
    other.get_by_role("button").focus()
    page.keyboard.press("Space")
    assert (other.get_attribute("aria-sort"), head.get_attribute("aria-sort")) == ("ascending", None)


def test_what_is_empty_comes_last(served, opened):
    page = opened(f"{served}/results/paper/claims.html")
    names = page.locator("table.sortable th").all_inner_texts()
    number = next(i for i, name in enumerate(names, 1) if name.startswith("published"))
    for _ in range(2):
        page.locator(f"table.sortable th:nth-child({number})").get_by_role("button").click()
        texts = column(page, number)
        filled = [bool(text) for text in texts]
        assert 0 < sum(filled) < len(filled)
        assert filled == sorted(filled, reverse=True)


def test_a_wide_table_scrolls_in_its_box_by_keyboard(served, opened):
    page = opened(f"{served}/results/paper/metrics.html", PHONE)
    box = page.locator(".table-box")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.table-box').scrollLeft > 0")


def test_a_slider_moves_its_figure(served, opened):
    page = opened(f"{served}/notebooks/11_play.html")
    figure = page.locator(".mia-player [role=img]")
    line = figure.locator("[data-moves]")
    before = line.get_attribute("d")
    assert figure.get_attribute("aria-label").endswith("It stands at 0.")
    page.locator(".mia-player input").focus()
    page.keyboard.press("ArrowRight")
    assert figure.get_attribute("aria-label").endswith("It stands at 1.")
    assert line.get_attribute("d") != before


def test_a_figure_opens_in_the_size_of_its_pixels(built_book, served, opened):
    page = opened(f"{served}/index.html", PHONE)
    button = page.locator("button.enlarge")
    small = button.locator("img").bounding_box()["width"]
    button.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog.large img")
    assert large.bounding_box()["width"] >= large.evaluate("image => image.naturalWidth") > small
    assert large.get_attribute("alt") == button.locator("img").get_attribute("alt")
    page.keyboard.press("Escape")
    large.wait_for(state="detached")
    assert button.evaluate("button => button === document.activeElement")


def test_the_feedback_of_a_question_opens(served, opened):
    page = opened(f"{served}/notebooks/11_play.html")
    feedback = page.get_by_text("Right: it is after the first.")
    assert not feedback.is_visible()
    page.get_by_text("B. The second").click()
    assert feedback.is_visible()


def test_folded_code_opens(served, opened):
    page = opened(f"{served}/notebooks/11_play.html")
    code = page.locator("div.cell.tag_hide-input div.cell_input")
    assert not code.is_visible()
    page.locator("div.cell.tag_hide-input summary").click()
    assert code.is_visible()


@pytest.mark.parametrize("server", [True, False])
def test_formulas_are_typeset(built_book, served, opened, server):
    page = opened(f"{served if server else built_book.as_uri()}/notebooks/11_play.html")
    page.locator("mjx-container svg").first.wait_for()
    assert page.locator("mjx-container").count() == 3
    assert page.locator("mjx-merror").count() == 0


def test_the_dark_mode_can_be_switched_on(served, opened):
    page = opened(f"{served}/index.html")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.locator(".theme-switch-button:visible").first.click()
    page.get_by_text("Dark", exact=True).first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(colour) != light
