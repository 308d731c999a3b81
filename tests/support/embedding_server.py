"""An embedding server over HTTP, as OpenAI's: vectors that really help, and everything that may go wrong with it.

A text's vector is the sum of hashed directions of what it speaks of: each word's concept where the table below knows
one, in either language, otherwise the word's beginnings and pieces. So "annuler", "résilier" and "cancel" meet.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.support.http_server import Handler, serving

DIMENSIONS = 256

CONCEPTS = """
resili annul arret quitt cancel terminat stop quit partir desengag rompre
rembours recuper argent money refund back restitu
factur bill invoice note montant payment paiement payer pay regler reglement preleve debit
colis livr paquet parcel delivery deliver shipping shipped expedi package
retard late delay attend
adresse demenag moving move address logement
mot passe password connect login compte account identifi
horaire ouvert ouvre ferm open opening closed hours heure
vol perdu lost stolen voler perte
carte card cb bancaire
enfant fils fille child children kid bebe
medecin docteur doctor sante health soin medical
dentiste dentaire dent dental tooth teeth
lunette optique glasses optician vue
voiture auto vehicule car vehicle automobile
accident sinistre collision crash claim degat dommage damage
internet box wifi connexion router debit fibre broadband network
panne coupure marche broken outage fonctionne working down
technicien depann repar engineer technician fix repair
rendez rdv appointment visite
reserv book booking
chien animal animaux pet dog chat cat
parking garer stationn park
handicap fauteuil mobilite wheelchair accessible disab
prix tarif cout cost price combien fee cher
reduction promo remise discount code cheaper
etudiant student jeune
mineur deces mort death die died heritier succession
heberg sejour chambre room stay nuit night hotel
arriv checkin
parti checkout depart
petit dejeuner breakfast
valise bagage luggage bag
garanti warranty guarantee
retour renvoy return send
taille size pointure
echange exchange swap
abonn subscription contrat contract policy
conseill advisor agent human humain
plaint reclam complaint complain insatisf
eau fuite water leak
gaz odeur smell gas
electricite courant power electricity
compteur meter releve reading
signer signature sign
attestation certificat certificate document justificatif proof
"""


@cache
def _concepts() -> dict[str, int]:
    return {word: number for number, line in enumerate(CONCEPTS.split("\n")) for word in line.split()}


@dataclass
class EmbeddingServer:
    """What it answers is ``behaviour``; ``requests`` is what it was asked, ``texts`` how many it made vectors of."""

    url: str = ""
    behaviour: str = ""
    delay_s: float = 0.0
    failures_left: int = -1
    """How often ``behaviour`` shows; -1: for ever."""

    retry_after: str = "0"
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://").partition("/")[0]


def embedding(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    folded = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    words = "".join(character if character.isalnum() else " " for character in folded).split()
    total = [0.0] * dimensions
    for word in words:
        if len(word) < 3:
            continue
        for feature, weight in _features(word):
            for axis, value in _direction(feature, dimensions):
                total[axis] += weight * value
    if not any(total):
        total[0] = 1.0
    return total


@cache
def _features(word: str) -> tuple[tuple[str, float], ...]:
    concepts = _concepts()
    for length in range(len(word), 2, -1):
        number = concepts.get(word[:length])
        if number is not None and (length >= 4 or length == len(word)):
            return ((f"concept {number}", 3.0), (word[:5], 0.5))
    small = 0.15 if len(word) < 5 else 1.0
    return ((word[:5], small), *((word[at : at + 4], small / 4) for at in range(len(word) - 3)))


@cache
def _direction(feature: str, dimensions: int) -> tuple[tuple[int, float], ...]:
    """A few axes with signs, from a hash."""
    digest = hashlib.sha256(feature.encode()).digest()
    axes = [int.from_bytes(digest[at : at + 3], "big") for at in range(0, 24, 3)]
    return tuple((axis % dimensions, 1.0 if axis & (1 << 20) else -1.0) for axis in axes)


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    state = EmbeddingServer()

    class Embeddings(Handler):
        def do_POST(self) -> None:
            asked = json.loads(self.read_body())
            state.requests.append(asked)
            state.headers.append(self.lower_headers())
            behaviour = state.behaviour if state.failures_left else ""
            state.failures_left -= state.failures_left > 0 and bool(behaviour)
            time.sleep(state.delay_s)
            if not behaviour:
                state.texts.extend(asked["input"])
            status, headers, body = _answer(behaviour, asked, state)
            self.answer(status, body, headers)

    with serving(Embeddings) as url:
        state.url = f"{url}/v1"
        yield state


def _answer(behaviour: str, asked: dict[str, Any], state: EmbeddingServer) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    dimensions = asked.get("dimensions", DIMENSIONS)
    rows: list[Any] = [
        {"object": "embedding", "index": index, "embedding": embedding(text, dimensions)}
        for index, text in enumerate(asked["input"])
    ]
    error = json.dumps({"error": {"message": f"it is {behaviour}", "type": "error"}}).encode()
    if behaviour in _BODIES:
        status, body = _BODIES[behaviour]
        return status, {"Retry-After": state.retry_after} if status == 429 else {}, body or error
    rows = _ROWS.get(behaviour, list)(rows)
    data = {"object": "list", "model": asked["model"], "data": rows, "usage": {"prompt_tokens": math.ceil(len(rows))}}
    return 200, {"Content-Type": "application/json"}, json.dumps(data).encode()


_BODIES: dict[str, tuple[int, bytes]] = {
    "limited": (429, b""),
    "broken": (500, b"<html>oh no</html>"),
    "unauthorized": (401, b""),
    "garbage": (200, b'{"data": [{"index": 0, "embedding"'),
    "list": (200, b"[1, 2]"),
}


def _with(change: Callable[[list[float]], list[Any]]) -> Callable[[list[Any]], list[Any]]:
    return lambda rows: [{**row, "embedding": change(row["embedding"])} for row in rows]


_ROWS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "short": _with(lambda vector: vector[:-1]),
    "fewer": lambda rows: rows[:-1],
    "zero": _with(lambda vector: [0] * len(vector)),
    "texts": _with(lambda vector: ["a"] * len(vector)),
    "nested": _with(lambda vector: [[0.1]] * len(vector)),
    "huge": _with(lambda vector: [1e308] * len(vector)),
    "infinite": _with(lambda vector: [math.inf] * len(vector)),
    "nan": _with(lambda vector: [math.nan] * len(vector)),
    "more": lambda rows: [*rows, {**rows[-1], "index": len(rows)}],
    "shuffled": lambda rows: rows[::-1],
}
