"""Custom SIP headers: nothing gets in that a telephone system would read as something else."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from actions.expressions import scope as names
from actions.expressions.templates import Template
from transfers.sip_headers import header_errors, publishing_errors, render_headers, validate_sip_headers


def header(name: str = "X-Customer", value: str = "42") -> dict[str, str]:
    return {"name": name, "value": value}


def render(value: str, **params: Any) -> tuple[dict[str, str], list[str]]:
    warnings: list[str] = []
    scope = names.build(system={}, interaction={}, sip={}, context={}, params=params)
    return dict(render_headers({"X-Customer": Template.parse(value)}, scope, warnings)), warnings


@pytest.mark.parametrize("name", ["X-Customer", "User-to-User", "P-Asserted-Identity", "Diversion", "x!%*_+`'~.1"])
def test_it_takes_tokens_as_names(name: str) -> None:
    assert header_errors([header(name)]) == []


@pytest.mark.parametrize(
    "name",
    ["", " X", "X ", "X:Y", "X\r\nVia", "X Y", "É", "X\x00", "X@Y", 'X"', "X" * 65, "\u0130"],
)
def test_it_refuses_names_that_are_no_token(name: str) -> None:
    assert len(header_errors([header(name)])) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length", "Content-Type"),
        *("Route", "Record-Route", "Authorization", "Proxy-Authorization", "Refer-To", "Replaces", "Identity"),
        *("VIA", "call-id", "v", "f", "t", "i", "m", "l", "c", "k"),
    ],
)
def test_it_refuses_headers_that_the_telephone_system_sets(name: str) -> None:
    assert "set by the telephone system" in header_errors([header(name)])[0]


@pytest.mark.parametrize("value", ["a\r\nVia: b", "a\nb", "a\rb", "\x00", "a\x7fb", "a\x85b", "a\u2028b", "", "  "])
def test_it_refuses_values_that_are_not_one_line(value: str) -> None:
    assert len(header_errors([header(value=value)])) == 1


@pytest.mark.parametrize(
    "value",
    [None, {}, "X: y", [1], [{}], [{"name": "X"}], [{"name": "X", "value": 1}], [{**header(), "more": ""}]],
)
def test_it_refuses_what_is_no_list_of_headers(value: object) -> None:
    with pytest.raises(ValidationError):
        validate_sip_headers(value)


def test_it_refuses_a_name_twice_whatever_its_case() -> None:
    assert header_errors([header("X-A"), header("x-a")]) == ["The SIP header x-a is there twice."]


def test_it_refuses_more_headers_than_fit_a_packet() -> None:
    assert header_errors([header(f"X-{n}") for n in range(21)]) == ["No more than 20 SIP headers can be sent."]


def test_publishing_names_every_template_that_cannot_work() -> None:
    errors = publishing_errors(
        [
            header("X-A", "{{ oops"),
            header("X-B", "{{ interaction.SUMMARY }}"),
            header("X-C", "{{ system.phonee }}"),
            header("X-D", "{{ anything.a.workflow.may.map }}"),
        ]
    )
    assert [error.partition(":")[0] for error in errors] == ["X-A", "X-B", "X-C"]


def test_values_are_rendered_with_the_names_of_the_call() -> None:
    assert render("{{ params.id }}/{{ tier }}", id=7, tier="gold") == ({"X-Customer": "7/gold"}, [])


@pytest.mark.parametrize("evil", ["a\r\nVia: evil", "a\nb", "a\x00b", "a\u0085b", "a\ud800b"])
def test_a_rendered_value_cannot_bring_another_header(evil: str) -> None:
    headers, warnings = render("{{ note }}", note=evil)
    assert headers == {}
    assert "X-Customer was left out" in warnings[0]


def test_a_rendered_value_that_is_too_long_is_left_out() -> None:
    headers, warnings = render("{{ note }}", note="x" * 1001)
    assert (headers, len(warnings)) == ({}, 1)


def test_a_value_that_cannot_be_computed_is_left_out() -> None:
    headers, warnings = render("{{ 1 / n }}", n=0)
    assert headers == {}
    assert "X-Customer was left out" in warnings[0]


def test_an_unknown_variable_is_a_warning_and_sends_nothing() -> None:
    headers, warnings = render("{{ missing }}")
    assert headers == {}
    assert "missing" in warnings[0]


def test_spaces_around_a_value_are_not_sent() -> None:
    assert render(" {{ note }} ", note="a\n")[0] == {"X-Customer": "a"}
