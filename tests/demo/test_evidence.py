"""The demonstration checks what it claims: a message or a note that is missing or doubled fails it."""

from __future__ import annotations

import io
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from demo.evidence import email_essence, only_directive, run_of
from demo.runtime_client import RuntimeClient, Unexpected
from demo.timeline import Timeline

RUN = {"action": "prevenir", "moment": "after", "state": "succeeded", "duration_ms": 12.3, "error": None}


def deliver(maildir: Path, text: str, subject: str = "Résiliation : Hélène Marchand") -> None:
    message = EmailMessage()
    message["To"], message["Subject"] = "equipe@demo.example", subject
    message.set_content(text)
    mailbox.Maildir(maildir, create=True).add(message.as_bytes())


def test_one_message_about_the_call_is_what_is_wanted(tmp_path: Path) -> None:
    deliver(tmp_path / "box", "Appel : call-1")
    deliver(tmp_path / "box", "Appel : call-2")
    assert email_essence(RUN, "call-1", tmp_path / "box") == "“Résiliation : Hélène Marchand” → equipe@demo.example"


@pytest.mark.parametrize("copies", [0, 2])
def test_none_or_two_are_not(tmp_path: Path, copies: int) -> None:
    mailbox.Maildir(tmp_path / "box", create=True)
    for _ in range(copies):
        deliver(tmp_path / "box", "Appel : call-1")
    with pytest.raises(Unexpected, match=f"{copies} messages about the call"):
        email_essence(RUN, "call-1", tmp_path / "box")


def test_a_subject_that_was_not_rendered_is_told(tmp_path: Path) -> None:
    deliver(tmp_path / "box", "Appel : call-1", subject="{{ params.firstName }}")
    with pytest.raises(Unexpected, match="The subject was not rendered"):
        email_essence(RUN, "call-1", tmp_path / "box")


def test_a_run_that_did_not_succeed_is_told_with_its_reason(tmp_path: Path) -> None:
    dead = {**RUN, "state": "dead", "error": {"code": "refused", "message": "The server said no."}}
    with pytest.raises(Unexpected, match=r"prevenir is dead: The server said no\."):
        email_essence(dead, "call-1", tmp_path)


def test_another_directive_than_the_one_expected_is_told() -> None:
    with pytest.raises(Unexpected, match="The directive transfer was expected"):
        only_directive({"directives": [], "result": {"status": "failed"}}, "transfer")


def test_a_run_that_is_not_there_is_told() -> None:
    with pytest.raises(Unexpected, match="has no run of prevenir"):
        run_of({"runs": []}, "prevenir")


def test_a_copy_that_does_not_answer_is_told() -> None:
    with pytest.raises(Unexpected, match="api/v1/calls does not answer"):
        RuntimeClient("http://127.0.0.1:9", "tq_x_y").get("calls")


def test_long_texts_are_wrapped_under_their_column() -> None:
    out = io.StringIO()
    Timeline(out, width=96).run(RUN, "mot " * 20)
    first, second = out.getvalue().splitlines()
    assert first.startswith("  after   prevenir               succeeded     12  mot mot")
    assert len(first) <= 96
    assert second.strip() == second[first.index("mot") :]
