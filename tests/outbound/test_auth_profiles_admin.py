"""Auth profiles in the admin: chosen by type, written only, kept while somebody uses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from outbound.auth import registry
from outbound.models import AuthProfile
from workflows.models import Workflow

pytestmark = pytest.mark.django_db

LIST = "/admin/outbound/authprofile/"
SECRET = "s3cret-that-nobody-may-see"


@pytest.fixture
def editor(client_for: Callable[..., Client], cast: SimpleNamespace) -> Client:
    return client_for(cast.editor)


@pytest.fixture
def crm(account: Account) -> AuthProfile:
    with scope(account=account):
        profile = AuthProfile(account=account, name="crm", kind="bearer", hosts=["crm.example"])
        profile.enter_secrets({"token": SECRET})
        profile.full_clean()
        profile.save()
    return profile


def stored(account: Account, name: str = "crm") -> AuthProfile:
    with scope(account=account):
        return AuthProfile.objects.get(name=name)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_type_is_chosen_before_the_form(
    client_for: Callable[..., Client], cast: SimpleNamespace, language: str
) -> None:
    client = client_for(cast.editor, language)
    page = client.get(f"{LIST}add/")
    for kind in registry.all_kinds():
        assert f'value="{kind.name}"'.encode() in page.content
        assert client.get(f"{LIST}add/?kind={kind.name}").status_code == 200
    assert client.get(f"{LIST}add/?kind=telepathy").status_code == 200


@pytest.mark.parametrize(
    ("kind", "fields", "kept", "secrets"),
    [
        ("bearer", {"secret_token": SECRET}, {}, {"token": SECRET}),
        (
            "basic",
            {"setting_username": "us", "secret_password": f" {SECRET} "},
            {"username": "us"},
            {"password": f" {SECRET} "},
        ),
        (
            "api_key",
            {
                "setting_items-name": ["X-Key", "key"],
                "setting_items-in": ["header", "query"],
                "setting_items-value": [SECRET, "other-secret"],
            },
            {"items": [{"name": "X-Key", "in": "header"}, {"name": "key", "in": "query"}]},
            {"X-Key": SECRET, "key": "other-secret"},
        ),
        (
            "oauth2_client_credentials",
            {
                "setting_token_url": "https://login.example/token",
                "setting_client_id": "me",
                "setting_client_auth": "post",
                "secret_client_secret": SECRET,
            },
            {
                "token_url": "https://login.example/token",
                "client_id": "me",
                "client_auth": "post",
                "scope": "",
                "audience": "",
            },
            {"client_secret": SECRET},
        ),
    ],
)
def test_an_editor_adds_a_profile_of_each_kind(
    editor: Client, account: Account, kind: str, fields: Any, kept: Any, secrets: Any
) -> None:
    posted = {"name": "crm", "description": "The CRM", "hosts": "crm.example\r\n *.crm.example \r\n", **fields}
    answer = editor.post(f"{LIST}add/?kind={kind}", posted)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    profile = stored(account)
    assert (profile.kind, profile.settings, profile.hosts) == (kind, kept, ["crm.example", "*.crm.example"])
    assert dict(profile.credential().secrets) == secrets
    page = editor.get(f"{LIST}{profile.pk}/change/")
    assert page.status_code == 200
    assert SECRET not in page.content.decode()
    assert "crm.example\n*.crm.example" in page.content.decode()
    assert SECRET not in "".join(LogEntry.objects.values_list("change_message", flat=True))


def test_what_is_left_empty_is_kept(editor: Client, account: Account, crm: AuthProfile) -> None:
    posted = {"name": "other", "description": "Changed", "hosts": "crm.example", "secret_token": ""}
    assert editor.post(f"{LIST}{crm.pk}/change/", posted).status_code == 302
    profile = stored(account)
    assert (profile.name, profile.description) == ("crm", "Changed")
    assert profile.credential().secrets["token"] == SECRET
    assert profile.revision != crm.revision


@pytest.mark.parametrize(
    ("kind", "fields", "blamed"),
    [
        ("bearer", {"secret_token": f"{SECRET}\nx é"}, "secret_token"),
        ("bearer", {"secret_token": ""}, "secret_token"),
        ("bearer", {"secret_token": SECRET, "hosts": "https://crm.example/"}, "hosts"),
        ("bearer", {"secret_token": SECRET, "name": "Not a slug"}, "name"),
        ("basic", {"setting_username": "a:b", "secret_password": SECRET}, "setting_username"),
        (
            "api_key",
            {"setting_items-name": ["Host"], "setting_items-in": ["header"], "setting_items-value": [SECRET]},
            "setting_items",
        ),
        (
            "api_key",
            {"setting_items-name": ["X-Key"], "setting_items-in": ["header"], "setting_items-value": [""]},
            "setting_items",
        ),
        ("api_key", {}, "setting_items"),
        ("mutual_tls", {"secret_certificate": SECRET, "secret_private_key": SECRET}, "secret_certificate"),
        (
            "oauth2_client_credentials",
            {
                "setting_token_url": "file:///etc/passwd",
                "setting_client_id": "a",
                "setting_client_auth": "basic",
                "secret_client_secret": SECRET,
            },
            "setting_token_url",
        ),
    ],
)
def test_mistakes_are_told_at_their_field_without_repeating_the_secret(
    editor: Client, account: Account, kind: str, fields: Any, blamed: str
) -> None:
    answer = editor.post(f"{LIST}add/?kind={kind}", {"name": "crm", "hosts": "", **fields})
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [blamed]
    assert SECRET not in answer.content.decode()
    with scope(account=account):
        assert not AuthProfile.objects.exists()


def test_wider_hosts_want_the_secret_again(editor: Client, crm: AuthProfile) -> None:
    answer = editor.post(f"{LIST}{crm.pk}/change/", {"hosts": "", "secret_token": ""})
    assert answer.status_code == 200
    assert "enter the secrets again" in answer.content.decode()


def test_a_profile_in_use_says_where_and_is_not_deleted(editor: Client, account: Account, crm: AuthProfile) -> None:
    graph = {"nodes": [{"id": "a", "kind": "api_request", "config": {"auth_profile": "crm"}}], "edges": []}
    with scope(account=account):
        Workflow.objects.create(account=account, name="Look the caller up", graph=graph)
    for address in (f"{LIST}{crm.pk}/change/", f"{LIST}{crm.pk}/delete/"):
        assert "Look the caller up" in editor.get(address, follow=True).content.decode()
    assert "1 place" in editor.get(LIST).content.decode()
    refused = editor.post(f"{LIST}{crm.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert "“crm” cannot be deleted. It is used by: Workflow “Look the caller up”." in refused
    editor.post(LIST, {"action": "delete_selected", "_selected_action": [crm.pk], "post": "yes"})
    assert stored(account).pk == crm.pk
    with scope(account=account):
        Workflow.objects.all().delete()
    assert editor.post(f"{LIST}{crm.pk}/delete/", {"post": "yes"}).status_code == 302
    with scope(account=account):
        assert not AuthProfile.objects.exists()


def test_viewers_see_names_only(client_for: Callable[..., Client], cast: SimpleNamespace, crm: AuthProfile) -> None:
    viewer = client_for(cast.viewer)
    for address in (LIST, f"{LIST}{crm.pk}/change/"):
        page = viewer.get(address).content.decode()
        assert "crm" in page
        assert "crm.example" not in page
    assert viewer.get(f"{LIST}add/").status_code == 403
    assert viewer.get(f"{LIST}add/?kind=bearer").status_code == 403
    assert viewer.post(f"{LIST}{crm.pk}/change/", {"hosts": "", "secret_token": "x"}).status_code == 403
    assert viewer.post(f"{LIST}{crm.pk}/delete/", {"post": "yes"}).status_code == 403


def test_another_accounts_profile_is_not_there(
    client_for: Callable[..., Client], cast: SimpleNamespace, crm: AuthProfile
) -> None:
    stranger = client_for(cast.stranger)
    assert "crm" not in stranger.get(LIST).content.decode().partition("<main")[2]
    assert stranger.get(f"{LIST}{crm.pk}/change/").status_code == 302


@pytest.mark.parametrize(
    ("days", "badge", "notice"), [(-2, "Expired", "has expired on"), (12, "In 12 days", "expires on"), (90, "", "")]
)
def test_an_ending_certificate_is_warned_of(
    editor: Client, account: Account, crm: AuthProfile, days: int, badge: str, notice: str
) -> None:
    ends = timezone.now() + dt.timedelta(days=days, hours=1)
    AuthProfile._base_manager.filter(pk=crm.pk).update(expires_at=ends)
    page = editor.get(LIST).content.decode()
    assert badge in page
    assert notice in page
    assert ("tq-notice" in page) == bool(notice)


def test_a_profile_that_no_key_opens_is_no_server_error(
    editor: Client, account: Account, crm: AuthProfile, settings: Any
) -> None:
    settings.SECRETS_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    assert editor.get(LIST).status_code == 200
    address = f"{LIST}{crm.pk}/change/"
    assert editor.get(address).status_code == 200
    refused = editor.post(address, {"hosts": "crm.example", "secret_token": ""})
    assert "cannot be decrypted" in refused.content.decode()
    assert editor.post(address, {"hosts": "crm.example", "secret_token": "new-token"}).status_code == 302
    assert stored(account).credential().secrets["token"] == "new-token"
