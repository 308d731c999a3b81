"""`manage.py create_account`: the first step on a new installation."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_scopes import scopes_disabled

from accounts.api.authentication import find_key
from accounts.models import Account, Membership, Role, User

pytestmark = pytest.mark.django_db
GOOD = "un cheval correct"


def create(name: str = "Clinique du Parc", email: str = "Chef@Parc.example", password: str = GOOD) -> str:
    out = StringIO()
    call_command("create_account", name, admin=email, password=password, stdout=out)
    return out.getvalue().strip()


def test_it_makes_an_account_its_administrator_and_a_key_that_works() -> None:
    key = find_key(create())
    assert key is not None
    assert key.account.slug == "clinique-du-parc"
    with scopes_disabled():
        membership = Membership.objects.select_related("user").get()
    assert (membership.user.email, membership.role) == ("chef@parc.example", Role.ADMIN)
    assert membership.user.check_password(GOOD)
    assert not membership.user.is_staff


def test_an_existing_user_becomes_a_member_and_keeps_the_password() -> None:
    create()
    create("Second", password="anything else")
    user = User.objects.get()
    assert user.check_password(GOOD)
    assert user.memberships.with_scopes_disabled().count() == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "Clinique du Parc"}, "exists already"),
        ({"name": "…"}, "--slug"),
        ({"name": "New", "email": "new@parc.example", "password": "1234"}, "too short"),
        ({"name": "New", "email": "not an address"}, "email"),
    ],
)
def test_a_mistake_is_a_sentence_and_leaves_nothing(arguments: dict[str, str], sentence: str) -> None:
    create()
    with pytest.raises(CommandError, match=sentence):
        create(**arguments)
    assert Account.objects.count() == User.objects.count() == 1
