"""Members: added by email, in a role; an account keeps its last administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.models import Account, Membership, Role, User
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text

People = Callable[..., Client]
ADD = "/admin/accounts/membership/add/"
PASSWORD = "une girafe très calme"


def _errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_somebody_new_gets_a_first_password_and_can_log_in(furnished: Furnished, people: People) -> None:
    changes = {"email": "Nora@Lac.example", "full_name": "Nora", "role": Role.EDITOR, "password": PASSWORD}
    assert fill_in(people("admin"), ADD, **changes).status_code == 302
    with scope(account=furnished.account):
        member = Membership.objects.get(user__email="nora@lac.example")
    assert (member.role, member.user.full_name, member.user.is_staff) == (Role.EDITOR, "Nora", False)
    response = Client().post("/admin/login/", {"username": "nora@lac.example", "password": PASSWORD})
    assert response.status_code == 302


def test_somebody_new_without_a_password_is_refused_with_a_sentence(furnished: Furnished, people: People) -> None:
    response = fill_in(people("admin"), ADD, email="nora@lac.example")
    assert _errors(response) == {"password": ["This person is new: give them a first password."]}
    assert not User.objects.filter(email="nora@lac.example").exists()


def test_a_weak_first_password_is_refused(furnished: Furnished, people: People) -> None:
    response = fill_in(people("admin"), ADD, email="nora@lac.example", password="12345678")
    assert "password" in _errors(response)
    assert not User.objects.filter(email="nora@lac.example").exists()


def test_somebody_from_another_account_keeps_their_password(furnished: Furnished, people: People) -> None:
    known = User.objects.get(email="serge@martin.example")
    response = fill_in(people("admin"), ADD, email=known.email, password=PASSWORD)
    assert _errors(response) == {"password": ["This person has a password already: leave this empty."]}
    assert fill_in(people("admin"), ADD, email=known.email).status_code == 302
    with scope(account=furnished.account):
        assert Membership.objects.get(user=known).role == Role.VIEWER
    assert User.objects.get(pk=known.pk).password == known.password


def test_a_member_is_not_added_twice(furnished: Furnished, people: People) -> None:
    assert _errors(fill_in(people("admin"), ADD, email="emile@lac.example")) == {
        "email": ["This person is a member already."]
    }


def test_a_role_is_changed(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        viewer = Membership.objects.get(role=Role.VIEWER)
    url = f"/admin/accounts/membership/{viewer.pk}/change/"
    assert fill_in(people("admin"), url, role=Role.EDITOR).status_code == 302
    with scopes_disabled():
        assert Membership.objects.get(pk=viewer.pk).role == Role.EDITOR


def test_the_last_administrator_keeps_the_role(furnished: Furnished, people: People, member: Membership) -> None:
    response = fill_in(people("admin"), f"/admin/accounts/membership/{member.pk}/change/", role=Role.VIEWER)
    assert "last administrator" in _errors(response)["role"][0]
    with scopes_disabled():
        assert Membership.objects.get(pk=member.pk).role == Role.ADMIN


def test_the_last_administrator_cannot_be_removed(furnished: Furnished, people: People, member: Membership) -> None:
    client = people("admin")
    url = f"/admin/accounts/membership/{member.pk}/delete/"
    assert "An account needs an administrator" in text(client.get(url))
    client.post(url, {"post": "yes"})
    many = {"action": "delete_selected", "_selected_action": [str(member.pk)], "post": "yes"}
    client.post("/admin/accounts/membership/", many)
    with scopes_disabled():
        assert Membership.objects.filter(pk=member.pk).exists()


def test_one_of_two_administrators_may_go(furnished: Furnished, people: People, member: Membership) -> None:
    with scope(account=furnished.account):
        Membership.objects.filter(role=Role.EDITOR).update(role=Role.ADMIN)
    people("admin").post(f"/admin/accounts/membership/{member.pk}/delete/", {"post": "yes"})
    with scopes_disabled():
        assert not Membership.objects.filter(pk=member.pk).exists()


def test_the_administrator_of_another_account_does_not_count(
    furnished: Furnished, people: People, member: Membership, other_account: Account
) -> None:
    with scope(account=other_account):
        assert Membership.objects.filter(role=Role.ADMIN).exists()
    response = fill_in(people("admin"), f"/admin/accounts/membership/{member.pk}/change/", role=Role.EDITOR)
    assert response.status_code == 200
