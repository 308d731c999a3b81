"""What a completed call costs afterwards: actions and emails a second beside bare Celery, and the wake-up.

A call has three conditioned actions: an email to a local mail server, a webhook to a local HTTP server, a workflow
with one request. Two worker processes, on DATABASE_URL and BROKER_URL; each round queues everything while they are
held, lets them go, and takes the time until all is settled. Floors in the same rounds: bare Celery tasks that do
nothing, and that only send the mail. Prints a table and, last, one line of JSON.

    DATABASE_URL=postgres://… BROKER_URL=amqp://… make bench-after     CALLS=200 ROUNDS=3 by default
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.after import calls
from bench.after.workers import Process, Worker
from bench.calls.product import Product
from bench.calls.servers import free_port

CALLS = int(os.environ.get("CALLS", "200"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
WAKE_UPS = 30
WORKERS = 2
TARGETS = {"actions_to_noop": 0.25, "emails_to_smtp_task": 0.7, "wake_up_p50_ms": 20.0}
AT_MOST = {"wake_up_p50_ms"}


class Bench:
    def __init__(self, stack: ExitStack, directory: Path) -> None:
        mail, http = free_port(), free_port()
        self.mails, self.requests = directory / "mails", directory / "requests"
        queue = f"bench_{uuid.uuid4().hex[:8]}"
        os.environ |= {
            "QUEUE_NAME": queue,
            "FLOOR_QUEUE": f"{queue}_floors",
            "FLOOR_MAIL_PORT": str(mail),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
            "DEFAULT_FROM_EMAIL": "triptyque@bench.example",
            "WORKER_CONCURRENCY": str(WORKERS),
        }
        self.product = Product.create(directory, http)
        stack.callback(self.product.drop)
        stack.callback(_delete_queues, queue)
        for command in (["mail", str(mail), str(self.mails)], ["http", str(http), str(self.requests)]):
            stack.callback(Process(["bench.after.sinks", *command], {}, directory / "sinks.log").kill)
        _await_port(mail)
        _await_port(http)
        url = f"http://127.0.0.1:{http}"
        self.three = calls.furnish("three", url)
        self.email = calls.furnish("email", url, kinds=["email"])
        applications = {"product": "config", "floors": "bench.after.floors"}
        self.workers = {
            name: Worker(application, {}, directory / f"{name}.log", processes=WORKERS)
            for name, application in applications.items()
        }
        for worker in self.workers.values():
            stack.callback(worker.kill)
            worker.await_ready()

    # --- one round of each ---

    def drained(self, agent: Any) -> float:
        """Seconds for CALLS completed calls of ``agent``; checks that every effect came."""
        ids = _begun(agent, CALLS)
        with self.workers["product"].held():
            for call_id in ids:
                calls.finish(agent, call_id)
        took_s = calls.await_settled([agent], within_s=600, every_s=0.02)
        assert set(calls.states([agent])) == {"succeeded"}, calls.states([agent])
        return took_s

    def floor(self, task: str, count: int, *arguments: str) -> float:
        from bench.after import floors

        with self.workers["floors"].held():
            for _number in range(count):
                floors.app.send_task(task, args=arguments)
        began_s = time.perf_counter()
        queue = os.environ["FLOOR_QUEUE"]
        with floors.app.connection_for_read() as connection:
            channel = connection.default_channel
            before = len(self.mails.read_text().splitlines()) if arguments else 0
            while _waiting(channel, queue) or (
                arguments and len(self.mails.read_text().splitlines()) < before + count - WORKERS
            ):
                if time.perf_counter() - began_s > 300:
                    raise TimeoutError(task)
                time.sleep(0.005)
        return time.perf_counter() - began_s

    def wake_ups_ms(self) -> list[float]:
        """From the commit of the report to the beginning of the first action, on an idle worker."""
        from django.utils import timezone
        from django_scopes import scope

        from calls.models import Run

        found = []
        for call_id in _begun(self.email, WAKE_UPS):
            calls.finish(self.email, call_id)
            committed = timezone.now()
            calls.await_settled([self.email], within_s=60, every_s=0.01)
            with scope(account=self.email.account_id):
                started = Run.objects.values_list("started_at", flat=True).get(call=call_id)
            found.append((started - committed).total_seconds() * 1000)
        return found


def _begun(agent: Any, count: int) -> list[Any]:
    from django_scopes import scope

    with scope(account=agent.account_id):
        return calls.begin(agent, count)


def _waiting(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).message_count)


def _await_port(port: int) -> None:
    import socket

    end = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _delete_queues(name: str) -> None:
    if not os.environ.get("BROKER_URL", "").startswith("amqp"):
        return
    from kombu import Connection

    with Connection(os.environ["BROKER_URL"]) as connection:
        for queue in (name, f"{name}.calls", f"{name}_floors"):
            connection.default_channel.queue_delete(queue)


def measure(bench: Bench) -> dict[str, float]:
    """Medians over interleaved rounds; the first is not counted: plans are compiled and connections opened in it."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        round_ = {
            "actions_per_s": 3 * CALLS / bench.drained(bench.three),
            "noop_per_s": 10 * CALLS / bench.floor("floors.nothing", 10 * CALLS),
            "emails_per_s": CALLS / bench.drained(bench.email),
            "smtp_task_per_s": CALLS / bench.floor("floors.send_mail", CALLS, calls.SUMMARY),
            "wake_up_p50_ms": statistics.median(bench.wake_ups_ms()),
        }
        if number:
            for name, value in round_.items():
                found[name].append(value)
    return {name: round(statistics.median(values), 2) for name, values in found.items()}


def _end(*_: Any) -> None:
    raise SystemExit("stopped")


def main() -> None:
    # So that what was started is stopped, too.
    signal.signal(signal.SIGTERM, _end)
    if not os.environ.get("BROKER_URL", "").startswith("amqp"):
        raise SystemExit("Set DATABASE_URL=postgres://… and BROKER_URL=amqp://…: the floors are Celery on RabbitMQ.")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures = measure(Bench(stack, directory))
    ratios = {
        "actions_to_noop": round(figures["actions_per_s"] / figures["noop_per_s"], 3),
        "emails_to_smtp_task": round(figures["emails_per_s"] / figures["smtp_task_per_s"], 3),
        "wake_up_p50_ms": figures["wake_up_p50_ms"],
    }
    for name, value in figures.items():
        print(f"{name:<20}{value:>10.1f}")
    missed = [name for name, value in TARGETS.items() if (ratios[name] > value) == (name in AT_MOST)]
    print(json.dumps({"bench": "after", "figures": figures, "ratios": ratios, "targets": TARGETS, "missed": missed}))


if __name__ == "__main__":
    main()
