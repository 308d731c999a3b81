"""`send` against servers that answer well, badly, slowly, endlessly or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

import outbound
from outbound.http import (
    IncomingResponse,
    OutboundError,
    OutgoingRequest,
    close_session,
    send,
    session_scope,
    shown_url,
)
from outbound.sessions import CONNECTIONS_PER_HOST, session_of
from tests.outbound.upstream import Received, Reply, serve

MIB = 1024 * 1024
GZIP = {"Content_Encoding": "gzip"}

pytestmark = pytest.mark.usefixtures("loopback_allowed")


async def get(url: str, *, method: str = "GET", deadline_s: float = 5.0, **options: Any) -> IncomingResponse:
    limits = {name: options.pop(name) for name in ("max_bytes", "max_redirects") if name in options}
    return await send(OutgoingRequest(method, url, **options), account_id=1, deadline_s=deadline_s, **limits)


async def failure(url: str, **options: Any) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await get(url, **options)
    assert caught.value.__context__ is None, "the client's own exceptions show URLs and headers"
    return caught.value


# --- good answers -----------------------------------------------------------------------------------------


async def test_a_json_answer_comes_back_whole() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, b'{"name": "Zo\xc3\xab"}', Content_Type="application/json", X_Twice="1")

    async with serve(handler) as upstream:
        response = await get(upstream.url("/a?b=1"), query={"c": "é&"})
    assert (response.status, response.json(), response.headers["x-twice"]) == (200, {"name": "Zoë"}, "1")
    assert response.url == upstream.url("/a?b=1&c=%C3%A9%26")
    assert 0 < response.elapsed_ms < 5000
    assert upstream.requests[0].path == "/a?b=1&c=%C3%A9%26"
    assert upstream.requests[0].headers["user-agent"] == f"Triptyque/{outbound.VERSION}"


async def test_an_error_status_is_an_answer_like_any_other() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({"error": "boom"}, status=500)

    async with serve(handler) as upstream:
        response = await get(upstream.url())
    assert (response.status, response.json()) == (500, {"error": "boom"})


@pytest.mark.parametrize("method", ["POST", "put", "Patch", "DELETE"])
async def test_a_body_is_sent_as_it_is_given(method: str) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    async with serve(handler) as upstream:
        await get(upstream.url(), method=method, headers={"Content-Type": "application/json"}, body=b'{"a": 1}')
        await get(upstream.url(), method=method, body=b"x" * (2 * MIB))
        await get(upstream.url(), method=method)
    typed, large, empty = upstream.requests
    assert (typed.method, typed.body, typed.headers["content-type"]) == (
        method.upper(),
        b'{"a": 1}',
        "application/json",
    )
    assert (len(large.body), large.headers["content-length"]) == (2 * MIB, str(2 * MIB))
    assert (empty.body, "content-type" in empty.headers) == (b"", False)


async def test_head_and_no_content_have_no_body() -> None:
    async def handler(request: Received, reply: Reply) -> None:
        reply.keep = True
        status = "204 No Content" if request.method == "GET" else "200 OK\r\nContent-Length: 99999999"
        await reply.send(f"HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\n\r\n".encode())

    async with serve(handler) as upstream:
        assert (await get(upstream.url())).body == b""
        assert (await get(upstream.url(), method="HEAD")).body == b""
        assert upstream.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_answer_is_decompressed(encoding: str) -> None:
    text = b'"' + b"bonjour " * 1000 + b'"'
    packed = gzip.compress(text) if encoding == "gzip" else zlib.compress(text)

    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, packed, Content_Encoding=encoding)

    async with serve(handler) as upstream:
        assert (await get(upstream.url())).body == text


async def test_cookies_are_not_kept_for_the_next_caller() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, b"", Set_Cookie="session=secret; Path=/")

    async with serve(handler) as upstream:
        await get(upstream.url())
        await get(upstream.url())
    assert "cookie" not in upstream.requests[1].headers


async def test_repeated_headers_are_joined_and_odd_bytes_stay_storable() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\nVia: a\r\nVia: b\r\nX-Name: Zo\xeb\r\nContent-Length: 0\r\n\r\n")

    async with serve(handler) as upstream:
        response = await get(upstream.url())
    assert (response.headers["via"], response.headers["x-name"]) == ("a, b", "Zoë")


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with serve(handler) as upstream:
        assert (await get(upstream.url())).status == 200


# --- bad answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus one\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a size\r\n",
    ],
    ids=["bytes", "ssh", "status", "header", "length", "chunks"],
)
async def test_what_is_not_http_is_a_bad_response(garbage: bytes) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(garbage)

    async with serve(handler) as upstream:
        error = await failure(upstream.url())
    assert (error.code, error.permanent) == ("bad_response", False)


@pytest.mark.parametrize(
    "head",
    [b"X-Long: " + b"a" * 20_000, b"\r\n".join(b"X-%d: a" % number for number in range(1000))],
    ids=["one long header", "a thousand headers"],
)
async def test_headers_beyond_measure_are_a_bad_response(head: bytes) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nContent-Length: 0\r\n\r\n")

    async with serve(handler) as upstream:
        assert (await failure(upstream.url())).code == "bad_response"


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"NaN", b"1e999", b"[" * 100_000, b"\xff\xfe\x00"])
async def test_an_answer_that_is_not_json_says_so(body: bytes) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, body, Content_Type="application/json")

    async with serve(handler) as upstream:
        response = await get(upstream.url())
    with pytest.raises(OutboundError) as caught:
        response.json()
    assert caught.value.code == "not_json"


async def test_json_in_a_declared_legacy_encoding_is_read() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, '{"ville": "Orléans"}'.encode("latin-1"), Content_Type="text/json; charset=iso-8859-1")

    async with serve(handler) as upstream:
        response = await get(upstream.url())
    assert response.json() == {"ville": "Orléans"}


async def test_a_hundred_megabytes_are_cut_off_early() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MIB))
        for _ in range(1600):
            await reply.send(b"x" * 65_536)

    async with serve(handler) as upstream:
        error = await failure(upstream.url())
        await asyncio.wait_for(upstream.hung_up.wait(), 5)
    assert (error.code, error.permanent) == ("too_large", False)
    assert upstream.bytes_sent < 20 * MIB


async def test_an_endless_chunked_body_is_cut_off() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await reply.send(b"10000\r\n" + b"x" * 65_536 + b"\r\n")

    async with serve(handler) as upstream:
        assert (await failure(upstream.url(), max_bytes=100_000)).code == "too_large"
        await asyncio.wait_for(upstream.hung_up.wait(), 5)


async def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, b"x" * 1000)

    async with serve(handler) as upstream:
        assert len((await get(upstream.url(), max_bytes=1000)).body) == 1000
        assert (await failure(upstream.url(), max_bytes=999)).code == "too_large"


async def test_a_gzip_bomb_ends_at_the_decompressed_limit_and_takes_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(300)) + packer.flush()
    assert len(bomb) < MIB, "small enough to pass, were it counted compressed"

    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, bomb, **GZIP)

    async with serve(handler) as upstream:
        tracemalloc.start()
        try:
            error = await failure(upstream.url(), deadline_s=20)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert error.code == "too_large"
    assert peak_bytes < 16 * MIB


async def test_a_body_that_cannot_be_decompressed_is_a_bad_response() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.answer(200, b"this is not gzip at all", **GZIP)

    async with serve(handler) as upstream:
        assert (await failure(upstream.url())).code == "bad_response"


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
    ids=["body", "chunks", "head", "nothing"],
)
async def test_a_connection_closed_half_way_says_so(part: bytes) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(part)

    async with serve(handler) as upstream:
        error = await failure(upstream.url(), method="POST")
    assert (error.code, error.permanent) == ("closed_early", False)
    assert upstream.connections == 1, "a POST is never sent twice"


# --- slow answers -----------------------------------------------------------------------------------------


async def assert_ends_at_deadline(url: str, **options: Any) -> None:
    began_s = time.perf_counter()
    error = await failure(url, deadline_s=0.3, **options)
    took_s = time.perf_counter() - began_s
    assert (error.code, error.permanent) == ("timed_out", False)
    assert "0.3" in error.message
    assert 0.29 < took_s < 1.0


async def test_an_upstream_that_never_answers_ends_at_the_deadline_and_is_hung_up_on() -> None:
    async def handler(_request: Received, _reply: Reply) -> None:
        await asyncio.Event().wait()

    async with serve(handler) as upstream:
        await assert_ends_at_deadline(upstream.url())


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: "])
async def test_a_drip_of_a_byte_at_a_time_ends_at_the_deadline(head: bytes) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(head)
        for _ in range(1000):
            await asyncio.sleep(0.05)
            await reply.send(b"x")

    async with serve(handler) as upstream:
        await assert_ends_at_deadline(upstream.url())
        await asyncio.wait_for(upstream.hung_up.wait(), 5)


async def test_a_flood_of_interim_answers_is_hung_up_on() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        while True:
            await reply.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    async with serve(handler) as upstream:
        assert (await failure(upstream.url())).code == "bad_response"
        await asyncio.wait_for(upstream.hung_up.wait(), 5)
    assert upstream.bytes_sent < 20 * MIB


async def test_a_few_interim_answers_are_passed_over() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3)
        await reply.json({})

    async with serve(handler) as upstream:
        assert (await get(upstream.url())).status == 200


async def test_interim_answers_one_by_one_end_at_the_deadline() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        while True:
            await reply.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.01)

    async with serve(handler) as upstream:
        await assert_ends_at_deadline(upstream.url())


async def test_redirects_share_one_deadline() -> None:
    async def handler(request: Received, reply: Reply) -> None:
        await asyncio.sleep(0.2)
        await reply.answer(302, b"", Location=f"{request.path}x")

    async with serve(handler) as upstream:
        await assert_ends_at_deadline(upstream.url(), max_redirects=10)


async def test_a_handshake_that_never_ends_ends_at_the_deadline() -> None:
    # A plain server waits for the rest of what it takes for a request line.
    async def handler(_request: Received, _reply: Reply) -> None:
        raise AssertionError("no request can be read")

    async with serve(handler) as upstream:
        await assert_ends_at_deadline(upstream.url().replace("http:", "https:"))


async def test_a_name_server_that_hangs_ends_at_the_deadline_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import threading

    release = threading.Event()

    def hang(*_args: Any, **_options: Any) -> list[Any]:
        release.wait(10)
        raise socket.gaierror("nobody knows")

    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    monkeypatch.setattr("outbound.guard.socket.getaddrinfo", hang)
    try:
        await asyncio.gather(*(assert_ends_at_deadline(f"http://dead-{number}.example/") for number in range(20)))
        # The loop's own threads are as free as before.
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 1) == "free"
    finally:
        release.set()


@pytest.mark.parametrize("deadline_s", [0, -1])
async def test_no_time_left_is_timed_out_without_sending(deadline_s: float) -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    async with serve(handler) as upstream:
        assert (await failure(upstream.url(), deadline_s=deadline_s)).code == "timed_out"
    assert upstream.requests == []


async def test_a_caller_who_is_cancelled_stays_cancelled() -> None:
    began = asyncio.Event()

    async def handler(_request: Received, _reply: Reply) -> None:
        began.set()
        await asyncio.Event().wait()

    async with serve(handler) as upstream:
        task = asyncio.create_task(get(upstream.url()))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- connections ------------------------------------------------------------------------------------------


async def test_a_refused_connection_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = await failure(f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert (error.code, error.permanent) == ("connection_failed", False)
    assert "refused" in error.message


async def test_a_name_that_nobody_knows_says_so(names: Any) -> None:
    error = await failure("http://nowhere.example/")
    assert (error.code, error.permanent) == ("connection_failed", False)
    assert "nowhere.example" in error.message


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with the openssl command")
async def test_a_certificate_that_nobody_signed_fails(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    async with serve(handler, tls=context) as upstream:
        error = await failure(upstream.url())
    assert (error.code, error.permanent) == ("tls_failed", False)
    assert "self-signed" in error.message
    assert upstream.requests == []


async def test_a_server_that_speaks_no_tls_fails() -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await failure(f"https://127.0.0.1:{port}/")).code == "tls_failed"


async def test_two_hundred_requests_at_once_share_one_bounded_pool() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({"ok": True})

    async with serve(handler) as upstream:
        session = session_of(granted=True)
        answers = await asyncio.gather(*(get(upstream.url(f"/{number}")) for number in range(200)))
        assert session_of(granted=True) is session
    assert all(answer.json() == {"ok": True} for answer in answers)
    assert len(upstream.requests) == 200
    assert upstream.connections <= CONNECTIONS_PER_HOST


async def test_a_scope_closes_the_session_and_the_next_request_opens_another() -> None:
    async def handler(_request: Received, reply: Reply) -> None:
        await reply.json({})

    async with serve(handler) as upstream:
        async with session_scope():
            await get(upstream.url())
            first = session_of(granted=True)
            assert not first.closed
        assert first.closed
        await asyncio.wait_for(upstream.hung_up.wait(), 5)
        await get(upstream.url())
        assert session_of(granted=True) is not first
        await close_session()
        await close_session()


async def test_the_last_of_several_scopes_closes() -> None:
    async with session_scope():
        async with session_scope():
            session = session_of(granted=True)
        assert not session.closed
    assert session.closed


def test_each_event_loop_has_its_own_session() -> None:
    async def ask() -> tuple[int, int]:
        async def handler(_request: Received, reply: Reply) -> None:
            await reply.json({})

        async with session_scope(), serve(handler) as upstream:
            return (await get(upstream.url())).status, id(session_of(granted=True))

    assert [asyncio.run(ask())[0] for _ in range(2)] == [200, 200]


# --- requests that are not sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("TRACE", {}),
        ("CONNECT", {}),
        ("GET / HTTP/1.1\r\nX: y", {}),
        ("GET", {"X-A": "1\r\nX-B: 2"}),
        ("GET", {"X-A": "1\nX-B: 2"}),
        ("GET", {"X-A": "1\x00"}),
        ("GET", {"X-A": "\ud800"}),
        ("GET", {"X-A\r\nX-B": "1"}),
        ("GET", {"X A": "1"}),
        ("GET", {"": "1"}),
        ("GET", {"Host": "169.254.169.254"}),
        ("GET", {"hOsT": "169.254.169.254"}),
        ("POST", {"Content-Length": "3"}),
        ("POST", {"Transfer-Encoding": "chunked"}),
        ("GET", {"Connection": "close"}),
        ("GET", {"Upgrade": "websocket"}),
        ("GET", {"Accept-Encoding": "br"}),
        ("GET", {"Proxy-Authorization": "Basic x"}),
    ],
)
async def test_a_request_that_would_break_the_connection_is_refused(method: str, headers: dict[str, str]) -> None:
    error = await failure("http://127.0.0.1:1/", method=method, headers=headers)
    assert (error.code, error.permanent) == ("invalid_request", True)


# --- what is shown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?token=s3cret&b=1#f", "https://a.example/x?token=***&b=***"),
        ("https://user:s3cret@a.example:8443/", "https://a.example:8443/"),
        ("https://hooks.example/services/T00/B00/abcDEF123abcDEF123", "https://hooks.example/services/T00/B00/***"),
        ("https://a.example/?sk0live0s3cret0abcdef", "https://a.example/?***=***"),
        ("http://[fd00::1]:8080/customers/42", "http://[fd00::1]:8080/customers/42"),
        ("http://user:s3cret@[broken", "***"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert "s3cret" not in repr(OutgoingRequest("GET", url, {"Authorization": "s3cret"}, {"key": "s3cret"}, b"s3cret"))


async def test_no_error_shows_a_secret() -> None:
    secret = "s3cret"
    answers = iter([b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])

    async def handler(_request: Received, reply: Reply) -> None:
        await reply.send(next(answers, b"HTTP/1.1 302 Found\r\nLocation: ?again=s3cret\r\nContent-Length: 0\r\n\r\n"))

    options: dict[str, Any] = {"headers": {"Authorization": secret}, "query": {"key": secret}, "body": secret.encode()}
    async with serve(handler) as upstream:
        errors = [await failure(upstream.url("/p?token=s3cret"), method="POST", **options) for _ in range(4)]
    errors.append(await failure(f"http://user:{secret}@127.0.0.1/"))
    errors.append(await failure(f"http://10.0.0.1/?token={secret}"))
    errors.append(await failure(f"http://127.0.0.1:1/?token={secret}"))
    assert {error.code for error in errors} >= {"bad_response", "closed_early", "too_many_redirects", "invalid_url"}
    for error in errors:
        assert secret not in f"{error} {error!r} {vars(error)}"


def test_an_answer_keeps_its_body_and_url_out_of_its_repr() -> None:
    assert "s3cret" not in repr(IncomingResponse(200, {}, b"s3cret", 1.0, "http://a/?s3cret"))


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == outbound.VERSION


def test_the_answers_json_is_plain_json() -> None:
    value = {"a": [1, 2.5, None, True, "é"], "b": {"c": -1e10}}
    assert IncomingResponse(200, {}, json.dumps(value).encode(), 1.0, "http://a/").json() == value
