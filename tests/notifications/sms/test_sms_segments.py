"""How many segments a text takes: known figures, and the same ones in Python and in the browser's script."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.sms.segments import BASIC, EXTENDED, PLAIN, Count, count, named, normalise, shorten

SCRIPT = Path(__file__).resolve().parents[3] / "static" / "triptyque" / "sms.js"
NODE = which("node")


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units", "left"),
    [
        ("", "gsm", 0, 0, 160),
        ("a", "gsm", 1, 1, 159),
        ("a" * 160, "gsm", 1, 160, 0),
        ("a" * 161, "gsm", 2, 161, 145),
        ("a" * 306, "gsm", 2, 306, 0),
        ("a" * 307, "gsm", 3, 307, 152),
        ("é" * 160, "gsm", 1, 160, 0),
        ("€" * 80, "gsm", 1, 160, 0),
        ("€" * 81, "gsm", 2, 162, 143),
        # 153 is odd: no € is divided, so that each part holds 76 of them.
        ("€" * 153, "gsm", 3, 306, 151),
        ("a" * 152 + "€" + "a" * 20, "gsm", 2, 174, 131),
        ("ê" * 70, "unicode", 1, 70, 0),
        ("ê" * 71, "unicode", 2, 71, 63),
        ("ê" * 134, "unicode", 2, 134, 0),
        ("😀" * 35, "unicode", 1, 70, 0),
        ("😀" * 36, "unicode", 2, 72, 61),
        # 67 is odd: no pair of surrogates is divided.
        ("😀" * 67, "unicode", 3, 134, 65),
    ],
)
def test_known_figures(text: str, encoding: str, segments: int, units: int, left: int) -> None:
    counted = count(text)
    assert (counted.encoding, counted.segments, counted.units, counted.left) == (encoding, segments, units, left)


def test_the_characters_that_force_unicode_are_named_once_in_order() -> None:
    assert count("ça, ça et là œuvre").foreign == ("ç", "œ")
    assert list(named(["ç", "\u202f", "😀"])) == ["ç", "U+202F", "😀"]
    assert list(named("abcdefghijkl"))[-1] == "…"


def test_the_alphabet_has_its_128_places() -> None:
    """3GPP TS 23.038 section 6.2.1: 127 characters and the escape; ten in the extension."""
    assert len(BASIC) == 127
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


def test_simple_punctuation_keeps_french_in_the_alphabet() -> None:
    written = "L’agence «\u00a0Lac\u00a0» est ouverte\u202f: 9–17\u00a0h…"
    assert count(written).encoding == "unicode"
    plain = normalise(written, plain=True)
    assert plain == 'L\'agence "Lac" est ouverte : 9-17 h...'
    assert count(plain).encoding == "gsm"
    assert all(char in BASIC for replaced in PLAIN.values() for char in replaced)


def test_line_ends_are_one_character() -> None:
    assert normalise("a\r\nb\rc\nd") == "a\nb\nc\nd"


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("aé€ç😀 👍\u200d\ufe0f"), max_size=60), st.integers(1, 12), st.integers(1, 4))
def test_a_shortened_text_fits_and_ends_in_dots(piece: str, times: int, most: int) -> None:
    text = piece * times
    short = shorten(text, most)
    assert count(short).segments <= most
    assert short == text or (short.endswith("...") and text.startswith(short[:-3]))


CHARACTERS = st.one_of(
    st.sampled_from(sorted(BASIC | EXTENDED)),
    st.sampled_from(sorted(PLAIN)),
    st.characters(codec="utf-8"),
    st.sampled_from("😀👍çœê\r\n"),
)


# Repeated, so that parts are filled to their brims.
TEXTS = st.builds(lambda text, times: text * times, st.text(CHARACTERS, max_size=40), st.integers(1, 20))


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@settings(deadline=None, max_examples=12)
@given(texts=st.lists(st.tuples(TEXTS, st.booleans()), min_size=10, max_size=20))
def test_the_browser_computes_the_same_figures(texts: list[tuple[str, bool]]) -> None:
    program = (
        "require(process.argv[1]);const s=globalThis.triptyqueSms;"
        'const given=JSON.parse(require("fs").readFileSync(0,"utf8"));'
        "const figures=([text,plain])=>{const n=s.normalise(text,plain);return [n,s.count(n)]};"
        "console.log(JSON.stringify(given.map(figures)))"
    )
    # Once for many texts: starting node takes longer than counting.
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", program, str(SCRIPT)], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    for (text, plain), (normalised, figures) in zip(texts, json.loads(done.stdout), strict=True):
        assert normalised == normalise(text, plain=plain)
        assert Count(**{**figures, "foreign": tuple(figures["foreign"])}) == count(normalised)
