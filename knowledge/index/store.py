"""Where indexes are: ``DATA_DIR/indexes/<source>/<name>``, made under another name and moved into place.

The source's row says which one counts, so every process on every machine notices a new one with its next
search. A machine that does not have it, or has it in pieces, fetches it from the storage or builds it from the rows.
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
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

import structlog
from django.conf import settings
from django.db.models import F
from django.dispatch import Signal

from knowledge.index import archive, contents
from knowledge.index.files import FORMAT, Entry, OpenIndex, change_index, link_index, write_index
from knowledge.models import Passage, Source

log = structlog.get_logger(__name__)

T = TypeVar("T")

index_replaced = Signal()
"""The source ``source_id`` is searched in a new index from now on."""

MOST_OPEN = 64
"""Each costs a thread of tantivy that looks at its files twice a second, though nothing there ever changes."""

MOST_CHANGED = 20
"""So many documents, or a quarter of them, are changed in place; from more on, building anew is quicker."""

KEPT_S = 60
"""An index that was replaced stays for those who have just read its name."""

_NAME = re.compile(r"f(\d+)-\d+-[0-9a-f]{12}")
_lock = threading.Lock()
_building = threading.Lock()
_open: OrderedDict[tuple[int, str], OpenIndex] = OrderedDict()


def root() -> Path:
    return Path(settings.DATA_DIR) / "indexes"


def update(source_id: int) -> str:
    """Make the index of the rows as they are the one that counts; its name, '' if a newer one won.

    What has not changed is taken over from the index that counts so far.
    """
    return _replace(source_id, anew=False)


def rebuild(source_id: int) -> str:
    """The same from the rows alone, whatever there was before."""
    return _replace(source_id, anew=True)


def _replace(source_id: int, *, anew: bool) -> str:
    source = Source.objects.filter(pk=source_id).values_list("content_version", "index_name").first()
    if source is None:
        return ""
    version, before = source
    name = f"f{FORMAT}-{version}-{uuid.uuid4().hex[:12]}"
    _build(source_id, name, "" if anew else before)
    rows = Source.objects.filter(pk=source_id, indexed_version__lte=version)
    if not rows.update(index_name=name, indexed_version=version):
        shutil.rmtree(_directory(source_id, name), ignore_errors=True)
        return ""
    archive.keep(source_id, name, _directory(source_id, name), before)
    _remove_old(source_id, {name, before})
    index_replaced.send(Source, source_id=source_id)
    return name


def use(source_id: int, name: str, work: Callable[[OpenIndex], T]) -> T:
    """``work`` done with the index; one that cannot be read is built again, once."""
    try:
        return work(_opened(source_id, name))
    except BaseException as error:
        if not _is_broken(error):
            raise
        log.warning("index_unreadable", source=source_id, index=name, error=str(error)[:200])
    with _building:
        _forget(source_id, name)
        _mend(source_id, name)
    return work(_opened(source_id, name))


def is_at_hand(source_id: int, name: str) -> bool:
    """Whether this machine has it; damaged or not."""
    return (source_id, name) in _open or _directory(source_id, name).is_dir()


def is_current_format(name: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and int(match[1]) == FORMAT


def remove_all(source_id: int) -> None:
    with _lock:
        for key in [key for key in _open if key[0] == source_id]:
            del _open[key]
    shutil.rmtree(root() / str(source_id), ignore_errors=True)
    archive.remove_all(source_id)


def _is_broken(error: BaseException) -> bool:
    """Files that are missing or damaged: tantivy raises ValueError and OSError, or panics."""
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def _directory(source_id: int, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError("Not the name of an index.")
    return root() / str(source_id) / name


def _opened(source_id: int, name: str) -> OpenIndex:
    key = (source_id, name)
    with _lock:
        if (index := _open.get(key)) is not None:
            _open.move_to_end(key)
            return index
        index = OpenIndex(_directory(source_id, name))
        for old in [old for old in _open if old[0] == source_id]:
            del _open[old]
        _open[key] = index
        while len(_open) > MOST_OPEN:
            _open.popitem(last=False)
        return index


def _forget(source_id: int, name: str) -> None:
    with _lock:
        _open.pop((source_id, name), None)


def _build(source_id: int, name: str, base: str = "") -> None:
    """Write it aside and move it into place, where a damaged one may lie."""
    target = _directory(source_id, name)
    began_s = time.perf_counter()
    with _aside(target) as aside:
        now = contents.contents_of(source_id)
        if not (_is_usable(base) and _changed(source_id, base, aside, now)):
            write_index(aside, _entries(source_id))
        contents.keep(aside, now)
        _move(aside, target)
    log.info("index_built", source=source_id, index=name, seconds=round(time.perf_counter() - began_s, 3))


def _mend(source_id: int, name: str) -> None:
    """On a machine that lacks it: as another machine has made it, or from the rows."""
    target = _directory(source_id, name)
    with _aside(target) as aside:
        if archive.fetch(source_id, name, aside) and _opens(aside):
            _move(aside, target)
            return
    _build(source_id, name)


@contextlib.contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """An empty directory beside ``target``; what is left of it at the end is removed."""
    aside = target.with_name(f"tmp-{target.name}-{os.getpid()}-{threading.get_ident()}")
    aside.mkdir(parents=True)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(aside: Path, target: Path) -> None:
    if target.exists():
        target.rename(target.with_name(f"tmp-{uuid.uuid4().hex}"))
    with contextlib.suppress(FileExistsError):
        # Another process may have mended it at the same moment: theirs is as good.
        aside.rename(target)


def _is_usable(base: str) -> bool:
    return bool(base) and is_current_format(base)


def _changed(source_id: int, base: str, aside: Path, now: contents.Contents) -> bool:
    """Whether ``aside`` holds the rows' index now, made of ``base`` and what has changed since."""
    directory = _directory(source_id, base)
    before = contents.kept(directory)
    if before is None:
        return False
    gone, come = contents.changed(before, now)
    if len(gone | come) > max(MOST_CHANGED, len(now) // 4):
        return False
    try:
        link_index(directory, aside)
        (aside / contents.FILE).unlink()
        change_index(aside, gone, _entries(source_id, come))
    except BaseException as error:
        if not _is_broken(error):
            raise
        log.warning("index_not_changed", source=source_id, index=base, error=str(error)[:200])
        shutil.rmtree(aside)
        aside.mkdir()
        return False
    return True


def _opens(directory: Path) -> bool:
    try:
        OpenIndex(directory)
    except BaseException as error:
        if not _is_broken(error):
            raise
        log.warning("archive_unreadable", error=str(error)[:200])
        return False
    return True


def _entries(source_id: int, documents: Collection[int] | None = None) -> Iterator[Entry]:
    """Of all documents, or of ``documents``."""
    rows = Passage.objects.filter(source=source_id).order_by("pk")
    if documents is not None:
        rows = rows.filter(document__in=documents)
    columns = rows.values_list("pk", "document_id", "language", F("document__title"), "heading", "text")
    for pk, document_id, language, title, heading, text in columns.iterator(chunk_size=2000):
        yield Entry(pk, document_id, language, f"{title}\n{heading}", text)


def _remove_old(source_id: int, kept: set[str]) -> None:
    now = time.time()
    for path in (root() / str(source_id)).iterdir():
        with contextlib.suppress(OSError):
            if not path.name.startswith("vectors-") and path.name not in kept and now - path.stat().st_mtime > KEPT_S:
                shutil.rmtree(path, ignore_errors=True)
