"""The sample CRM, over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.crm import Crm, CrmServer
from demo.crm_data import CUSTOMERS, VIP_ID, VIP_PHONE
from demo.runtime_client import request

NOTE = {"text": "A rappelé.", "call_id": "call-1", "classification": "information"}


@contextmanager
def serving(state: Path) -> Iterator[str]:
    crm = Crm(state)
    with CrmServer(("127.0.0.1", 0), crm) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    crm.close()


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "crm.sqlite3") as url:
        yield url


@pytest.mark.parametrize("written", [VIP_PHONE.replace("+", "%2B"), VIP_PHONE, VIP_PHONE[1:]])
def test_it_finds_a_customer_by_number_however_the_plus_was_sent(crm: str, written: str) -> None:
    found = request("GET", f"{crm}/customers?phone={written}").expect(200, "customer")["customer"]
    assert (found["id"], found["first_name"], found["tier"]) == (VIP_ID, "Hélène", "gold")


@pytest.mark.parametrize("phone", ["", "anonymous", "%2B33639980199"])
def test_it_answers_404_for_a_number_that_nobody_has(crm: str, phone: str) -> None:
    assert request("GET", f"{crm}/customers?phone={phone}").status == 404


def test_every_customer_has_a_number_reserved_for_fiction() -> None:
    assert all(customer["phone"].startswith(("+3363998", "+33199000")) for customer in CUSTOMERS)
    assert len({customer["phone"] for customer in CUSTOMERS}) == len(CUSTOMERS) == 12


def test_a_note_stands_with_its_customer_and_in_the_whole_list(crm: str) -> None:
    note = request("POST", f"{crm}/customers/{VIP_ID}/notes", NOTE).expect(201, "note")["note"]
    assert note.items() >= NOTE.items()
    assert request("GET", f"{crm}/customers/{VIP_ID}/notes").body == {"notes": [note]}
    assert request("GET", f"{crm}/customers/C-1002/notes").body == {"notes": []}
    assert request("GET", f"{crm}/notes").body == {"notes": [note]}


def test_the_same_key_stores_one_note_and_gets_the_first_answer(crm: str) -> None:
    url, headers = f"{crm}/customers/{VIP_ID}/notes", {"Idempotency-Key": "run-1"}
    first, again = (request("POST", url, NOTE, headers) for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body) == (201, first.body)
    assert len(request("GET", f"{crm}/notes").body["notes"]) == 1


def test_without_a_key_each_request_stores_a_note(crm: str) -> None:
    for _ in range(2):
        request("POST", f"{crm}/customers/{VIP_ID}/notes", NOTE)
    assert len(request("GET", f"{crm}/notes").body["notes"]) == 2


def test_a_key_with_another_body_is_refused(crm: str) -> None:
    url, headers = f"{crm}/customers/{VIP_ID}/notes", {"Idempotency-Key": "run-1"}
    request("POST", url, NOTE, headers)
    assert request("POST", url, {**NOTE, "text": "Autre."}, headers).status == 422


def test_one_key_from_many_clients_at_once_stores_one_note(crm: str) -> None:
    url, headers = f"{crm}/customers/{VIP_ID}/notes", {"Idempotency-Key": "run-1"}
    answers: list[int] = []
    clients = [
        threading.Thread(target=lambda: answers.append(request("POST", url, NOTE, headers).body["note"]["id"]))
        for _ in range(10)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [1] * 10
    assert len(request("GET", f"{crm}/notes").body["notes"]) == 1


def test_notes_outlive_the_process(tmp_path: Path) -> None:
    with serving(tmp_path / "crm.sqlite3") as crm:
        request("POST", f"{crm}/customers/{VIP_ID}/notes", NOTE, {"Idempotency-Key": "run-1"})
    with serving(tmp_path / "crm.sqlite3") as crm:
        request("POST", f"{crm}/customers/{VIP_ID}/notes", NOTE, {"Idempotency-Key": "run-1"})
        assert len(request("GET", f"{crm}/notes").body["notes"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("customers/C-9999/notes", NOTE, 404),
        ("customers", NOTE, 404),
        (f"customers/{VIP_ID}/notes", {"text": " "}, 400),
        (f"customers/{VIP_ID}/notes", {"text": "x" * 200_000}, 413),
    ],
)
def test_it_refuses_what_it_cannot_store(crm: str, path: str, body: dict[str, str], status: int) -> None:
    assert request("POST", f"{crm}/{path}", body).status == status
    assert request("GET", f"{crm}/notes").body == {"notes": []}


def test_a_length_that_is_no_number_is_refused_and_the_server_goes_on(crm: str) -> None:
    port = int(crm.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"POST /notes HTTP/1.1\r\nHost: crm\r\nContent-Length: many\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")
    assert request("GET", f"{crm}/notes").status == 200
