"""Destinations in the admin: on the transfer's page while they are few, on a list of their own beyond."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django_scopes import scope

from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from transfers.directory import after_bulk_change
from transfers.models import NumberRules, TransferDestination

Browser = Callable[..., Client]
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def page(furnished: Furnished) -> str:
    return f"/admin/transfers/transferaction/{furnished.actions['transfer'].pk}/change/"


@pytest.fixture
def listed(furnished: Furnished) -> str:
    return f"/admin/transfers/transferdestination/?action={furnished.actions['transfer'].pk}"


@pytest.fixture
def many(furnished: Furnished) -> None:
    """More than the page of the action shows."""
    with scope(account=furnished.account):
        action = furnished.actions["transfer"]
        TransferDestination.objects.bulk_create(
            TransferDestination(action=action, phone=f"+33639980{number:03d}", description=f"Agence {number}")
            for number in range(60)
        )
        after_bulk_change(action.pk)


def phones(furnished: Furnished) -> list[str | None]:
    with scope(account=furnished.account):
        return list(furnished.actions["transfer"].destinations.values_list("phone", flat=True))


def new_row(furnished: Furnished, **cells: str) -> dict[str, str]:
    """A second row of the table, as a browser sends it."""
    row = {"address-type": "number", "address-region": "FR", "enabled": "on", "position": "1", "id": "", **cells}
    row["action"] = str(furnished.actions["transfer"].pk)
    return {"destinations-TOTAL_FORMS": "2", **{f"destinations-1-{name}": value for name, value in row.items()}}


@pytest.mark.parametrize("number", ["0199000020", "+33 1 99 00 00 20", "0033199000020"])
def test_a_number_is_typed_with_its_country_or_pasted_whole(
    furnished: Furnished, people: Browser, page: str, number: str
) -> None:
    cells = new_row(furnished, **{"address-number": number, "description": HOSTILE})
    assert fill_in(people("editor"), page, **cells).status_code == 302
    assert phones(furnished) == ["+33612345678", "+33199000020"]
    assert HOSTILE not in text(people("viewer").get(page))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("112", "emergency number"),
        ("3631", "short number"),
        ("0899123456", "premium-rate number"),
        ("06123", "international form"),
        ("", "Give a number"),
        ("0612345678", "twice"),
    ],
)
def test_what_may_not_be_rung_is_refused_with_its_reason_and_stays_to_be_corrected(
    furnished: Furnished, people: Browser, page: str, number: str, reason: str
) -> None:
    answer = fill_in(
        people("editor"), page, **new_row(furnished, **{"address-number": number, "description": "Nouveau"})
    )
    assert answer.status_code == 200
    assert reason in text(answer)
    assert f'value="{number}"' in text(answer)
    assert phones(furnished) == ["+33612345678"]


def test_many_are_not_put_into_the_page_of_the_action(
    furnished: Furnished, people: Browser, page: str, many: None
) -> None:
    shown = text(people("editor", "fr").get(page))
    assert "data-address" not in shown
    assert "61" in shown
    assert "annuaire" in shown


def test_the_list_is_searched_filtered_and_switched(
    furnished: Furnished, people: Browser, listed: str, many: None
) -> None:
    editor = people("editor")
    assert "Agence 42" in text(editor.get(f"{listed}&q=ajence 42"))
    with scope(account=furnished.account):
        pks = list(
            TransferDestination.objects.filter(description__in=["Agence 1", "Agence 2"]).values_list("pk", flat=True)
        )
    editor.post(listed, {"action": "disable", "_selected_action": pks})
    off = text(editor.get(f"{listed}&enabled__exact=0"))
    assert "Agence 1" in off
    assert "Agence 3<" not in off


def test_one_is_added_edited_and_deleted_by_hand(furnished: Furnished, people: Browser, listed: str) -> None:
    editor, action = people("editor"), furnished.actions["transfer"]
    made = fill_in(
        editor,
        f"/admin/transfers/transferdestination/add/?action={action.pk}",
        **{"address-type": "sip_uri", "address-sip_uri": "sip:nuit@pbx.example", "description": HOSTILE},
    )
    assert made["location"] == listed
    with scope(account=furnished.account):
        row = action.destinations.get(sip_uri="sip:nuit@pbx.example")
    one = f"/admin/transfers/transferdestination/{row.pk}/"
    assert HOSTILE not in text(editor.get(f"{one}change/")) + text(editor.get(listed)) + text(
        editor.get(f"{one}delete/")
    )
    changed = fill_in(editor, f"{one}change/", **{"address-type": "number", "address-number": "0199000021"})
    assert changed.status_code == 302, changed.content
    assert "+33199000021" in phones(furnished)
    assert editor.post(f"{one}delete/", {"post": "yes"})["location"] == listed
    assert phones(furnished) == ["+33612345678"]


def test_viewers_look_and_strangers_see_nothing(furnished: Furnished, people: Browser, listed: str) -> None:
    with scope(account=furnished.account):
        pk = furnished.actions["transfer"].destinations.get().pk
    assert people("viewer").get(listed).status_code == 200
    people("viewer").post(listed, {"action": "disable", "_selected_action": [pk]})
    assert (
        people("viewer").post(f"/admin/transfers/transferdestination/{pk}/delete/", {"post": "yes"}).status_code == 403
    )
    with scope(account=furnished.account):
        assert TransferDestination.objects.get(pk=pk).enabled
    assert "+33612345678" not in text(people("stranger").get(listed, follow=True))
    assert people("stranger").get(f"/admin/transfers/transferdestination/{pk}/change/").status_code != 200


def test_administrators_set_the_rules_but_not_for_emergencies(furnished: Furnished, people: Browser) -> None:
    allowed = {"allows_premium_rate": "on", "allows_emergency": "on"}
    assert fill_in(people("admin"), "/admin/transfers/numberrules/add/", **allowed).status_code == 302
    with scope(account=furnished.account):
        rules = NumberRules.objects.get()
    assert (rules.allows_premium_rate, rules.allows_emergency) == (True, False)
    assert people("editor").get("/admin/transfers/numberrules/").status_code == 403
    page = f"/admin/transfers/numberrules/{furnished.account.pk}/change/"
    assert fill_in(people("staff"), page, allows_emergency="on").status_code == 302
    with scope(account=furnished.account):
        assert NumberRules.objects.get().allows_emergency
