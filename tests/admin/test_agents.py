"""The form of an agent, its numbers, and its classifications."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django_scopes import scope

from actions.models import Agent, AgentNumber, Classifier, Label
from notifications.kinds.email import EmailAction
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text

People = Callable[..., Client]


def test_an_agent_is_created_in_the_account_that_one_works_in(furnished: Furnished, people: People) -> None:
    changes = {
        "name": "Relances", "slug": "relances", "numbers-TOTAL_FORMS": "1", "numbers-0-number": "+33199000077",
    }  # fmt: skip
    assert fill_in(people("editor"), "/admin/actions/agent/add/", **changes).status_code == 302
    with scope(account=furnished.account):
        agent = Agent.objects.get(slug="relances")
        assert agent.account == furnished.account
        assert [row.number for row in agent.numbers.all()] == ["+33199000077"]


def test_a_short_name_that_is_taken_is_refused_with_a_sentence(furnished: Furnished, people: People) -> None:
    response = fill_in(people("editor"), "/admin/actions/agent/add/", name="Autre", slug="accueil")
    assert response.status_code == 200
    assert "Another agent has this short name already." in text(response)


def test_a_number_that_another_agent_answers_is_refused(furnished: Furnished, people: People) -> None:
    changes = {"name": "Autre", "slug": "autre", "numbers-TOTAL_FORMS": "1", "numbers-0-number": "+33199000001"}
    response = fill_in(people("editor"), "/admin/actions/agent/add/", **changes)
    assert "Another agent answers this number already." in text(response)


def test_a_number_written_twice_in_one_form_is_refused(furnished: Furnished, people: People) -> None:
    changes = {
        "name": "Autre", "slug": "autre", "numbers-TOTAL_FORMS": "2",
        "numbers-0-number": "+33199000077", "numbers-1-number": "+33199000077",
    }  # fmt: skip
    response = fill_in(people("editor"), "/admin/actions/agent/add/", **changes)
    assert "Written twice: +33199000077." in text(response)
    with scope(account=furnished.account):
        assert not AgentNumber.objects.filter(number="+33199000077").exists()


def test_a_number_moves_to_another_place_in_the_form(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/agent/{furnished.agent.pk}/change/"
    assert fill_in(people("editor"), url, **{"numbers-0-number": "+33199000078"}).status_code == 302
    with scope(account=furnished.account):
        assert [row.number for row in furnished.agent.numbers.all()] == ["+33199000078"]


def test_an_agent_without_calls_is_deleted_with_its_versions(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        furnished.call.delete()
    response = people("editor").post(f"/admin/actions/agent/{furnished.agent.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    with scope(account=furnished.account):
        assert not Agent.objects.exists()


def test_an_agent_with_calls_stays(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/agent/{furnished.agent.pk}/delete/"
    assert "+33612000001" in text(people("editor").get(url))
    people("editor").post(url, {"post": "yes"})
    with scope(account=furnished.account):
        assert Agent.objects.count() == 1


def test_a_classification_is_added_from_its_agents_page(furnished: Furnished, people: People) -> None:
    client = people("editor")
    url = f"/admin/actions/classifier/add/?agent={furnished.agent.pk}"
    assert url in text(client.get(f"/admin/actions/agent/{furnished.agent.pk}/change/"))
    response = fill_in(client, url, name="Suite", **{"labels-0-name": "À rappeler", "labels-0-description": ""})
    assert response["Location"] == f"/admin/actions/agent/{furnished.agent.pk}/change/"
    with scope(account=furnished.account):
        classifier = Classifier.objects.get(name="Suite")
        assert classifier.agent == furnished.agent
        assert [label.name for label in classifier.labels.all()] == ["À rappeler"]


def test_a_label_that_conditions_an_email_cannot_be_taken_away(furnished: Furnished, people: People) -> None:
    """Without it the email would be sent after every call."""
    with scope(account=furnished.account):
        EmailAction.objects.get(name="my_email").labels.add(furnished.label)
    client = people("editor")
    url = f"/admin/actions/classifier/{furnished.classifier.pk}/change/"
    response = fill_in(client, url, **{"labels-0-DELETE": "on"})
    assert "take them out there first: Résiliation." in text(response)
    client.post(f"/admin/actions/classifier/{furnished.classifier.pk}/delete/", {"post": "yes"})
    with scope(account=furnished.account):
        assert Label.objects.filter(pk=furnished.label.pk).exists()


def test_a_label_can_be_renamed_although_it_is_in_use(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        email = EmailAction.objects.get(name="my_email")
        email.labels.add(furnished.label)
    url = f"/admin/actions/classifier/{furnished.classifier.pk}/change/"
    assert fill_in(people("editor"), url, **{"labels-0-name": "Départ"}).status_code == 302
    with scope(account=furnished.account):
        assert [label.name for label in email.labels.all()] == ["Départ"]
