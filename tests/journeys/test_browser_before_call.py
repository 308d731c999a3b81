"""Somebody chooses the key of a before-action's cache from a past call, watches it work, and forgets a number."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from scripts.chromium import find
from tests.journeys.test_before_call_cache import SWITCH_ON
from tests.journeys.test_browser_journey import EMAIL, FLAGS, PASSWORD, Desk, log_in
from tests.journeys.test_inbound_call import edge, node, post
from tests.support.stack import running_stack

CHROMIUM = find()
expect.set_options(timeout=15_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: install one, or set CHROMIUM to its path"),
]
CALL = {
    "agent": "accueil",
    "from": "+33639980001",
    "sip_headers": {"X-Tenant": "lac"},
    "context": {"customer": {"id": "C-1", "name": "Dupont"}},
}
WORDS = {"fr": ("Choisir dans un appel", "Oublier ce numéro"), "en": ("Pick from a call", "Forget this number")}


@pytest.fixture(params=["fr", "en"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, httpx.Client]]:
    """An administrator's browser, and a runtime with a key."""
    language = request.param
    with running_stack(tmp_path) as stack, sync_playwright() as playwright:
        arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", language)
        key = stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
        stack.manage("shell", "-v0", "-c", SWITCH_ON)
        stack.start_web()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(locale=language, viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(15_000)
        desk = Desk(page, stack.url, language, [])
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        with stack.client(key, language) as api:
            yield desk, api
        browser.close()


def test_a_key_is_picked_from_a_call_and_a_number_forgotten(office: tuple[Desk, httpx.Client]) -> None:
    desk, api = office
    pick, forget = WORDS[desk.language]
    configure(api)
    begin(api)
    log_in(desk)
    page = desk.page
    page.goto(f"{desk.url}/admin/actions/action/before/")
    page.get_by_role("link", name="recognise", exact=True).click()
    page.locator("#id_cache_enabled").check()
    page.get_by_text(pick).click()
    for path in ("from", "context.customer.id", '$.sip_headers["X-Tenant"]'):
        page.locator(f"[data-pick-paths] button:has(code:text-is('{path}'))").click()
    expect(page.locator("#id_cache_keys")).to_have_value('from\ncontext.customer.id\n$.sip_headers["X-Tenant"]')
    page.locator("#id_failure_policy").select_option("say")
    page.locator("#id_failure_texts_fr").fill("Rappelez plus tard, s’il vous plaît.")
    shoot(desk, "form")
    page.locator("[name=_save]").first.click()
    page.wait_for_url("**/admin/actions/action/before/")
    post(api, "agents/accueil/releases", {})
    assert [begin(api)["runs"][0]["source"] for _call in range(3)] == ["action", "cache", "cache"]
    page.goto(f"{desk.url}/admin/calls/cacheusage/")
    shoot(desk, "overview")
    page.get_by_role("link", name="recognise", exact=True).click()
    shoot(desk, "page")
    page.locator("#cache-number").fill("+33 6 39 98 00 01")
    page.get_by_role("button", name=forget).click()
    page.wait_for_load_state()
    shoot(desk, "forgotten")
    assert begin(api)["runs"][0]["source"] == "action"
    assert desk.complaints == []


def configure(api: httpx.Client) -> None:
    nodes = [node("start", "start"), node("back", "return", parameters={"vip": True})]
    post(api, "workflows", {"name": "Ask", "graph": {"nodes": nodes, "edges": [edge("start", "back")]}})
    post(api, "agents", {"name": "Accueil", "slug": "accueil"})
    action = {"kind": "workflow", "moment": "before", "name": "recognise", "workflow": "Ask"}
    post(api, "agents/accueil/actions", action)
    post(api, "agents/accueil/releases", {})


def begin(api: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = api.post("calls", json=CALL).raise_for_status().json()
    return answer


def shoot(desk: Desk, name: str) -> None:
    """For people who want to see the pages: a directory in SCREENSHOTS."""
    if directory := os.environ.get("SCREENSHOTS"):
        desk.page.screenshot(path=f"{directory}/cache-{name}-{desk.language}.png", full_page=True)
