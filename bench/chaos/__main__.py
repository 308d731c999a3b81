"""Chaos: calls are completed while everything around the workers fails; then everything is counted.

Workers are SIGKILLed at random, the broker is stopped and started, the database crashes and recovers, the mail server
refuses one message in five and hangs up now and then. PostgreSQL and RabbitMQ are the tool's own, made for it and
thrown away. At the end every action has succeeded or is given up with a reason, no email is lost, and one that came
twice did so with the same Message-ID. Prints the counts and, last, one line of JSON; exit status 1 for what was lost.

    make chaos             CALLS=2000 by default
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.after import calls
from bench.after.workers import Process, Worker
from bench.calls.product import Product
from bench.calls.servers import free_port
from bench.chaos.services import Postgres, Rabbit
from bench.chaos.verdict import MUST_BE_NONE, verdict

CALLS = int(os.environ.get("CALLS", "2000"))
WORKERS = 2
REFUSE_ONE_IN, DROP_ONE_IN = 5, 25
KILL_EVERY_S = (1.5, 5.0)
LOAD_S = max(40.0, CALLS / 25)
"""Calls end all this time, so that every disaster strikes while there is something to do."""
SETTINGS = {
    "SWEEP_INTERVAL_S": "1",
    "AFTER_RUN_BACKOFF_BASE_S": "1",
    "WORKER_CONCURRENCY": "2",
    "DEFAULT_FROM_EMAIL": "triptyque@chaos.example",
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Chaos:
    """The workers, and what happens to them and around them until the load is through."""

    def __init__(self, directory: Path, postgres: Postgres, rabbit: Rabbit) -> None:
        self.directory, self.postgres, self.rabbit = directory, postgres, rabbit
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.beat = self._beat()
        self.counts = {"workers_killed": 0, "broker_stops": 0, "database_crashes": 0}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._kill), threading.Thread(target=self._watch_beat)]

    def _worker(self, number: int) -> Worker:
        return Worker("config", {}, self.directory / f"worker-{number}.log")

    def _beat(self) -> Process:
        command = ["celery", "-A", "config", "beat", "-l", "INFO", "--pidfile", ""]
        return Process(command, {}, self.directory / "beat.log")

    def start(self) -> None:
        for worker in self.workers:
            worker.await_ready()
        for thread in self._threads:
            thread.start()

    def _kill(self) -> None:
        while not self._over.wait(random.uniform(*KILL_EVERY_S)):
            number = random.randrange(WORKERS)
            self.workers[number].kill()
            self.counts["workers_killed"] += 1
            self.workers[number] = self._worker(number)

    def _watch_beat(self) -> None:
        """As any supervisor would, for workers and beat."""
        while not self._over.wait(1):
            if self.beat.process.poll() is not None:
                self.beat = self._beat()

    def stop_broker(self) -> None:
        say("broker: stop")
        self.rabbit.stop()
        self.counts["broker_stops"] += 1
        time.sleep(3)
        self.rabbit.start()
        say("broker: back")

    def crash_database(self) -> None:
        say("database: crash")
        self.postgres.crash()
        self.counts["database_crashes"] += 1
        time.sleep(2)
        self.postgres.start()
        say("database: back")

    def calm(self) -> None:
        """Nobody is killed any more; workers that died by themselves are started again."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        for number, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                self.workers[number] = self._worker(number)

    def end(self) -> None:
        self._over.set()
        for process in [*self.workers, self.beat]:
            process.kill()


def complete(agent: Any, ids: list[Any], disasters: dict[int, Any]) -> None:
    """Report every call until it is acknowledged, as runtimes do; disasters happen beside it, at their numbers."""
    from django.db import DatabaseError, InterfaceError, connection

    running: list[threading.Thread] = []
    began_s = time.perf_counter()
    for number, call_id in enumerate(ids):
        time.sleep(max(0.0, began_s + number * LOAD_S / len(ids) - time.perf_counter()))
        if disaster := disasters.get(number):
            running.append(threading.Thread(target=disaster))
            running[-1].start()
        while True:
            try:
                calls.finish(agent, call_id)
                break
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.2)
    for thread in running:
        thread.join()


def settled(agent: Any, within_s: float) -> float:
    from django.db import DatabaseError, InterfaceError, connection

    while True:
        try:
            return calls.await_settled([agent], within_s=within_s, every_s=0.5)
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.5)


def run(stack: ExitStack, directory: Path) -> dict[str, Any]:
    say("starting a database and a broker of its own …")
    rabbit = Rabbit(directory)
    stack.callback(rabbit.end)
    postgres = Postgres(directory)
    stack.callback(postgres.crash)
    postgres.start()
    rabbit.await_running()
    mail, http = free_port(), free_port()
    mails, requests = directory / "mails", directory / "requests"
    for path in (mails, requests):
        path.touch()
    os.environ |= {
        **SETTINGS,
        "DATABASE_URL": postgres.url,
        "BROKER_URL": rabbit.url,
        "QUEUE_NAME": f"chaos_{uuid.uuid4().hex[:8]}",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
    }
    os.environ.pop("BENCH_ADMIN_DSN", None)
    odds = [str(REFUSE_ONE_IN), str(DROP_ONE_IN)]
    for command in (["mail", str(mail), str(mails), *odds], ["http", str(http), str(requests)]):
        stack.callback(Process(["bench.after.sinks", *command], {}, directory / "sinks.log").kill)
    Product.create(directory, http)
    agent = calls.furnish("chaos", f"http://127.0.0.1:{http}")
    from django_scopes import scope

    with scope(account=agent.account_id):
        ids = calls.begin(agent, CALLS)
    chaos = Chaos(directory, postgres, rabbit)
    stack.callback(chaos.end)
    chaos.start()
    say(f"{CALLS} calls end; workers are killed every {KILL_EVERY_S[0]} to {KILL_EVERY_S[1]} s …")
    began_s = time.perf_counter()
    plan = {0.15: chaos.stop_broker, 0.45: chaos.crash_database, 0.75: chaos.stop_broker}
    complete(agent, ids, {int(part * CALLS): disaster for part, disaster in plan.items()})
    acknowledged_s = time.perf_counter() - began_s
    chaos.crash_database()
    chaos.calm()
    settled(agent, within_s=300 + CALLS)
    found = verdict(agent, CALLS, mails, requests)
    times = {"acknowledged_s": round(acknowledged_s, 1), "settled_s": round(time.perf_counter() - began_s, 1)}
    return {**found, **chaos.counts, **times}


def _end(*_: Any) -> None:
    raise SystemExit("stopped")


def main() -> int:
    # So that what was started is stopped, too.
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        figures = run(stack, directory)
    for name, value in figures.items():
        print(f"{name:<24}{value:>10}")
    missed = [name for name in MUST_BE_NONE if figures[name]]
    targets = dict.fromkeys(MUST_BE_NONE, 0)
    print(json.dumps({"bench": "chaos", "figures": figures, "ratios": {}, "targets": targets, "missed": missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
