"""Somebody in a French call centre sets a transfer up: a number by hand, others from a file, only in office hours.

The product runs as a process, calls are played over the runtime API, the browser is Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from scripts.chromium import find
from tests.journeys.test_browser_journey import EMAIL, FLAGS, PASSWORD, Desk, create_agent, log_in
from tests.support.stack import running_stack

CHROMIUM = find()
expect.set_options(timeout=15_000)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: install one, or set CHROMIUM to its path"),
]

WRONG = """phone;description
+33199000021;Comptabilité
06 39 98 00 22;Astreinte
112;Secours
+336399;Trop court
"""
RIGHT = """phone;description
+33199000021;Comptabilité
+33639980022;Astreinte
+33199000023;Sinistres
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[Desk, httpx.Client]]:
    """An administrator's browser in French, and a runtime with a key."""
    with running_stack(tmp_path) as stack, sync_playwright() as playwright:
        arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", "fr")
        key = stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
        stack.start_web()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(locale="fr", viewport={"width": 1440, "height": 900})
        page.set_default_timeout(15_000)
        desk = Desk(page, stack.url, "fr", [])
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        with stack.client(key, "fr") as api:
            yield desk, api
        browser.close()


def test_a_transfer_is_filled_by_hand_and_by_file_and_rings_in_its_hours_only(
    office: tuple[Desk, httpx.Client], tmp_path: Path
) -> None:
    desk, api = office
    log_in(desk)
    create_agent(desk)
    add_transfer_with_a_number(desk)
    import_after_mending(desk, tmp_path)

    today = datetime.now(ZoneInfo("Europe/Paris")).weekday()
    restrict_hours(desk, range(7))
    publish(desk)
    inside = call(api)
    assert inside["result"]["status"] == "requested", inside
    assert inside["directives"][0]["destinations"][0]["value"] == "+33639980022"

    restrict_hours(desk, [(today + 3) % 7])
    publish(desk)
    outside = call(api)
    assert outside["directives"] == []
    assert outside["result"]["status"] == "closed"
    assert desk.complaints == []


def add_transfer_with_a_number(desk: Desk) -> None:
    page = desk.page
    desk.add_action("during", "transfer")
    page.locator("#id_name").fill("transferer")
    page.get_by_text(desk.word("add destination")).click()
    row = page.locator("[data-address]").filter(has=page.locator("#id_destinations-0-address_number"))
    expect(row.locator("[data-address-region]")).to_have_value("FR")
    number = page.locator("#id_destinations-0-address_number")
    number.fill("+44 20 7946 0123")
    expect(row.locator("[data-address-region]")).to_have_value("GB")
    row.locator("[data-address-region]").select_option("FR")
    number.fill("112")
    page.locator("#id_destinations-0-description").fill("Accueil")
    desk.save()
    expect(page.locator("#main")).to_contain_text("numéro d’urgence")
    number.fill("01 99 00 00 20")
    desk.save()
    expect(desk.listed("transferer")).to_be_visible()


def import_after_mending(desk: Desk, tmp_path: Path) -> None:
    page = desk.page
    open_transfer(desk)
    page.locator("#destinations").get_by_role("link", name="Importer un fichier").click()
    upload(page, tmp_path / "faux.csv", WRONG)
    expect(page.locator(".tq-bad")).to_have_count(3)
    expect(page.locator("#main")).to_contain_text("Rien n’est encore écrit")
    expect(page.locator(".tq-bad").first).to_contain_text("+33639980022")

    page.get_by_role("link", name="Envoyer un autre fichier").click()
    upload(page, tmp_path / "juste.csv", RIGHT)
    expect(page.locator(".tq-bad")).to_have_count(0)
    page.get_by_role("button", name="Confirmer et écrire").click()
    expect(page.locator(".tq-state")).to_contain_text("Les numéros sont écrits")
    page.get_by_role("link", name="Ouvrir la liste").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(4)
    expect(page.locator("#result_list")).to_contain_text("Sinistres")


def upload(page: Page, path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("form.tq-card button[type=submit]").first.click()
    expect(page.locator(".tq-state")).to_be_visible()


def open_transfer(desk: Desk) -> None:
    desk.follow("during")
    desk.listed("transferer").click()


def restrict_hours(desk: Desk, days: Any) -> None:
    """All of these days, and no others, from midnight to midnight."""
    page = desk.page
    open_transfer(desk)
    page.locator("#id_restricted").set_checked(True)
    for day in range(7):
        page.locator(f"[name='time_slots-0-days'][value='{day}']").set_checked(day in days, force=True)
    page.locator("[name='time_slots-0-from']").fill("00:00")
    page.locator("[name='time_slots-0-to']").fill("00:00")
    desk.save()
    expect(desk.listed("transferer")).to_be_visible()


def publish(desk: Desk) -> None:
    page = desk.page
    desk.follow("agents")
    desk.listed("Accueil").click()
    page.locator("#header-inner").get_by_role("link", name=desk.word("publish")).click()
    page.locator("form.tq-card button[type=submit]").click()
    expect(page.locator("#main")).to_contain_text("est publiée")


def call(api: httpx.Client) -> Any:
    """What the agent gets that transfers a caller to whoever is on call."""
    begun = api.post("calls", json={"agent": "accueil", "from": "+33612000001"}).raise_for_status().json()
    body = {"arguments": {"destination": "Astreinte"}, "tool_call_id": "t1"}
    return api.post(f"calls/{begun['id']}/actions/transferer", json=body).raise_for_status().json()
