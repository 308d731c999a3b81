"""What a played call must leave behind, looked up where it must be found."""

from __future__ import annotations

import mailbox
import time
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

from demo.crm_data import VIP_ID
from demo.runtime_client import Unexpected, request


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Unexpected(otherwise)


def email_essence(run: dict[str, Any], call_id: str, maildir: Path | None) -> str:
    """Subject and recipient of the one message about the call; without a maildir, only that it was sent."""
    expect(run["state"] == "succeeded", why(run))
    if maildir is None:
        return "sent to the server in EMAIL_URL"
    found = messages_about(call_id, maildir)
    expect(len(found) == 1, f"{len(found)} messages about the call are in {maildir}, instead of one.")
    subject = str(make_header(decode_header(found[0]["Subject"])))
    expect("Hélène Marchand" in subject, f"The subject was not rendered: {subject!r}")
    return f"“{subject}” → {found[0]['To']}"


def note_essence(run: dict[str, Any], call_id: str, crm_url: str, summary: str) -> str:
    """The one note about the call in the CRM, which holds its summary."""
    expect(run["state"] == "succeeded", why(run))
    notes = request("GET", f"{crm_url}/customers/{VIP_ID}/notes").expect(200, "The sample CRM")["notes"]
    mine = [note for note in notes if note["call_id"] == call_id]
    expect(len(mine) == 1, f"{len(mine)} notes about the call are in the CRM, instead of one.")
    expect(summary in mine[0]["text"], f"The note lacks the summary: {mine[0]['text']!r}")
    return f"the summary is note {mine[0]['id']} of {VIP_ID} in the CRM"


def only_directive(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    directives: list[dict[str, Any]] = answer["directives"]
    expect(
        [directive["type"] for directive in directives] == [kind],
        f"The directive {kind} was expected: {directives or answer['result']}",
    )
    return directives[0]


def run_of(call: dict[str, Any], action: str) -> dict[str, Any]:
    for run in call["runs"]:
        if run["action"] == action:
            found: dict[str, Any] = run
            return found
    raise Unexpected(f"The call has no run of {action}.")


def why(run: dict[str, Any]) -> str:
    reason = (run.get("error") or {}).get("message") or run.get("skipped_reason") or "no reason given"
    return f"{run['action']} is {run['state']}: {reason}"


def messages_about(call_id: str, maildir: Path) -> list[Message]:
    """The messages of the last minutes whose text names the call."""
    box, recent = mailbox.Maildir(maildir, create=False), time.time() - 600
    return [message for message in box if message.get_date() > recent and call_id in _text_of(message)]


def _text_of(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode(part.get_content_charset("utf-8")) if isinstance(payload, bytes) else ""
    return ""
