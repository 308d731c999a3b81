"""From text to terms: how passages and questions become comparable, in French and in English."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from accounts.lazily import lazily
from accounts.models import Language
from knowledge.languages import ENGLISH, FRENCH

if TYPE_CHECKING:
    import tantivy
else:
    tantivy = lazily("tantivy")

LANGUAGES = {Language.FRENCH.value: "french", Language.ENGLISH.value: "english"}

LONGEST_WORD = 60

# What callers say around their question: left out of questions, not of passages.
_FRENCH_TALK = """
bonjour bonsoir allo allô merci svp plait plaît voudrais aimerais souhaiterais savoir dire dites expliquer
expliquez peux pouvez pourriez puis est-ce est aujourd hui comment faire faut fait a ont avez avait ai as suis été
me moi lui y
"""
_ENGLISH_TALK = """
hello hi thanks thank please would could like want wanted know tell explain how what s t m re ve ll d isn don
doesn can need me get about
"""
SMALL = {Language.FRENCH.value: FRENCH, Language.ENGLISH.value: ENGLISH}
TALK = {Language.FRENCH.value: _FRENCH_TALK.split(), Language.ENGLISH.value: _ENGLISH_TALK.split()}


@cache
def analyzer(language: str) -> tantivy.TextAnalyzer:
    """Words without endings and accents: ``Résiliations`` and ``resilier`` give the same term.

    The French stemmer needs accents to see some endings, and whoever writes none must find the same: so it
    works before the accents go and once more after.
    """
    stem = tantivy.Filter.stemmer(LANGUAGES[language])
    return _content(language, SMALL[language]).filter(stem).filter(tantivy.Filter.ascii_fold()).filter(stem).build()


@cache
def _plain(language: str) -> tantivy.TextAnalyzer:
    return _content(language, {*SMALL[language], *TALK[language]}).build()


def content_words(text: str, language: str) -> str:
    """The question ``text`` without the words that ask nothing."""
    return " ".join(_plain(language).analyze(text))


def _content(language: str, left_out: Iterable[str]) -> tantivy.TextAnalyzerBuilder:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword(LANGUAGES[language]))
        .filter(tantivy.Filter.custom_stopword(sorted(left_out)))
    )


def register_analyzers(index: tantivy.Index) -> None:
    for language in LANGUAGES:
        index.register_tokenizer(tokenizer_name(language), analyzer(language))


def tokenizer_name(language: str) -> str:
    return f"triptyque_{language}"
