"""How many calls are being answered at once: in this process, and for each account, so that one cannot crowd out all.

Past the limit a request is refused at once: a caller who hears that nobody can answer is better off than one who waits
behind a queue that grows.
"""

from __future__ import annotations

from threading import Lock

from django.conf import settings

from calls.errors import Overloaded


class Places:
    """Counted in event loops and in threads alike."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = 0
        self._taken_by: dict[int, int] = {}

    def in_process(self) -> _Place:
        """``with``: around the making of one answer. Raises Overloaded."""
        return _Place(self, None)

    def of_account(self, account_id: int) -> _Place:
        """The same, once it is known whose call it is."""
        return _Place(self, account_id)

    def take(self, account_id: int | None) -> None:
        with self._lock:
            if account_id is None:
                if self._taken >= settings.CALLS_AT_ONCE:
                    raise Overloaded
                self._taken += 1
                return
            taken = self._taken_by.get(account_id, 0)
            if taken >= settings.CALLS_AT_ONCE_PER_ACCOUNT:
                raise Overloaded
            self._taken_by[account_id] = taken + 1

    def give_back(self, account_id: int | None) -> None:
        with self._lock:
            if account_id is None:
                self._taken -= 1
                return
            left = self._taken_by[account_id] - 1
            if left:
                self._taken_by[account_id] = left
            else:
                del self._taken_by[account_id]


class _Place:
    __slots__ = ("_account_id", "_places")

    def __init__(self, places: Places, account_id: int | None) -> None:
        self._places = places
        self._account_id = account_id

    def __enter__(self) -> None:
        self._places.take(self._account_id)

    def __exit__(self, *_error: object) -> None:
        self._places.give_back(self._account_id)


places = Places()
"""Of this process."""
