"""The French catalogue: nothing lost between a text and its translation, typography, and that it compiles."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from django.apps import apps

from scripts import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[#0 +-]*[\d.]*[a-z]|%%|\{\{.*?\}\}|\{%.*?%\}|\{\w*\}")
CODE = re.compile(r"https?://|<[^>]+>|\[?\{\"[^{}]*\}\]?|\[début:fin\]|\b(?:query|passage): |\bid:")
"""The beginning of an address, an HTML tag, JSON, a piece of an expression, the beginning of a column's name."""

ACRONYM = re.compile(r"[A-Z]{2}")

UNFOLD = Path(unfold.__file__).parent
UNFOLD_UNUSED = {
    "Dataset not found. No action performed.",  # a table of other rows inside of a form
    "Select currency",
    "You can not create nested object without parent",
}


@pytest.fixture(scope="module")
def french() -> Catalog:
    return messages.read(messages.CATALOGUES["fr"], "fr")


def pairs(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    """(msgid, msgstr); of a plural, each form beside the English form of the same number."""
    for message in catalogue:
        if isinstance(message.id, str):
            if message.id:
                yield message.id, message.string
        else:
            yield from zip(message.id, message.string, strict=True)


def prose(text: str) -> str:
    """With a stand-in for what is not prose, so that the words around it stay apart."""
    return CODE.sub("X", PLACEHOLDER.sub("X", text))


def wrong(catalogue: Catalog, pattern: str) -> list[str]:
    return [text for _msgid, text in pairs(catalogue) if re.search(pattern, prose(text))]


def test_translations_keep_the_placeholders(french: Catalog) -> None:
    differing = [
        (msgid, text)
        for msgid, text in pairs(french)
        if set(PLACEHOLDER.findall(msgid)) != set(PLACEHOLDER.findall(text))
    ]
    assert differing == []


def test_sentences_stay_sentences_and_labels_stay_labels(french: Catalog) -> None:
    for msgid, text in pairs(french):
        assert is_sentence(text) == is_sentence(msgid), text
        assert text[0].isspace() == msgid[0].isspace(), text
        assert text[0].islower() >= msgid[0].islower() or ACRONYM.match(text), text


def is_sentence(text: str) -> bool:
    return re.search(r"[.…]\W*$", prose(text)) is not None


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        (r" [:;!?»]", "the space before a high sign does not break"),
        (r"« ", "the space inside quotation marks does not break"),
        (r"[\w)][;!?»]|\w:(?=\s|$)|«\w", "high signs and quotation marks stand apart from words"),
        (r"\w'\w", "apostrophes are curved"),
        (r"[“”\"]", "quotation marks are « »"),
        (r"\.\.\.", "an ellipsis is one character"),
        (r"  | $", "no space is double or at the end"),
    ],
)
def test_french_typography(french: Catalog, pattern: str, rule: str) -> None:
    assert [text for text in wrong(french, pattern) if "\n" not in text] == [], rule


def test_numbers_stay_with_their_units(french: Catalog) -> None:
    assert [text for _msgid, text in pairs(french) if re.search(r"(\d|\)[sd]) (ms|s|min)\b(?!’)", text)] == []


def test_the_catalogue_compiles_and_counts_as_french_does(french: Catalog, tmp_path: Path) -> None:
    source = tmp_path / "django.po"
    source.write_bytes(messages.CATALOGUES["fr"].read_bytes())
    with messages.compile_catalogue(source, "fr").open("rb") as file:
        translations = gettext.GNUTranslations(file)
    plural = next(message for message in french if not isinstance(message.id, str))
    forms = [translations.ngettext(*plural.id, count) for count in (0, 1, 2)]
    assert forms == [plural.string[0], plural.string[0], plural.string[1]]
    assert all(translations.gettext(message.id) == message.string for message in french if plain(message))


def plain(message: Message) -> bool:
    return isinstance(message.id, str) and bool(message.id) and message.context is None


def test_unfold_speaks_french(french: Catalog) -> None:
    """It has no catalogue of its own: what Django does not know must be in ours."""
    known = {key for key, message in messages.by_id(french).items() if messages.is_translated(message)}
    locales = [Path(django.__file__).parent / "conf", *(Path(config.path) for config in apps.get_app_configs())]
    for path in {path / "locale/fr/LC_MESSAGES/django.mo" for path in locales}:
        if path.exists():
            with path.open("rb") as file:
                known |= set(messages.by_id(read_mo(file)))
    assert {text for context, text in texts_of_unfold() if (context, text) not in known} <= UNFOLD_UNUSED


def texts_of_unfold() -> Iterator[messages.Id]:
    """Of Unfold itself and its filters; its other extensions are for packages that we do not use."""
    for path in UNFOLD.rglob("*"):
        inside = path.relative_to(UNFOLD)
        if inside.parts[0] == "contrib" and inside.parts[1:2] != ("filters",):
            continue
        if path.suffix == ".py" or path.suffix in messages.TEMPLATE_SUFFIXES:
            stream = io.BytesIO(messages.as_python(path).encode())
            for _line, text, _comments, context in extract("python", stream, messages.KEYWORDS):
                yield context, text if isinstance(text, str) else text[0]
