from __future__ import annotations

from typing import Any

import pytest

from outbound.errors import OutboundError
from outbound.http import IncomingResponse, OutgoingRequest, send
from outbound.messages import OutgoingRequest as Request
from outbound.redirects import follow
from outbound.targets import parse_target
from tests.outbound.upstream import Received, Reply, serve

pytestmark = pytest.mark.usefixtures("loopback_allowed")

SECRETS = {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "Cookie": "s3cret", "Accept": "application/json"}


async def ask(url: str, method: str = "GET", **options: Any) -> IncomingResponse:
    request = OutgoingRequest(method, url, options.pop("headers", SECRETS), body=options.pop("body", None))
    return await send(request, account_id=1, deadline_s=5, **options)


def redirect_to(location: str, status: int = 302) -> Any:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(status, b"moved", Location=location)

    return handler


async def answer(_request: Received, reply: Reply) -> None:
    await reply.json({"here": True})


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.5/",
        "//192.168.1.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://localhost.example/",
        "http://93.184.216.34:22/",
    ],
)
async def test_a_redirect_to_a_refused_address_is_refused(location: str, names: Any) -> None:
    names.answers = {"localhost.example": [["10.0.0.5"]]}
    async with serve(redirect_to(location)) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url())
    assert (caught.value.code, caught.value.permanent) == ("blocked_address", True)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("file:///etc/passwd", "invalid_url"),
        ("gopher://127.0.0.1/", "invalid_url"),
        ("http://2130706433/", "invalid_url"),
        ("http://user:s3cret@127.0.0.1/", "invalid_url"),
        ("http://[::1", "bad_response"),
    ],
)
async def test_a_redirect_to_nonsense_is_refused(location: str, code: str) -> None:
    async with serve(redirect_to(location)) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url())
    assert caught.value.code == code
    assert "s3cret" not in str(caught.value)


async def test_a_redirect_loop_ends() -> None:
    async with serve(redirect_to("/")) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url())
    assert caught.value.code == "too_many_redirects"
    assert len(upstream.requests) == 4
    assert upstream.connections == 1


async def test_no_redirect_is_followed_where_none_is_wanted() -> None:
    async with serve(redirect_to("/elsewhere")) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url(), max_redirects=0)
    assert (caught.value.code, len(upstream.requests)) == ("too_many_redirects", 1)
    assert caught.value.permanent, "the address is to be set right"
    assert caught.value.message.endswith("/elsewhere: redirects are not followed.")


async def test_a_redirect_status_without_a_location_is_an_answer() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(302, b"nowhere")

    async with serve(handler) as upstream:
        response = await ask(upstream.url())
    assert (response.status, response.body, response.redirects) == (302, b"nowhere", 0)


async def test_the_same_origin_keeps_its_headers_and_another_gets_none_of_the_secrets() -> None:
    async with serve(answer) as other, serve(redirect_to("/second")) as first:

        async def chain(request: Received, reply: Reply) -> None:
            location = other.url("/third") if request.path == "/second" else "/second"
            await reply.answer(307, b"", Location=location)

        async with serve(chain) as upstream:
            response = await ask(upstream.url("/first?key=s3cret"))
        del first
    assert (response.url, response.redirects) == (other.url("/third"), 2)
    assert upstream.requests[1].headers["authorization"] == "Bearer s3cret"
    seen = other.requests[0]
    assert seen.headers["accept"] == "application/json"
    assert "s3cret" not in f"{seen.path} {seen.headers}"


async def test_secrets_do_not_come_back_when_the_second_host_redirects_to_the_first() -> None:
    async with serve(answer) as first, serve(redirect_to(first.url("/back"))) as second:
        chain = OutgoingRequest("GET", second.url(), SECRETS)
        await send(chain, account_id=1, deadline_s=5)
    assert "authorization" not in first.requests[0].headers


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", ("GET", b"")),
        (302, "POST", ("GET", b"")),
        (302, "PUT", ("PUT", b"data")),
        (303, "POST", ("GET", b"")),
        (303, "PUT", ("GET", b"")),
        (303, "HEAD", ("HEAD", b"")),
        (307, "POST", ("POST", b"data")),
        (308, "PATCH", ("PATCH", b"data")),
    ],
)
async def test_the_method_after_a_redirect_is_as_the_standard_says(
    status: int, method: str, expected: tuple[str, bytes]
) -> None:
    async def handler(request: Received, reply: Reply) -> None:
        if request.path == "/there":
            await reply.answer(200)
        else:
            await reply.answer(status, b"", Location="/there")

    body = None if method == "HEAD" else b"data"
    async with serve(handler) as upstream:
        await ask(upstream.url("/here"), method, headers={"Content-Type": "text/plain"}, body=body)
    there = upstream.requests[-1]
    assert (there.method, there.body) == expected
    assert ("content-type" in there.headers) == (method == "HEAD" or expected[1] == b"data")


def test_https_never_becomes_http() -> None:
    target = parse_target("https://a.example/?key=s3cret")
    with pytest.raises(OutboundError) as caught:
        follow(Request("GET", str(target.url)), target, 301, "http://a.example/")
    assert (caught.value.code, caught.value.permanent) == ("insecure_redirect", True)
    assert "s3cret" not in str(caught.value)


def test_http_may_become_https_but_is_another_origin() -> None:
    target = parse_target("http://a.example/")
    request, following = follow(Request("GET", "http://a.example/", SECRETS), target, 301, "https://a.example/")
    assert following.origin == ("https", "a.example", 443)
    assert request.headers == {"Accept": "application/json"}
