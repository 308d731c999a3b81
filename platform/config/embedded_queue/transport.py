"""The kombu transport: Celery's view of the message store."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any, Self

from celery.signals import worker_shutting_down
from kombu import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps, loads
from kombu.utils.scheduling import FairCycle

from config.embedded_queue.file import QueueFileError
from config.embedded_queue.store import BindingRow, MessageStore

POLLING_INTERVAL_S = 0.05
UPKEEP_INTERVAL_S = 0.25

_stopping = threading.Event()


@worker_shutting_down.connect
def _stop_waiting(**kwargs: Any) -> None:
    """A worker told to stop asks for messages twice more, 2 s each: it needs none of them."""
    _stopping.set()


class QoS(virtual.QoS):
    """Which messages were delivered and not yet settled; the store's rows are the truth."""

    channel: Channel

    def ack(self, delivery_tag: str) -> None:
        """Called by threads of the pool too."""
        super().ack(delivery_tag)
        self.channel.settle(delivery_tag, done=True)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().ack(delivery_tag)
        self.channel.settle(delivery_tag, done=not requeue)


class Channel(virtual.Channel):
    """A channel of the transport; the channels of a connection share its store."""

    QoS = QoS
    supports_fanout = True
    connection: Transport

    def __init__(self, connection: Transport, **kwargs: Any) -> None:
        self.store = connection.store
        self.wake = connection.wake
        self._queues_without_ack: set[str] = set()
        super().__init__(connection, **kwargs)

    # --- messages ---------------------------------------------------------------------------------
    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        self.store.put(queue, dumps(message), message["properties"]["delivery_info"]["exchange"])

    def _put_fanout(self, exchange: str, message: dict[str, Any], routing_key: str, **kwargs: Any) -> None:
        self.store.put_into_all(exchange, dumps(message))

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        return self._next(queue, no_ack=queue in self._queues_without_ack)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> virtual.Message | None:
        try:
            message = self.Message(self._next(queue, no_ack=no_ack), channel=self)
        except Empty:
            return None
        if not no_ack:
            self.qos.append(message, message.delivery_tag or "")
        return message

    def _next(self, queue: str, *, no_ack: bool) -> dict[str, Any]:
        """The message as kombu published it, under the number of its row. Raises Empty."""
        row = self.store.take(queue) if no_ack else self.store.claim(queue)
        if row is None:
            raise Empty
        message: dict[str, Any] = loads(row.payload)
        message["properties"]["delivery_tag"] = str(row.id)
        if row.deliveries > 1:
            message["properties"]["delivery_info"]["redelivered"] = True
        return message

    def settle(self, delivery_tag: str, *, done: bool) -> None:
        try:
            self.store.settle(int(delivery_tag), done=done)
        finally:
            self.wake.set()  # There is room for the next message, or a message is back.

    def _restore(self, message: virtual.Message) -> None:
        # Closing the store gives back what it holds in any case; kombu would dump the message to a file.
        with suppress(QueueFileError):
            self.settle(message.delivery_tag or "", done=False)

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> Any:
        if no_ack:
            self._queues_without_ack.add(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)

    def basic_cancel(self, consumer_tag: str) -> Any:
        self._queues_without_ack.discard(self._tag_to_queue.get(consumer_tag, ""))
        return super().basic_cancel(consumer_tag)

    # --- queues and bindings ----------------------------------------------------------------------
    def _new_queue(self, queue: str, auto_delete: bool = False, exclusive: bool = False, **kwargs: Any) -> None:
        # Both kinds live as long as the connection that declares them, which is who consumes them:
        # Celery's remote control and its replies.
        self.store.declare_queue(queue, transient=auto_delete or exclusive)

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return self.store.has_queue(queue)

    def _size(self, queue: str) -> int:
        return self.store.size(queue)

    def _purge(self, queue: str) -> int:
        return self.store.purge(queue)

    def queue_delete(self, queue: str, if_unused: bool = False, if_empty: bool = False, **kwargs: Any) -> None:
        if if_empty and self._size(queue):
            return
        self.store.delete_queue(queue)
        self.state.queue_bindings_delete(queue)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str | None, queue: str) -> None:
        self.store.bind(exchange, BindingRow(routing_key or "", pattern or "", queue))

    def queue_unbind(
        self,
        queue: str,
        exchange: str | None = None,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        exchange = exchange or "amq.direct"
        self.state.binding_delete(queue, exchange, routing_key)
        self.store.unbind(exchange, routing_key or "", queue)

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        # From the file: whoever publishes is not who bound the queue.
        return list(self.store.bindings(exchange))


class Transport(virtual.Transport):
    """One connection of kombu to ``embedded:////absolute/path``."""

    Channel = Channel
    driver_type = "embedded"  # Celery's gossip and mingle recognise their transports by this and stay off.
    driver_name = "sqlite3"
    can_parse_url = True
    connection_errors = (QueueFileError, *virtual.Transport.connection_errors)
    recoverable_connection_errors = connection_errors
    recoverable_channel_errors = ()
    implements = virtual.Transport.implements.extend(exchange_type=frozenset({"direct", "topic", "fanout"}))

    state: virtual.BrokerState
    cycle: FairCycle
    polling_interval: float = POLLING_INTERVAL_S  # kombu lets transport options change it
    store: MessageStore

    def __init__(self, client: Connection, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        url = client.hostname or ""
        # Taken as it is, without percent signs to decode: the path is the rest of the URL.
        self.path = Path(url.removeprefix("embedded:///"))
        if not self.path.is_absolute() or self.path == Path("/"):
            raise ValueError(f"The broker URL must be embedded:////absolute/path/of/a/file, not {url}.")
        self.path = self.path.resolve()  # One spelling per process: its locks are found by path.
        self.wake = threading.Event()
        self._upkeep_due_s = 0.0

    def establish_connection(self) -> Self:
        self.store = MessageStore(self.path)
        # What this process knew of the file may be older than the file.
        self.state.clear()
        self.store.release_dead_owners()
        return super().establish_connection()

    def close_connection(self, connection: Connection) -> None:
        try:
            super().close_connection(connection)
        finally:
            self.store.close()

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        return uri

    def drain_events(  # type: ignore[override]  # kombu's virtual transport narrows its base in the same way
        self, connection: Connection, timeout: float | None = None
    ) -> None:
        """Deliver one message. Raises TimeoutError when none came within ``timeout`` seconds."""
        deadline_s = None if timeout is None else monotonic() + timeout
        idle = False
        while True:
            if _stopping.is_set():
                raise TimeoutError
            self.wake.clear()
            self._keep_up(idle=idle)
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                idle = True
            else:
                return
            pause_s = self.polling_interval
            if deadline_s is not None:
                pause_s = min(pause_s, deadline_s - monotonic())
                if pause_s <= 0:
                    raise TimeoutError
            self.wake.wait(pause_s)

    def _keep_up(self, *, idle: bool) -> None:
        if monotonic() < self._upkeep_due_s:
            return
        self._upkeep_due_s = monotonic() + UPKEEP_INTERVAL_S
        self.store.settle_rest()
        self.store.release_dead_owners()
        if idle:
            self.store.shrink()
