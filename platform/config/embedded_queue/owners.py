"""Which owners of messages still live: each holds a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPENING = 0  # The byte that whoever opens the queue file locks; owners' numbers are above.


class OwnerLocks:
    """One byte of a side file per owner, locked for as long as the owner lives.

    The kernel frees the byte however the process ends. Unlike a process number, an owner's number is
    never recycled, and it means the same in every container of the machine.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError when the side file can be neither opened nor created."""
        self.path = path
        self.held: set[int] = set()
        # Never closed: closing any descriptor of a file drops all the locks of the process on it.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        stat = os.fstat(self._descriptor)
        self._inode = (stat.st_dev, stat.st_ino)

    def is_current(self) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return False
        return (stat.st_dev, stat.st_ino) == self._inode

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Hold off the other processes; the threads of this one are the caller's to hold off."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, _OPENING)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _OPENING)

    def hold(self, owner: int) -> None:
        """Live as ``owner`` until ``drop`` or the end of the process."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, owner)
        self.held.add(owner)

    def drop(self, owner: int) -> None:
        self.held.discard(owner)
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, owner)

    def is_dead(self, owner: int) -> bool:
        # A process never conflicts with its own locks: its own owners cannot be asked of the kernel.
        if owner in self.held:
            return False
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, owner)
        except (BlockingIOError, PermissionError):
            return False
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, owner)
        return True


_opened: dict[Path, OwnerLocks] = {}


def owner_locks(path: Path) -> OwnerLocks:
    """The process's locks on ``path``: there is one descriptor of it per process (see above)."""
    locks = _opened.get(path)
    if locks is None or not locks.is_current():
        locks = _opened[path] = OwnerLocks(path)
    return locks


def forget_parents_locks() -> None:
    """In a forked child: locks are not inherited, so what the parent held is not held here."""
    # The descriptors stay open, harmless: this process holds no lock that closing them could keep.
    _opened.clear()


os.register_at_fork(after_in_child=forget_parents_locks)
