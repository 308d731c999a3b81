"""URLs with variables in them, of which no value can change where the request goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from django.utils.translation import gettext as _

from actions.contract import JSON, ActionError
from actions.expressions.templates import Template
from workflows.http.text import as_text

_VARIABLE = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
_STATEMENT = re.compile(r"\{%|\{#")
# Scheme and host, up to where the path, the query or the end begins.
_ORIGIN = re.compile(r"https?://[^/?#\s{}@\\]+(?=[/?#]|\Z)", re.IGNORECASE)


class AddressTemplate:
    """A URL whose scheme and host are written out, or which is one single variable.

    Every value goes in percent-encoded, so it stays within its path segment or query value. One that would
    climb out of its segment (``..``) or leave it empty, and so reach another resource, is refused.
    """

    def __init__(self, source: str, pieces: list[str | Template], origin: tuple[str, str] | None) -> None:
        self.source = source
        self._pieces = pieces
        self._origin = origin

    @classmethod
    def parse(cls, source: str) -> AddressTemplate:
        """Raises ValueError with a sentence, or ExpressionError."""
        source = source.strip()
        if _STATEMENT.search(source):
            raise ValueError(_("An address may hold variables, but no {% … %} and no comments."))
        pieces = [Template.parse(piece) if index % 2 else piece for index, piece in enumerate(_VARIABLE.split(source))]
        if len(pieces) == 3 and not pieces[0] and not pieces[2]:
            return cls(source, pieces, None)
        origin = _ORIGIN.match(source)
        if origin is None:
            raise ValueError(
                _(
                    "The address must begin with https:// or http:// and a host without variables, "
                    "or be one single variable."
                )
            )
        if any(isinstance(piece, str) and re.search(r"\s", piece) for piece in pieces):
            raise ValueError(_("The address contains a space or a line break."))
        split = urlsplit(origin[0])
        return cls(source, pieces, (split.scheme, split.netloc))

    @property
    def names(self) -> frozenset[str]:
        return frozenset[str]().union(*(piece.names for piece in self._pieces if isinstance(piece, Template)))

    def render(self, scope: Mapping[str, JSON], warnings: list[str]) -> str:
        """Raises ActionError, ``invalid_url``."""
        if self._origin is None:
            template = self._pieces[1]
            assert isinstance(template, Template)
            return as_text(template.value(scope, warnings)).strip()
        url, in_path = "", True
        for piece in self._pieces:
            if isinstance(piece, str):
                url += piece
                in_path = in_path and "?" not in piece and "#" not in piece
                continue
            text = as_text(piece.value(scope, warnings))
            if not text and in_path:
                raise _invalid(_("A variable in the address is empty."))
            url += quote(text, safe="")
        return self._checked(url)

    def _checked(self, url: str) -> str:
        split = urlsplit(url)
        if (split.scheme, split.netloc) != self._origin:
            raise _invalid(_("A variable in the address would change its host."))
        # Some servers see a separator in a backslash, and drop what follows a semicolon, before they look for dots.
        if any(part.partition(";")[0] in {".", ".."} for part in re.split(r"[/\\]", unquote(split.path))):
            raise _invalid(_("A variable in the address would change its path."))
        return url


def _invalid(message: str) -> ActionError:
    return ActionError(message, code="invalid_url", permanent=True)
