"""Sentences in the forms of actions: one line for each language; and the keys of a menu."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django_scopes import scope

from accounts.admin_widgets import SpokenTextsField
from actions.kinds.hang_up import HangUpAction
from actions.kinds.menu import MenuAction, MenuKey
from actions.models import Agent
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from workflows.kinds.workflow import WorkflowAction

People = Callable[..., Client]


def test_a_sentence_for_each_language_is_a_line_of_its_own(furnished: Furnished, people: People) -> None:
    action = furnished.actions["hang_up"]
    url = f"/admin/actions/hangupaction/{action.pk}/change/"
    changes = {
        "goodbye_mode": "exact",
        "goodbye_texts-fr": " Au revoir. ",
        "goodbye_texts-en": "",
        "try_first_texts-en": "Offer a call back.",
    }
    assert fill_in(people("editor"), url, **changes).status_code == 302
    with scope(account=furnished.account):
        row = HangUpAction.objects.get(pk=action.pk)
    assert (row.goodbye_texts, row.try_first_texts) == ({"fr": "Au revoir."}, {"en": "Offer a call back."})
    page = text(people("editor", "fr").get(url))
    assert 'name="goodbye_texts-fr" value="Au revoir."' in page
    assert "Français" in page
    assert "{&quot;fr&quot;" not in page


def test_every_kind_that_announces_itself_has_these_lines(furnished: Furnished, people: People) -> None:
    url = f"/admin/workflows/workflowaction/add/?moment=during&agent={furnished.agent.pk}"
    changes = {
        "name": "look_up",
        "description": "When asked.",
        "workflow": str(furnished.workflow.pk),
        "message_mode": "example",
        "message_texts-fr": "Je regarde.",
        "message_texts-en": "Let me look.",
        "message_after_ms": "700",
    }
    assert fill_in(people("editor"), url, **changes).status_code == 302
    with scope(account=furnished.account):
        row = WorkflowAction.objects.get(name="look_up")
    assert row.message_texts == {"fr": "Je regarde.", "en": "Let me look."}
    page = text(people("editor").get(url))
    assert "message_mode != &#x27;none&#x27;" in page or "message_mode != 'none'" in page


def test_a_sentence_that_is_too_long_is_said_at_its_field_and_kept(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/hangupaction/{furnished.actions['hang_up'].pk}/change/"
    response = fill_in(people("editor"), url, **{"try_first_texts-fr": "x" * 501})
    assert response.context["adminform"].form.errors["try_first_texts"] == ["A sentence has 500 characters at most."]
    assert "x" * 501 in text(response)


def test_what_no_database_stores_is_refused() -> None:
    with pytest.raises(ValidationError):
        SpokenTextsField().clean({"fr": "a\ud800"})


def _keys(menu: MenuAction, *rows: tuple[str, int, str]) -> dict[str, str]:
    data = {"keys-TOTAL_FORMS": str(len(rows) + 1), "keys-INITIAL_FORMS": "1"}
    for index, (key, target, arguments) in enumerate(rows, start=1):
        prefix = f"keys-{index}"
        data |= {f"{prefix}-key": key, f"{prefix}-target": str(target), f"{prefix}-arguments": arguments}
        data |= {f"{prefix}-menu": str(menu.pk), f"{prefix}-id": ""}
    return data


def test_keys_of_a_menu_are_rows(furnished: Furnished, people: People) -> None:
    menu, bye = furnished.actions["menu"], furnished.actions["hang_up"]
    url = f"/admin/actions/menuaction/{menu.pk}/change/"
    client = people("editor")
    assert fill_in(client, url, **_keys(menu, ("9", bye.pk, '{"reason": "caller_asked"}'))).status_code == 302  # type: ignore[arg-type]
    with scope(account=furnished.account):
        row = MenuKey.objects.get(menu=menu, key="9")
        assert (row.target_id, row.arguments) == (bye.pk, {"reason": "caller_asked"})


def test_a_key_twice_and_arguments_that_are_no_object_are_refused(furnished: Furnished, people: People) -> None:
    menu, bye = furnished.actions["menu"], furnished.actions["hang_up"]
    url = f"/admin/actions/menuaction/{menu.pk}/change/"
    for rows in ([("8", bye.pk, "{}"), ("8", bye.pk, "{}")], [("8", bye.pk, "[1]")], [("8", bye.pk, "{")]):
        response = fill_in(people("editor"), url, **_keys(menu, *rows))  # type: ignore[arg-type]
        assert response.status_code == 200
        with scope(account=furnished.account):
            assert not MenuKey.objects.filter(menu=menu, key="8").exists()


def test_a_menu_offers_during_actions_of_its_own_agent(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        other = Agent.objects.create(account=furnished.account, name="Autre", slug="autre")
        foreign = HangUpAction.objects.create(agent=other, moment="during", name="foreign_bye")
    page = text(people("editor").get(f"/admin/actions/menuaction/{furnished.actions['menu'].pk}/change/"))
    assert "related-widget-wrapper-link" not in page, "a menu chooses actions, and deletes none"
    assert "my_hang_up" in page
    assert "my_email" not in page
    assert "foreign_bye" not in page
    rows = _keys(furnished.actions["menu"], ("8", foreign.pk, "{}"))  # type: ignore[arg-type]
    response = fill_in(people("editor"), f"/admin/actions/menuaction/{furnished.actions['menu'].pk}/change/", **rows)
    assert response.status_code == 200


def test_an_action_that_a_menu_leads_to_is_not_deleted(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        target = MenuKey.objects.get().target
    client = people("editor")
    url = f"/admin/actions/waitaction/{target.pk}/delete/"
    assert "my_menu" in text(client.get(url)) or "1" in text(client.get(url))
    client.post(url, {"post": "yes"})
    with scope(account=furnished.account):
        assert MenuKey.objects.get().target == target
