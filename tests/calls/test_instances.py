"""Rows made without ``Model.__init__`` are those that it makes."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from calls.instances import unsaved
from calls.models import Call, Run

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CALL = {"account_id": 1, "agent_id": 2, "release_id": 3, "from_number": "+33612340000", "answer_due_at": NOW}


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Call, {**CALL, "id": uuid.uuid4(), "begun_at": NOW, "context": {"a": 1}}),
        (Run, {"id": uuid.uuid4(), "account_id": 1, "call_id": uuid.uuid4(), "created_at": NOW, "kind": "wait"}),
    ],
)
def test_they_have_the_same_attributes(model: type[Call] | type[Run], values: dict[str, object]) -> None:
    quick, usual = vars(unsaved(model, **values)), vars(model(**values))
    for state in (quick.pop("_state"), usual.pop("_state")):
        assert (state.adding, state.db, state.fields_cache) == (True, None, {})
    assert quick == usual


def test_what_can_be_changed_is_each_row_s_own() -> None:
    first, second = unsaved(Call, **CALL), unsaved(Call, **CALL)
    assert first.id != second.id
    first.context["a"] = 1
    first._state.adding = False
    assert second.context == {}
    assert second._state.adding
