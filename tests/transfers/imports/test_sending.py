"""Exports on their way: whole, from disk, to servers of both makes."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django_scopes import scopes_disabled

from transfers import imports
from transfers.action import TransferAction
from transfers.imports.sending import SpooledResponse
from transfers.models import TransferDestination


async def pieces_of(response: SpooledResponse) -> list[bytes]:
    with closing(response):
        return [piece async for piece in response]


async def length_of(response: SpooledResponse) -> int:
    with closing(response):
        return sum([len(piece) async for piece in response])


@pytest.mark.parametrize("format", list(imports.FORMATS))
def test_an_export_arrives_whole_and_in_pieces(format: str, listed: TransferAction) -> None:
    TransferDestination.objects.bulk_create(
        TransferDestination(action=listed, phone=f"+3361{number:07}", description=f"Agence {number}", position=number)
        for number in range(2_000)
    )
    response = imports.send_export(listed, format)
    with scopes_disabled():
        pieces = async_to_sync(pieces_of)(response)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= response.block_size
    assert int(response["Content-Length"]) == sum(map(len, pieces))
    assert response["Content-Disposition"] == f'attachment; filename="transfer.{format}"'
    if format == "csv":
        assert b"".join(pieces) == imports.export(listed, format)[1]


def test_a_large_export_is_never_held_in_memory(listed: TransferAction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("transfers.imports.export"), "BATCH", 500)
    TransferDestination.objects.bulk_create(
        TransferDestination(action=listed, phone=f"+3361{number:07}", description="x" * 200, position=number)
        for number in range(30_000)
    )
    tracemalloc.start()
    try:
        response = imports.send_export(listed, "csv")
        size = async_to_sync(length_of)(response)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 6_000_000
    assert peak < size / 2


def test_an_asgi_server_sends_it(listed: TransferAction, api_key: str) -> None:
    listed.destinations.create(phone="+33612345678")
    address = f"/api/v1/agents/{listed.agent.slug}/actions/transfer/export"

    async def fetch() -> bytes:
        answer = await AsyncClient().get(address, headers={"Authorization": f"Bearer {api_key}"})
        assert answer.status_code == 200
        return b"".join([piece async for piece in answer])

    assert b"+33612345678" in async_to_sync(fetch)()
