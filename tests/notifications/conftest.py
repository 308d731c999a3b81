"""A finished call, an email to send about it, and a real mail server on the loopback to send it to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone
from django_scopes import scope

from actions.contract import AgentFacts, CallContext, Deadline, Moment
from actions.expressions import scope as names
from actions.models import Agent
from calls.models import Call
from notifications.kinds.email import EmailAction


class MailServer:
    """Keeps what it accepts. ``answers`` maps recipients to refusals; ``data_answer`` is the last word, said late."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.data_answer = "250 kept"
        self.delay_s = 0.0
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay_s)
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.data_answer

    @property
    def messages(self) -> list[EmailMessage]:
        raw = [envelope.original_content or b"" for envelope in self.envelopes]
        return [email.message_from_bytes(content, policy=email.policy.default) for content in raw]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_port(settings: Any) -> int:
    """Where Django sends emails in this test: nobody listens there yet."""
    settings.EMAIL_BACKEND = "notifications.email.smtp.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_TIMEOUT = 2
    settings.DEFAULT_FROM_EMAIL = "Triptyque <triptyque@lac.example>"
    return int(settings.EMAIL_PORT)


@pytest.fixture
def mail_server(mail_port: int) -> Iterator[MailServer]:
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=mail_port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def email_action(agent: Agent) -> Iterator[EmailAction]:
    """An email to one address, always sent; inside its account's scope."""
    with scope(account=agent.account):
        yield EmailAction.objects.create(
            agent=agent, moment=Moment.AFTER, name="report", subject="Appel", to="equipe@lac.example"
        )


@pytest.fixture
def call(published_agent: Agent) -> Iterator[Call]:
    agent = published_agent
    with scope(account=agent.account):
        yield Call.objects.create(
            account=agent.account,
            agent=agent,
            release=agent.current_release,
            direction="inbound",
            answer_due_at=timezone.now(),
        )


@pytest.fixture
def context(call: Call) -> CallContext:
    return make_context(call)


@pytest.fixture
def context_with(call: Call) -> Callable[..., CallContext]:
    """Makes the context of a run; ``params`` are the call's, the rest replaces facts of it."""

    def make(params: dict[str, Any] | None = None, **interaction: Any) -> CallContext:
        return make_context(call, params, **interaction)

    return make


def text_of(message: EmailMessage) -> str:
    return _content_of(message, "plain")


def html_of(message: EmailMessage) -> str:
    return _content_of(message, "html")


def _content_of(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def make_context(call: Call, params: dict[str, Any] | None = None, **interaction: Any) -> CallContext:
    run_id = uuid4()
    return CallContext(
        call_id=call.pk,
        run_id=run_id,
        account_id=call.account_id,
        agent=AgentFacts(call.agent_id, "accueil", "Accueil", "en", "Europe/Paris"),
        moment=Moment.AFTER,
        action_name="report",
        scope=names.build(
            system={"callId": str(call.pk)},
            interaction={**FACTS, **interaction},
            sip={},
            context={},
            params=params or {},
        ),
        deadline=Deadline.after(25),
        attempt=1,
        idempotency_key=str(run_id),
    )


FACTS = {
    "ANI": "+33639980001",
    "DNIS": "+33199000001",
    "DIRECTION": "inbound",
    "SUMMARY": "Wants to cancel.",
    "TRANSCRIPT": "caller: I want to cancel.\nagent: I am sorry to hear that.",
    "DISPOSITION": "cancellation",
    "CLASSIFICATIONS": {"Reason": "cancellation", "Mood": "calm"},
    "DURATION": 61.4,
    "ENDED_REASON": "agent_hung_up",
    "BEGUN_AT": "2026-11-20T14:05:00+01:00",
    "RECORDING_URL": "",
}
