"""Publishing: the state of the draft, every error with the way to its field, versions and going back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django_scopes import scope

from actions.contract import Moment
from actions.kinds.keypad import KeypadAction
from actions.models import Agent, Release
from actions.releases import publish as make_release
from notifications.kinds.email import EmailAction
from schedules.models import Schedule
from tests.admin.conftest import Furnished
from tests.admin.forms import text
from transfers.kinds.transfer import TransferAction
from transfers.models import SipConnection

People = Callable[..., Client]


@pytest.fixture
def broken(furnished: Furnished) -> Agent:
    """An agent with mistakes in two actions."""
    with scope(account=furnished.account):
        agent = Agent.objects.create(account=furnished.account, name="Relances", slug="relances")
        TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer_nowhere")
        EmailAction.objects.create(agent=agent, moment=Moment.AFTER, name="report", subject="", to="not an address")
    return agent


def change(agent: Agent) -> str:
    return f"/admin/actions/agent/{agent.pk}/change/"


def publish(agent: Agent) -> str:
    return f"/admin/actions/agent/{agent.pk}/publish/"


def test_a_published_draft_says_so(furnished: Furnished, people: People) -> None:
    page = text(people("viewer").get(change(furnished.agent)))
    assert "The draft is what new calls use." in page
    assert "Version 1, published" in page


def test_a_changed_draft_says_that_it_differs(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        KeypadAction.objects.create(agent=furnished.agent, moment=Moment.DURING, name="another")
    assert "The draft differs from the published version" in text(people("viewer").get(change(furnished.agent)))


def test_a_new_agent_says_that_calls_are_refused(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        agent = Agent.objects.create(account=furnished.account, name="Relances", slug="relances")
    assert "Calls are refused until the agent is published." in text(people("viewer").get(change(agent)))


def test_publishing_is_offered_to_editors_only(furnished: Furnished, people: People) -> None:
    assert publish(furnished.agent) in text(people("editor").get(change(furnished.agent)))
    assert publish(furnished.agent) not in text(people("viewer").get(change(furnished.agent)))


def test_the_three_panels_lead_to_each_action_and_to_adding(furnished: Furnished, people: People) -> None:
    page = text(people("editor").get(change(furnished.agent)))
    for action in furnished.actions.values():
        meta = action._meta
        assert f"/admin/{meta.app_label}/{meta.model_name}/{action.pk}/change/" in page
    for moment in Moment:
        assert f"/admin/actions/action/choose/?moment={moment}&amp;agent={furnished.agent.pk}" in page


def test_all_errors_show_at_once_each_leading_to_its_field(furnished: Furnished, people: People, broken: Agent) -> None:
    with scope(account=furnished.account):
        transfer, email = TransferAction.objects.get(agent=broken), EmailAction.objects.get(agent=broken)
    page = text(people("editor").get(publish(broken)))
    back = f"?back=%2Fadmin%2Factions%2Fagent%2F{broken.pk}%2Fpublish%2F"
    assert f"/admin/transfers/transferaction/{transfer.pk}/change/{back}#destinations-group" in page
    for field in ("subject", "to"):
        assert f"/admin/notifications/emailaction/{email.pk}/change/{back}#id_{field}" in page
    assert "Give at least one destination to transfer the call to, or a SIP connection." in page
    assert "there are 3 things to fix" in page


def test_the_field_that_an_error_leads_to_is_on_the_page(furnished: Furnished, people: People, broken: Agent) -> None:
    with scope(account=furnished.account):
        transfer, email = TransferAction.objects.get(agent=broken), EmailAction.objects.get(agent=broken)
    client = people("editor")
    assert 'id="destinations-group"' in text(client.get(f"/admin/transfers/transferaction/{transfer.pk}/change/"))
    assert 'id="id_to"' in text(client.get(f"/admin/notifications/emailaction/{email.pk}/change/"))


def test_what_has_errors_is_not_published(furnished: Furnished, people: People, broken: Agent) -> None:
    response = people("editor").post(publish(broken), {"note": ""})
    assert response.status_code == 200
    assert "things to fix" in text(response)
    broken.refresh_from_db()
    assert broken.current_release is None


def test_publishing_makes_the_next_version_with_who_and_why(furnished: Furnished, people: People) -> None:
    client = people("editor")
    assert "as version 2" in text(client.get(publish(furnished.agent)))
    response = client.post(publish(furnished.agent), {"note": "Nouveau numéro"}, follow=True)
    assert "Version 2 of “Standard du lac” is published" in text(response)
    with scope(account=furnished.account):
        release = Release.objects.get(agent=furnished.agent, number=2)
        assert release.published_by is not None
        assert (release.note, release.published_by.email) == ("Nouveau numéro", "emile@lac.example")


def test_a_note_that_is_too_long_publishes_nothing(furnished: Furnished, people: People) -> None:
    assert people("editor").post(publish(furnished.agent), {"note": "x" * 201}).status_code == 200
    with scope(account=furnished.account):
        assert Release.objects.count() == 1


def test_a_version_shows_what_it_holds(furnished: Furnished, people: People) -> None:
    page = text(people("viewer").get(f"/admin/actions/release/{furnished.release.pk}/change/"))
    for expected in ("my_transfer", "+33612345678", "Résiliation", "Europe/Paris", "my_workflow"):
        assert expected in page
    assert "Go back to this version" not in page


def test_a_version_names_the_rows_that_it_refers_to(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        line = SipConnection.objects.create(account=furnished.account, name="Trunk Paris", host="sip.example.com")
        hours = Schedule.objects.create(account=furnished.account, name="Night desk", time_zone="Europe/Paris")
        gone = Schedule.objects.create(account=furnished.account, name="Gone", time_zone="Europe/Paris")
        action = TransferAction.objects.filter(agent=furnished.agent).first()
        assert action is not None
        action.sip_connection, action.restricted, action.schedule = line, True, gone
        action.save()
        action.destinations.filter(enabled=True).update(schedule=hours)
        release = make_release(furnished.agent)
        TransferAction.objects.filter(pk=action.pk).update(schedule=None)
        gone_id = gone.pk
        gone.delete()
    page = text(people("viewer").get(f"/admin/actions/release/{release.pk}/change/"))
    assert "Trunk Paris" in page
    assert "Night desk" in page
    assert f"{gone_id} (deleted)" in page


def test_going_back_makes_a_new_version_of_the_old_content(furnished: Furnished, people: People) -> None:
    client = people("editor")
    client.post(publish(furnished.agent), {"note": ""})
    go_back = f"/admin/actions/release/{furnished.release.pk}/go_back/"
    assert go_back in text(client.get(f"/admin/actions/release/{furnished.release.pk}/change/"))
    assert "Go back to version 1?" in text(client.get(go_back))
    with scope(account=furnished.account):
        assert Release.objects.count() == 2
    assert "back at version 1, published as version 3" in text(client.post(go_back, follow=True))
    with scope(account=furnished.account):
        newest = Release.objects.get(number=3)
        assert (newest.digest, newest.rolled_back_to) == (furnished.release.digest, furnished.release)
    assert "Version 3 (again version 1)" in text(client.get("/admin/actions/release/"))


def test_there_is_no_way_back_to_what_is_in_use(furnished: Furnished, people: People) -> None:
    assert people("admin").post(f"/admin/actions/release/{furnished.release.pk}/go_back/").status_code == 403


def test_a_version_that_lost_a_schedule_says_so_instead_of_going_back(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        schedule = Schedule.objects.create(account=furnished.account, name="Night desk", time_zone="Europe/Paris")
        transfers = TransferAction.objects.filter(agent=furnished.agent)
        transfers.update(restricted=True, schedule=schedule)
        lost = make_release(furnished.agent)
        transfers.update(restricted=False, schedule=None)
        current = make_release(furnished.agent)
        schedule.delete()
    go_back = f"/admin/actions/release/{lost.pk}/go_back/"
    for response in (people("editor").get(go_back, follow=True), people("editor").post(go_back, follow=True)):
        page = text(response)
        assert "There is no way back to version 2. “my_transfer”: The schedule of the transfer was deleted." in page
    furnished.agent.refresh_from_db()
    assert furnished.agent.current_release == current


def test_a_version_with_a_directory_says_so_in_words(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        action = TransferAction.objects.filter(agent=furnished.agent).first()
        assert action is not None
        for number in range(10, 61):
            action.destinations.create(phone=f"+331990000{number}")
        release = make_release(furnished.agent)
    page = text(people("viewer").get(f"/admin/actions/release/{release.pk}/change/"))
    assert "searched at each call" in page
    assert "directory action" not in page.lower()
    before = text(people("viewer").get(f"/admin/actions/release/{furnished.release.pk}/change/"))
    assert "searched at each call" not in before
    assert "directory action" not in before.lower()


def test_a_viewer_goes_back_to_nothing(furnished: Furnished, people: People) -> None:
    people("editor").post(publish(furnished.agent), {"note": ""})
    assert people("viewer").post(f"/admin/actions/release/{furnished.release.pk}/go_back/").status_code == 403


def test_versions_of_an_agent_are_listed(furnished: Furnished, people: People) -> None:
    response = people("viewer").get(f"/admin/actions/agent/{furnished.agent.pk}/versions/", follow=True)
    assert "Version 1" in text(response)
