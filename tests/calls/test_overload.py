"""Places for calls that are answered at once, and where the time of an answer went."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from actions.models import Agent
from calls.errors import Overloaded
from calls.hot.replies import problem_reply
from calls.overload import Places
from calls.timing import Timing, part


def test_places_are_bounded_in_all_and_for_each_account(settings: Any) -> None:
    settings.CALLS_AT_ONCE, settings.CALLS_AT_ONCE_PER_ACCOUNT = 2, 1
    places = Places()
    with places.in_process(), places.in_process():
        with pytest.raises(Overloaded), places.in_process():
            pass
        with places.of_account(1), places.of_account(2), pytest.raises(Overloaded), places.of_account(1):
            pass
        with places.of_account(1):
            pass
    with places.in_process():
        pass


def test_a_place_is_given_back_whatever_happens(settings: Any) -> None:
    settings.CALLS_AT_ONCE = settings.CALLS_AT_ONCE_PER_ACCOUNT = 1
    places = Places()
    for _time in range(3):
        with pytest.raises(ValueError), places.in_process(), places.of_account(1):
            raise ValueError


def test_places_are_counted_across_threads(settings: Any) -> None:
    settings.CALLS_AT_ONCE_PER_ACCOUNT = 10_000
    places = Places()

    def come_and_go(_number: int) -> None:
        for _time in range(500):
            with places.of_account(1):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    settings.CALLS_AT_ONCE_PER_ACCOUNT = 1
    with places.of_account(1):
        pass


@pytest.mark.parametrize(
    ("accepted", "language"), [(b"fr-FR,fr;q=0.9", b"fr"), (b"en", b"en"), (b"de, en;q=0.5", b"en"), (b"\xff", b"fr")]
)
def test_the_refusal_in_front_of_django_is_a_problem_document(accepted: bytes, language: bytes) -> None:
    start, body = problem_reply(Overloaded(), [(b"accept-language", accepted)])
    headers = dict(start["headers"])
    assert start["status"] == 503
    assert headers[b"retry-after"] == b"1"
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"content-language"] == language
    assert int(headers[b"content-length"]) == len(body["body"])


@pytest.mark.django_db
def test_django_refuses_in_the_same_words(published_agent: Agent, api_key: str, settings: Any, client: Client) -> None:
    settings.CALLS_AT_ONCE_PER_ACCOUNT = 0
    answer = client.post(
        "/api/v1/calls",
        {"agent": published_agent.slug},
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}", "Accept-Language": "fr"},
    )
    start, body = problem_reply(Overloaded(), [(b"accept-language", b"fr")])
    assert (answer.status_code, answer.json()) == (start["status"], json.loads(body["body"]))
    assert answer.headers["Retry-After"] == "1"
    assert "total;dur=" in answer.headers["Server-Timing"]


def test_parts_add_up_also_in_tasks_of_the_answer() -> None:
    async def work() -> None:
        with part("actions"), part("cache"):
            await asyncio.sleep(0)

    async def answer() -> str:
        with Timing() as timing:
            await asyncio.gather(work(), work())
        return timing.header()

    names = [each.partition(";dur=")[0] for each in asyncio.run(answer()).split(", ")]
    assert sorted(names) == ["actions", "cache", "total"]


def test_a_part_without_an_answer_is_nobody_s() -> None:
    with part("actions"):
        pass
