from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.censoring import Censor

SECRETS = ["plain-secret_42", 'a/b+c&d="e" f', "clé-secrète-ü", "back\\slash~dots..", "emoji-😀-key", "%41%42%43%44"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_however_it_is_spelt(secret: str) -> None:
    every = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02x}" for byte in secret.encode()
    )
    spellings = [secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret), every]
    spellings += [json.dumps(secret, ensure_ascii=False), json.dumps(secret).replace("/", "\\/")]
    censor = Censor(["unrelated-one", secret])
    for spelling in spellings:
        assert censor.finds(f"a {spelling} b"), spelling
        cleaned = censor.clean_text(f"a {spelling} b")
        assert cleaned.replace('"', "") == "a *** b"


def test_short_ones_and_nothing_are_left_alone() -> None:
    assert Censor(["abc", ""]).clean(b"abc abc") == b"abc abc"
    assert not Censor([]).finds("anything")


@given(st.text(min_size=6, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_nothing_of_any_secret_is_left(secret: str, before: str, after: str) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    cleaned = Censor([secret]).clean_text(f"{before}{secret}{after}")
    assert "***" in cleaned


def test_a_megabyte_is_searched_quickly() -> None:
    body = b'{"name": "value", "s3cret": "s3cret-toke"},' * 25_000
    censor = Censor(["s3cret-token-0123456789", "dXNlcjpwYXNzd29yZA=="])
    began_s = time.perf_counter()
    assert censor.clean(body) == body
    assert time.perf_counter() - began_s < 2
