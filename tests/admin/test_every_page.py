"""Every page opens in both languages for each role that may, and is refused to all others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from actions.contract import Moment
from tests.admin.conftest import Furnished
from tests.admin.pages import LISTS, PAGES, ROLES, Page

People = Callable[..., Client]

LANGUAGES = ("fr", "en")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_it_opens_for_each_role_in_both_languages(page: Page, furnished: Furnished, people: People) -> None:
    url = page.url(furnished)
    for role in ROLES[ROLES.index(page.least) :]:
        for language in LANGUAGES:
            response = people(role, language).get(url)
            assert response.status_code == 200, (role, language, response.status_code, response.headers)
            assert f'<html lang="{language}"' in response.content.decode()


@pytest.mark.parametrize("page", [page for page in PAGES if page.least != "viewer"], ids=str)
def test_it_is_refused_to_lesser_roles(page: Page, furnished: Furnished, people: People) -> None:
    for role in ROLES[1 : ROLES.index(page.least)]:
        response = people(role).get(page.url(furnished))
        assert response.status_code == 403, role
        assert "Your role does not allow this" in response.content.decode()


@pytest.mark.parametrize("page", [page for page in PAGES if page not in LISTS], ids=str)
def test_rows_of_the_account_are_nothing_to_a_stranger(page: Page, furnished: Furnished, people: People) -> None:
    """Pages without a row (an empty form) are a stranger's own; those of a row are not found."""
    url = page.url(furnished)
    response = people("stranger").get(url)
    if not any(part.isdigit() or len(part) == 36 for part in url.partition("?")[0].split("/")):
        assert str(furnished.agent.name) not in response.content.decode()
    else:
        assert response.status_code in {302, 403, 404}, response.status_code
        if response.status_code == 302:
            assert response["Location"] == reverse("admin:index")


@pytest.mark.parametrize("page", LISTS, ids=str)
def test_lists_show_a_stranger_nothing_of_the_account(page: Page, furnished: Furnished, people: People) -> None:
    page_text = people("stranger").get(page.url(furnished)).content.decode()
    for secret in ("my_transfer", "Standard du lac", "Reconnaître", "+33612000001", "ada@lac.example", "crm.internal"):
        assert secret not in page_text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_the_overview_opens(role: str, language: str, furnished: Furnished, people: People) -> None:
    response = people(role, language).get("/admin/")
    assert response.status_code == 200
    assert ("Standard du lac" in response.content.decode()) == (role != "stranger")


def test_nobody_enters_without_logging_in(furnished: Furnished, client: Client) -> None:
    for page in PAGES:
        response = client.get(page.url(furnished))
        assert response.status_code == 302, page
        assert response["Location"].startswith("/admin/login/"), page


def test_a_row_that_was_edited_away_sends_back_to_the_overview(furnished: Furnished, people: People) -> None:
    response = people("admin").get("/admin/actions/agent/999999/change/")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_every_list_of_the_site_is_among_the_pages(furnished: Furnished, people: People) -> None:
    """So that a new admin is not forgotten here; kinds of action have no list of their own."""
    client = people("staff")
    listed = {page.url(furnished).partition("?")[0] for page in LISTS}
    missing = []
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        response = client.get(url)
        if response.status_code == 200 and url not in listed:
            missing.append(url)
    assert missing == ["/admin/accounts/account/"]


def test_the_lists_of_kinds_lead_to_the_lists_by_moment(furnished: Furnished, people: People) -> None:
    client = people("viewer")
    for url in ("/admin/transfers/transferaction/", "/admin/actions/action/"):
        response: HttpResponse = client.get(url, follow=True)
        assert response.request["PATH_INFO"] == f"/admin/actions/action/{Moment.BEFORE}/"  # type: ignore[attr-defined]
