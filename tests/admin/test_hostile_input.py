"""What nobody types by accident gets an answer in words, on every database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django_scopes import scope

from contacts.values import validate_attributes
from outbound.admin.profile_form import LinesField
from outbound.models import AuthProfile
from tests.admin.conftest import Furnished
from tests.admin.forms import UNSTORABLE, fill_in
from workflows.models import Workflow

People = Callable[..., Client]


@pytest.mark.parametrize("written", UNSTORABLE, ids=lambda text: text[:20])
def test_json_that_no_database_stores_is_refused_at_its_field(
    written: str, furnished: Furnished, people: People
) -> None:
    client = people("editor")
    forms = {
        "default_parameters": f"/admin/workflows/workflowaction/{furnished.actions['workflow'].pk}/change/",
        "graph": f"/admin/workflows/workflow/{furnished.workflow.pk}/change/",
    }
    for field, url in forms.items():
        response = fill_in(client, url, **{field: written})
        assert response.status_code == 200
        assert field in response.context["adminform"].form.errors
    with scope(account=furnished.account):
        assert Workflow.objects.get(pk=furnished.workflow.pk).graph == furnished.workflow.graph
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/admin/calls/call/?state__exact=%00",
        "/admin/calls/call/?q=%00",
        "/admin/calls/call/?%00=1",
        "/admin/actions/agent/%00/change/",
        "/admin/workflows/workflow/of-action/1/before/%00/",
        "/admin/login/?next=%00",
    ],
)
def test_a_nul_in_an_address_is_a_bad_request(address: str, furnished: Furnished, people: People) -> None:
    response = people("admin").get(address)
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain")


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/account/", {"account": "\x00"}),
        ("/language/", {"language": "\x00"}),
        ("/admin/workflows/workflow/add/", {"name": "a\x00b"}),
        ("/admin/workflows/workflow/add/", {"\x00": "a"}),
        ("/admin/actions/action/during/", {"action": "disable", "_selected_action": "\x00"}),
    ],
)
def test_a_nul_in_a_form_is_a_bad_request(
    address: str, data: dict[str, str], furnished: Furnished, people: People
) -> None:
    assert people("admin").post(address, data).status_code == 400


def test_the_sentence_is_in_the_language_of_the_page(furnished: Furnished, people: People) -> None:
    answer = people("admin", "fr").get("/admin/?q=%00").content.decode()
    assert answer == "Cette requête contient des caractères qu’aucun texte ne peut contenir."


def test_the_api_answers_in_its_own_words(furnished: Furnished, people: People) -> None:
    response = people("admin").get("/api/v1/agents/%00")
    assert response["Content-Type"] == "application/problem+json"


def test_hosts_of_an_auth_profile_hold_text_only(furnished: Furnished) -> None:
    with pytest.raises(ValidationError, match="no text may hold"):
        LinesField().clean("crm.example\nb\x00.example")
    with scope(account=furnished.account):
        assert AuthProfile.objects.get().hosts == ["crm.example"]


@pytest.mark.parametrize("value", [{"a": "\x00"}, {"\ud800": 1}, {"a": float("inf")}])
def test_contacts_hold_what_every_database_stores(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="The JSON holds"):
        validate_attributes(value)
