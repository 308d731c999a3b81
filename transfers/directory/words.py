"""Words as directories know them: one way for rows and for questions, in French and in English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from accounts.texts import without_accents

LONGEST_WORD = 40
MOST_TERMS = 8
FEWEST_DIGITS = 3
FEWEST_DIGITS_OF_WHOLE = 9

_LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l"})
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\+?[0-9](?:[\s().\-/]*[0-9])+")

STOP_WORDS = {
    "fr": """
    a ai aider appel appeler au auprès aux avec avoir besoin bonjour c ce cette ces chez contacter d dans de des
    du elle en est et il j je joindre l la le les leur lui m ma me mes met mettez mettre moi mon n ne nous on ou
    parle parler pas passe passer passez plaît pour pouvez puis qu que quelqu quelque qui s sa se ses si sil son
    sur svp t transférer transférez tu un une veux vers vos votre voudrais vous y
    """,
    "en": """
    a about an and any anyone at be by call can connect contact could do find for from get give hello help i in
    is it like me my need of on or over please put reach ring somebody someone speak talk that the there through
    to transfer us want we who with would you your
    """,
}
"""Words of a question that say nothing of the destination; rows keep theirs."""

ARTICLES = "a an au aux d de des du en et l la le les of the un une for pour and"

_SAME = (
    "accueil reception standard switchboard",
    "achat purchasing procurement",
    "assistance support helpdesk hotline depannage",
    "assurance insurance",
    "comptabilite accounting accounts bookkeeping",
    "client customer",
    "commercial vente ventes sales",
    "direction management",
    "entrepot depot warehouse",
    "facturation factures facture billing invoice invoices invoicing",
    "expedition livraison delivery shipping",
    "juridique legal",
    "medecin docteur doctor",
    "paie payroll",
    "paiement payment payments",
    "qualite quality",
    "reclamation reclamations complaint complaints",
    "remboursement refund refunds",
    "rh hr personnel",
    "rendezvous rdv appointment appointments",
    "resiliation cancellation termination",
    "sinistre sinistres claim claims",
    "technique technical",
    "urgence urgences emergency",
    "usine factory plant",
    "agence branch",
    "magasin boutique shop store",
    "bureau office",
)


def fold(text: str) -> str:
    """Without case, accents and ligatures: “Crêpes & Cœur” is “crepes & coeur”."""
    return without_accents(text.translate(_LIGATURES)).casefold()


def stem(word: str) -> str:
    """A folded word without the endings of plurals and French feminines: commerciaux and commerciale, commercial."""
    if len(word) > 4 and word.endswith("eaux"):
        return word[:-1]
    if len(word) > 4 and word.endswith("aux"):
        return word[:-2] + "l"
    if len(word) > 3 and word[-1] in "sx" and not word.endswith("ss"):
        word = word[:-1]
    if len(word) > 4 and word.endswith("ie"):
        return word[:-2] + "y"
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def words_of(text: str) -> list[str]:
    """The stems of a text, in its order."""
    composed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return [stemmed for word in _WORD.findall(composed) for stemmed in _stems(word[:LONGEST_WORD])]


@lru_cache(maxsize=50_000)
def _stems(word: str) -> tuple[str, ...]:
    """Of one word as it is written; folding may find several in it."""
    return tuple(stem(part) for part in _WORD.findall(fold(word)))


def terms_of(query: str, language: str) -> list[str]:
    """What a question asks for: its stems without repetition and, unless nothing is left, without filling words.

    Numbers long enough to be looked for as such are left to :func:`numbers_of`.
    """
    words = list(dict.fromkeys(words_of(_DIGITS.sub(_only_short, query))))
    silent = _STOP_WORDS.get(language, _STOP_WORDS["en"])
    return ([word for word in words if word not in silent] or words)[:MOST_TERMS]


def numbers_of(query: str) -> list[str]:
    """The ends of phone numbers in a question, digits only: 01 99 00 00 10 and +33 1 99 00 00 10 are 199000010."""
    found = [re.sub(r"\D", "", match) for match in _DIGITS.findall(query)]
    return [_without_prefix(digits) for digits in found if len(digits) >= FEWEST_DIGITS][:3]


def _without_prefix(digits: str) -> str:
    """A whole number without what is dialled before it at home (0) or abroad (00); an end of one as it is."""
    if len(digits) < FEWEST_DIGITS_OF_WHOLE:
        return digits
    return digits[2:] if digits.startswith("00") else digits.removeprefix("0")


def key_of(text: str) -> str:
    """The same for texts that say the same words, in whatever order and with whatever articles."""
    return key_of_words(words_of(text))


def key_of_words(stems: Iterable[str]) -> str:
    words = sorted(set(stems))
    told = [word for word in words if word not in _ARTICLES] or words
    return blake2b(" ".join(told).encode(), digest_size=8).hexdigest()


def synonyms(term: str) -> frozenset[str]:
    """The same thing in the other language, or in the other word for it."""
    return _SYNONYMS.get(term, frozenset())


def _only_short(match: re.Match[str]) -> str:
    return " " if len(re.sub(r"\D", "", match[0])) >= FEWEST_DIGITS else match[0]


_ARTICLES = frozenset(words_of(ARTICLES))
_STOP_WORDS = {language: _ARTICLES | frozenset(words_of(words)) for language, words in STOP_WORDS.items()}
GENERIC = frozenset(words_of("service département department équipe team pôle unit line ligne numéro number personne"))
"""Words that say that something is meant, but hardly what."""
_GROUPS = [frozenset(stem(word) for word in group.split()) for group in _SAME]
_SYNONYMS = {word: group - {word} for group in _GROUPS for word in group}
