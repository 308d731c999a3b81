"""Types of mapped values."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.http.mapping import Mapped


def read(value: Any, type_: str, **options: Any) -> Any:
    mapped = Mapped.model_validate({"path": "$.v", "variable": "v", "type": type_, **options})
    warnings: list[str] = []
    result = mapped.read({"v": value}, warnings)
    return "warned" if warnings else result


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        ("a", "string", "a"),
        (12, "string", "12"),
        (True, "string", "true"),
        ({"a": [1]}, "string", '{"a": [1]}'),
        (None, "string", None),
        (12, "integer", 12),
        (12.0, "integer", 12),
        ("12", "integer", 12),
        (" -12 ", "integer", -12),
        (12.5, "integer", "warned"),
        ("12.5", "integer", "warned"),
        ("", "integer", "warned"),
        ("12a", "integer", "warned"),
        ("1" * 5000, "integer", "warned"),
        (True, "integer", "warned"),
        ([1], "integer", "warned"),
        (12, "number", 12),
        (12.5, "number", 12.5),
        ("12.5", "number", 12.5),
        ("12,5", "number", 12.5),
        ("nan", "number", "warned"),
        ("1e999", "number", "warned"),
        (False, "number", "warned"),
        (True, "boolean", True),
        (False, "boolean", False),
        ("true", "boolean", True),
        ("No", "boolean", False),
        (1, "boolean", True),
        (0, "boolean", False),
        (2, "boolean", "warned"),
        ("perhaps", "boolean", "warned"),
        ([1, {"a": None}], "any", [1, {"a": None}]),
        (None, "any", None),
    ],
)
def test_a_value_is_read_as_its_type(value: Any, type_: str, expected: Any) -> None:
    result = read(value, type_)

    assert result == expected
    assert type(result) is type(expected)


def test_a_default_replaces_what_is_absent_null_or_of_another_type() -> None:
    assert read(None, "integer", default=7) == 7
    assert read("x", "integer", default=7) == 7
    assert read("x", "integer", default=None) is None
    assert read(0, "integer", default=7) == 0
    assert read(1, "any", path="$.absent", default="x") == "x"
    assert read(1, "any", path="$.absent") == "warned"
