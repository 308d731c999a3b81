"""What goes wrong in an expression, in words for the person who edits it."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression cannot be read, or cannot be evaluated with the data of this call.

    ``message`` is a translated sentence; ``line`` counts from 1, None where it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class ExpressionTimeout(ExpressionError):
    """Evaluation took too much processor time, or too many turns of its loops."""


class ExpressionTooLarge(ExpressionError):
    """A value or the output grew beyond its bound."""
