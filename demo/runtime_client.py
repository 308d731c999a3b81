"""Talks to a copy as a voice runtime does: JSON over HTTP with an API key, nothing else."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

TIMEOUT_S = 40.0
# Never through a proxy of the environment: everything here is on this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unexpected(Exception):
    """The call did not go as the sample data would have it; the message says where and how."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    elapsed_ms: float

    def expect(self, status: int, what: str) -> Any:
        """The body, when the status is the one expected."""
        if self.status != status:
            raise Unexpected(f"{what} was answered {self.status} instead of {status}: {_essence(self.body)}")
        return self.body


@dataclass(frozen=True)
class RuntimeClient:
    url: str
    api_key: str

    def get(self, path: str) -> Reply:
        return self._send("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Reply:
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        headers = {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}
        return request(method, f"{self.url}/api/v1/{path}", body, headers)


def request(
    method: str,
    url: str,
    body: dict[str, Any] | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    timeout_s: float = TIMEOUT_S,
) -> Reply:
    """One exchange; a status that says no is a reply like any other. Raises Unexpected without an answer."""
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers = {**headers, "Content-Type": "application/json"}
    started = time.perf_counter()
    try:
        outgoing = urllib.request.Request(url, data=data, headers=dict(headers), method=method)
        with _direct.open(outgoing, timeout=timeout_s) as response:
            status, raw = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, raw = error.code, error.read()
    except OSError as error:
        raise Unexpected(f"{url} does not answer: {getattr(error, 'reason', error)}") from error
    elapsed_ms = (time.perf_counter() - started) * 1000
    try:
        return Reply(status, json.loads(raw), elapsed_ms)
    except ValueError:
        return Reply(status, raw.decode(errors="replace"), elapsed_ms)


def _essence(body: Any) -> str:
    """A problem document's own words, or the beginning of whatever came."""
    if isinstance(body, dict) and "title" in body:
        details = [body.get("detail"), *(body.get("errors") or [])]
        return " ".join(str(part) for part in (body["title"], *details) if part)
    return str(body)[:300]
