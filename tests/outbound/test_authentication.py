"""What a profile puts into a request, where it stays behind, and that it shows up nowhere."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, send
from tests.outbound.profiles import Profiles
from tests.outbound.upstream import Received, Reply, serve

SECRET = "s3cret/with+signs&that=nobody may see"
TOKEN = "s3cret-token-0123456789"

pytestmark = pytest.mark.usefixtures("loopback_allowed")


async def ask(url: str, profile: str = "crm", *, method: str = "GET", account_id: int = 1, **options: Any) -> Any:
    limits = {name: options.pop(name) for name in ("max_redirects",) if name in options}
    return await send(
        OutgoingRequest(method, url, **options), account_id=account_id, deadline_s=5, auth_profile=profile, **limits
    )


async def refusal(url: str, profile: str = "crm", **options: Any) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await ask(url, profile, **options)
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return caught.value


async def yes(_request: Received, reply: Reply) -> None:
    await reply.json({"ok": True})


# --- where it goes ----------------------------------------------------------------------------------------


async def test_a_bearer_token_takes_the_place_of_any_other(profiles: Profiles) -> None:
    profiles.add("crm", "bearer", {"token": TOKEN})
    async with serve(yes) as upstream:
        await ask(upstream.url(), headers={"authorization": "Basic eDp5", "X-Other": "1"})
    headers = upstream.requests[0].headers
    assert (headers["authorization"], headers["x-other"]) == (f"Bearer {TOKEN}", "1")


async def test_basic_joins_name_and_password_in_utf_8(profiles: Profiles) -> None:
    profiles.add("crm", "basic", {"password": "pä:ss wörd"}, username="zoë")
    async with serve(yes) as upstream:
        await ask(upstream.url())
    scheme, _, pair = upstream.requests[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "zoë:pä:ss wörd")


async def test_api_keys_go_to_header_query_and_body(profiles: Profiles) -> None:
    items = [{"name": "X-Key", "in": "header"}, {"name": "key", "in": "query"}, {"name": "secret", "in": "body"}]
    profiles.add("crm", "api_key", {"X-Key": TOKEN, "key": SECRET, "secret": SECRET}, items=items)
    async with serve(yes) as upstream:
        body = json.dumps({"name": "Zoë", "secret": "mine"}).encode()
        await ask(upstream.url("/?key=mine&a=1"), method="POST", body=body, query={"key": "mine", "b": "2"})
    request = upstream.requests[0]
    assert request.headers["x-key"] == TOKEN
    assert sorted(parse_qsl(urlsplit(request.path).query)) == [("a", "1"), ("b", "2"), ("key", SECRET)]
    assert json.loads(request.body) == {"name": "Zoë", "secret": SECRET}
    assert "content-type" in request.headers


async def test_a_key_goes_into_a_form_too(profiles: Profiles) -> None:
    profiles.add("crm", "api_key", {"key": SECRET}, items=[{"name": "key", "in": "body"}])
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    async with serve(yes) as upstream:
        await ask(upstream.url(), method="POST", body=b"a=1&key=mine&b=", headers=headers)
    assert parse_qsl(upstream.requests[0].body.decode(), keep_blank_values=True) == [
        ("a", "1"),
        ("b", ""),
        ("key", SECRET),
    ]


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("POST", b"[1]"), ("POST", b"\xff"), ("POST", b"{" * 9_999)]
)
async def test_a_key_that_does_not_fit_into_the_body_is_a_clear_error(
    profiles: Profiles, method: str, body: bytes | None
) -> None:
    profiles.add("crm", "api_key", {"key": SECRET}, items=[{"name": "key", "in": "body"}])
    async with serve(yes) as upstream:
        error = await refusal(upstream.url(), method=method, body=body)
    assert (error.code, error.permanent, upstream.requests) == ("auth_failed", True, [])
    assert "“crm”" in error.message


# --- where it does not go ---------------------------------------------------------------------------------


async def test_a_profile_is_sent_to_its_hosts_only(profiles: Profiles) -> None:
    async with serve(yes) as upstream, serve(yes, host="127.0.0.2") as other:
        profiles.add("crm", "bearer", {"token": TOKEN}, hosts=(f"127.0.0.1:{upstream.port}", "*.crm.example"))
        assert (await ask(upstream.url())).status == 200
        error = await refusal(other.url())
    assert (error.code, error.permanent, other.requests) == ("auth_failed", True, [])
    assert "127.0.0.2" in error.message


async def test_a_credential_is_not_sent_where_everybody_can_read_it(profiles: Profiles, settings: Any) -> None:
    profiles.add("crm", "bearer", {"token": TOKEN})
    error = await refusal("http://crm.example/customers")
    assert (error.code, error.permanent) == ("auth_failed", True)
    assert "https://" in error.message
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["crm.invalid"]
    assert (await refusal("http://crm.invalid/")).code == "connection_failed", "staff granted the host"


async def test_another_accounts_profile_is_not_there(profiles: Profiles) -> None:
    profiles.add("crm", "bearer", {"token": TOKEN})
    async with serve(yes) as upstream:
        error = await refusal(upstream.url(), account_id=2)
    assert (error.code, upstream.requests) == ("auth_failed", [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_leaves_the_credential_behind(profiles: Profiles, status: int) -> None:
    items = [{"name": "X-Key", "in": "header"}, {"name": "key", "in": "query"}, {"name": "secret", "in": "body"}]
    profiles.add("crm", "api_key", {"X-Key": TOKEN, "key": SECRET, "secret": SECRET}, items=items)
    async with serve(yes, host="127.0.0.2") as thief:

        async def away(request: Received, reply: Reply) -> None:
            # A server that takes the query along, as many do.
            await reply.answer(status, Location=f"{thief.url()}?{urlsplit(request.path).query}&a=1")

        async with serve(away) as upstream:
            answer = await ask(upstream.url("/?b=2"), method="POST", body=b'{"name": "x"}')
    assert answer.status == 200
    assert f"secret={SECRET}" not in upstream.requests[0].body.decode()
    stolen = repr(thief.requests)
    assert parse_qsl(urlsplit(thief.requests[0].path).query) == [("b", "2"), ("a", "1")]
    assert not any(word in stolen for word in (TOKEN, SECRET, "s3cret", "x-key"))


async def test_a_redirect_that_hides_the_credential_in_the_path_is_refused(profiles: Profiles) -> None:
    profiles.add("crm", "api_key", {"key": TOKEN}, items=[{"name": "key", "in": "query"}])
    async with serve(yes, host="127.0.0.2") as thief:

        async def away(_request: Received, reply: Reply) -> None:
            await reply.answer(302, Location=thief.url(f"/stolen/{TOKEN}"))

        async with serve(away) as upstream:
            error = await refusal(upstream.url())
    assert (error.code, thief.requests) == ("insecure_redirect", [])


async def test_a_way_back_does_not_bring_the_credential_back(profiles: Profiles) -> None:
    profiles.add("crm", "bearer", {"token": TOKEN})
    async with serve(yes, host="127.0.0.2") as between:

        async def away(request: Received, reply: Reply) -> None:
            if request.path == "/":
                await reply.answer(302, Location=between.url())
            else:
                await reply.json({})

        async with serve(away) as upstream:

            async def back(_request: Received, reply: Reply) -> None:
                await reply.answer(302, Location=upstream.url("/back"))

            async with serve(back, host="127.0.0.2") as returning:
                between.port = returning.port
                await ask(upstream.url())
    assert [request.headers.get("authorization") for request in upstream.requests] == [f"Bearer {TOKEN}", None]


async def test_a_redirect_on_the_same_host_keeps_the_credential(profiles: Profiles) -> None:
    profiles.add("crm", "api_key", {"key": SECRET}, items=[{"name": "key", "in": "query"}])

    async def move(request: Received, reply: Reply) -> None:
        if request.path.startswith("/old"):
            await reply.answer(307, Location=request.path.replace("old", "new"))
        else:
            await reply.json({})

    async with serve(move) as upstream:
        await ask(upstream.url("/old"))
    assert [parse_qsl(urlsplit(request.path).query) for request in upstream.requests] == [[("key", SECRET)]] * 2


# --- what is shown ----------------------------------------------------------------------------------------


async def test_neither_the_answer_nor_the_log_nor_what_is_shown_holds_the_credential(
    profiles: Profiles, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    items = [{"name": "X-Key", "in": "header"}, {"name": "api", "in": "query"}, {"name": "member", "in": "body"}]
    profiles.add("crm", "api_key", {"X-Key": TOKEN, "api": SECRET, "member": SECRET}, items=items)

    async def echo(request: Received, reply: Reply) -> None:
        told = {"path": request.path, "headers": request.headers, "body": request.body.decode()}
        await reply.answer(200, json.dumps(told).encode(), X_Echo=request.headers["x-key"])

    async with serve(echo) as upstream:
        answer: IncomingResponse = await ask(
            upstream.url("/a"), method="POST", body=b'{"a": 1}', headers={"X-Mine": "shown"}, query={"b": "2"}
        )
    told = [answer.text(), repr(answer), json.dumps(answer.headers), answer.url, json.dumps(answer.sent), caplog.text]
    assert not any("s3cret" in text for text in told)
    assert answer.sent == {
        "method": "POST",
        "url": upstream.url("/a"),
        "query": {"b": "2", "api": "***"},
        "headers": {"X-Mine": "shown", "X-Key": "***", "Content-Type": answer.sent["headers"]["Content-Type"]},
        "auth_profile": "crm",
    }


async def test_a_request_without_a_profile_is_shown_too() -> None:
    async with serve(yes) as upstream:
        answer = await send(
            OutgoingRequest("GET", upstream.url(), {"Authorization": TOKEN, "A": "b"}), account_id=1, deadline_s=5
        )
    assert answer.sent == {"method": "GET", "url": upstream.url("/"), "headers": {"Authorization": "***", "A": "b"}}


async def test_no_repr_shows_a_secret(profiles: Profiles) -> None:
    credential = profiles.add("crm", "basic", {"password": TOKEN}, username="u")
    applied = await credential.kind.apply(OutgoingRequest("GET", "http://a.example"), credential, None)  # type: ignore[arg-type]
    shown = [repr(credential), str(credential.secrets), repr(applied), repr(applied.request), f"{credential.secrets}"]
    assert not any(TOKEN in text for text in shown)
