"""Logging in, the language of the pages, the account that one works in, and what a page may load."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from tests.conftest import PASSWORD

People = Callable[..., Client]


def log_in(email: str, language: str = "en", **more: str) -> Client:
    client = Client(headers={"accept-language": language})
    response = client.post("/admin/login/", {"username": email, "password": PASSWORD, **more})
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    return client


def test_the_pages_speak_french_to_a_browser_that_says_nothing(furnished: Furnished) -> None:
    assert '<html lang="fr"' in text(Client().get("/admin/login/"))


def test_logging_in_is_by_email_in_any_case(furnished: Furnished, cast: SimpleNamespace) -> None:
    log_in("ADA@lac.example")


def test_after_logging_in_the_pages_speak_the_users_language(furnished: Furnished, cast: SimpleNamespace) -> None:
    cast.admin.language = "fr"
    cast.admin.save()
    client = log_in("ada@lac.example", language="en")
    assert '<html lang="fr"' in text(client.get("/admin/"))


@pytest.mark.parametrize(("wrong", "language", "sentence"), [
    ({"password": "x"}, "en", "This email and this password do not go together."),
    ({"password": "x"}, "fr", "Cette adresse e-mail et ce mot de passe ne correspondent pas."),
])  # fmt: skip
def test_a_wrong_password_gets_a_sentence(
    wrong: dict[str, str], language: str, sentence: str, furnished: Furnished, cast: SimpleNamespace
) -> None:
    client = Client(headers={"accept-language": language})
    response = client.post("/admin/login/", {"username": "ada@lac.example", **wrong})
    assert sentence in text(response)


def test_who_has_no_account_any_more_is_told_so(furnished: Furnished, db: None) -> None:
    User.objects.create_user("alone@lac.example", PASSWORD)
    response = Client(headers={"accept-language": "en"}).post(
        "/admin/login/", {"username": "alone@lac.example", "password": PASSWORD}
    )
    assert "You are not a member of an account any more" in text(response)


@pytest.mark.parametrize("url", ["/admin/login/", "/admin/", "/admin/calls/call/"])
def test_each_page_has_a_language_switch(url: str, furnished: Furnished, people: People) -> None:
    client = Client() if "login" in url else people("viewer")
    page = text(client.get(url))
    assert 'action="/language/"' in page
    assert 'value="fr"' in page
    assert 'value="en"' in page


def test_switching_stays_on_the_page_and_is_remembered(furnished: Furnished, people: People) -> None:
    client = people("viewer", "en")
    here = "/admin/calls/call/?q=33"
    response = client.post("/language/", {"language": "fr", "next": here}, follow=True)
    assert '<html lang="fr"' in text(response)
    assert response.request["QUERY_STRING"] == "q=33"
    assert User.objects.get(email="violette@lac.example").language == "fr"


def test_switching_leads_to_no_other_site(furnished: Furnished, people: People) -> None:
    response = people("viewer").post("/language/", {"language": "fr", "next": "https://evil.example/"})
    assert response["Location"] == "/admin/"


def test_account_and_role_are_visible(furnished: Furnished, people: People) -> None:
    assert "Mutuelle du Lac" in text(people("viewer").get("/admin/"))
    assert "Lecteur" in text(people("viewer", "fr").get("/admin/"))
    assert "Platform staff" in text(people("staff").get("/admin/"))


def test_a_member_of_two_accounts_switches_between_them(
    furnished: Furnished, people: People, cast: SimpleNamespace
) -> None:
    Membership.objects.create(user=cast.stranger, account=furnished.account, role=Role.VIEWER)
    client = people("stranger")
    assert "Standard du lac" not in text(client.get("/admin/"))
    page = text(client.post("/account/", {"account": "mutuelle-du-lac"}, follow=True))
    assert "Standard du lac" in page
    assert "Add an action" not in page


def test_a_member_of_one_account_enters_no_other(furnished: Furnished, people: People) -> None:
    assert people("stranger").post("/account/", {"account": "mutuelle-du-lac"}).status_code == 404


def test_platform_pages_are_in_the_navigation_of_staff_only(furnished: Furnished, people: People) -> None:
    assert "/admin/outbound/allowedhost/" in text(people("staff").get("/admin/"))
    assert "/admin/outbound/allowedhost/" not in text(people("admin").get("/admin/"))
    assert "/admin/accounts/apikey/" in text(people("admin").get("/admin/"))
    assert "/admin/accounts/apikey/" not in text(people("editor").get("/admin/"))


def test_staff_without_any_account_are_led_to_the_first_one(staff_user: User, client_for: People) -> None:
    client = client_for(staff_user)
    assert "/admin/accounts/account/add/" in text(client.get("/admin/"))
    assert client.get("/admin/actions/agent/").status_code == 403
    response = fill_in(client, "/admin/accounts/account/add/", name="Lac", slug="lac")
    assert response.status_code == 302
    assert client.get("/admin/actions/agent/").status_code == 200


@pytest.mark.parametrize("url", ["/admin/login/", "/admin/", "/admin/calls/call/", "/nowhere/", "/api/docs/"])
def test_pages_load_scripts_from_here_only_and_stand_in_no_frame(
    url: str, furnished: Furnished, people: People
) -> None:
    client = Client() if "login" in url else people("viewer")
    headers = client.get(url).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Frame-Options"] == "DENY"


def test_no_page_of_ours_has_an_inline_script_or_names_another_host(furnished: Furnished, people: People) -> None:
    for url in ("/admin/login/", "/admin/", f"/admin/calls/call/{furnished.call.pk}/change/"):
        page = text((Client() if "login" in url else people("admin")).get(url))
        assert "<script>" not in page
        assert "//fonts." not in page
        assert 'src="http' not in page
        assert 'href="http' not in page


def test_what_does_not_exist_is_said_in_the_readers_language(furnished: Furnished, people: People) -> None:
    assert "This page does not exist" in text(people("viewer", "en").get("/nowhere/"))
    assert "Cette page n’existe pas" in text(people("viewer", "fr").get("/nowhere/"))


def test_the_index_of_an_application_is_the_overview(furnished: Furnished, people: People) -> None:
    assert people("viewer").get("/admin/actions/")["Location"] == "/admin/"


def test_a_user_that_staff_add_can_log_in(furnished: Furnished, people: People) -> None:
    data = {
        "email": "new@lac.example", "full_name": "New", "language": "fr", "time_zone": "Europe/Paris",
        "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true",
    }  # fmt: skip
    assert people("staff").post("/admin/accounts/user/add/", data).status_code == 302
    user = User.objects.get(email="new@lac.example")
    assert user.check_password(PASSWORD)
    assert not user.is_staff
