"""What test_embedded_queue.py runs in processes of their own: ``<function> <url> <arguments…>``."""

import os
import sys
import threading
from queue import Empty

from kombu import Connection

from config import embedded_queue

embedded_queue.register()


def hold(url: str) -> None:
    """Claim one message, say so, and keep it until killed."""
    with Connection(url) as connection:
        print(connection.SimpleQueue("jobs").get(timeout=10).payload, flush=True)
        sys.stdin.read()


def consume(url: str) -> None:
    """Print every message until the one that says to stop, which is left for the others."""
    with Connection(url) as connection:
        queue = connection.SimpleQueue("jobs")
        while (message := queue.get(timeout=20)).payload != "stop":
            print(message.payload)
            message.ack()
        message.requeue()


def publish(url: str, name: str, threads: str, count: str) -> None:
    """Publish from several threads, each with its own connection; an error ends the process."""

    def run(thread: int) -> None:
        with Connection(url) as connection:
            queue = connection.SimpleQueue("jobs")
            for number in range(int(count)):
                queue.put(f"{name} {thread} {number}")

    def fail(error: threading.ExceptHookArgs) -> None:
        print(error.exc_value, file=sys.stderr, flush=True)
        os._exit(1)

    threading.excepthook = fail
    running = [threading.Thread(target=run, args=(thread,)) for thread in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def fork(url: str) -> None:
    """Fork while a message is held; the child ends its copy of the connection and uses one of its own."""
    connection = Connection(url)
    queue = connection.SimpleQueue("jobs")
    held = queue.get(timeout=10)
    child = os.fork()
    if child == 0:
        held.reject(requeue=True)
        queue.close()
        connection.release()
        with Connection(url) as own, own.SimpleQueue("answers") as answers:
            try:
                own.SimpleQueue("jobs").get(timeout=0.5)
            except Empty:
                answers.put("the child was given nothing")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("child", status)
    print("still held", connection.transport.store.run("SELECT count(owner) FROM message WHERE queue = 'jobs'")[0][0])
    held.ack()
    print("left", connection.transport.store.run("SELECT count(*) FROM message WHERE queue = 'jobs'")[0][0])
    connection.release()


globals()[sys.argv[1]](*sys.argv[2:])
