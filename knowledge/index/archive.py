"""Large indexes in Django's storage, so that other machines fetch what one has built instead of building it again.

Nothing depends on it: whoever finds no archive, or a damaged one, builds the index from the rows. Embedded, where
there is one machine, storage and indexes lie in the same DATA_DIR, and nothing is kept twice.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

log = structlog.get_logger(__name__)

FEWEST_BYTES = 1_000_000
"""Smaller ones are built as quickly as they are fetched."""


def keep(source_id: int, name: str, directory: Path, before: str) -> None:
    """Put it into the storage, in the place of the one ``before``. What fails is logged: it is no more than a copy."""
    if not _is_shared() or sum(path.stat().st_size for path in directory.iterdir()) < FEWEST_BYTES:
        return
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(directory.iterdir()):
            if not path.name.endswith(".lock"):
                archive.add(path, path.name, recursive=False)
    try:
        default_storage.save(_path(source_id, name), ContentFile(content.getvalue()))
        if before and before != name:
            default_storage.delete(_path(source_id, before))
    except Exception as error:
        log.warning("index_not_archived", source=source_id, index=name, error=str(error)[:200])


def fetch(source_id: int, name: str, directory: Path) -> bool:
    """Unpack it into an existing, empty directory; False where there is none, or none that can be read."""
    if not _is_shared():
        return False
    try:
        if not default_storage.exists(_path(source_id, name)):
            return False
        with default_storage.open(_path(source_id, name)) as file, tarfile.open(fileobj=file, mode="r:gz") as archive:
            archive.extractall(directory, filter="data")
    except Exception as error:
        log.warning("index_not_fetched", source=source_id, index=name, error=str(error)[:200])
        return False
    return True


def remove_all(source_id: int) -> None:
    """Where the source is deleted."""
    if not _is_shared():
        return
    try:
        for name in default_storage.listdir(f"indexes/{source_id}")[1]:
            default_storage.delete(f"indexes/{source_id}/{name}")
    except Exception as error:
        log.warning("archives_not_removed", source=source_id, error=str(error)[:200])


def _is_shared() -> bool:
    """Whether the storage is elsewhere than the indexes."""
    if not isinstance(default_storage, FileSystemStorage) and not hasattr(default_storage, "location"):
        return True
    return not Path(default_storage.location).resolve().is_relative_to(Path(settings.DATA_DIR).resolve())


def _path(source_id: int, name: str) -> str:
    return f"indexes/{source_id}/{name}.tar.gz"
