"""Whatever an upstream does while the phone rings, the call gets its answer within the runtime's budget."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.conftest import World
from tests.journeys.test_inbound_call import edge, node, post

pytestmark = pytest.mark.processes

BUDGET_MS = 1500
MEBIBYTE = b"x" * 1024 * 1024
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer_500(send: Callable[[bytes], Any]) -> None:
    send(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops")


def answer_garbage(send: Callable[[bytes], Any]) -> None:
    send(b"\x00\xff\x13 this is not HTTP \r\n\r\n" * 20)


def answer_100_mib(send: Callable[[bytes], Any]) -> None:
    send(JSON_HEAD + b"Content-Length: 104857600\r\n\r\n")
    for _ in range(100):
        send(MEBIBYTE)


def answer_never(send: Callable[[bytes], Any]) -> None:
    time.sleep(5)


def drip(send: Callable[[bytes], Any]) -> None:
    send(JSON_HEAD + b"Content-Length: 20\r\n\r\n")
    for _ in range(20):
        send(b" ")
        time.sleep(0.4)


def close_half_way(send: Callable[[bytes], Any]) -> None:
    send(JSON_HEAD + b'Content-Length: 200\r\n\r\n{"customer": ')


def answer_html(send: Callable[[bytes], Any]) -> None:
    send(JSON_HEAD + b"Content-Length: 15\r\n\r\n<html>Hi</html>")


def redirect_to_metadata(send: Callable[[bytes], Any]) -> None:
    send(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n")


WHAT_IT_DOES = {
    "answers-500": (answer_500, {"unexpected_status"}),
    "answers-garbage": (answer_garbage, {"bad_response"}),
    "answers-100-mib": (answer_100_mib, {"too_large"}),
    "answers-never": (answer_never, {"timed_out"}),
    "drips": (drip, {"timed_out"}),
    "closes-half-way": (close_half_way, {"closed_early"}),
    "answers-html": (answer_html, {"not_json"}),
    "redirects-to-metadata": (redirect_to_metadata, {"blocked_address"}),
}


class Hostile(socketserver.BaseRequestHandler):
    """Does what the first segment of the path says."""

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (received := self.request.recv(4096)):
                return
            head += received
        behaviour = head.split(b" ")[1].decode().strip("/").partition("?")[0]
        with contextlib.suppress(OSError):
            WHAT_IT_DOES[behaviour][0](self.request.sendall)


@pytest.fixture
def upstream() -> Iterator[str]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Hostile) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def workflow(name: str, url: str) -> dict[str, Any]:
    nodes = [
        node("start", "start"),
        node("ask", "api_request", method="GET", url=url, mapping=[{"path": "tier", "variable": "tier"}]),
        node("back", "return", parameters={"tier": "{{ tier }}"}),
    ]
    return {"name": name, "graph": {"nodes": nodes, "edges": [edge("start", "ask"), edge("ask", "back")]}}


def test_the_call_is_answered_in_time_with_the_defaults_and_the_run_says_why(world: World, upstream: str) -> None:
    key = world.stack.create_account()
    host = upstream.removeprefix("http://")
    world.stack.environment["OUTBOUND_ALLOWED_PRIVATE_HOSTS"] += f",{host}"
    world.stack.start_web()
    with world.stack.client(key) as api:
        for name in WHAT_IT_DOES:
            post(api, "workflows", workflow(name, f"{upstream}/{name}"))
            post(api, "agents", {"name": name, "slug": name, "language": "en"})
            action = {
                "moment": "before",
                "kind": "workflow",
                "name": "look_up",
                "workflow": name,
                "default_parameters": {"tier": "unknown"},
            }
            post(api, f"agents/{name}/actions", action)
            post(api, f"agents/{name}/releases", {})
        told = {}
        for name in WHAT_IT_DOES:
            started = time.monotonic()
            call = api.post("calls", json={"agent": name, "budget_ms": BUDGET_MS}).raise_for_status().json()
            took_ms = (time.monotonic() - started) * 1000
            assert took_ms < BUDGET_MS + 50, name
            assert call["parameters"] == {"tier": "unknown"}, name
            assert call["runs"][0]["state"] == "failed", name
            assert call["runs"][0]["error"]["message"], name
            told[name] = call["runs"][0]["error"]["code"]
    assert {name: {code} for name, code in told.items()} == {name: codes for name, (_, codes) in WHAT_IT_DOES.items()}
