"""Finding destinations of a directory by what people call them.

First the question's words are read in the action's vocabulary (``terms``), then the database's full-text index gives
rows that hold them, a bounded number however many there are, and then these are compared with the question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

from django.db import connection, transaction
from django_scopes import scopes_disabled

from actions.models import Action
from transfers.directory.matches import Match, to_matches
from transfers.directory.terms import Term, read_terms
from transfers.directory.words import key_of, numbers_of, terms_of, words_of
from transfers.models import TransferDestination

LONGEST_QUERY = 500
CANDIDATES = 100
LEAST_SCORE = 0.3

Group = Sequence[str]
"""Tokens of which a row must hold one; one that ends in ``*`` stands for all that begin so."""


def search(action_id: int, query: str, *, limit: int = 8, language: str) -> list[Match]:
    """The enabled destinations that fit ``query`` best, best first; to be called inside the account's scope.

    ``language`` (``fr`` or ``en``) tells which filling words a question has. Digits find the numbers that end so,
    or that begin so where they come with the country code. Looks at a few hundred rows at most.
    """
    with transaction.atomic():
        rows, scores = _best(action_id, query, language, limit, disabled_too=False)
        return to_matches(rows, scores, ambiguous=_ambiguous(action_id, rows))


def search_ids(action_id: int, query: str, *, limit: int, language: str) -> list[int]:
    """The ids that :func:`search` would find, disabled destinations among them, for lists of rows."""
    with transaction.atomic():
        rows, _scores = _best(action_id, query, language, limit, disabled_too=True)
        return [row.pk for row in rows]


def find(action_id: int, name: str) -> Match | None:
    """The enabled destination that :func:`search` gave this ``name``; None: gone, never there, or one of several
    that only their addresses tell apart.
    """
    with transaction.atomic():
        if not Action.objects.filter(pk=action_id).exists():
            return None
        described = [row for row in _with_key(action_id, name) if " ".join(row.description.split()) == name.strip()]
        if len(described) == 1:
            return to_matches(described, [1.0])[0]
        value = name.strip().rpartition("(")[2].removesuffix(")")
        row = _with_value(action_id, value)
        if row is None:
            return None
        [match] = to_matches([row], [1.0], ambiguous=_ambiguous(action_id, [row]))
        return match if name.strip() in {match.name, value, f"{row.description} ({value})"} else None


def _best(
    action_id: int, query: str, language: str, limit: int, *, disabled_too: bool
) -> tuple[list[TransferDestination], list[float]]:
    if not Action.objects.filter(pk=action_id).exists():
        return [], []
    query = query[:LONGEST_QUERY]
    numbers, words = numbers_of(query), terms_of(query, language)
    terms = read_terms(action_id, words) if words else []
    ids = _candidates(action_id, query, terms, numbers, limit, disabled_too)
    key = key_of(query)
    rows = [row for row in _rows(action_id, ids) if row.enabled or disabled_too]
    scored = [(_score(row, key, terms, numbers), row) for row in rows]
    scored.sort(key=lambda each: (-each[0], each[1].position, each[1].pk))
    best = [(score, row) for score, row in scored if score >= LEAST_SCORE][:limit]
    return [row for _score, row in best], [score for score, _row in best]


def _rows(action_id: int, ids: Collection[int]) -> list[TransferDestination]:
    """By their ids alone, which begin with the scope's own action: told of more, a database may begin elsewhere, and
    walk through all rows of the action.
    """
    with scopes_disabled():
        rows = list(TransferDestination.objects.filter(pk__in=ids).select_related("agent"))
    return [row for row in rows if row.action_id == action_id]


def _score(row: TransferDestination, key: str, terms: Sequence[Term], numbers: Sequence[str]) -> float:
    """0 to 1: how much of the question the row answers, and a little for how little else it speaks of."""
    digits = (row.phone or "").lstrip("+")
    hits = [1.0 for number in numbers if digits.endswith(number) or digits.startswith(number)]
    if hits and not terms:
        return 1.0
    if row.description and key_of(row.description) == key:
        return 1.0
    agent = row.agent.name if row.agent else ""
    held = set(words_of(" ".join(filter(None, (row.description, row.sip_uri, agent)))))
    fits = [max((fit for word, fit in term.readings.items() if word in held), default=0.0) for term in terms]
    asked = sum(term.weight for term in terms) + len(numbers)
    met = sum(term.weight * fit for term, fit in zip(terms, fits, strict=True)) + sum(hits)
    covered = min(1.0, sum(fit > 0 for fit in fits) / max(1, len(held)))
    return min(0.99, (0.9 + 0.1 * covered) * met / asked) if asked else 0.0


# --- candidates -----------------------------------------------------------------------------------


def _candidates(
    action_id: int, query: str, terms: Sequence[Term], numbers: Sequence[str], limit: int, disabled_too: bool
) -> set[int]:
    """Ids worth comparing: rows with all words first, then with all but one, then with any."""
    groups = [
        [f"{action_id}w{word}" for word in term.readings]
        for term in sorted((term for term in terms if term.readings), key=lambda term: -term.weight)
    ]
    ends = [[f"{action_id}r{number[::-1]}*"] for number in numbers]
    questions: list[Sequence[Group]] = [[[f"{action_id}k{key_of(query)}"]], *([end] for end in ends)]
    questions += [groups] if groups else []
    questions += [list(some) for some in combinations(groups, len(groups) - 1)] if 2 < len(groups) <= 5 else []
    ids = _holding(questions, disabled_too) | _beginning(action_id, numbers)
    if len(ids) < limit and len(groups) > 1:
        ids |= _holding([[group] for group in groups], disabled_too)
    return ids


def _holding(questions: Iterable[Sequence[Group]], disabled_too: bool) -> set[int]:
    """Ids of rows that hold one token of each group of a question; some for each question."""
    texts = [_as_text(groups) for groups in questions]
    if not texts:
        return set()
    enabled = "" if disabled_too else " AND row.enabled"
    one = (PG_HOLDING if connection.vendor == "postgresql" else SQLITE_HOLDING).format(enabled=enabled, most=CANDIDATES)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(PG_PLAN)
        cursor.execute(" UNION ALL ".join([one] * len(texts)), texts)
        return {pk for (pk,) in cursor.fetchall()}


PG_PLAN = """
SELECT set_config(name, 'off', true)
FROM (VALUES ('enable_seqscan'), ('enable_hashjoin'), ('enable_mergejoin')) AS plan (name)
"""
"""A fresh bulk of rows has no statistics yet; by the index it is never slow."""

PG_HOLDING = (
    "(SELECT row.id FROM transfers_directory AS entry JOIN transfers_transferdestination AS row "
    "ON row.id = entry.destination_id{enabled} WHERE entry.words @@ %s::tsquery LIMIT {most})"
)
SQLITE_HOLDING = (
    "SELECT * FROM (SELECT row.id FROM transfers_directory AS entry CROSS JOIN transfers_transferdestination AS row "
    "ON row.id = entry.rowid{enabled} WHERE transfers_directory MATCH %s LIMIT {most})"
)


def _as_text(groups: Sequence[Group]) -> str:
    """A question in the language of the database's full-text search. Tokens are letters and digits only."""
    if connection.vendor == "postgresql":
        marked = [[f"{token[:-1]}:*" if token.endswith("*") else token for token in group] for group in groups]
        return " & ".join(f"({' | '.join(group)})" for group in marked)
    marked = [[f'"{token[:-1]}"*' if token.endswith("*") else f'"{token}"' for token in group] for group in groups]
    return " AND ".join(f"({' OR '.join(group)})" for group in marked)


