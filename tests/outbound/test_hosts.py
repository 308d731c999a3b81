from __future__ import annotations

import pytest

from outbound.hosts import matches, normalise_rule, widens
from outbound.targets import InvalidHost


@pytest.mark.parametrize(
    ("rule", "spelt"),
    [
        (" CRM.Example. ", "crm.example"),
        ("crm.example:8443", "crm.example:8443"),
        ("*.CRM.example", "*.crm.example"),
        ("*.crm.example:443", "*.crm.example:443"),
        ("10.0.0.5", "10.0.0.5"),
        ("[FD00::0001]:80", "[fd00::1]:80"),
        ("fd00::1", "[fd00::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_rule_has_one_spelling(rule: str, spelt: str) -> None:
    assert normalise_rule(rule) == spelt
    assert normalise_rule(spelt) == spelt


@pytest.mark.parametrize(
    "rule",
    ["", "*", "*.", "*.com", "*.10.0.0.5", "*.[fd00::1]", "a.*.example", "https://crm.example", "crm.example/x"]
    + ["crm.example:0", "crm.example:99999", "user@crm.example", "2130706433", "crm example", "**.crm.example"],
)
def test_what_is_no_host_is_refused(rule: str) -> None:
    with pytest.raises(InvalidHost):
        normalise_rule(rule)


@pytest.mark.parametrize(
    ("rule", "host", "port", "expected"),
    [
        ("crm.example", "crm.example", 443, True),
        ("crm.example", "crm.example", 8443, True),
        ("crm.example:443", "crm.example", 8443, False),
        ("crm.example", "evilcrm.example", 443, False),
        ("crm.example", "a.crm.example", 443, False),
        ("*.crm.example", "a.crm.example", 443, True),
        ("*.crm.example", "a.b.crm.example", 443, True),
        ("*.crm.example", "crm.example", 443, False),
        ("*.crm.example", "evilcrm.example", 443, False),
        ("*.crm.example:443", "a.crm.example", 80, False),
        ("[fd00::1]", "fd00::1", 443, True),
    ],
)
def test_a_host_matches_as_a_whole(rule: str, host: str, port: int, expected: bool) -> None:
    assert matches(rule, host, port) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], ["crm.example"], False),
        (["crm.example"], [], True),
        (["crm.example"], ["crm.example"], False),
        (["crm.example"], ["crm.example:443"], False),
        (["crm.example:443"], ["crm.example"], True),
        (["*.crm.example"], ["a.crm.example", "*.b.crm.example"], False),
        (["*.crm.example"], ["crm.example"], True),
        (["a.crm.example"], ["*.crm.example"], True),
        (["a.crm.example"], ["*.a.crm.example"], True),
        (["a.example", "b.example"], ["b.example"], False),
        (["a.example"], ["a.example", "b.example"], True),
    ],
)
def test_wider_means_that_some_host_is_new(before: list[str], after: list[str], expected: bool) -> None:
    assert widens(before, after) is expected
