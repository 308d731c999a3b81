"""Somebody gives an agent documents to answer from: files in French, watched until they are read, tried, bound, called.

The product runs as processes (web, worker), the browser is Chromium, which prints the PDF, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from scripts.chromium import find
from tests.journeys.test_browser_journey import EMAIL, FLAGS, PASSWORD
from tests.knowledge import files
from tests.support.stack import Stack, running_stack

CHROMIUM = find()
pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: install one, or set CHROMIUM to its path"),
]

PRINTED = """<html lang="fr"><title>Garanties</title><h1>Garanties</h1><p>Les lunettes sont remboursées tous les deux
ans, sur présentation de l’ordonnance.</p><div style="page-break-before: always"></div><h1>Assistance</h1>
<p>En cas de panne, une dépanneuse arrive sous une heure.</p></html>"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(locale="fr", viewport={"width": 1440, "height": 900})
        page.set_default_timeout(15_000)
        yield page
        browser.close()


def test_documents_are_uploaded_watched_tried_and_answer_in_a_call(stack: Stack, page: Page, tmp_path: Path) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", "fr")
    api_key = stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
    stack.start_web()
    log_in(stack, page)
    create_source(stack, page)
    upload(page, [printed(page, tmp_path), files.write(tmp_path, "conditions.docx", files.docx()), broken(tmp_path)])

    # Nobody works yet: the list says so, and follows by itself once somebody does.
    expect(page.locator("[data-pending]")).to_have_count(1)
    expect(document(page, "garanties")).to_contain_text("En attente")
    stack.start_worker()
    expect(document(page, "garanties")).to_contain_text("Prêt", timeout=60_000)
    expect(document(page, "garanties")).to_contain_text("2 pages")
    expect(document(page, "conditions")).to_contain_text("Prêt", timeout=60_000)
    expect(document(page, "abime")).to_contain_text("Le fichier est endommagé", timeout=60_000)
    expect(page.locator("[data-pending]")).to_have_count(0)

    try_a_question(page)
    with stack.client(api_key, "fr") as api:
        agent = {"name": "Accueil", "slug": "accueil", "language": "fr"}
        api.post("agents", json=agent).raise_for_status()
        bind(stack, page)
        call = api.post("calls", json={"agent": "accueil", "from": "+33612000001"}).raise_for_status().json()
        asked = {"arguments": {"question": "Quel est le préavis de résiliation ?"}, "tool_call_id": "t1"}
        answer = api.post(f"calls/{call['id']}/actions/chercher", json=asked).raise_for_status().json()
    assert "deux mois" in str(answer["result"])
    assert complaints == []


def log_in(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.url}/admin/")
    page.locator("#id_username").fill(EMAIL)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#login-form button[type=submit]").click()
    expect(page.locator(".tq-account")).to_contain_text("Mutuelle du Lac")


def create_source(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.url}/admin/knowledge/source/add/")
    page.locator("#id_name").fill("Contrats")
    page.locator("button[name=_save]").click()
    expect(page.locator(".tq-classifiers")).to_contain_text("Aucun document")


def printed(page: Page, directory: Path) -> Path:
    assert page.context.browser is not None
    sheet = page.context.browser.new_page()
    sheet.set_content(PRINTED)
    sheet.pdf(path=directory / "garanties.pdf")
    sheet.close()
    return directory / "garanties.pdf"


def broken(directory: Path) -> Path:
    return files.write(directory, "abime.pdf", files.pdf([(12, "Bonjour.")])[:150])


def upload(page: Page, paths: list[Path]) -> None:
    page.get_by_role("link", name="Ajouter des fichiers").click()
    expect(page.locator("form.tq-card")).to_contain_text("20 Mo")
    page.locator("input[type=file]").set_input_files(paths)
    page.locator("form.tq-card button[type=submit]").click()
    expect(page.locator("#main")).to_contain_text("3 documents sont ajoutés.")


def document(page: Page, title: str) -> Locator:
    return page.locator(".tq-classifiers li").filter(has=page.get_by_role("link", name=title, exact=True))


def try_a_question(page: Page) -> None:
    page.locator("a[href*=try_question]").first.click()
    page.locator("#id_question").fill("Quand mes lunettes sont-elles remboursées ?")
    page.locator("#id_question").press("Enter")
    expect(page.locator("article.tq-card").first).to_contain_text("tous les deux")
    expect(page.locator("article.tq-card").first).to_contain_text(re.compile("garanties", re.IGNORECASE))


def bind(stack: Stack, page: Page) -> None:
    """The source in the drop-down of an action, and the agent published."""
    page.goto(f"{stack.url}/admin/actions/agent/")
    page.locator("#result_list").get_by_role("link", name="Accueil", exact=True).click()
    page.locator("a.tq-add[href*=during]").first.click()
    page.locator(".tq-kind[value=knowledge]").click()
    page.locator("#id_name").fill("chercher")
    page.locator("#id_source").select_option(label="Contrats")
    page.locator("button[name=_save]").click()
    page.goto(f"{stack.url}/admin/actions/agent/")
    page.locator("#result_list").get_by_role("link", name="Accueil", exact=True).click()
    page.locator("#header-inner").get_by_role("link", name="Publier").click()
    page.locator("form.tq-card button[type=submit]").click()
    expect(page.locator("#main")).to_contain_text("est publiée")
