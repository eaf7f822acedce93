"""A student copy in JupyterLab, in a real browser: the check says what is missing, and passes once it is there."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from browsers import browser
from trying import fresh_clone_in, shared_runs

from mia_helpers.teaching import copies, exercises
from mia_helpers.walk.road import ROAD

NOTEBOOKS = [page.source for page in ROAD]
MINUTES = 5 * 60_000  # milliseconds; what stands before the first task may take a minute on a slow machine
QUIET = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"  # asks for news, in a dialog


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    """JupyterLab, without the user's settings, in a folder of student copies: that folder, and its address."""
    home = tmp_path_factory.mktemp("lab")
    copies.write(NOTEBOOKS, home / "exercises")
    settings = home / "config" / "lab" / "user-settings" / QUIET
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {f"JUPYTER_{kind.upper()}_DIR": str(home / kind) for kind in ("config", "data", "runtime")}
    environ = {**os.environ, **own, "IPYTHONDIR": str(home / "ipython")}
    environ |= fresh_clone_in(home, shared_runs(tmp_path_factory)) | {"no_proxy": "127.0.0.1"}
    environ.pop("MPLBACKEND", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--IdentityProvider.token={token}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            [*command, f"--ServerApp.root_dir={home / 'exercises'}"], env=environ, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api/status?token={token}", server, home / "log")
        yield home / "exercises", lambda name: f"{address}/lab/tree/{name}?token={token}&reset"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address, server, log, seconds=120):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + seconds
    while True:
        try:
            return direct.open(address, timeout=5).read()
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.xdist_group("lab")  # one server for all
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_stops_at_the_first_stub_and_goes_on_with_the_solution(path, lab, chromium):
    source = nbformat.read(path, as_version=4)
    tasks = [exercise for exercise in exercises.read(source, path.name) if exercise.is_task]
    if not tasks:
        pytest.skip("no tasks so far")
    _, address = lab
    solution, check = (place + 1 for place in tasks[0].cells[1:])  # a cell of its own stands before
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    try:
        page.goto(address(path.name))
        cells = page.locator(".jp-Notebook .jp-Cell")
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=MINUTES)
        cells.nth(len(source.cells)).wait_for(state="attached", timeout=MINUTES)
        page.get_by_text("Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        output = cells.nth(check).locator(".jp-OutputArea")
        output.get_by_text(re.compile(r"^Not yet\. ")).wait_for(state="attached", timeout=MINUTES)
        assert "Traceback" not in output.text_content()
        code = [at for at, cell in enumerate(source.cells, start=1) if cell.cell_type == "code"]
        prompts = {at: cells.nth(at).locator(".jp-InputPrompt").text_content() for at in code}
        assert {at for at, prompt in prompts.items() if re.search(r"\d", prompt)} == {at for at in code if at <= check}

        cells.nth(solution).locator(".cm-content").click()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.insert_text(source.cells[solution - 1].source)
        page.keyboard.press("Shift+Enter")  # runs the cell, and goes on to the check
        page.keyboard.press("Shift+Enter")
        right = f"Exercise {tasks[0].number}: right."
        output.get_by_text(right).wait_for(state="attached", timeout=MINUTES)
        assert "Not yet" not in output.text_content()
    finally:
        page.close()
