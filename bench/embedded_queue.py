"""The embedded queue's rate and wake-up time, next to what bare SQLite does on the same disk.

Run: ``python bench/embedded_queue.py`` (about 15 s). The last line is JSON.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))
# The bench's worker needs the queue and no Django.
os.environ["DJANGO_SETTINGS_MODULE"] = ""

from celery import Celery  # noqa: E402
from kombu import Connection  # noqa: E402

from config import embedded_queue  # noqa: E402

MESSAGES = 3000
WAKE_UPS = 40
DEADLINE_S = 15
PAYLOAD = json.dumps({"body": "x" * 600, "headers": {"task": "bench"}})

embedded_queue.register()
app = Celery("bench", broker=os.environ.get("BROKER_URL", "memory://"), fixups=[])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=2,
    broker_connection_retry_on_startup=True,
)


@app.task(name="nothing")
def nothing() -> None:
    pass


@app.task(name="stamp")
def stamp(sent_at_s: float, file: str) -> None:
    delay_ms = (time.time() - sent_at_s) * 1000
    with Path(file).open("a") as stamps:
        stamps.write(f"{delay_ms}\n")


def per_s(count: int, run: Callable[[], object]) -> float:
    started_at_s = time.perf_counter()
    run()
    return count / (time.perf_counter() - started_at_s)


def floor(directory: Path) -> dict[str, float]:
    """One insert, then one delete by key, each a transaction: the least a queue on SQLite can do."""
    database = sqlite3.connect(directory / "floor.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT)")

    def insert() -> None:
        for _ in range(MESSAGES):
            database.execute("INSERT INTO message (payload) VALUES (?)", (PAYLOAD,))

    def delete() -> None:
        for number in range(1, MESSAGES + 1):
            database.execute("DELETE FROM message WHERE id = ?", (number,))

    figures = {"floor_inserts_per_s": per_s(MESSAGES, insert), "floor_deletes_per_s": per_s(MESSAGES, delete)}
    database.close()
    return figures


def transport(url: str) -> dict[str, float]:
    """Through kombu, in one process: published, then claimed and acknowledged one by one."""
    with Connection(url) as connection:
        queue = connection.SimpleQueue("bench")

        def publish() -> None:
            for _ in range(MESSAGES):
                queue.put(PAYLOAD)

        def consume() -> None:
            for _ in range(MESSAGES):
                queue.get(timeout=1).ack()

        figures = {"published_per_s": per_s(MESSAGES, publish), "consumed_per_s": per_s(MESSAGES, consume)}
        queue.close()
    return figures


@contextmanager
def worker(url: str, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"BROKER_URL": url, "PYTHONPATH": f"{ROOT / 'bench'}{os.pathsep}{ROOT / 'platform'}"}
    command = [sys.executable, "-m", "celery", "-A", "embedded_queue", "worker", "--loglevel", "WARNING"]
    with (directory / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=directory, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


def wait_for_count(database: sqlite3.Connection, below: int) -> int:
    deadline_s = time.monotonic() + DEADLINE_S
    while (count := database.execute("SELECT count(*) FROM message").fetchone()[0]) >= below:
        if time.monotonic() > deadline_s:
            raise SystemExit(f"{count} messages are left after {DEADLINE_S} s")
        time.sleep(0.005)
    return int(count)


def drained_per_s(database: sqlite3.Connection) -> float:
    """From the first tenth done to the last: without the worker's start."""
    first = wait_for_count(database, MESSAGES * 9 // 10)
    return per_s(first, lambda: wait_for_count(database, 1))


def wake_ups_ms(application: Celery, file: Path) -> list[float]:
    """From the publication of a task to its first line, in an idle worker."""
    for number in range(1, WAKE_UPS + 1):
        application.send_task("stamp", (time.time(), str(file)))
        while not file.exists() or len(file.read_text().splitlines()) < number:
            time.sleep(0.002)
        time.sleep(random.uniform(0.02, 0.08))
    return sorted(float(line) for line in file.read_text().splitlines())


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def celery(url: str, path: Path, directory: Path) -> dict[str, float]:
    """A real worker with a pool of 2 and a prefetch multiplier of 1, as the product sets them."""
    application = Celery("publisher", broker=url, fixups=[], set_as_current=False)

    def send() -> None:
        for _ in range(MESSAGES):
            application.send_task("nothing")

    figures = {"sent_per_s": per_s(MESSAGES, send)}
    with worker(url, directory) as process:
        database = sqlite3.connect(path)
        figures["drained_per_s"] = drained_per_s(database)
        database.close()
        delays_ms = wake_ups_ms(application, directory / "stamps")
        figures["wake_up_p50_ms"] = statistics.median(delays_ms)
        figures["wake_up_p95_ms"] = delays_ms[int(len(delays_ms) * 0.95)]
        before_s = cpu_s(process.pid)
        time.sleep(2)
        figures["idle_cpu_percent"] = (cpu_s(process.pid) - before_s) / 2 * 100
    figures["file_after_bytes"] = path.stat().st_size
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        path = directory / "queue.sqlite3"
        url = f"embedded:///{path}"
        figures = floor(directory) | transport(url) | celery(url, path, directory)
    floor_s = 1 / figures["floor_inserts_per_s"] + 1 / figures["floor_deletes_per_s"]
    ratios = {
        "transport_over_floor": (1 / figures["published_per_s"] + 1 / figures["consumed_per_s"]) / floor_s,
        "celery_over_floor": (1 / figures["sent_per_s"] + 1 / figures["drained_per_s"]) / floor_s,
    }
    for key, value in (figures | ratios).items():
        print(f"{key:24}{value:>14,.1f}")
    rounded = {key: round(value, 1) for key, value in figures.items()}
    result = {"bench": "embedded_queue", "figures": rounded, "ratios": {k: round(v, 2) for k, v in ratios.items()}}
    print(json.dumps(result | {"targets": {}, "missed": []}))


if __name__ == "__main__":
    main()
