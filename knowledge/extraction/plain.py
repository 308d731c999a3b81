"""Text and Markdown files."""

from __future__ import annotations

import codecs
import re

from knowledge.extraction.contract import Unreadable
from knowledge.extraction.markdown import clean

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{2,40})""")


def decode(content: bytes, charset: str = "", *, declared: bool = False) -> str:
    """A byte order mark wins, then UTF-8, then ``charset``, then (``declared``) what HTML says, then Windows-1252.

    UTF-8 comes before what was said: other encodings do not look like it by chance. Raises Unreadable, unsupported.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return _text(content.decode(encoding, "replace"))
    said = [charset]
    if declared:
        said += [match[1].decode() for match in (_XML.search(content[:1024]), _META.search(content[:4096])) if match]
    for encoding in ["utf-8", *filter(_is_text_encoding, said), "cp1252"]:
        try:
            return _text(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _text(content.decode("latin-1"))


def _is_text_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _text(text: str) -> str:
    if "\0" in text:
        raise Unreadable("unsupported", "NUL")
    return clean(text)
