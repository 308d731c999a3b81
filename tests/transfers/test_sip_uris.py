"""SIP addresses: what RFC 3261 allows, and nothing that could steer more than the destination."""

from __future__ import annotations

import pytest

from transfers.sip_uris import normalise_sip_uri, sip_uri_errors


@pytest.mark.parametrize(
    "uri",
    [
        "sip:support@pbx.example",
        "sips:support@pbx.example:5061",
        "sip:pbx.example",
        "sip:+33199000010@192.0.2.7;transport=tcp",
        "sip:+33199000010;phone-context=example.com@gw.example;user=phone",
        "sip:a%20b@pbx.example",
        "sip:desk@[2001:db8::1]:5060",
        "sip:o'neil_1*2@pbx",
    ],
)
def test_it_takes_addresses(uri: str) -> None:
    assert sip_uri_errors(uri) == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "support@pbx.example",
        "tel:+33199000010",
        "sip:",
        "sip:@pbx.example",
        "sip:support@",
        "sip:support:secret@pbx.example",
        "sip:support@pbx.example?Replaces=1",
        "sip:support@pbx.example;method=BYE",
        "sip:support@pbx.example;lr;LR",
        "sip:support@pbx.example:0",
        "sip:support@pbx.example:70000",
        "sip:support@300.1.1.1",
        "sip:support@-pbx.example",
        "sip:support@[::zz]",
        "sip:sup port@pbx.example",
        "sip:support@pbx.example\r\nVia: evil",
        "sip:support%0d%0aVia@pbx.example",
        "sip:support%00@pbx.example",
        "sip:<support@pbx.example>",
        "sip:hélène@pbx.example",
        "sip:a@b, sip:c@d",
        f"sip:{'x' * 250}@pbx.example",
    ],
)
def test_it_refuses_the_others(uri: str) -> None:
    assert len(sip_uri_errors(uri)) == 1


def test_the_scheme_is_written_small() -> None:
    assert normalise_sip_uri(" SIP:Support@PBX.example ") == "sip:Support@PBX.example"
