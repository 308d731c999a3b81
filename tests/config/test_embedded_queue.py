"""The embedded queue, with real files, and real processes wherever a test speaks of processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import OperationalError

from config import embedded_queue
from config.embedded_queue.file import QueueFileError

HERE = Path(__file__).parent
PLATFORM = HERE.parents[1] / "platform"
DEADLINE_S = 20

embedded_queue.register()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made for it" / "queue.sqlite3"


@pytest.fixture
def url(path: Path) -> str:
    return f"embedded:///{path}"


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with Connection(url) as connection:
        yield connection


def environment(**more: str) -> dict[str, str]:
    # No Django settings: these processes need only the queue.
    return os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{PLATFORM}", "DJANGO_SETTINGS_MODULE": ""} | more


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "embedded_queue_process.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def output(process: subprocess.Popen[str]) -> list[str]:
    out, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, error
    return out.splitlines()


def wait_until(condition: Callable[[], Any], why: str = "") -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while not (result := condition()):
        assert time.monotonic() < deadline, why
        time.sleep(0.02)
    return result


def drain(connection: Connection, name: str = "jobs") -> list[Any]:
    queue = connection.SimpleQueue(name)
    payloads = []
    try:
        while True:
            message = queue.get(timeout=0.2)
            payloads.append(message.payload)
            message.ack()
    except Empty:
        return payloads
    finally:
        queue.close()


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(path)
    try:
        return database.execute(f"SELECT * FROM {table}").fetchall()
    finally:
        database.close()


# --- one process --------------------------------------------------------------------------------


def test_messages_come_in_the_order_they_were_published_and_are_gone_once_acknowledged(
    connection: Connection, path: Path
) -> None:
    queue = connection.SimpleQueue("jobs")
    for number in range(50):
        queue.put({"number": number, "text": "é"})
    assert [payload["number"] for payload in drain(connection)] == list(range(50))
    assert rows(path, "message") == []


def test_a_requeued_message_takes_its_old_place_and_says_that_it_was_delivered_before(connection: Connection) -> None:
    queue = connection.SimpleQueue("jobs")
    queue.put("first")
    queue.put("second")
    first = queue.get(timeout=1)
    assert "redelivered" not in first.delivery_info
    first.requeue()
    again = queue.get(timeout=1)
    assert again.payload == "first"
    assert again.delivery_info["redelivered"] is True


def test_a_rejected_message_is_gone(connection: Connection, path: Path) -> None:
    queue = connection.SimpleQueue("jobs")
    queue.put("unwanted")
    queue.get(timeout=1).reject()
    assert rows(path, "message") == []


def test_closing_a_connection_gives_back_what_it_held(connection: Connection, url: str) -> None:
    connection.SimpleQueue("jobs").put("mine")
    with Connection(url) as other:
        held = other.SimpleQueue("jobs").get(timeout=1)
        assert drain(connection) == []
    held.ack()  # Too late: it is not this connection's any more.
    assert drain(connection) == ["mine"]


def test_no_more_messages_come_than_the_prefetch_count_until_one_is_acknowledged(connection: Connection) -> None:
    jobs = Queue("jobs")
    received: list[Any] = []
    for number in range(3):
        Producer(connection).publish(number, routing_key="jobs", declare=[jobs])
    with connection.Consumer([jobs], on_message=received.append, channel=connection.default_channel, prefetch_count=2):
        for _ in range(2):
            connection.drain_events(timeout=1)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.1)
        received[0].ack()
        connection.drain_events(timeout=1)
    assert [message.payload for message in received] == [0, 1, 2]


def test_an_acknowledgement_from_another_thread_makes_room_without_waiting_for_the_next_poll(url: str) -> None:
    jobs = Queue("jobs")
    received: list[Any] = []
    with Connection(url, transport_options={"polling_interval": DEADLINE_S}) as connection:
        for number in range(2):
            Producer(connection).publish(number, routing_key="jobs", declare=[jobs])
        channel = connection.default_channel
        with connection.Consumer([jobs], on_message=received.append, channel=channel, prefetch_count=1):
            connection.drain_events(timeout=1)
            threading.Timer(0.1, received[0].ack).start()
            started_at_s = time.monotonic()
            connection.drain_events(timeout=DEADLINE_S)
    assert time.monotonic() - started_at_s < DEADLINE_S / 2
    assert [message.payload for message in received] == [0, 1]


def test_a_queue_can_be_counted_and_purged(connection: Connection) -> None:
    queue = connection.SimpleQueue("jobs")
    other = connection.SimpleQueue("others")
    for number in range(5):
        queue.put(number)
    other.put("stays")
    held = queue.get(timeout=1)
    assert queue.qsize() == 4
    assert queue.clear() == 4
    assert queue.qsize() == 0
    held.requeue()
    assert drain(connection) == [0]
    assert drain(connection, "others") == ["stays"]


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [
        ("direct", "a.b", {"exact"}),
        ("topic", "a.b", {"exact", "pattern"}),
        ("fanout", "", {"exact", "pattern", "else"}),
    ],
)
def test_an_exchange_delivers_to_the_queues_that_another_process_bound(
    connection: Connection, url: str, kind: str, key: str, expected: set[str]
) -> None:
    exchange = Exchange("news", type=kind)
    for name, routing_key in {"exact": "a.b", "pattern": "a.*", "else": "c"}.items():
        Queue(name, exchange, routing_key=routing_key)(connection.default_channel).declare()
    with Connection(url) as publisher:
        Producer(publisher).publish("word", exchange=exchange, routing_key=key, declare=[exchange])
    assert {name for name in ("exact", "pattern", "else") if drain(connection, name)} == expected


def test_a_transient_queue_ends_with_the_connection_that_declared_it(
    connection: Connection, url: str, path: Path
) -> None:
    exchange = Exchange("news", type="fanout")
    producer = Producer(connection, exchange)
    with Connection(url) as other:
        Queue("replies", exchange, exclusive=True)(other.default_channel).declare()
        producer.publish("heard", declare=[exchange])
        assert len(rows(path, "message")) == 1
    producer.publish("unheard")
    assert [rows(path, table) for table in ("message", "queue", "binding")] == [[], [], []]


def test_the_file_gives_its_space_back_once_drained(connection: Connection, path: Path) -> None:
    queue = connection.SimpleQueue("jobs")
    for number in range(1000):
        queue.put(f"{number} {'x' * 8000}")
    full_bytes = path.stat().st_size + path.with_name(f"{path.name}-wal").stat().st_size
    assert full_bytes > 8_000_000
    assert len(drain(connection)) == 1000

    def is_small() -> bool:
        with pytest.raises(Empty):
            queue.get(timeout=0.3)
        return path.stat().st_size < 2_000_000

    wait_until(is_small)


# --- a file that cannot be used -----------------------------------------------------------------


def test_an_unwritable_place_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    connection = Connection(f"embedded:///{tmp_path}/file/in/queue.sqlite3")
    with pytest.raises(OperationalError, match=r"file/in/queue\.sqlite3 cannot be opened: .*Not a directory"):
        connection.ensure_connection(max_retries=1, interval_start=0)


def test_a_damaged_file_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(b"not a database" * 1000)
    with Connection(f"embedded:///{path}") as connection:
        with pytest.raises(QueueFileError, match="damaged or is not a queue file") as caught:
            connection.transport.establish_connection()
        assert isinstance(caught.value, connection.recoverable_connection_errors)


def test_a_file_of_another_format_is_left_alone(connection: Connection, url: str, path: Path) -> None:
    connection.connect()
    connection.transport.store.run_script("PRAGMA user_version = 99")
    with Connection(url) as other, pytest.raises(QueueFileError, match="its format is 99"):
        other.transport.establish_connection()


@pytest.mark.parametrize("url", ["embedded:///queue.sqlite3", "embedded://", "embedded:////"])
def test_a_url_without_an_absolute_path_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="embedded:////absolute/path"):
        assert Connection(url).transport


def test_a_publisher_goes_on_in_a_new_file_when_the_file_was_deleted(connection: Connection, path: Path) -> None:
    producer = Producer(connection)
    jobs = Queue("jobs")
    producer.publish("lost with the file", routing_key="jobs", declare=[jobs])
    path.unlink()
    with pytest.raises(QueueFileError, match="deleted or replaced"):
        producer.publish("refused", routing_key="jobs")
    policy = {"max_retries": 3, "interval_start": 0}
    producer.publish("kept", routing_key="jobs", declare=[jobs], retry=True, retry_policy=policy)
    assert drain(connection) == ["kept"]


# --- several processes --------------------------------------------------------------------------


def test_a_message_is_held_while_its_process_lives_and_delivered_once_when_it_is_killed(
    connection: Connection, url: str
) -> None:
    connection.SimpleQueue("jobs").put("precious")
    holder = start("hold", url)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "precious\n"
    with pytest.raises(Empty):
        connection.SimpleQueue("jobs").get(timeout=0.6)
    holder.kill()
    holder.communicate()
    killed_at_s = time.monotonic()
    message = connection.SimpleQueue("jobs").get(timeout=DEADLINE_S)
    assert time.monotonic() - killed_at_s < 2
    assert message.payload == "precious"
    message.ack()
    assert drain(connection) == []


def test_publishers_and_consumers_at_once_lose_nothing_and_double_nothing(connection: Connection, url: str) -> None:
    # The file does not exist yet: they all create it.
    publishers = [start("publish", url, name, "3", "100") for name in ("ann", "bob")]
    consumers = [start("consume", url) for _ in range(2)]
    for publisher in publishers:
        output(publisher)
    connection.SimpleQueue("jobs").put("stop")
    consumed = Counter(line for consumer in consumers for line in output(consumer))
    expected = {f"{name} {thread} {n}" for name in ("ann", "bob") for thread in range(3) for n in range(100)}
    assert consumed == Counter(expected)


def test_a_forked_child_neither_gives_back_nor_takes_what_its_parent_holds(connection: Connection, url: str) -> None:
    connection.SimpleQueue("jobs").put("the parent's")
    assert output(start("fork", url)) == ["child 0", "still held 1", "left 0"]
    assert drain(connection, "answers") == ["the child was given nothing"]


# --- Celery's worker ----------------------------------------------------------------------------


@contextmanager
def worker(url: str, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with its pool, in a process group of its own; killed at the end."""
    log = directory / "worker.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "embedded_queue_app", "worker", "--loglevel", "INFO"],
            stdout=stream,
            stderr=stream,
            cwd=directory,
            env=environment(BROKER_URL=url, JOURNAL=str(directory / "journal")),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def application(url: str) -> Iterator[Celery]:
    with Celery("publisher", broker=url, fixups=[], set_as_current=False) as application:
        yield application
        application.pool.force_close_all()


