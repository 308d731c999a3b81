"""Somebody draws a workflow: by mouse in French, by keyboard alone, beside a colleague, without JavaScript.

The product runs as processes, the CRM is the sample one, the browser is Chromium.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from demo.crm_data import VIP_ID, VIP_PHONE
from tests.journeys.conftest import World
from tests.support.editor import CHROMIUM, EMAIL, PASSWORD, Editor, as_text, chromium, editor_in
from workflows.editor import built_files

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: install one, or set CHROMIUM to its path"),
    pytest.mark.skipif(not built_files()[0], reason="the editor is not built: `make setup-dev` says why"),
]

DIALLED = "+33199000001"
CALLER = {"system": {"phoneE164": VIP_PHONE}}


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    """The product runs; the API in its account."""
    arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", "fr")
    key = world.stack.manage("create_account", "Mutuelle du Lac", *arguments).strip()
    world.stack.start_web()
    with world.stack.client(key, "fr") as client:
        yield client


def test_a_workflow_is_drawn_by_drag_and_drop_tested_published_and_run(
    world: World, api: httpx.Client, browser: Browser
) -> None:
    editor = editor_in(browser, world.stack.url)
    editor.log_in()
    editor.open()
    page = editor.page
    page.locator("#id_name").fill("Qualifier l’appelant")
    page.locator(".ed-moment select").select_option("before")
    expect(page.locator(".ed-kind[data-kind=say]")).to_have_count(0)

    # The new drawing has a start and a return; the return goes, and comes back where it is wanted.
    page.get_by_role("button", name="Plein écran").click()
    page.locator(".react-flow__controls-zoomout").click()
    editor.node("Retour").click()
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__node")).to_have_count(1)

    draw_request(editor, world.crm_url)
    draw_decision(editor)
    draw_returns(editor)
    connect_all(editor)
    page.get_by_role("button", name="Ranger les étapes").first.click()
    editor.expect_errors(0)

    try_it(editor)
    editor.save()
    page.wait_for_url("**/change/")
    expect(page.locator(".react-flow__node")).to_have_count(6)
    assert editor.complaints == []

    assert call_with(api) == {
        "customerId": VIP_ID,
        "firstName": "Hélène",
        "vip": True,
    }


def draw_request(editor: Editor, crm_url: str) -> None:
    editor.drag_kind("api_request", 420, 180)
    editor.title("Chercher dans le CRM")
    editor.field("url").locator("input").fill(f"{crm_url}/customers")
    row = editor.add_row("query").locator("input")
    row.first.fill("phone")
    # Two braces open the list of names; typing narrows it, Enter takes the first.
    row.last.press_sequentially("{{ phoneE")
    expect(editor.page.locator(".ed-choices li").first).to_contain_text("system.phoneE164")
    row.last.press("Enter")
    expect(row.last).to_have_value("{{ system.phoneE164 }}")
    for variable, path in (("customerId", "id"), ("firstName", "first_name"), ("tier", "tier")):
        inputs = editor.add_row("mapping").locator("input")
        inputs.nth(0).fill(f"$.customer.{path}")
        inputs.nth(1).fill(variable)
    editor.close_panel()


def draw_decision(editor: Editor) -> None:
    editor.drag_kind("decision", 700, 180)
    editor.title("Client privilégié ?")
    case = editor.field("cases").locator(".ed-row").first
    case.locator("input").first.fill("Privilégié")
    compared = case.locator(".ed-compare input")
    compared.first.fill("tier")
    compared.first.press("Escape")
    compared.last.fill("gold")
    editor.close_panel()


def draw_returns(editor: Editor) -> None:
    for title, y, parameters in (
        ("Accueil privilégié", 60, {"customerId": "{{ customerId }}", "firstName": "{{ firstName }}", "vip": "true"}),
        ("Accueil d’un client", 240, {"customerId": "{{ customerId }}", "vip": "false"}),
        ("Appelant inconnu", 420, {"vip": "false"}),
    ):
        editor.drag_kind("return", 980, y)
        editor.title(title)
        for name, value in parameters.items():
            editor.pair("parameters", name, value)
        editor.close_panel()


def connect_all(editor: Editor) -> None:
    editor.page.get_by_role("button", name="Tout afficher").first.click()
    editor.page.wait_for_timeout(400)  # the view moves there
    request, decision = editor.node("Chercher dans le CRM"), editor.node("Client privilégié ?")
    editor.connect(editor.node("Début"), request)
    editor.connect(request, decision, "ensuite")
    editor.connect(request, editor.node("Appelant inconnu"), "en cas d’échec")
    editor.connect(decision, editor.node("Accueil privilégié"), "Privilégié")
    editor.connect(decision, editor.node("Accueil d’un client"), "sinon")
    expect(editor.page.locator(".react-flow__edge")).to_have_count(5)


def try_it(editor: Editor) -> None:
    """Against the CRM; the path lights up, and the request tells what was sent and what came back."""
    page = editor.page
    page.get_by_role("button", name="Tester").click()
    page.locator(".ed-test-data textarea").fill(as_text(CALLER))
    page.get_by_role("button", name="Exécuter le workflow").click()
    expect(page.locator("[data-test-state=succeeded]")).to_be_visible()
    expect(page.locator(".ed-test-result .ed-json")).to_contain_text('"firstName": "Hélène"')
    expect(page.locator(".ed-edge-taken")).to_have_count(3)
    expect(page.locator(".ed-state-not_taken")).to_have_count(2)
    editor.node("Chercher dans le CRM").click()
    expect(page.locator(".ed-entry")).to_contain_text("Réussie")
    page.get_by_role("tab", name="Méta").click()
    expect(page.locator(".ed-entry .ed-json")).to_contain_text("200")

    # The answer is pinned: the next test asks nobody.
    page.get_by_role("button", name="Épingler cette réponse").click()
    page.get_by_label("Interroger réellement les autres systèmes").uncheck()
    page.get_by_role("button", name="Exécuter le workflow").click()
    expect(page.locator(".ed-pin")).to_have_count(1)
    expect(page.locator("[data-test-state=succeeded]")).to_be_visible()
    expect(page.locator(".ed-edge-taken")).to_have_count(3)
    editor.close_panel()


def call_with(api: httpx.Client) -> dict[str, Any]:
    """Publish an agent that runs the workflow, let its phone ring: the parameters of the call."""
    agent = {"name": "Accueil", "slug": "accueil", "language": "fr", "numbers": [DIALLED]}
    action = {"kind": "workflow", "moment": "before", "name": "qualifier", "workflow": "Qualifier l’appelant"}
    for path, body in (("agents", agent), ("agents/accueil/actions", action), ("agents/accueil/releases", {})):
        answer = api.post(path, json=body)
        assert answer.status_code == 201, (path, answer.text)
    ringing = {"direction": "inbound", "from": VIP_PHONE, "to": DIALLED}
    parameters: dict[str, Any] = api.post("calls", json=ringing).raise_for_status().json()["parameters"]
    return parameters


def test_a_workflow_is_drawn_by_keyboard_alone(world: World, api: httpx.Client, browser: Browser) -> None:
    editor = editor_in(browser, world.stack.url, "en")
    editor.log_in()
    world_language(editor)
    editor.open()
    page = editor.page
    page.locator("#id_name").focus()
    page.keyboard.type("By keyboard")

    # The start, then a step from the palette after it: it comes between the start and the return.
    tab_to(editor, ".react-flow__node[data-id=start]")
    page.keyboard.press("Enter")
    expect(editor.field("title").locator("input")).to_be_focused()
    tab_to(editor, ".ed-kind[data-kind=set_variable]", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(3)
    expect(editor.field("title").locator("input")).to_be_focused()
    page.keyboard.type("Greet")
    tab_to(editor, "[data-field=variables] .ed-pair input >> nth=0")
    page.keyboard.press("Control+A")
    page.keyboard.type("greeting")
    page.keyboard.press("Tab")
    page.keyboard.type("Hello")

    # The return is reached by the list of next steps, undone and done again.
    tab_to(editor, ".ed-next-row select")
    page.keyboard.press("Home")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    page.keyboard.press("End")
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".react-flow__node[data-id=set_variable]")).to_be_focused()
    page.keyboard.press("Control+Z")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator(".react-flow__edge")).to_have_count(2)

    # Copied, pasted, and the copy deleted again.
    page.keyboard.press("Control+C")
    page.keyboard.press("Control+V")
    expect(page.locator(".react-flow__node")).to_have_count(4)
    page.keyboard.press("Control+Z")
    expect(page.locator(".react-flow__node")).to_have_count(3)

    page.keyboard.press("Control+S")
    page.wait_for_url("**/change/")
    graph = editor.graph(api, "By keyboard")
    assert [(edge["source"], edge["target"]) for edge in graph["edges"]] == [
        ("start", "set_variable"),
        ("set_variable", "return"),
    ]
    greet = next(node for node in graph["nodes"] if node["id"] == "set_variable")
    assert (greet["title"], greet["config"]["variables"]) == ("Greet", [{"variable": "greeting", "value": "Hello"}])
    assert editor.complaints == []


def tab_to(editor: Editor, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    target = editor.page.locator(selector).first
    for _press in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        editor.page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError(f"{selector} is not reached by the keyboard")


def world_language(editor: Editor) -> None:
    """The English pages."""
    editor.page.context.add_cookies([{"name": "django_language", "value": "en", "url": editor.url}])


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(
    world: World, api: httpx.Client, browser: Browser
) -> None:
    saved = api.post("workflows", json={"name": "Partagé", "graph": GRAPH}).raise_for_status().json()
    editor = editor_in(browser, world.stack.url, accept_downloads=True)
    editor.log_in()
    editor.open(saved["id"])
    page = editor.page
    editor.node("Saluer").click()
    editor.title("Mine")
    theirs = json.loads(json.dumps(GRAPH).replace("Saluer", "Theirs"))
    api.patch(f"workflows/{saved['id']}", json={"graph": theirs}).raise_for_status()
    editor.save()

    dialog = page.locator("dialog.ed-dialog")
    expect(dialog).to_be_visible()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Garder ma version en copie").click()
    mine = json.loads(download.value.path().read_text())
    assert [node["title"] for node in mine["graph"]["nodes"]] == ["", "Mine", ""]

    # Theirs is loaded, and undo has mine again; saved now, it is what both have seen.
    dialog.get_by_role("button", name="Charger la version enregistrée").click()
    expect(editor.node("Theirs")).to_be_visible()
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(editor.node("Mine")).to_be_visible()
    editor.save()
    expect(page.locator(".ed-save-saved")).to_be_visible()
    assert [node["title"] for node in editor.graph(api, "Partagé")["nodes"]] == ["", "Mine", ""]

    # A second conflict, overwritten on purpose.
    api.patch(f"workflows/{saved['id']}", json={"graph": theirs}).raise_for_status()
    editor.title("Mine again")
    editor.save()
    dialog.get_by_role("button", name="Remplacer leur version").click()
    expect(page.locator(".ed-save-saved")).to_be_visible()
    assert [node["title"] for node in editor.graph(api, "Partagé")["nodes"]] == ["", "Mine again", ""]


def test_errors_are_shown_where_they_are_mended(world: World, api: httpx.Client, browser: Browser) -> None:
    saved = api.post("workflows", json={"name": "Faux", "graph": GRAPH}).raise_for_status().json()
    editor = editor_in(browser, world.stack.url)
    editor.log_in()
    editor.open(saved["id"])
    page = editor.page
    editor.node("Saluer").click()
    value = editor.field("variables").locator(".ed-pair input").last
    value.fill("{{ greeting | nonsense }}")
    expect(editor.node("Saluer").locator(".ed-badge")).to_have_text("1")
    expect(editor.field("variables").locator(".ed-errors")).to_be_visible()
    editor.close_panel()
    page.locator(".ed-errors-button").click()
    page.locator(".ed-error-list button").click()
    expect(editor.field("variables").locator(".ed-errors")).to_be_visible()
    # The server refuses it, too: nothing is stored.
    editor.save()
    expect(page.locator(".ed-save-failed")).to_be_visible()
    assert editor.graph(api, "Faux")["nodes"][1]["config"] == GRAPH["nodes"][1]["config"]


def test_without_javascript_a_workflow_is_edited_as_json(world: World, api: httpx.Client, browser: Browser) -> None:
    saved = api.post("workflows", json={"name": "Texte", "graph": GRAPH}).raise_for_status().json()
    with_scripts = editor_in(browser, world.stack.url)
    with_scripts.log_in()
    session = with_scripts.page.context.storage_state()
    editor = editor_in(browser, world.stack.url, java_script_enabled=False, storage_state=session)
    page = editor.page
    page.goto(f"{world.stack.url}/admin/workflows/workflow/{saved['id']}/change/")
    graph = page.locator("#id_graph")
    assert json.loads(graph.input_value())["nodes"][1]["title"] == "Saluer"
    graph.fill(graph.input_value().replace("Saluer", "Bonjour"))
    page.locator("button[name=_save]").click()
    assert editor.graph(api, "Texte")["nodes"][1]["title"] == "Bonjour"


GRAPH: dict[str, Any] = {
    "nodes": [
        {"id": "start", "kind": "start", "title": "", "config": {}, "position": {"x": 0, "y": 0}},
        {
            "id": "greet",
            "kind": "set_variable",
            "title": "Saluer",
            "config": {"variables": [{"variable": "greeting", "value": "Bonjour"}]},
            "position": {"x": 320, "y": 0},
        },
        {"id": "return", "kind": "return", "title": "", "config": {}, "position": {"x": 640, "y": 0}},
    ],
    "edges": [
        {"source": "start", "target": "greet", "output": "next"},
        {"source": "greet", "target": "return", "output": "next"},
    ],
}
