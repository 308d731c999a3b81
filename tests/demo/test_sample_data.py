"""The sample account is made once, and then belongs to whoever changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import Account, ApiKey, Membership, User
from actions.models import Action, Agent
from actions.registry import kinds
from actions.releases import load_plan, publish
from demo import env_file, sample_data
from demo import sample_names as names
from outbound.models import AllowedHost

CRM_URL = "http://127.0.0.1:20100"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _every_account() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "demo.env"


def load(path: Path) -> dict[str, str]:
    call_command("load_demo", crm_url=CRM_URL, path=path)
    return env_file.read(path)


def test_it_has_an_action_of_every_kind_and_is_published_as_drafted(path: Path) -> None:
    load(path)
    agent = Agent.objects.get(slug=names.AGENT_SLUG)
    assert set(Action.objects.values_list("kind", flat=True)) == {kind.name for kind in kinds}
    assert agent.current_release is not None
    plan = load_plan(agent.current_release.pk)
    assert {tool.name for tool in plan.tools} == {
        names.TRANSFER,
        names.TEAM_TRANSFER,
        names.HANG_UP,
        "press_keys",
        "wait",
        "search_questions",
        "ask_contract_number",
    }
    assert plan.menus[0].keys == ("1", "9")
    assert AllowedHost.objects.values_list("host", "port").get() == ("127.0.0.1", 20100)


def test_its_people_sign_in_with_what_the_file_says(path: Path) -> None:
    values = load(path)
    roles = dict(Membership.objects.values_list("user__email", "role"))
    assert roles == {"camille@demo.example": "admin", "alex@demo.example": "editor", "victor@demo.example": "viewer"}
    assert all(user.check_password(values["TRIPTYQUE_PASSWORD"]) for user in User.objects.all())


def test_a_second_time_changes_nothing(path: Path) -> None:
    first = load(path)
    Agent.objects.update(name="Standard")
    Action.objects.filter(name="wait").delete()
    assert load(path) == first
    assert (Agent.objects.get().name, Agent.objects.get().releases.count()) == ("Standard", 1)
    assert not Action.objects.filter(name="wait").exists()
    assert ApiKey.objects.count() == 1


def test_what_others_wrote_in_the_file_stays(path: Path) -> None:
    load(path)
    env_file.write(path, {**env_file.read(path), "TRIPTYQUE_URL": "http://127.0.0.1:8000"})
    assert load(path)["TRIPTYQUE_URL"] == "http://127.0.0.1:8000"


def test_a_lost_file_gets_a_new_key_and_no_password(path: Path) -> None:
    first = load(path)
    path.unlink()
    second = load(path)
    assert second["TRIPTYQUE_API_KEY"] != first["TRIPTYQUE_API_KEY"]
    assert "TRIPTYQUE_PASSWORD" not in second


def test_a_revoked_key_is_replaced(path: Path) -> None:
    first = load(path)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert load(path)["TRIPTYQUE_API_KEY"] != first["TRIPTYQUE_API_KEY"]


def test_a_changed_password_is_not_told_any_more(path: Path) -> None:
    load(path)
    user = User.objects.get(email=sample_data.ADMIN_EMAIL)
    user.set_password("another one")
    user.save()
    assert "TRIPTYQUE_PASSWORD" not in load(path)


def test_an_installation_with_accounts_of_its_own_is_left_alone(path: Path, account: Account) -> None:
    assert load(path) == {}
    assert list(Account.objects.all()) == [account]
    assert not User.objects.exists()


def test_a_changed_draft_can_be_published_again(path: Path) -> None:
    load(path)
    assert publish(Agent.objects.get()).number == 2
