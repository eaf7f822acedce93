"""A real browser for the tests of pages. They are skipped, and say why, where playwright or a browser is missing."""

import contextlib
import shutil
from collections.abc import Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "pip install -e '.[browser]'"


@contextlib.contextmanager
def browser() -> Iterator:
    """Yield a headless Chromium, playwright's `Browser`: the machine's own, or else the one that playwright keeps.

    It downloads nothing. A browser that is there and does not start is an error, and no reason to skip.
    """
    driver = pytest.importorskip("playwright.sync_api", reason=f"playwright is not installed: {HOW}")
    with driver.sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        try:
            started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except driver.Error:
            if path:
                raise
            pytest.skip("there is no Chromium: install it, or playwright install chromium")
        with contextlib.closing(started):
            yield started
