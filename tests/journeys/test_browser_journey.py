"""Somebody who runs a call centre sets an agent up in the admin, publishes it, and reads its first call.

The product runs as processes (web, worker), the call is played over the runtime API, the browser is Chromium.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from scripts.chromium import find
from tests.journeys.conftest import World
from tests.support.stack import wait_until

CHROMIUM = find()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: install one, or set CHROMIUM to its path"),
]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
EMAIL, PASSWORD = "ada@lac.example", "un cheval correct"

WORDS = {
    "en": {
        "before": "Before the call", "during": "During the call", "after": "After the call",
        "add": "Add an action", "workflow": "Workflow", "transfer": "Transfer", "email": "Email",
        "agents": "Agents", "workflows": "Workflows", "calls": "Calls", "publish": "Publish", "fix": "Fix",
        "cannot": "cannot be published yet", "published": "Version 1 of “Accueil” is published",
        "succeeded": "Succeeded", "ringing": "ringing for 20 s", "nobody": "Nobody answers",
        "sent": "L’e-mail a été envoyé.", "add destination": "Add another Destination",
    },
    "fr": {
        "before": "Avant l’appel", "during": "Pendant l’appel", "after": "Après l’appel",
        "add": "Ajouter une action", "workflow": "Workflow", "transfer": "Transfert", "email": "E-mail",
        "agents": "Agents", "workflows": "Workflows", "calls": "Appels", "publish": "Publier", "fix": "Corriger",
        "cannot": "ne peut pas encore être publié", "published": "La version 1 de «\u00a0Accueil\u00a0» est publiée",
        "succeeded": "Réussie", "ringing": "avec 20 s de sonnerie", "nobody": "Personne ne répond",
        "sent": "L’e-mail a été envoyé.", "add destination": "Ajouter : Destination",
    },
}  # fmt: skip

GRAPH = {
    "nodes": [
        {"id": "start", "kind": "start"},
        {"id": "vip", "kind": "set_variable", "title": "Marquer VIP",
         "config": {"variables": [{"variable": "firstName", "value": "{{ context.first }}"}]}},
        {"id": "return", "kind": "return", "config": {"parameters": {"firstName": "{{ firstName }}", "vip": True}}},
    ],
    "edges": [{"source": "start", "target": "vip"}, {"source": "vip", "target": "return"}],
}  # fmt: skip


@dataclass
class Desk:
    """The browser of one person, in one language."""

    page: Page
    url: str
    language: str
    complaints: list[str]

    def word(self, name: str) -> str:
        return WORDS[self.language][name]

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def follow(self, name: str) -> None:
        """A link of the sidebar."""
        self.page.locator("#nav-sidebar a").filter(has=self.page.get_by_text(self.word(name), exact=True)).click()

    def save(self) -> None:
        self.page.locator("button[name=_save]").click()

    def add_action(self, moment: str, kind: str) -> None:
        """Moment in the sidebar, then "add", then the kind's card."""
        self.follow(moment)
        self.page.get_by_role("link", name=self.word("add")).first.click()
        self.page.locator(".tq-kind").filter(has=self.page.get_by_text(self.word(kind), exact=True)).click()
        expect(self.page.locator(".tq-context")).to_contain_text(self.word(moment))

    def listed(self, name: str) -> Locator:
        """A row's link in a list."""
        return self.page.locator("#result_list").get_by_role("link", name=name, exact=True)

    def run(self, name: str) -> Locator:
        return self.page.locator("details.tq-run").filter(has=self.page.get_by_text(name, exact=True))


@pytest.fixture(params=["fr", "en"])
def desk(request: pytest.FixtureRequest, world: World) -> Iterator[Desk]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(locale=request.param, viewport={"width": 1440, "height": 900})
        page.set_default_timeout(10_000)
        desk = Desk(page, world.stack.url, request.param, [])
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        page.on("console", lambda line: desk.complaints.append(line.text) if line.type == "error" else None)
        yield desk
        browser.close()


def test_an_agent_is_set_up_published_called_and_read(world: World, desk: Desk) -> None:
    arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", desk.language)
    api_key = world.stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
    world.stack.start_web()
    world.stack.start_worker(concurrency=1)

    log_in(desk)
    create_agent(desk)
    create_workflow(desk)
    add_the_three_actions(desk)
    publish(desk)
    with world.stack.client(api_key, desk.language) as api:
        call_id = play_a_call(api)
    read_the_call(desk, call_id)
    assert [str(mail["to"]) for mail in world.mails()] == ["equipe@lac.example"]
    assert [str(mail["subject"]) for mail in world.mails()] == ["Appel de Hélène"]
    assert desk.complaints == []


def log_in(desk: Desk) -> None:
    desk.open("/admin/")
    desk.page.locator("#id_username").fill(EMAIL)
    desk.page.locator("#id_password").fill(PASSWORD)
    desk.page.locator("#login-form button[type=submit]").click()
    expect(desk.page.locator("html")).to_have_attribute("lang", desk.language)
    expect(desk.page.locator(".tq-account")).to_contain_text("Mutuelle du Lac")


def create_agent(desk: Desk) -> None:
    desk.follow("agents")
    desk.page.locator("a.addlink").first.click()
    desk.page.locator("#id_name").press_sequentially("Accueil")
    expect(desk.page.locator("#id_slug")).to_have_value("accueil")
    desk.save()


