"""Addresses as people write them, and nothing that could become a header."""

from __future__ import annotations

import time

import pytest
from django.core.mail import EmailMessage
from hypothesis import given
from hypothesis import strategies as st

from notifications.email.addresses import (
    LONGEST_LIST,
    is_template,
    normalise_address,
    split_rendered,
    split_written,
    without_repeats,
)


def test_commas_semicolons_and_line_breaks_separate() -> None:
    assert split_written("a@x.fr, b@x.fr;c@x.fr\r\n\n d@x.fr ;;") == ["a@x.fr", "b@x.fr", "c@x.fr", "d@x.fr"]


def test_templates_and_quoted_names_stay_whole() -> None:
    written = '"Dupont, Jean" <j@x.fr>, {{ params.team | join(", ") }}; {% if a %}x@y.fr{% endif %}'
    assert split_written(written) == [
        '"Dupont, Jean" <j@x.fr>',
        '{{ params.team | join(", ") }}',
        "{% if a %}x@y.fr{% endif %}",
    ]
    assert [is_template(entry) for entry in split_written(written)] == [False, True, True]


def test_a_line_break_does_not_separate_what_a_template_gave() -> None:
    assert split_rendered("a@x.fr, b@x.fr\nBcc: c@x.fr") == ["a@x.fr", "b@x.fr\nBcc: c@x.fr"]


@pytest.mark.parametrize(
    ("entry", "normal"),
    [
        ("a@x.fr", "a@x.fr"),
        ("<a@x.fr>", "a@x.fr"),
        ("Bob <b@x.fr>", '"Bob" <b@x.fr>'),
        ('"Dupont, Jean"<j@x.fr>', '"Dupont, Jean" <j@x.fr>'),
        ("Élodie Martin <e@x.fr>", '"Élodie Martin" <e@x.fr>'),
        ("Jean (Paris) <j@x.fr>", '"Jean (Paris)" <j@x.fr>'),
        (r"Back\slash <b@x.fr>", r'"Back\\slash" <b@x.fr>'),
        ("a+tag@exämple.fr", "a+tag@exämple.fr"),
        ("équipe <team@localhost>", '"équipe" <team@localhost>'),
    ],
)
def test_it_takes_addresses_with_and_without_a_name(entry: str, normal: str) -> None:
    assert normalise_address(entry) == normal


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "a",
        "a@",
        "@x.fr",
        "a@x",
        "a b@x.fr",
        "Bob b@x.fr",
        "a@x.fr>",
        "a@x.fr, b@x.fr",
        "a@x.fr; b@x.fr",
        "<a@x.fr> <b@x.fr>",
        "a@x.fr\nBcc: evil@y.fr",
        "a@x.fr\r\nBcc: evil@y.fr",
        "Bob\nBcc: evil@y.fr <a@x.fr>",
        '"Bob\nBcc: evil@y.fr" <a@x.fr>',
        "a@x.fr\n",
        "a\x00@x.fr",
        "Bob\u2028 <a@x.fr>",
        "mailto:a@x.fr",
        "é@x.fr",
    ],
)
def test_it_refuses_everything_else(entry: str) -> None:
    with pytest.raises(ValueError):
        normalise_address(entry)


@given(st.text(max_size=60) | st.from_regex(r'[a-z "\\<>,;:\r\n]{0,20}<a@x\.fr>', fullmatch=True))
def test_whatever_passes_is_one_header_with_one_mailbox(entry: str) -> None:
    try:
        address = normalise_address(entry)
    except ValueError:
        return
    message = EmailMessage("s", "b", "f@x.fr", [address]).message()
    assert list(message.keys()).count("To") == 1
    assert "\n" not in message["To"].replace("\n ", "")
    assert normalise_address(address) == address


def test_a_mailbox_is_written_to_once() -> None:
    seen: set[str] = set()
    assert list(without_repeats(['"Bob" <b@x.fr>', "B@x.fr", "a@x.fr"], seen)) == ['"Bob" <b@x.fr>', "a@x.fr"]
    assert list(without_repeats(["A@X.fr", "c@x.fr"], seen)) == ["c@x.fr"]


@pytest.mark.parametrize("piece", ["{{", "{%", "{#", '"', '"\\', "a", ","])
def test_hostile_text_costs_little(piece: str) -> None:
    started = time.thread_time()
    split_written(piece * LONGEST_LIST * 4)
    split_rendered(piece * LONGEST_LIST * 4)
    assert time.thread_time() - started < 1
