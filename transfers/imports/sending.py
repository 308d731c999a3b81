"""An export on its way to a browser: laid down in a temporary file, so that nobody holds it in memory."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.http import FileResponse

from transfers.action import TransferAction
from transfers.imports.export import stream


class _ReadOnce:
    """A file that closes itself at its end: not everybody who reads a response to its end closes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        piece = b"" if self._file.closed else self._file.read(size)
        if not piece:
            self._file.close()
        return piece


class SpooledResponse(FileResponse):
    """Read piece by piece also by an ASGI server, for which Django would read the whole file first."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)
        following = sync_to_async(lambda: next(pieces, b""))
        while piece := await following():
            yield piece


def send_export(action: TransferAction, format: str) -> SpooledResponse:
    """``format``: one of ``FORMATS``. To be called inside the account's scope; what is sent later needs none."""
    download = stream(action, format)
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.writelines(download.pieces)
    file.seek(0)
    return SpooledResponse(
        _ReadOnce(file),
        as_attachment=True,
        filename=download.file_name,
        content_type=download.content_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )
