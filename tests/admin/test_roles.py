"""Who may change what: roles, other accounts, and that looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope, scopes_disabled

from accounts.models import Account, ApiKey, Membership, Role
from actions.contract import Moment
from actions.models import Action, Agent, Release
from actions.registry import kinds
from calls.models import Run, RunState
from outbound.models import AllowedHost
from tests.admin.conftest import Furnished
from tests.admin.pages import PAGES, Page
from workflows.models import Workflow

pytestmark = pytest.mark.once

People = Callable[..., Client]


def _counts() -> dict[str, int]:
    with scopes_disabled():
        models = (Action, Agent, Release, Workflow, Membership, ApiKey, AllowedHost, Account)
        return {model.__name__: model.objects.count() for model in models}


@pytest.mark.parametrize("kind", [kind.name for kind in kinds])
def test_a_viewer_can_change_no_action(kind: str, furnished: Furnished, people: People) -> None:
    action = furnished.actions[kind]
    base = f"/admin/{action._meta.app_label}/{action._meta.model_name}/{action.pk}"
    for url in (f"{base}/change/", f"{base}/delete/"):
        assert people("viewer").post(url, {"name": "stolen", "post": "yes"}).status_code == 403
    with scope(account=furnished.account):
        assert Action.objects.get(pk=action.pk).name == action.name


@pytest.mark.parametrize("page", [page for page in PAGES if page.least in {"editor", "admin"}], ids=str)
def test_a_viewer_can_post_to_nothing(page: Page, furnished: Furnished, people: People) -> None:
    before = _counts()
    response = people("viewer").post(page.url(furnished), {"name": "stolen", "post": "yes"})
    assert response.status_code == 403
    assert _counts() == before


@pytest.mark.parametrize("page", [page for page in PAGES if page.least == "admin"], ids=str)
def test_an_editor_can_neither_add_members_nor_keys(page: Page, furnished: Furnished, people: People) -> None:
    assert people("editor").post(page.url(furnished), {"name": "mine"}).status_code == 403


def test_a_viewer_cannot_switch_actions_in_the_list(furnished: Furnished, people: People) -> None:
    action = furnished.actions["transfer"]
    data = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(action.pk), "form-0-position": "9",
        "_save": "Save",
    }  # fmt: skip
    assert people("viewer").post("/admin/actions/action/during/", data).status_code == 403
    with scope(account=furnished.account):
        assert Action.objects.get(pk=action.pk).enabled


@pytest.mark.parametrize("verb", ["delete_selected", "disable"])
def test_a_viewer_has_no_actions_on_many_rows(verb: str, furnished: Furnished, people: People) -> None:
    action = furnished.actions["transfer"]
    people("viewer").post(
        "/admin/actions/action/during/", {"action": verb, "_selected_action": [str(action.pk)], "post": "yes"}
    )
    with scope(account=furnished.account):
        assert Action.objects.get(pk=action.pk).enabled


@pytest.mark.parametrize("page", [page for page in PAGES if "change" in page.name or "publish" in page.name], ids=str)
def test_a_stranger_can_post_to_no_row_of_the_account(page: Page, furnished: Furnished, people: People) -> None:
    before = _counts()
    response = people("stranger").post(page.url(furnished), {"name": "stolen"})
    assert response.status_code in {302, 403, 404}
    assert _counts() == before


def test_a_stranger_cannot_add_an_action_to_another_accounts_agent(furnished: Furnished, people: People) -> None:
    url = f"/admin/transfers/transferaction/add/?agent={furnished.agent.pk}&moment=during"
    response = people("stranger").post(url, {"name": "stolen", "ring_time_s": "20", "position": "1"})
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/actions/action/choose/")
    with scopes_disabled():
        assert not Action.objects.filter(name="stolen").exists()


def test_another_accounts_workflow_cannot_be_chosen(
    furnished: Furnished, people: People, other_account: Account
) -> None:
    with scope(account=other_account):
        theirs = Workflow.objects.create(account=other_account, name="Theirs")
    url = f"/admin/workflows/workflowaction/add/?agent={furnished.agent.pk}&moment=before"
    data = {"name": "mine", "workflow": str(theirs.pk), "timeout_s": "5", "position": "1", "default_parameters": "{}"}
    response = people("editor").post(url, data)
    assert response.status_code == 200
    assert "Select a valid choice" in response.content.decode()


def test_an_editor_retries_a_given_up_run_and_a_viewer_does_not(
    furnished: Furnished, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/admin/calls/run/{furnished.run.pk}/retry/"
    assert people("viewer").post(url).status_code == 403
    assert people("stranger").post(url).status_code == 404
    assert people("editor").get(url).status_code == 405
    with scope(account=furnished.account):
        assert Run.objects.get(pk=furnished.run.pk).state == RunState.DEAD


@pytest.mark.parametrize("field", ["is_active", "before_call_cache"])
def test_only_platform_staff_switch_features(field: str, furnished: Furnished, people: People) -> None:
    url = f"/admin/accounts/account/{furnished.account.pk}/change/"
    wanted = {"name": "Lac", "slug": "mutuelle-du-lac", "before_call_cache": "on", "time_zone": "Europe/Paris"}
    people("admin").post(url, wanted)
    account = Account.objects.get(pk=furnished.account.pk)
    assert (account.name, account.is_active, account.before_call_cache) == ("Lac", True, False)
    people("staff").post(url, wanted)
    account.refresh_from_db()
    assert (account.is_active, account.before_call_cache) == (False, True)


def test_an_administrator_cannot_rename_another_account(
    furnished: Furnished, people: People, other_account: Account
) -> None:
    people("admin").post(f"/admin/accounts/account/{other_account.pk}/change/", {"name": "Mine"})
    other_account.refresh_from_db()
    assert other_account.name == "Garage Martin"


def test_platform_staff_act_in_the_account_that_they_entered(furnished: Furnished, people: People) -> None:
    client = people("staff")
    client.post("/admin/outbound/allowedhost/add/", {"host": "new.internal", "reason": "Their CRM"})
    with scopes_disabled():
        host = AllowedHost.objects.get(host="new.internal")
    assert host.account == furnished.account
    assert host.granted_by is not None
    assert host.granted_by.email == "staff@platform.example"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_looking_at_a_page_writes_nothing(page: Page, furnished: Furnished, people: People) -> None:
    client = people("staff")
    url = page.url(furnished)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    writes = [query["sql"] for query in queries if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert writes == []


def test_every_form_carries_a_csrf_token(furnished: Furnished, cast: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.admin)
    for url in (
        f"/admin/actions/agent/{furnished.agent.pk}/publish/",
        f"/admin/actions/release/{furnished.release.pk}/go_back/",
        f"/admin/accounts/apikey/{furnished.key.pk}/revoke/",
        f"/admin/calls/run/{furnished.run.pk}/retry/",
        "/language/",
        "/account/",
    ):
        assert client.post(url).status_code == 403, url


def test_a_member_whose_membership_ended_is_sent_to_the_login(furnished: Furnished, people: People) -> None:
    client: Any = people("viewer")
    with scope(account=furnished.account):
        Membership.objects.filter(role=Role.VIEWER).delete()
    response = client.get("/admin/actions/agent/")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_moments_are_the_three_of_the_navigation(furnished: Furnished, people: People) -> None:
    page = people("viewer").get("/admin/").content.decode()
    for moment in Moment:
        assert f'href="/admin/actions/action/{moment}/"' in page