def _beginning(action_id: int, numbers: Sequence[str]) -> set[int]:
    """Ids of numbers that begin so, by the index that keeps them unique."""
    ids: set[int] = set()
    with scopes_disabled():
        for number in numbers:
            bounds = {"phone__gte": f"+{number}", "phone__lte": f"+{number}".ljust(17, "9")}
            rows = TransferDestination.objects.filter(action_id=action_id, **bounds).order_by("phone")
            ids.update(rows.values_list("pk", flat=True)[:CANDIDATES])
    return ids


# --- names ----------------------------------------------------------------------------------------


def _with_key(action_id: int, description: str) -> list[TransferDestination]:
    ids = _holding([[[f"{action_id}k{key_of(description)}"]]], disabled_too=False)
    return [row for row in _rows(action_id, ids) if row.enabled]


def _with_value(action_id: int, value: str) -> TransferDestination | None:
    rows = TransferDestination.objects.filter(action_id=action_id, enabled=True).select_related("agent")
    if value.startswith("+"):
        return rows.filter(phone=value).first()
    if value.lower().startswith(("sip:", "sips:")):
        return rows.filter(sip_uri=value).first()
    return rows.filter(agent__slug=value).first()


def _ambiguous(action_id: int, rows: Sequence[TransferDestination]) -> set[str]:
    """Descriptions, as names show them, that enabled rows outside ``rows`` share."""
    described = {key_of(row.description): " ".join(row.description.split()) for row in rows if row.description}
    if not described:
        return set()
    ids = _holding([[[f"{action_id}k{key}"]] for key in described], disabled_too=False) - {row.pk for row in rows}
    others = {key_of(row.description) for row in _rows(action_id, ids)}
    return {name for key, name in described.items() if key in others}
