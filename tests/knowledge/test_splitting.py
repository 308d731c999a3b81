"""Splitting documents into passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.splitting import LONG, SHORT, Piece, split

SENTENCE = "Le préavis est de deux mois pour toute résiliation demandée par lettre. "


def test_headings_are_shown_as_the_way_down() -> None:
    text = "Avant.\n\n# Contrat\n\nUn.\n\n## Fin ##\n\nDeux.\n\n## Prix\n\nTrois.\n\n# Contact\n\nQuatre."

    assert split(text) == [
        Piece("", "Avant."),
        Piece("Contrat", "Un."),
        Piece("Contrat › Fin", "Deux."),
        Piece("Contrat › Prix", "Trois."),
        Piece("Contact", "Quatre."),
    ]


def test_underlined_headings_count_rules_and_code_do_not() -> None:
    text = "Contrat\n=======\n\nUn.\n\nPrix\n----\n\nDeux.\n\n---\n\n```\n# not a heading\n```"

    assert split(text) == [
        Piece("Contrat", "Un."),
        Piece("Contrat › Prix", "Deux.\n\n---\n\n```\n# not a heading\n```"),
    ]


def test_long_texts_are_cut_between_sentences() -> None:
    pieces = split(SENTENCE * 60)

    assert len(pieces) > 1
    assert all(SHORT <= len(piece.text) <= LONG for piece in pieces[:-1])
    assert all(piece.text.endswith("lettre.") for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == (SENTENCE * 60).strip()


def test_a_passage_ends_with_its_paragraph_once_it_is_long_enough() -> None:
    paragraph = (SENTENCE * 6).strip()
    pieces = split("\n\n".join([paragraph] * 6))

    assert [piece.text for piece in pieces] == [f"{paragraph}\n\n{paragraph}"] * 3


def test_a_sentence_without_end_is_cut_between_words_and_a_word_without_end_anywhere() -> None:
    assert all(len(piece.text) <= LONG for piece in split("mot " * 2000))
    assert [len(piece.text) for piece in split("x" * 3000)] == [1200, 1200, 600]


def test_lines_of_a_list_stay_lines() -> None:
    assert split("- un\n- deux\n- trois")[0].text == "- un\n- deux\n- trois"


def test_a_text_without_words_has_no_passages() -> None:
    assert split("") == split("\n\n# \n---\n***") == []


@given(st.text(alphabet=st.sampled_from("aé .!?\n#=-`|\r\t"), max_size=4000))
def test_no_letter_is_lost_and_no_passage_too_long(text: str) -> None:
    pieces = split(text)

    assert all(0 < len(piece.text) <= LONG for piece in pieces)
    shown = "".join(piece.text + piece.heading for piece in pieces)
    if "#" not in text and "=" not in text and "-" not in text:
        assert shown.count("a") == text.count("a")
        assert shown.count("é") == text.count("é")