def create_workflow(desk: Desk) -> None:
    """As JSON, which is there beside the editor. The first attempt has a mistake, named by step and field."""
    desk.follow("workflows")
    desk.page.locator("a.addlink").first.click()
    desk.page.wait_for_url("**/add/**")
    desk.page.goto(f"{desk.page.url}?json")
    desk.page.locator("#id_name").fill("Reconnaître")
    wrong = {**GRAPH, "nodes": [*GRAPH["nodes"], {"id": "odd", "kind": "teleport"}]}
    desk.page.locator("#id_graph").fill(json.dumps(wrong))
    desk.save()
    expect(desk.page.locator(".field-graph .errorlist")).to_contain_text("teleport")
    desk.page.locator("#id_graph").fill(json.dumps(GRAPH))
    desk.save()
    expect(desk.listed("Reconnaître")).to_be_visible()


def add_the_three_actions(desk: Desk) -> None:
    page = desk.page
    desk.add_action("before", "workflow")
    page.locator("#id_name").fill("reconnaitre")
    page.locator("#id_workflow").select_option(label="Reconnaître")
    desk.save()
    expect(desk.listed("reconnaitre")).to_be_visible()

    desk.add_action("during", "transfer")
    page.locator("#id_name").fill("transferer")
    page.locator("[name=sip_headers-name]").first.fill("X-First-Name")
    page.locator("[name=sip_headers-value]").first.fill("{{ params.firstName }}")
    page.get_by_text(desk.word("add destination")).click()
    page.locator("#id_destinations-0-address_number").fill("+33612345678")
    page.locator("#id_destinations-0-description").fill("Conseillère")
    desk.save()
    expect(desk.listed("transferer")).to_be_visible()

    desk.add_action("after", "email")
    page.locator("#id_name").fill("prevenir")
    page.locator("#id_subject").fill("Appel de {{ params.firstName }}")
    page.locator("#id_to").fill("equipe chez lac")
    desk.save()
    expect(desk.listed("prevenir")).to_be_visible()


def publish(desk: Desk) -> None:
    """The address is wrong: the error leads to its field, and mending it leads back."""
    page = desk.page
    desk.follow("agents")
    desk.listed("Accueil").click()
    expect(page.locator(".tq-panel")).to_have_count(3)
    page.locator("#header-inner").get_by_role("link", name=desk.word("publish")).click()
    expect(page.locator("[role=alert]")).to_contain_text(desk.word("cannot"))
    page.get_by_role("link", name=desk.word("fix")).click()
    expect(page.locator("#id_to")).to_be_focused()
    page.locator("#id_to").fill("equipe@lac.example")
    desk.save()
    page.locator("#id_note").fill("Première version")
    page.locator("form.tq-card button[type=submit]").click()
    expect(page.locator("#main")).to_contain_text(desk.word("published"))


def play_a_call(api: httpx.Client) -> str:
    """As a voice runtime does; returns the call's id once its after-runs have ended."""

    def post(path: str, body: dict[str, Any]) -> Any:
        return api.post(path, json=body).raise_for_status().json()

    begun = post("calls", {"agent": "accueil", "from": "+33612000001", "context": {"first": "Hélène"}})
    assert begun["parameters"]["firstName"] == "Hélène"
    path = f"calls/{begun['id']}"
    invoked = post(f"{path}/actions/transferer", {"arguments": {}, "tool_call_id": "t1"})
    assert invoked["directives"][0]["sip_headers"] == {"X-First-Name": "Hélène"}
    post(f"{path}/events", {"type": "transfer.no_answer", "data": {"tool_call_id": "t1"}})
    said = [{"role": "caller", "text": "Passez-moi ma conseillère.", "time_ms": 4200}]
    post(f"{path}/complete", {"duration_s": 61, "summary": "Elle rappellera.", "transcript": said})

    def ended() -> bool:
        runs = api.get(path).raise_for_status().json()["runs"]
        return all(run["state"] == "succeeded" for run in runs if run["moment"] == "after")

    wait_until(ended, within_s=20, what="the email is sent")
    return str(begun["id"])


def read_the_call(desk: Desk, call_id: str) -> None:
    page = desk.page
    desk.follow("calls")
    page.locator(f"a[href*='{call_id}']").first.click()
    for moment in ("before", "during", "after"):
        expect(page.locator(".tq-moment").filter(has_text=desk.word(moment))).to_have_count(1)
    before, during, after = desk.run("reconnaitre"), desk.run("transferer"), desk.run("prevenir")
    for run in (before, during, after):
        expect(run.locator("> summary")).to_contain_text(desk.word("succeeded"))
    expect(during.locator("> summary")).to_contain_text(desk.word("ringing"))
    expect(page.locator(".tq-event")).to_contain_text(desk.word("nobody"))
    before.locator("> summary").click()
    step = before.locator(".tq-steps details").filter(has_text="Marquer VIP")
    step.locator("summary").click()
    expect(step).to_contain_text("Hélène")
    after.locator("> summary").click()
    expect(after).to_contain_text(desk.word("sent"))
    expect(page.locator(".tq-bubble-caller")).to_contain_text("Passez-moi ma conseillère.")

    other = "en" if desk.language == "fr" else "fr"
    page.locator(f".tq-languages button[lang={other}]").click()
    expect(page.locator("html")).to_have_attribute("lang", other)
    expect(page.locator(".tq-moment").first).to_contain_text(WORDS[other]["before"])
