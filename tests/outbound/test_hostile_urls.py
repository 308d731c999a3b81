"""URLs that somebody would try in order to reach what is not theirs; none may open a socket."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from outbound.guard import Guard
from outbound.http import OutboundError, OutgoingRequest, send
from outbound.targets import parse_target
from tests.outbound.conftest import Names

BLOCKED = [
    # plainly
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/admin/",
    "http://127.1.2.3/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.254/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    # metadata of the clouds
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/latest/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    # IPv6, and IPv4 inside it
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:80/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::FFFF:169.254.169.254]/",
    "http://[0:0:0:0:0:ffff:10.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:a9fe:a9fe::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    # other spellings that the parser itself makes plain
    "http://127.0.0.1./",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "HTTP://127.0.0.1/",
    "  http://127.0.0.1/  ",
    "http://@127.0.0.1/",
    "http://127.0.0.1#@example.com:80@/",
    # names
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://localhost.localdomain/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://127.0.0.1.nip.io/",
    "http://rebind.example/",
    "http://mixed.example/",
    "http://mapped.example/",
    "http://linklocal.example/",
    "https://intranet/",
    # ports that speak something else
    "http://example.com:22/",
    "http://example.com:25/",
    "http://example.com:6379/",
    "http://93.184.216.34:11211/",
    "http://example.com:２２/",
]

INVALID = [
    # odd spellings of addresses
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0X7F.0.0.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0000.0000.0001/",
    "http://127.0.0.01/",
    "http://127.1/",
    "http://١٢٧.0.0.1/",
    "http://127.0.1/",
    "http://127.0.0.1../",
    "http://127.0.0.0x1/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://4294967297/",
    "http://0/",
    "http://2852039166/",
    "http://0xa9fea9fe/latest/",
    "http://127%2e0%2e0%2e1/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1%2523.example.com/",
    # zones
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1%25lo]/",
    # users
    "http://user:password@example.com/",
    "http://user@example.com/",
    "http://:@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1:8000/",
    "http://example.com%40127.0.0.1/",
    # where parsers disagree
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http:\\\\127.0.0.1\\",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "http:///127.0.0.1/",
    "//127.0.0.1/",
    "/127.0.0.1/",
    "127.0.0.1",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://127.0.0.1[::1]/",
    "http://[::1]127.0.0.1/",
    "http://[::1].example.com/",
    "http://[v1.127]/",
    "http://exa mple.com/",
    "http://127.0.0.1 .example.com/",
    "http://127.0.0.1\t.example.com/",
    "http://example.com\r\nHost: 127.0.0.1/",
    "http://example.com/\r\nX-Injected: 1",
    "http://example.com/\x00",
    "http://local\u200bhost/",
    "http://local\u00adhost/",
    "http://example.com／@127.0.0.1/",
    "http://-example.com/",
    "http://exa..mple.com/",
    f"http://{'a' * 64}.example.com/",
    f"http://{'a.' * 130}com/",
    f"http://example.com/{'a' * 20_000}",
    "http://*.example.com/",
    "http://example.com,127.0.0.1/",
    # not HTTP
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "ws://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "http+unix://%2fvar%2frun%2fdocker.sock/info",
    "jar:http://127.0.0.1!/",
    "javascript:alert(1)",
    "data:text/plain,hello",
    "url:http://127.0.0.1/",
    "",
    " ",
    "http://",
    "https://?",
    "http://./",
    "http://../",
    # ports
    "http://example.com:0/",
    "http://127.0.0.1:0/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:80:80/",
    "http://example.com:http/",
    "http://example.com:0x50/",
]


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    opened: list[Any] = []

    def record(_guard: Guard, info: Any) -> socket.socket:
        opened.append(info)
        raise OSError("no test of this module may connect")

    monkeypatch.setattr(Guard, "open_socket", record)
    return opened


@pytest.fixture
def hostile_names(names: Names) -> Names:
    names.answers = {
        "metadata.google.internal": [["169.254.169.254"]],
        "localhost": [["::1", "127.0.0.1"]],
        "localhost.localdomain": [["127.0.0.1"]],
        "127.0.0.1.nip.io": [["127.0.0.1"]],
        "rebind.example": [["10.0.0.5"], ["93.184.216.34"]],
        "mixed.example": [["93.184.216.34", "10.0.0.5"]],
        "mapped.example": [["::ffff:10.0.0.5"]],
        "linklocal.example": [["fe80::1"]],
        "intranet": [["192.168.1.10"]],
    }
    return names


@pytest.mark.parametrize(
    ("url", "code"),
    [(url, "blocked_address") for url in BLOCKED] + [(url, "invalid_url") for url in INVALID],
)
async def test_a_hostile_url_is_refused_before_any_socket_opens(
    url: str, code: str, hostile_names: Names, sockets: list[Any]
) -> None:
    with pytest.raises(OutboundError) as caught:
        await send(OutgoingRequest("GET", url), account_id=1, deadline_s=2)
    assert caught.value.code == code
    assert caught.value.permanent
    assert caught.value.message
    assert sockets == []


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com", "example.com", 443),
        ("https://Example.COM.:8443/a?b=c#d", "example.com", 8443),
        ("http://crm_api.example.com/", "crm_api.example.com", 80),
        ("http://bücher.example/", "xn--bcher-kva.example", 80),
        ("http://93.184.216.34/", "93.184.216.34", 80),
        ("http://[2606:4700::1111]:8080/", "2606:4700::1111", 8080),
        ("http://a/path with space?q=é", "a", 80),
        ("http://3com.example/", "3com.example", 80),
    ],
)
def test_an_honest_url_is_taken(url: str, host: str, port: int) -> None:
    target = parse_target(url)
    assert (target.host, target.port) == (host, port)
    assert target.url.fragment == ""
    assert target.url.raw_host == host


def test_the_query_is_added_to_the_urls_own() -> None:
    assert str(parse_target("http://a/?x=1", [("y", "a&b=é"), ("x", "2")]).url) == "http://a/?x=1&y=a%26b%3D%C3%A9&x=2"


URLISH = st.lists(
    st.one_of(
        st.sampled_from(["http:", "https:", "//", "/", "@", ":", "[", "]", "127.0.0.1", "%", "?", "#", "\\", "."]),
        st.sampled_from(["::1", "0x7f", "80", "example.com", "user", "%25", "\u3002", "\uff0f", "\n"]),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(URLISH)
def test_whatever_is_typed_is_refused_in_words_or_names_one_host(text: str) -> None:
    try:
        target = parse_target(text)
    except OutboundError:
        return
    # The client would read the same host and port from the URL that it is given.
    again = URL(str(target.url))
    assert (again.raw_host, again.port) == (target.host, target.port)
    assert again.scheme in {"http", "https"}
    assert again.raw_user is None
    assert again.raw_password is None
