"""Catalogues: everything that is marked is collected, nothing is guessed, every gap is told."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from scripts import messages

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, npgettext, pgettext_lazy

title = _("Calls")
long = _(
    "One text "
    "in two pieces"
)
state = pgettext_lazy("of a call", "Running")
def count(n):
    return ngettext("%(n)d call", "%(n)d calls", n) + npgettext("of a key", "one", "many", n)
"""
TEMPLATE = """{% load i18n %}
<html>
   <body title="{% translate "Agents" %}">
  <p>$ it's {{ _("Not me")|upper }} {% translate "Open" context "a door" %}</p>
      {% blocktranslate trimmed count n=calls|length %}
         {{ n }} agent,
         50% done
      {% plural %}
         {{ n }} agents, 50% done
      {% endblocktranslate %}
{# dropped #}{% comment %}{% translate "Hidden" %}{% endcomment %}
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "calls").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "calls/views.py").write_text(PYTHON)
    (tmp_path / "templates/page.html").write_text(TEMPLATE)
    return tmp_path


def collected(sources: Path) -> dict[messages.Id, Message]:
    return messages.by_id(messages.collect(sources, "fr"))


def test_every_marked_text_is_collected_with_context_and_plural(sources: Path) -> None:
    found = collected(sources)
    assert set(found) == {
        (None, "Calls"),
        (None, "One text in two pieces"),
        ("of a call", "Running"),
        (None, "%(n)d call"),
        ("of a key", "one"),
        (None, "Agents"),
        (None, "Not me"),
        ("a door", "Open"),
        (None, "%(n)s agent, 50%% done"),
    }
    assert found[None, "%(n)d call"].id == ("%(n)d call", "%(n)d calls")
    assert found["of a key", "one"].id == ("one", "many")
    assert found[None, "%(n)s agent, 50%% done"].id == ("%(n)s agent, 50%% done", "%(n)s agents, 50%% done")


def translated(sources: Path) -> Catalog:
    """The catalogue of ``sources`` with something in every place."""
    catalogue = messages.collect(sources, "fr")
    for message in messages.by_id(catalogue).values():
        message.string = message.id
    return catalogue


def test_an_update_keeps_translations_and_tells_those_that_have_no_text_any_more(sources: Path) -> None:
    old = translated(sources)
    (sources / "calls/views.py").write_text(PYTHON.replace('"Calls"', '"All calls"'))
    new, gone = messages.update(old, messages.collect(sources, "fr"))
    assert gone == ["'Calls'"]
    assert messages.problems(new, messages.collect(sources, "fr")) == ["untranslated: 'All calls'"]


def test_an_update_without_a_change_writes_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    path = tmp_path / "fr" / "django.po"
    messages.write_catalogue(path, translated(sources), "fr")
    before = path.read_bytes()
    again, _gone = messages.update(messages.read(path, "fr"), messages.collect(sources, "fr"))
    messages.write_catalogue(path, again, "fr")
    assert path.read_bytes() == before
    assert b"views.py" not in before
    assert b"POT-Creation-Date" not in before


def test_a_complete_catalogue_has_no_problems(sources: Path) -> None:
    assert messages.problems(translated(sources), messages.collect(sources, "fr")) == []


def test_each_gap_is_told(sources: Path) -> None:
    catalogue = translated(sources)
    catalogue.get("Calls").string = ""  # type: ignore[union-attr]
    catalogue.get("%(n)d call").string = ("%(n)d appel", "")  # type: ignore[union-attr]
    catalogue.get("Agents").flags.add("fuzzy")  # type: ignore[union-attr]
    catalogue.get("%(n)s agent, 50%% done").string = ("%(m)s", "%(n)s")  # type: ignore[union-attr]
    catalogue.delete("Running", "of a call")
    catalogue.add("Old", "Vieux")
    found = messages.problems(catalogue, messages.collect(sources, "fr"))
    assert sorted(line.partition(":")[0] for line in found) == [
        "fuzzy",
        "missing",
        "obsolete",
        "untranslated",
        "untranslated",
        "wrong",
    ]


def test_a_text_that_became_plural_needs_a_new_translation(sources: Path) -> None:
    old = translated(sources)
    (sources / "calls/views.py").write_text(PYTHON.replace('_("Calls")', 'ngettext("Calls", "Calls", 1)'))
    now = messages.collect(sources, "fr")
    assert messages.problems(old, now) == ["missing: plural of 'Calls'"]
    assert not messages.is_translated(messages.by_id(messages.update(old, now)[0])[None, "Calls"])


def test_a_compiled_catalogue_speaks_french(tmp_path: Path) -> None:
    catalogue = messages.new_catalogue("fr")
    catalogue.add(("%(n)d call", "%(n)d calls"), ("%(n)d appel", "%(n)d appels"))
    catalogue.add("Running", "En cours", context="of a call")
    path = tmp_path / "django.po"
    messages.write_catalogue(path, catalogue, "fr")
    with messages.compile_catalogue(path, "fr").open("rb") as file:
        french = gettext.GNUTranslations(file)
    assert [french.ngettext("%(n)d call", "%(n)d calls", n) % {"n": n} for n in (0, 1, 2)] == [
        "0 appel",
        "1 appel",
        "2 appels",
    ]
    assert french.pgettext("of a call", "Running") == "En cours"
