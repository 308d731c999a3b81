"""How similar a model finds texts that belong together, and texts that do not: each has its own idea of it.

Questions and answers as callers and documents word them, in both languages. Measured once for a connection's space,
so that one minimum score means the same whatever the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.lazily import lazily
from knowledge.embedding.client import Server, embed

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

PAIRS = (
    (
        "Comment mettre fin à mon abonnement ?",
        "La résiliation se demande par lettre, avec un préavis d’un mois avant l’échéance.",
    ),
    (
        "Vous êtes ouverts jusqu’à quelle heure le samedi ?",
        "Les bureaux accueillent le public de 9 h à 18 h, le samedi à midi.",
    ),
    (
        "Mon colis n’est toujours pas arrivé.",
        "Un retard de livraison se signale au transporteur avec le numéro de suivi.",
    ),
    (
        "Je n’arrive plus à me connecter à mon compte.",
        "Un nouveau mot de passe s’obtient par le lien « Mot de passe oublié ».",
    ),
    (
        "Est-ce que le dentiste est pris en charge ?",
        "Les soins dentaires sont remboursés à hauteur de 70 % par la mutuelle.",
    ),
    ("Puis-je payer en plusieurs fois ?", "Le règlement est possible en trois mensualités sans frais."),
    ("How do I get my money back?", "Refunds are made to the card used for the purchase within ten days."),
    ("My internet keeps dropping.", "If the connection is unstable, restart the router and check its lights."),
    ("I am moving house next month.", "Tell us your new address so that the contract follows you."),
    ("Who do I call after a car crash?", "Report an accident to the claims department within five days."),
    ("Do you have parking for wheelchair users?", "Spaces for visitors with reduced mobility are beside the entrance."),
    ("Can I bring my dog to the hotel?", "Pets are welcome in the rooms for a supplement per night."),
)
WORST_OF_TWENTY = 95


@dataclass(frozen=True, slots=True)
class Calibration:
    """Similarities: nineteen of twenty wrong pairs stay below ``unrelated``; ``related`` is the usual right pair's."""

    unrelated: float
    related: float

    @property
    def separates(self) -> bool:
        """Whether the model tells what belongs together at all."""
        return self.related > self.unrelated


async def calibrate(server: Server, deadline_s: float) -> Calibration:
    """Raises EmbeddingError."""
    questions = [server.query_prefix + question for question, _answer in PAIRS]
    answers = [server.passage_prefix + answer for _question, answer in PAIRS]
    vectors = await embed(server, [*questions, *answers], deadline_s)
    similarities = vectors[: len(PAIRS)] @ vectors[len(PAIRS) :].T
    right = np.eye(len(PAIRS), dtype=bool)
    return Calibration(
        unrelated=round(float(np.percentile(similarities[~right], WORST_OF_TWENTY)), 4),
        related=round(float(np.median(similarities[right])), 4),
    )
