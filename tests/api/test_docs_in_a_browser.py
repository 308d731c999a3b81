"""The page at /api/docs/ as a browser shows it, under our content security policy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from scripts.chromium import find

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def described(page: Page, url: str) -> set[str]:
    paths = set(page.request.get(f"{url}/api/schema?format=json").json()["paths"])
    assert "/api/v1/calls/" in paths
    return paths


def paths_while_scrolling(page: Page) -> set[str]:
    """The page holds what is on the screen, and little more."""
    seen: set[str] = set()
    page.locator(".opblock").first.wait_for()
    for _ in range(200):
        shown = page.locator(".opblock-summary-path").all_inner_texts()
        seen.update(path.replace("\u200b", "") for path in shown)
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(100)
        if page.evaluate("window.innerHeight + window.scrollY >= document.body.scrollHeight - 5"):
            break
    return seen


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_the_page_shows_every_operation_and_asks_no_other_host(live_server: Any) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        page = browser.new_page()
        # The description is made for the first time, and the page is large.
        page.set_default_timeout(120_000)
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/api/docs/")
        assert paths_while_scrolling(page) >= described(page, live_server.url)
        browser.close()
    assert complaints == []
    outside = [url for url in requested if not url.startswith((live_server.url, "data:"))]
    assert outside == []
