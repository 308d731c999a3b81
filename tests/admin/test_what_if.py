"""The what-if clock as a page and as an address of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from actions.models import Agent
from transfers.action import TransferAction
from transfers.models import TransferDestination


@pytest.fixture
def transfer(agent: Agent) -> TransferAction:
    with scope(account=agent.account):
        action = TransferAction.objects.create(
            agent=agent, moment="during", kind="transfer", name="transfer", description="x", strategy="in_order"
        )
        weekend = [{"days": [5, 6], "from": "08:00", "to": "20:00"}]
        TransferDestination.objects.create(action=action, phone="+33612345671", description="<b>Office</b>")
        TransferDestination.objects.create(
            action=action, phone="+33612345672", description="Stand-by", time_slots=weekend, position=1
        )
    return action


def page_of(transfer: TransferAction) -> str:
    return f"/admin/transfers/transferaction/{transfer.pk}/what-if/"


def test_the_page_of_a_transfer_leads_to_the_clock(
    cast: SimpleNamespace, client_for: Callable[..., Client], transfer: TransferAction
) -> None:
    viewer = client_for(cast.viewer)
    button = viewer.get(f"/admin/transfers/transferaction/{transfer.pk}/what_if", follow=True)

    assert button.redirect_chain[-1][0] == page_of(transfer)
    assert "&lt;b&gt;Office&lt;/b&gt;" in button.content.decode()


@pytest.mark.parametrize(
    ("language", "at", "expected"),
    [
        ("en", "2026-11-23T10:00", "Fermé, ouvre samedi à 8\u00a0h"),
        ("fr", "2026-11-28T14:05", "Sans réponse"),
    ],
)
def test_another_time_is_looked_at(
    cast: SimpleNamespace,
    client_for: Callable[..., Client],
    transfer: TransferAction,
    language: str,
    at: str,
    expected: str,
) -> None:
    page = client_for(cast.viewer, language).get(page_of(transfer), {"at": at}).content.decode()

    assert expected in page


@pytest.mark.parametrize("at", ["", "soon", "9999-01-01T00:00", "2026-02-30T10:00"])
def test_a_time_that_cannot_be_is_refused_with_words(
    cast: SimpleNamespace, client_for: Callable[..., Client], transfer: TransferAction, at: str
) -> None:
    answer = client_for(cast.viewer).get(page_of(transfer), {"at": at})

    assert answer.status_code == 200
    assert 'class="tq-error"' in answer.content.decode()


def test_a_stranger_sees_nothing(
    cast: SimpleNamespace, client_for: Callable[..., Client], transfer: TransferAction
) -> None:
    assert client_for(cast.stranger).get(page_of(transfer)).status_code == 404


def test_the_api_says_the_same(transfer: TransferAction, api_key: str, stranger_key: str) -> None:
    def ask(key: str, body: object) -> Any:
        return Client().post(
            "/api/v1/agents/accueil/actions/transfer/what-if",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )

    answer = ask(api_key, {"at": "2026-11-23T10:00", "dialled": "+33199000001"}).json()

    assert answer["at"] == "2026-11-23T10:00:00+01:00"
    assert (answer["published"], answer["is_same"]) == (None, False)
    assert [(line["value"], line["order"], line["why"]) for line in answer["draft"]["lines"]] == [
        ("+33612345671", 1, ""),
        ("+33612345672", None, "closed"),
    ]
    assert ask(api_key, {"at": "soon"}).status_code == 422
    assert ask(api_key, {"when": "2026-11-23T10:00"}).status_code == 422
    assert ask(stranger_key, {}).status_code == 404
