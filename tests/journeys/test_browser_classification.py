"""A classification with a rule, and an action that waits for its label, set up in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.conftest import World
from tests.journeys.test_browser_journey import (  # noqa: F401
    EMAIL,
    PASSWORD,
    Desk,
    create_agent,
    desk,
    log_in,
    pytestmark,
)

WORDS = {
    "fr": {
        "add": "Ajouter une classification",
        "add label": "Ajouter : Libellé",
        "wrong": "Corrigez l’erreur",
        "always": "S’exécute après chaque appel.",
        "rule": "S’exécute seulement si «\u00a0Motif\u00a0» est réclamation ou résiliation.",
        "after": "Après l’appel",
        "short": "«\u00a0Motif\u00a0» est réclamation ou résiliation",
    },
    "en": {
        "add": "Add a classification",
        "add label": "Add another Label",
        "wrong": "correct the error",
        "always": "Runs after every call.",
        "rule": "Runs only if “Motif” is réclamation or résiliation.",
        "after": "After the call",
        "short": "“Motif” is réclamation or résiliation",
    },
}


def test_a_rule_is_written_and_an_email_waits_for_its_label(world: World, desk: Desk) -> None:  # noqa: F811
    words = WORDS[desk.language]
    arguments = ("--admin", EMAIL, "--password", PASSWORD, "--language", desk.language)
    world.stack.manage("create_account", "Mutuelle du Lac", *arguments)
    world.stack.start_web()
    page = desk.page
    log_in(desk)
    create_agent(desk)
    desk.follow("agents")
    desk.listed("Accueil").click()

    page.get_by_role("link", name=words["add"]).click()
    page.fill("[name=name]", "Motif")
    page.fill("[name=labels-0-name]", "résiliation")
    page.fill("[name=labels-0-rule]", "1 +")
    page.get_by_text(words["add label"]).click()
    page.fill("[name=labels-1-name]", "réclamation")
    page.check("[name=labels-1-is_default]")
    desk.save()
    expect(page.locator("body")).to_contain_text(words["wrong"])
    page.fill("[name=labels-0-rule]", '"résilier" in interaction.TRANSCRIPT')
    desk.save()
    expect(page.locator(".tq-classifiers")).to_contain_text("résiliation")

    desk.add_action("after", "email")
    expect(page.locator("body")).to_contain_text(words["always"])
    page.fill("[name=subject]", "Appel")
    page.fill("[name=to]", "a@lac.example")
    page.get_by_label("résiliation").check()
    page.get_by_label("réclamation").check()
    expect(page.locator("[data-rule]")).to_have_text(words["rule"])
    desk.save()
    expect(page.locator("#result_list")).to_contain_text(words["short"])
    desk.listed("email").click()
    expect(page.locator("[data-rule]")).to_have_text(words["rule"])
    # Saved again as it is, it keeps what it had.
    desk.save()
    expect(page.locator("#result_list")).to_contain_text(words["short"])
    assert not desk.complaints
