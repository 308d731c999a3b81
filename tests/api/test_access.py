"""Who may read and write the configuration, and what a stranger learns: nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.models import Account, ApiKey, Membership, User
from actions.models import Agent
from tests.api.conftest import GRAPH, Api, assert_problem
from tests.conftest import PASSWORD, issue_key
from workflows.models import Workflow

pytestmark = pytest.mark.once

ACTION = {"kind": "wait", "moment": "during", "name": "hold"}

# method, path, body, status for those who may
READS = [
    ("GET", "account", None, 200),
    ("GET", "kinds", None, 200),
    ("GET", "agents", None, 200),
    ("GET", "agents/accueil", None, 200),
    ("GET", "agents/accueil/actions", None, 200),
    ("GET", "agents/accueil/actions/menu", None, 200),
    ("GET", "agents/accueil/releases", None, 200),
    ("GET", "agents/accueil/releases/1", None, 200),
    ("GET", "workflows", None, 200),
    ("GET", "workflows/{workflow}", None, 200),
]
WRITES = [
    ("POST", "agents", {"name": "B", "slug": "b"}, 201),
    ("PUT", "agents/accueil", {"name": "B", "slug": "accueil"}, 200),
    ("PATCH", "agents/accueil", {"name": "B"}, 200),
    ("DELETE", "agents/accueil", None, 204),
    ("POST", "agents/accueil/actions", ACTION, 201),
    ("PUT", "agents/accueil/actions/menu", {**ACTION, "kind": "keypad"}, 200),
    ("PATCH", "agents/accueil/actions/menu", {"enabled": False}, 200),
    ("DELETE", "agents/accueil/actions/menu", None, 204),
    ("POST", "agents/accueil/releases", None, 201),
    ("POST", "agents/accueil/releases/1/roll-back", None, 201),
    ("POST", "workflows", {"name": "B"}, 201),
    ("PUT", "workflows/{workflow}", {"name": "B"}, 200),
    ("PATCH", "workflows/{workflow}", {"name": "B"}, 200),
    ("DELETE", "workflows/{workflow}", None, 204),
]
# Addresses of one row, in which another account's row may be named.
OF_A_ROW = [case for case in [*READS, *WRITES] if "/" in case[1]]

Send = Callable[[Api, tuple[str, str, Any, int]], Any]


@pytest.fixture
def send(published_agent: Agent, workflow: Workflow) -> Send:
    with scope(account=published_agent.account):
        from actions.kinds.keypad import KeypadAction

        KeypadAction.objects.create(agent=published_agent, moment="during", name="menu")

    def send(api: Api, case: tuple[str, str, Any, int]) -> Any:
        method, path, body, _status = case
        return api(method, path.format(workflow=workflow.pk), body)

    return send


def named(cases: list[Any]) -> dict[str, Any]:
    return {"argvalues": cases, "ids": [f"{case[0]} {case[1]}" for case in cases]}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("case", **named([*READS, *WRITES]))
def test_a_key_for_the_configuration_reads_and_writes(send: Send, account: Account, case: Any, slash: str) -> None:
    method, path, body, status = case
    answer = send(Api(issue_key(account, "config")), (method, path + slash, body, status))
    assert answer.status_code == status, answer.content


@pytest.mark.parametrize("case", **named([*READS, *WRITES]))
def test_a_key_for_calls_is_refused(send: Send, account: Account, case: Any) -> None:
    assert send(Api(issue_key(account, "calls")), case).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "calls", None),
        ("POST", "calls", {"agent": "accueil"}),
        ("GET", "agents/accueil/tools", None),
        ("POST", "calls/00000000-0000-0000-0000-000000000000/complete", {}),
    ],
)
def test_a_key_for_the_configuration_makes_no_calls(
    account: Account, published_agent: Agent, method: str, path: str, body: Any
) -> None:
    assert Api(issue_key(account, "config"))(method, path, body).status_code == 403


@pytest.mark.parametrize("case", **named([*READS, *WRITES]))
def test_members_read_and_those_who_may_edit_write(
    send: Send, cast: SimpleNamespace, member_api: Callable[[User], Api], case: Any
) -> None:
    expected = case[3] if case in READS else 403
    assert send(member_api(cast.viewer), case).status_code == expected
    assert send(member_api(cast.editor), case).status_code == case[3]


@pytest.mark.parametrize("case", **named(WRITES))
def test_administrators_write(send: Send, admin_user: User, member_api: Callable[[User], Api], case: Any) -> None:
    assert send(member_api(admin_user), case).status_code == case[3]


@pytest.mark.parametrize("case", **named(OF_A_ROW))
def test_for_strangers_nothing_is_there(
    send: Send, stranger: User, stranger_api: Api, member_api: Callable[[User], Api], case: Any
) -> None:
    for api in (stranger_api, member_api(stranger)):
        answer = send(api, case)
        assert answer.status_code == 404
        assert "lac" not in answer.content.decode().lower()


def test_lists_show_strangers_only_what_is_theirs(send: Send, stranger_api: Api) -> None:
    for path in ("agents", "workflows", "calls"):
        assert stranger_api.get(path).json()["results"] == []
    account = stranger_api.get("account").json()
    assert account == {"slug": "garage-martin", "name": "Garage Martin", "features": {"before_call_cache": False}}


@pytest.mark.parametrize("case", **named([*READS, *WRITES]))
def test_nobody_is_let_in_without_a_key_or_a_session(send: Send, case: Any) -> None:
    answer = send(Api(), case)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def expired(account: Account) -> str:
    return issue_key(account, expires_at=timezone.now() - dt.timedelta(seconds=1))


def revoked(account: Account) -> str:
    key = issue_key(account)
    with scopes_disabled():
        ApiKey.objects.get().revoke()
    return key


def of_an_inactive_account(account: Account) -> str:
    Account.objects.update(is_active=False)
    return issue_key(account)


def with_a_wrong_secret(account: Account) -> str:
    return issue_key(account)[:-3] + "abc"


def without_a_secret(account: Account) -> str:
    return issue_key(account).rpartition("_")[0]


BAD_KEYS: list[Callable[[Account], str]] = [
    expired,
    revoked,
    of_an_inactive_account,
    with_a_wrong_secret,
    without_a_secret,
    lambda account: "garbage",
    lambda account: "tq__",
    lambda account: "tq_é_é",
    lambda account: "tq_" + "a" * 5000,
]


@pytest.mark.parametrize("make", BAD_KEYS)
@pytest.mark.parametrize("path", ["agents", "calls"])
def test_a_bad_key_is_refused_in_one_way(account: Account, make: Callable[[Account], str], path: str) -> None:
    key = make(account)
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}):
        answer = Api().get(path, **headers)
        assert answer.status_code == 401
        assert answer.json() == {
            "type": "urn:triptyque:problem:authentication_failed",
            "title": "Sign in or give an API key",
            "status": 401,
            "code": "authentication_failed",
            "detail": "This API key is unknown, expired or revoked.",
        }


def test_the_key_may_come_in_either_header(account: Account, api_key: str) -> None:
    assert Api().get("agents", Authorization=f"bearer {api_key}").status_code == 200
    assert Api().get("agents", **{"X-Api-Key": api_key}).status_code == 200


def test_a_key_tells_the_account_whatever_session_comes_with_it(
    agent: Agent, stranger: User, client_for: Callable[..., Client], api_key: str
) -> None:
    assert Api(api_key, client=client_for(stranger)).get("account").json()["slug"] == "mutuelle-du-lac"


def test_a_session_writes_only_with_its_csrf_token(agent: Agent, editor_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.login(username=editor_user.email, password=PASSWORD)
    api = Api(client=client)
    assert api.get("agents").status_code == 200
    refused = api.post("agents", {"name": "B", "slug": "b"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    client.get("/admin/login/")
    client.cookies["csrftoken"] = token = "a" * 32
    assert api.post("agents", {"name": "B", "slug": "b"}, **{"X-CSRFToken": token}).status_code == 201


def test_a_member_of_no_account_sees_nothing(db: None) -> None:
    nobody = User.objects.create_user("nobody@nowhere.example", PASSWORD)
    client = Client()
    client.force_login(nobody)
    assert Api(client=client).get("agents").status_code == 401


def test_a_member_works_in_the_account_that_was_chosen(
    agent: Agent, stranger: User, account: Account, client_for: Callable[..., Client]
) -> None:
    with scopes_disabled():
        Membership.objects.create(user=stranger, account=account, role="viewer")
    client = client_for(stranger)
    api = Api(client=client)
    assert api.get("account").json()["slug"] == "garage-martin"
    client.post("/account/", {"account": "mutuelle-du-lac"})
    assert api.get("account").json()["slug"] == "mutuelle-du-lac"
    assert api.patch("agents/accueil", {"name": "x"}).status_code == 403


def test_staff_edit_any_account(agent: Agent, staff_user: User, client_for: Callable[..., Client]) -> None:
    client = client_for(staff_user)
    client.post("/account/", {"account": "mutuelle-du-lac"})
    assert Api(client=client).patch("agents/accueil", {"name": "Helped"}).json()["name"] == "Helped"


def test_a_row_can_not_be_moved_to_another_account(api: Api, other_account: Account, agent: Agent) -> None:
    answer = api.patch("agents/accueil", {"account": other_account.pk})
    assert_problem(answer)
    assert answer.status_code == 422
    posted = api.post("workflows", {"name": "W", "graph": GRAPH, "account": other_account.pk})
    assert posted.status_code == 422
    assert json.loads(posted.content)["errors"][0]["field"] == "account"
