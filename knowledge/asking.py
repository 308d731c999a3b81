"""A question to a source: by words, and by meaning where the account has an embedding connection.

Words always answer. The vector of the question is fetched within the connection's small time limit; whatever goes
wrong with it costs a warning, never the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from asgiref.sync import AsyncToSync
from django_scopes import get_scope, scope

from accounts.database import in_database
from knowledge.embedding.questions import meaning_of
from knowledge.search import DEFAULT_HITS, MINIMUM_SCORE, Hit, Meaning, search
from outbound.http import session_scope


@dataclass(frozen=True, slots=True)
class Answer:
    """``warnings`` are sentences for people, for the record of the run; ``by_meaning``: vectors took part."""

    hits: list[Hit]
    warnings: tuple[str, ...] = ()
    by_meaning: bool = False


async def ask(
    source_id: int,
    account_id: int,
    question: str,
    *,
    limit: int = DEFAULT_HITS,
    language: str = "",
    minimum_score: float = MINIMUM_SCORE,
) -> Answer:
    """The best passages; for event loops. Raises :class:`SourceNotReadyError`."""
    meaning, warning = await meaning_of(source_id, account_id, question)
    hits = await in_database(_search)(source_id, account_id, question, limit, language, minimum_score, meaning)
    return Answer(hits, (warning,) if warning else (), meaning is not None)


def ask_now(
    source_id: int,
    question: str,
    *,
    limit: int = DEFAULT_HITS,
    language: str = "",
    minimum_score: float = MINIMUM_SCORE,
) -> Answer:
    """The same for synchronous code inside the account's scope."""
    return AsyncToSync(_ask_once, force_new_loop=True)(
        source_id, account_in_scope(), question, limit, language, minimum_score
    )


def account_in_scope() -> int:
    account = get_scope()["account"]
    return int(getattr(account, "pk", account))


async def _ask_once(
    source_id: int, account_id: int, question: str, limit: int, language: str, minimum_score: float
) -> Answer:
    async with session_scope():
        return await ask(source_id, account_id, question, limit=limit, language=language, minimum_score=minimum_score)


def _search(
    source_id: int,
    account_id: int,
    question: str,
    limit: int,
    language: str,
    minimum_score: float,
    meaning: Meaning | None,
) -> list[Hit]:
    with scope(account=account_id):
        return search(source_id, question, limit, language, minimum_score, meaning=meaning)
