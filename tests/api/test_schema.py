"""The API describes itself: validly, completely, and on a page that needs no other host."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.problems import CONTENT_TYPE
from actions.registry import kinds

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def description() -> Any:
    return Client().get("/api/schema/?format=json").json()


def operations(description: Any) -> list[tuple[str, Any]]:
    paths = description["paths"].items()
    return [(f"{method} {path}", found) for path, each in paths for method, found in each.items() if method in METHODS]


def test_the_description_is_valid_and_raises_no_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_every_address_of_the_api_is_described(description: Any) -> None:
    def addresses(patterns: Any, prefix: str = "") -> list[str]:
        found: list[str] = []
        for each in patterns:
            route = prefix + str(each.pattern).lstrip("^")
            if isinstance(each, URLResolver):
                found += addresses(each.url_patterns, route)
            elif isinstance(each, URLPattern):
                found.append(route)
        return found

    ours = {route for route in addresses(get_resolver().url_patterns) if route.startswith("api/v1/")}
    assert len(ours) == len(description["paths"])


def test_every_operation_says_how_to_sign_in_and_what_an_error_is(description: Any) -> None:
    assert description["components"]["securitySchemes"].keys() == {"bearerKey", "headerKey", "session"}
    for name, operation in operations(description):
        assert operation["security"] == [{"bearerKey": []}, {"headerKey": []}, {"session": []}], name
        assert CONTENT_TYPE in operation["responses"]["default"]["content"], name
        assert operation["summary"], name
        assert operation["tags"], name


@pytest.mark.parametrize("component", ["Action", "ActionRequest", "PatchedActionRequest"])
def test_an_action_is_one_of_its_kinds(description: Any, component: str) -> None:
    schemas = description["components"]["schemas"]
    action = schemas[component]
    assert action["discriminator"]["propertyName"] == "kind"
    assert set(action["discriminator"]["mapping"]) == {kind.name for kind in kinds}
    for kind, reference in action["discriminator"]["mapping"].items():
        described = schemas[reference.rpartition("/")[2]]["properties"]
        assert described["kind"]["enum"] == [kind]
        assert set(kinds.get(kind).fields) | set(kinds.get(kind).nested) <= set(described)


@pytest.mark.parametrize("headers", [{}, {"Accept-Language": "fr"}])
def test_the_description_is_in_english(headers: dict[str, str], description: Any) -> None:
    assert Client().get("/api/schema/?format=json", headers=headers).json() == description


def test_the_description_comes_as_yaml_or_json() -> None:
    assert Client().get("/api/schema/").content.startswith(b"openapi: 3.")
    assert Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()["openapi"]


@pytest.mark.parametrize("address", ["/api/docs", "/api/docs/"])
def test_the_page_needs_no_other_host(address: str) -> None:
    client = Client()
    html = client.get(address).content.decode()
    needed = re.findall(r'(?:src|href)="([^"]+)"', html)
    files = [each.removeprefix("/static/") for each in needed if each.startswith("/static/")]
    scripts = [each for each in needed if not each.startswith("/static/")]
    assert len(files) == 4
    assert all(finders.find(each) for each in files)
    assert scripts == [f"{address}?script="]
    script = client.get(scripts[0]).content.decode()
    for text in (html, script):
        assert not re.findall(r"https?://|[\"'(]//", text)
    assert '"validatorUrl": null' in script
