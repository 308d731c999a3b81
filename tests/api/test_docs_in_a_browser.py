"""The page at /api/docs/ as a browser shows it, under our content security policy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from scripts.chromium import find

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.mark.browser
def test_the_page_shows_every_operation_and_asks_no_other_host(live_server: Any) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/api/docs/")
        page.locator(".opblock").first.wait_for()
        assert page.locator(".opblock-summary-path", has_text="/api/v1/calls/").count() > 3
        browser.close()
    assert complaints == []
    outside = [url for url in requested if not url.startswith((live_server.url, "data:"))]
    assert outside == []
