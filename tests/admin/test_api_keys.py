"""API keys in the admin: shown once, revoked for good."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.api.authentication import find_key
from accounts.models import ApiKey
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text

People = Callable[..., Client]
ADD = "/admin/accounts/apikey/add/"


def test_a_new_key_is_shown_once_and_works(furnished: Furnished, people: People) -> None:
    client = people("admin")
    response = fill_in(client, ADD, name="Téléphonie", scopes=["calls", "config"])
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r'<code id="api-key">(tq_[a-z0-9]{10}_[\w-]{43})</code>', text(response))
    assert found is not None
    plain_text = found[1]
    assert f"Authorization: Bearer {plain_text}" in text(response).replace("&quot;", '"')
    assert "http://testserver/api/v1/calls" in text(response)
    key = find_key(plain_text)
    assert key is not None
    assert (key.name, key.account, key.scopes) == ("Téléphonie", furnished.account, ["calls", "config"])
    for url in ("/admin/accounts/apikey/", f"/admin/accounts/apikey/{key.pk}/change/"):
        page = text(client.get(url))
        assert f"tq_{key.prefix}_…" in page
        assert plain_text not in page


def test_the_key_is_stored_nowhere(furnished: Furnished, people: People) -> None:
    response = fill_in(people("admin"), ADD, name="Téléphonie")
    secret = re.search(r"tq_[a-z0-9]{10}_([\w-]{43})", text(response))
    assert secret is not None
    with scopes_disabled():
        stored = " ".join(str(row) for row in ApiKey.objects.values_list())
    assert secret[1] not in stored


def test_a_key_for_nothing_is_refused(furnished: Furnished, people: People) -> None:
    response = fill_in(people("admin"), ADD, name="Nothing", scopes=None)
    assert "scopes" in response.context["adminform"].form.errors
    with scope(account=furnished.account):
        assert ApiKey.objects.count() == 1


def test_a_key_cannot_be_created_expired(furnished: Furnished, people: People) -> None:
    response = fill_in(people("admin"), ADD, name="Old", expires_at_0="2020-01-01", expires_at_1="10:00")
    assert "Choose a time in the future" in text(response)


def test_revoking_asks_first_and_is_for_good(furnished: Furnished, people: People) -> None:
    client = people("admin")
    url = f"/admin/accounts/apikey/{furnished.key.pk}/revoke/"
    assert "Revoke this key?" in text(client.get(url))
    with scope(account=furnished.account):
        assert ApiKey.objects.get(pk=furnished.key.pk).is_usable
    assert "is revoked" in text(client.post(url, follow=True))
    with scope(account=furnished.account):
        assert not ApiKey.objects.get(pk=furnished.key.pk).is_usable


def test_a_key_can_neither_be_changed_nor_deleted(furnished: Furnished, people: People) -> None:
    client = people("admin")
    base = f"/admin/accounts/apikey/{furnished.key.pk}"
    assert client.post(f"{base}/change/", {"name": "other"}).status_code == 403
    assert client.post(f"{base}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/accounts/apikey/", {"action": "delete_selected", "_selected_action": [str(furnished.key.pk)]})
    with scope(account=furnished.account):
        assert ApiKey.objects.get(pk=furnished.key.pk).name == "Runtime"


def test_a_stranger_revokes_nothing(furnished: Furnished, people: People) -> None:
    assert people("stranger").post(f"/admin/accounts/apikey/{furnished.key.pk}/revoke/").status_code == 404
