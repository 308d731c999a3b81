"""The cast of every test: an account with an admin, an editor and a viewer; a stranger from another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import translation
from django_scopes import scope, scopes_disabled

from accounts.models import Account, ApiKey, KeyScope, Membership, Role, User
from actions.models import Agent, AgentNumber
from actions.releases import load_plan, publish

PASSWORD = "correct horse battery staple"
NUMBER = "+33199000001"


STARTS_PROCESSES = ("tests/config/", "tests/demo/")
"""Tests there run commands of the product, which find the database by themselves."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What cannot reach a database, as pytest-django would refuse it, need not run on each of them."""
    for item in items:
        asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        if not asks and not item.get_closest_marker("django_db") and not item.nodeid.startswith(STARTS_PROCESSES):
            item.add_marker("once")


@pytest.fixture(autouse=True)
def _fresh_plans() -> Iterator[None]:
    """Tests roll back, so that ids come again with other content; in production they never do."""
    load_plan.cache_clear()
    yield
    load_plan.cache_clear()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """What runs outside a request speaks English in tests; requests say which language they want."""
    with translation.override("en"):
        yield


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Mutuelle du Lac", slug="mutuelle-du-lac")


@pytest.fixture
def other_account(db: None) -> Account:
    return Account.objects.create(name="Garage Martin", slug="garage-martin")


@cache
def _hash() -> str:
    """Hashing is slow on purpose: once is enough for the cast."""
    return make_password(PASSWORD)


def _member(account: Account, email: str, role: str, **fields: object) -> User:
    user = User.objects.create(email=email, password=_hash(), **fields)
    Membership.objects.create(user=user, account=account, role=role)
    return user


@pytest.fixture
def admin_user(account: Account) -> User:
    return _member(account, "ada@lac.example", Role.ADMIN, full_name="Ada")


@pytest.fixture
def editor_user(account: Account) -> User:
    return _member(account, "emile@lac.example", Role.EDITOR, full_name="Émile")


@pytest.fixture
def viewer_user(account: Account) -> User:
    return _member(account, "violette@lac.example", Role.VIEWER, full_name="Violette")


@pytest.fixture
def stranger(other_account: Account) -> User:
    return _member(other_account, "serge@martin.example", Role.ADMIN, full_name="Serge")


@pytest.fixture
def staff_user(db: None) -> User:
    return User.objects.create(
        email="staff@platform.example", password=_hash(), full_name="Staff", is_staff=True, is_superuser=True
    )


@pytest.fixture
def cast(admin_user: User, editor_user: User, viewer_user: User, stranger: User, staff_user: User) -> SimpleNamespace:
    return SimpleNamespace(
        admin=admin_user, editor=editor_user, viewer=viewer_user, stranger=stranger, staff=staff_user
    )


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """A browser-like client signed in as ``user``, which reads ``language``."""

    def make(user: User, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(user)
        return client

    return make


@pytest.fixture
def agent(account: Account) -> Agent:
    with scope(account=account):
        agent = Agent.objects.create(account=account, name="Accueil", slug="accueil", language="fr")
        AgentNumber.objects.create(agent=agent, number=NUMBER)
    return agent


@pytest.fixture
def published_agent(agent: Agent) -> Agent:
    with scope(account=agent.account):
        publish(agent)
        agent.refresh_from_db()
    return agent


def issue_key(account: Account, *scopes: str, **fields: object) -> str:
    with scopes_disabled():
        return ApiKey.objects.issue(account=account, name="test", scopes=list(scopes or KeyScope.values), **fields)[1]


@pytest.fixture
def api_key(account: Account) -> str:
    """The plain text of a key with every scope."""
    return issue_key(account)


@pytest.fixture
def stranger_key(other_account: Account) -> str:
    return issue_key(other_account)
