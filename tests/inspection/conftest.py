"""A model card, and pages in a real browser: Chromium, driven by Playwright."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def training():
    """Entry "training" of a model card."""
    return {
        "label": "score",
        "n_samples": 40,
        "spearman": 0.3,
        "interval": [0.1, 0.5],
        "quantiles": [2.0, 3.0, 4.0],
    }


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed."
    )
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (apt-get install chromium).")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Open a file; whatever the page complains of fails the test."""
    opened = []

    def open_it(path, size=(1280, 900), *, unfold=True, **settings):
        width, height = size
        page = browser.new_page(viewport={"width": width, "height": height}, **settings)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.extend(_outside(request.url)))
        page.goto(path.as_uri())
        if unfold and settings.get("java_script_enabled", True):
            page.evaluate(
                "for (const e of document.querySelectorAll('.rest')) e.open = 1"
            )
        opened.append((page, complaints))
        return page

    yield open_it
    for page, complaints in opened:
        page.close()
        assert complaints == []


def _outside(url):
    return [] if url.startswith(("file:", "data:")) else [url]
