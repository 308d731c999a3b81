"""All vectors of a source as one file that is mapped into memory, and compared with exactly.

``DATA_DIR/indexes/<source>/vectors-<space>-<version>-<random>/``: ``rows.npy`` (passage id and digest of its text),
``matrix.npy`` (float32, of length 1 each). Made aside, moved into place, never changed: as indexes of words are.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from accounts.lazily import lazily
from knowledge.embedding.models import PassageVector
from knowledge.embedding.vectors import Vectors, unpacked
from knowledge.index.store import KEPT_S, root

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

log = structlog.get_logger(__name__)

MOST_OPEN = 64
AT_ONCE = 2000

_NAME = re.compile(r"vectors-[0-9a-f]{32}-\d+-[0-9a-f]{12}")
_lock = threading.Lock()
_building = threading.Lock()
_open: OrderedDict[tuple[int, str], Matrix] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Near:
    """A passage, and how much it is about the same: the cosine. ``digest`` is that of the text that was compared."""

    passage_id: int
    similarity: float
    digest: int


class Matrix:
    """One in use. That its files are deleted meanwhile does it no harm."""

    def __init__(self, directory: Path) -> None:
        self._rows = np.load(directory / "rows.npy")
        self._matrix: Vectors = np.load(directory / "matrix.npy", mmap_mode="r")
        if len(self._rows) != len(self._matrix):
            raise ValueError("Rows and vectors do not belong together.")

    def nearest(self, vector: Vectors, limit: int) -> list[Near]:
        """The nearest passages, nearest first."""
        if not len(self._rows) or self._matrix.shape[1] != len(vector):
            return []
        similarities = self._matrix @ vector
        count = min(limit, len(similarities))
        best = np.argpartition(similarities, -count)[-count:]
        best = best[np.argsort(-similarities[best])]
        return [
            Near(int(self._rows[row, 0]), float(similarities[row]), int(self._rows[row, 1])) for row in best.tolist()
        ]


def new_name(space: UUID, version: int) -> str:
    return f"vectors-{space.hex}-{version}-{uuid.uuid4().hex[:12]}"


def is_of(name: str, space: UUID) -> bool:
    """Whether its vectors can be compared with those of ``space``."""
    return name.startswith(f"vectors-{space.hex}-")


def is_at_hand(source_id: int, name: str) -> bool:
    """Whether this machine has it; damaged or not."""
    return (source_id, name) in _open or _directory(source_id, name).is_dir()


def nearest(source_id: int, name: str, vector: Vectors, limit: int) -> list[Near]:
    """Of the matrix ``name``, which is made from the rows again where it is missing or damaged."""
    try:
        return _opened(source_id, name).nearest(vector, limit)
    except (OSError, ValueError) as error:
        log.warning("vectors_unreadable", source=source_id, name=name, error=str(error)[:200])
    with _building:
        with _lock:
            _open.pop((source_id, name), None)
        write(source_id, name, UUID(name.split("-")[1]), len(vector))
    return _opened(source_id, name).nearest(vector, limit)


def write(source_id: int, name: str, space: UUID, dimensions: int) -> int:
    """From the rows; how many vectors it holds."""
    target = _directory(source_id, name)
    aside = target.with_name(f"tmp-{name}-{os.getpid()}-{threading.get_ident()}")
    aside.mkdir(parents=True)
    try:
        count = _write(aside, source_id, space, dimensions)
        if target.exists():
            target.rename(target.with_name(f"tmp-{uuid.uuid4().hex}"))
        with contextlib.suppress(FileExistsError):
            aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return count


def remove_old(source_id: int, kept: set[str]) -> None:
    """All but those named, once nobody can have just read their names."""
    for path in (root() / str(source_id)).glob("vectors-*"):
        with contextlib.suppress(OSError):
            if path.name not in kept and time.time() - path.stat().st_mtime > KEPT_S:
                shutil.rmtree(path, ignore_errors=True)


def _write(directory: Path, source_id: int, space: UUID, dimensions: int) -> int:
    rows: list[tuple[int, int]] = []
    parts: list[Vectors] = []
    for ids, part in _stored(source_id, space, dimensions):
        rows += ids
        parts.append(part)
    matrix = np.concatenate(parts) if parts else np.zeros((0, dimensions), dtype=np.float32)
    np.save(directory / "rows.npy", np.array(rows, dtype=np.int64).reshape(len(rows), 2))
    np.save(directory / "matrix.npy", matrix)
    return len(rows)


def _stored(source_id: int, space: UUID, dimensions: int) -> Iterator[tuple[list[tuple[int, int]], Vectors]]:
    """(passage id, digest) and vectors, some thousand at once."""
    stored = PassageVector.objects.filter(source=source_id, space=space).order_by("pk")
    after = 0
    while batch := list(stored.filter(pk__gt=after).values_list("pk", "digest", "data")[:AT_ONCE]):
        after = batch[-1][0]
        fitting = [row for row in batch if len(row[2]) == 2 * dimensions]
        if fitting:
            yield [row[:2] for row in fitting], unpacked([bytes(row[2]) for row in fitting], dimensions)


def _directory(source_id: int, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError("Not the name of a matrix.")
    return root() / str(source_id) / name


def _opened(source_id: int, name: str) -> Matrix:
    key = (source_id, name)
    with _lock:
        if (matrix := _open.get(key)) is not None:
            _open.move_to_end(key)
            return matrix
        matrix = Matrix(_directory(source_id, name))
        for old in [old for old in _open if old[0] == source_id]:
            del _open[old]
        _open[key] = matrix
        while len(_open) > MOST_OPEN:
            _open.popitem(last=False)
        return matrix
