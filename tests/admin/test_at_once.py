"""Several people work on the same in the same moment: nobody sees a server error, nothing impossible is stored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_scopes import scope

from accounts.admin import members
from accounts.models import Membership, Role
from actions.models import Action
from knowledge.models import Source
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text

People = Callable[..., Client]
ADD_SOURCE = "/admin/knowledge/source/add/"
DURING = "/admin/actions/action/during/"


def _blind(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Validation does not see the other one's row that many times, as if it came just after."""
    look = Source.validate_constraints
    missed: list[str] = []

    def validate(self: Source, *args: Any, **kwargs: Any) -> None:
        if len(missed) < times:
            missed.append(self.name)
        else:
            look(self, *args, **kwargs)

    monkeypatch.setattr(Source, "validate_constraints", validate)


def test_a_name_that_was_taken_just_now_is_said_at_its_field(
    furnished: Furnished, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _blind(monkeypatch, 1)
    response = fill_in(people("editor"), ADD_SOURCE, name="Tarifs", description="Ceux de 2027")
    assert response.status_code == 200
    assert "Another source has this name already." in text(response)
    assert "Ceux de 2027" in text(response)
    assert "was added successfully" not in text(response)


def test_what_can_never_be_stored_leads_back_with_a_message(
    furnished: Furnished, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _blind(monkeypatch, 2)
    client = people("editor")
    response = fill_in(client, ADD_SOURCE, name="Tarifs")
    assert (response.status_code, response["Location"]) == (302, ADD_SOURCE)
    assert "Nothing was saved: somebody has changed the same meanwhile." in text(client.get(ADD_SOURCE))
    with scope(account=furnished.account):
        assert Source.objects.count() == 1


def _list_of_actions(all: Furnished) -> dict[str, str]:
    data = {"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "4", "_save": "Save"}
    for index, name in enumerate(("hang_up", "keypad", "wait", "transfer")):
        prefix = f"form-{index}"
        data |= {f"{prefix}-id": str(all.actions[name].pk), f"{prefix}-position": "7", f"{prefix}-enabled": "on"}
    return data


def test_a_list_of_which_a_row_was_deleted_is_shown_as_it_is_now(furnished: Furnished, people: People) -> None:
    data = _list_of_actions(furnished)
    with scope(account=furnished.account):
        furnished.actions["keypad"].delete()
    response = people("editor").post(f"{DURING}?o=1", data, follow=True)
    assert response.redirect_chain == [(f"{DURING}?o=1", 302)]
    assert "Nothing was saved: somebody has deleted rows of this list meanwhile." in text(response)
    assert "my_keypad" not in text(response)
    with scope(account=furnished.account):
        assert not Action.objects.filter(position=7).exists()


def test_a_list_with_rows_that_cannot_be_is_not_saved(furnished: Furnished, people: People) -> None:
    data = _list_of_actions(furnished) | {"form-1-id": "x"}
    assert people("editor").post(DURING, data).status_code == 302
    with scope(account=furnished.account):
        assert not Action.objects.filter(position=7).exists()


def test_an_action_of_no_kind_can_be_checked(furnished: Furnished) -> None:
    Action(agent=furnished.agent, moment="before", name="x").clean()


def _change(client: Client, member: Membership) -> None:
    client.post(f"/admin/accounts/membership/{member.pk}/change/", {"role": Role.VIEWER, "digest": "none"})


def _delete(client: Client, member: Membership) -> None:
    client.post(f"/admin/accounts/membership/{member.pk}/delete/", {"post": "yes"})


def _delete_selected(client: Client, member: Membership) -> None:
    data = {"action": "delete_selected", "_selected_action": [str(member.pk)], "post": "yes"}
    client.post("/admin/accounts/membership/", data)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory lets one thread write, or fails")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("remove", [_change, _delete, _delete_selected])
def test_two_administrators_who_remove_each_other_leave_one(
    remove: Callable[[Client, Membership], None],
    furnished: Furnished,
    people: People,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both look before either writes, unless one waits for the other."""
    with scope(account=furnished.account):
        Membership.objects.filter(role=Role.EDITOR).update(role=Role.ADMIN)
        one, other = Membership.objects.filter(role=Role.ADMIN).order_by("user__email")
        ada, emile = sorted((one, other), key=lambda membership: membership.user.email)
    looks, meeting = members.keeps_an_administrator, threading.Barrier(2, timeout=1)
    failures: list[BaseException] = []

    def look(*args: Any) -> bool:
        answer = looks(*args)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait()
        return answer

    monkeypatch.setattr(members, "keeps_an_administrator", look)

    def work(client: Client, member: Membership) -> None:
        try:
            remove(client, member)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    pairs = [(people("admin"), emile), (people("editor"), ada)]
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with scope(account=furnished.account):
        assert Membership.objects.filter(role=Role.ADMIN).count() == 1
