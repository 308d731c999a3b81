"""Posts a form as a browser does: with everything that the page put into it, and then some changes."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client

UNSTORABLE = (
    "[" * 5000,
    "[" * 101 + "]" * 101,
    "9" * 5001,
    '{"a": NaN}',
    '{"a": 1e999}',
    '{"a": "\\u0000"}',
    '{"a": "\\ud800"}',
    '{"\\udfff": 1}',
)
"""JSON, or nearly, that some database refuses or that makes pages fail later."""


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select: str | None = None
        self._textarea: str | None = None
        self._template = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        name = attributes.get("name", "")
        self._template += tag == "template"
        if self._template or "__prefix__" in name:
            return
        if tag == "input" and name and attributes.get("type") not in {"submit", "button", "file"}:
            box = attributes.get("type") in {"checkbox", "radio"}
            if not box or "checked" in attributes:
                self.values.setdefault(name, []).append(attributes.get("value", "on" if box else ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in attributes:
            self.values.setdefault(self._select, []).append(attributes.get("value", ""))
        elif tag == "textarea" and name:
            self._textarea = name
            self.values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        self._template -= tag == "template"
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea][0] += data


def fill_in(client: Client, url: str, /, **changes: Any) -> HttpResponse:
    """The answer to the form at ``url`` with ``changes`` made; a value of None takes the field out."""
    page = client.get(url)
    assert page.status_code == 200, (url, page.status_code)
    fields = _Fields()
    fields.feed(page.content.decode())
    data: dict[str, Any] = {name: values for name, values in fields.values.items() if not name.startswith("csrf")}
    data = {name: [value.removeprefix("\n") for value in values] for name, values in data.items()}
    for name, value in changes.items():
        data[name] = value
        if value is None:
            del data[name]
    return client.post(url, data)  # type: ignore[return-value]


def text(response: HttpResponse) -> str:
    return response.content.decode()
