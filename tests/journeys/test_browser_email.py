"""An email about cancellations: conditioned, previewed with a past call, published; of two calls, one is mailed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import World
from tests.journeys.test_browser_journey import (  # noqa: F401
    EMAIL,
    PASSWORD,
    Desk,
    create_agent,
    desk,
    log_in,
)
from tests.journeys.test_browser_journey import pytestmark as in_a_browser
from tests.support.stack import wait_until

pytestmark = [*in_a_browser, pytest.mark.timeout(300)]

WORDS = {
    "fr": {
        "preview": "Aperçu", "sent": "l’e-mail est envoyé", "not sent": "rien n’est envoyé",
        "test": "Envoyer un test à", "tested": "Le test a été envoyé à", "show": "Afficher", "plain": "Texte simple",
        "from": "Appelant", "published": "est publiée",
    },
    "en": {
        "preview": "Preview", "sent": "the email is sent", "not sent": "nothing is sent",
        "test": "Send a test to", "tested": "The test was sent to", "show": "Show", "plain": "Plain text",
        "from": "Caller", "published": "is published",
    },
}  # fmt: skip


def test_an_email_about_cancellations_is_previewed_published_and_sent_once(
    world: World,
    desk: Desk,  # noqa: F811
) -> None:
    arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", desk.language)
    api_key = world.stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
    world.stack.start_web()
    world.stack.start_worker(concurrency=1)
    log_in(desk)
    create_agent(desk)
    with world.stack.client(api_key, desk.language) as api:
        classify(api, desk.language)
        publish(desk)
        past = {label: call(api, label) for label in ("question", "résiliation")}
        configure(desk)
        preview(desk, past)
        assert [str(mail["to"]) for mail in world.mails()] == [EMAIL]
        assert str(world.mails()[0]["subject"]).startswith("[Test] Résiliation de +3363998000")
        publish(desk)
        calls = {label: call(api, label) for label in ("question", "résiliation")}
        runs = {
            label: wait_until(lambda i=i: ended(api, i), within_s=30, what="the runs") for label, i in calls.items()
        }
    assert {label: [run["state"] for run in found] for label, found in runs.items()} == {
        "question": ["skipped"],
        "résiliation": ["succeeded"],
    }
    (mail,) = [mail for mail in world.mails() if mail["to"] == "retention@lac.example"]
    assert mail["X-Triptyque-Call"] == calls["résiliation"]
    assert "Je veux résilier" in mail.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    read_the_delivery(desk)
    assert desk.complaints == []


def classify(api: httpx.Client, language: str) -> None:
    labels = [{"name": "question"}, {"name": "résiliation"}]
    agent = api.get("agents/accueil").raise_for_status().json()
    body = {**agent, "language": language, "classifiers": [{"name": "Motif", "is_main": True, "labels": labels}]}
    api.put("agents/accueil", json={key: body[key] for key in body if key in WRITABLE}).raise_for_status()


WRITABLE = {"name", "slug", "language", "time_zone", "direction", "numbers", "classifiers"}


def publish(desk: Desk) -> None:  # noqa: F811
    desk.follow("agents")
    desk.listed("Accueil").click()
    desk.page.locator("#header-inner").get_by_role("link", name=desk.word("publish")).click()
    desk.page.locator("form.tq-card button[type=submit]").click()
    expect(desk.page.locator("#main")).to_contain_text(WORDS[desk.language]["published"])


def call(api: httpx.Client, label: str) -> str:
    begun: Any = api.post("calls", json={"agent": "accueil", "from": "+33639980001"}).raise_for_status().json()
    report = {
        "summary": f"Au sujet de : {label}.",
        "duration_s": 75,
        "classifications": {"Motif": label},
        "transcript": [{"role": "caller", "text": "Je veux résilier <b>mon</b> contrat."}],
    }
    api.post(f"calls/{begun['id']}/complete", json=report).raise_for_status()
    return str(begun["id"])


def ended(api: httpx.Client, call_id: str) -> Any:
    runs = api.get(f"calls/{call_id}").raise_for_status().json()["runs"]
    return runs if runs and all(run["state"] in {"succeeded", "skipped", "dead"} for run in runs) else None


def configure(desk: Desk) -> None:  # noqa: F811
    page = desk.page
    desk.add_action("after", "email")
    page.locator("#id_name").fill("prevenir")
    page.locator("#id_subject").fill("Résiliation de {{ interaction.ANI }}")
    page.locator("#id_to").fill("retention@lac.example")
    page.get_by_label("résiliation").check()
    desk.save()
    expect(desk.listed("prevenir")).to_be_visible()


def preview(desk: Desk, past: dict[str, str]) -> None:  # noqa: F811
    page, words = desk.page, WORDS[desk.language]
    desk.listed("prevenir").click()
    page.locator("#header-inner").get_by_role("link", name=words["preview"]).click()
    expect(page.locator("#main")).to_contain_text(words["sent"])
    mail = page.frame_locator("iframe.tq-mail")
    expect(mail.locator("body")).to_contain_text("Je veux résilier <b>mon</b> contrat.")
    expect(mail.locator("body")).to_contain_text(words["from"])

    page.locator("#id_call").select_option(past["question"])
    page.get_by_role("button", name=words["show"], exact=True).click()
    expect(page.locator("#main")).to_contain_text(words["not sent"])
    page.locator("#id_call").select_option(past["résiliation"])
    page.get_by_role("button", name=words["show"], exact=True).click()
    page.get_by_role("button", name=words["test"]).click()
    expect(page.locator("body")).to_contain_text(f"{words['tested']} {EMAIL}")
    page.get_by_text(words["plain"], exact=True).click()
    expect(page.locator(".tq-mail-text .tq-text")).to_contain_text("Je veux résilier")


def read_the_delivery(desk: Desk) -> None:  # noqa: F811
    page = desk.page
    desk.open("/admin/notifications/delivery/?q=retention@lac")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("#result_list tbody a").first.click()
    expect(page.frame_locator("iframe.tq-mail").locator("body")).to_contain_text("Je veux résilier")