def journal(directory: Path, word: str) -> list[list[str]]:
    file = directory / "journal"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.split() for line in lines if line.startswith(word)]


@pytest.mark.processes
def test_a_worker_killed_at_work_loses_no_task(application: Celery, url: str, path: Path, tmp_path: Path) -> None:
    for number in range(60):
        application.send_task("work", (number, 0.02))
    with worker(url, tmp_path) as process:
        wait_until(lambda: len(journal(tmp_path, "done")) >= 10)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert rows(path, "message"), "it was killed too late to prove anything"
    with worker(url, tmp_path):
        wait_until(lambda: rows(path, "message") == [])
    done = Counter(number for _, number in journal(tmp_path, "done"))
    assert set(done) == {str(number) for number in range(60)}
    # Only what was under way, in a pool of 2, may have ended without its acknowledgement.
    assert sum(done.values()) <= 60 + 2


@pytest.mark.processes
def test_a_worker_redoes_what_its_killed_child_did_answers_a_ping_and_leaves_nothing_behind(
    application: Celery, url: str, path: Path, tmp_path: Path
) -> None:
    with worker(url, tmp_path) as process:
        application.send_task("work", (1, 0.5))
        (_, _, child), *_ = wait_until(lambda: journal(tmp_path, "started"))
        os.kill(int(child), signal.SIGKILL)
        wait_until(lambda: journal(tmp_path, "done"))
        wait_until(lambda: rows(path, "message") == [])
        assert len(journal(tmp_path, "started")) == 2

        (answer,) = application.control.ping(timeout=5, limit=1)
        assert list(answer.values()) == [{"ok": "pong"}]

        process.terminate()
        assert process.wait(DEADLINE_S) == 0
    application.pool.force_close_all()
    assert rows(path, "message") == []
    assert rows(path, "owner") == []
    assert [name for name, owner in rows(path, "queue")] == ["celery"]
    log = (tmp_path / "worker.log").read_text().splitlines()
    errors = [line for line in log if "ERROR/" in line or "CRITICAL/" in line]
    assert all("SIGKILL" in line for line in errors), errors
