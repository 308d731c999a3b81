"""A small sample CRM, over HTTP, in a process of its own: ``python -m demo.crm --port 23456 --state crm.sqlite3``.

    GET  /customers?phone=+33639980101   {"customer": {…}} or 404
    GET  /customers/{id}/notes           {"notes": [{…}]}, oldest first
    POST /customers/{id}/notes           {"text", "call_id", "classification"} -> 201 {"note": {…}}
    GET  /notes                          the notes of every customer

A POST with an ``Idempotency-Key`` seen before stores nothing and gives the first answer again; the same key
with another body is refused with 422.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.crm_data import CUSTOMERS, Customer
from demo.serving import stop_on_signals

MAX_BODY_BYTES = 100_000
NOTE_FIELDS = ("text", "call_id", "classification")

SCHEMA = """
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL,
    text TEXT NOT NULL,
    call_id TEXT NOT NULL,
    classification TEXT NOT NULL,
    idempotency_key TEXT UNIQUE,
    request_hash TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]


class Crm:
    """Customers and their notes, kept in one SQLite file; safe to use from many threads."""

    def __init__(self, state: Path) -> None:
        state.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(state, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def find_by_phone(self, phone: str) -> Answer:
        # A plus sign that was not escaped in the query arrives as a space.
        wanted = "+" + phone.strip().lstrip("+")
        for customer in CUSTOMERS:
            if customer["phone"] == wanted:
                return Answer(200, {"customer": customer})
        return Answer(404, {"error": "no customer has this number"})

    def notes(self, customer_id: str | None = None) -> Answer:
        if customer_id is not None and _customer(customer_id) is None:
            return Answer(404, {"error": "unknown customer"})
        with self._lock:
            rows = self._database.execute(
                "SELECT * FROM note WHERE ? IS NULL OR customer_id = ? ORDER BY id", (customer_id, customer_id)
            ).fetchall()
        return Answer(200, {"notes": [_note(row) for row in rows]})

    def add_note(self, customer_id: str, body: bytes, idempotency_key: str | None) -> Answer:
        if _customer(customer_id) is None:
            return Answer(404, {"error": "unknown customer"})
        try:
            fields = _read_note(body)
        except ValueError as error:
            return Answer(400, {"error": str(error)})
        request_hash = hashlib.sha256(customer_id.encode() + b"\0" + body).hexdigest()
        with self._lock:
            # One statement decides who is first, also against another process.
            self._database.execute(
                "INSERT INTO note (customer_id, text, call_id, classification, idempotency_key, request_hash)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (idempotency_key) DO NOTHING",
                (customer_id, *(fields[name] for name in NOTE_FIELDS), idempotency_key, request_hash),
            )
            row = self._database.execute(
                "SELECT * FROM note WHERE idempotency_key = ? OR (? IS NULL AND id = last_insert_rowid())",
                (idempotency_key, idempotency_key),
            ).fetchone()
        if row["request_hash"] != request_hash:
            return Answer(422, {"error": "this Idempotency-Key was used for another request"})
        return Answer(201, {"note": _note(row)})


def _customer(customer_id: str) -> Customer | None:
    return next((customer for customer in CUSTOMERS if customer["id"] == customer_id), None)


def _note(row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "customer_id", *NOTE_FIELDS, "idempotency_key")}


def _read_note(body: bytes) -> dict[str, str]:
    """The fields of a note; raises ValueError with what is wrong with them."""
    try:
        fields = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("text"), str) or not fields["text"].strip():
        raise ValueError("text is required")
    return {name: str(fields.get(name) or "") for name in NOTE_FIELDS}


class CrmServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], crm: Crm) -> None:
        super().__init__(address, Handler)
        self.crm = crm


class Handler(BaseHTTPRequestHandler):
    server: CrmServer
    protocol_version = "HTTP/1.1"
    server_version = "SampleCRM"
    timeout = 60

    def do_GET(self) -> None:
        self._answer(self._route_get())

    def do_POST(self) -> None:
        self._answer(self._route_post())

    def _route_get(self) -> Answer:
        crm, url = self.server.crm, urlsplit(self.path)
        if url.path == "/customers":
            return crm.find_by_phone(parse_qs(url.query).get("phone", [""])[0])
        if url.path == "/notes":
            return crm.notes()
        if found := re.fullmatch(r"/customers/([^/]+)/notes", url.path):
            return crm.notes(found[1])
        return Answer(404, {"error": "not found"})

    def _route_post(self) -> Answer:
        declared = self.headers.get("Content-Length", "")
        if not declared.isdecimal() or int(declared) > MAX_BODY_BYTES:
            self.close_connection = True
            # A client that is still sending would not read the answer.
            self.rfile.read(min(int(declared), 100 * MAX_BODY_BYTES) if declared.isdecimal() else 0)
            return Answer(413, {"error": f"a body of at most {MAX_BODY_BYTES} bytes, with its length, is needed"})
        length = int(declared)
        body = self.rfile.read(length)
        found = re.fullmatch(r"/customers/([^/]+)/notes", urlsplit(self.path).path)
        if found is None:
            return Answer(404, {"error": "not found"})
        return self.server.crm.add_note(found[1], body, self.headers.get("Idempotency-Key"))

    def _answer(self, answer: Answer) -> None:
        body = json.dumps(answer.body, ensure_ascii=False).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="The demonstration's sample CRM.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file that keeps the notes")
    options = parser.parse_args()
    stop_on_signals()
    with CrmServer(("127.0.0.1", options.port), Crm(options.state)) as server:
        print(f"sample CRM: http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
