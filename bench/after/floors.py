"""Bare Celery on the same broker: a task that does nothing, and one that sends the same mail.

Run by ``celery -A bench.after.floors worker``; BROKER_URL, FLOOR_QUEUE and FLOOR_MAIL_PORT say where.
"""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage
from email.utils import make_msgid

from celery import Celery

# Not the current one: the product in the same process has its own.
app = Celery("floors", broker=os.environ.get("BROKER_URL"), set_as_current=False)
app.conf.update(
    task_default_queue=os.environ.get("FLOOR_QUEUE", "floors"),
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="floors.nothing")
def nothing() -> None:
    """What a message through the broker costs."""


@app.task(name="floors.send_mail")
def send_mail(text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "triptyque@bench.example", "ada@bench.example", "A call"
    message["Message-ID"] = make_msgid(domain="bench.example")
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", int(os.environ["FLOOR_MAIL_PORT"])) as client:
        client.send_message(message)
