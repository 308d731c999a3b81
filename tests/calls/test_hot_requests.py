"""Whatever the hot path reads, the serializer reads the same; what it does not, the serializer judges."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from actions.contract import Outcome
from calls import records
from calls.api.serializers import BeginCallSerializer, InvokeActionSerializer
from calls.hot.requests import begin_of, invoke_of, key_in
from calls.hot.statements import OUTCOME_COLUMNS
from calls.models import RunState
from calls.runner import RunReport

TEXTS = st.sampled_from(
    ["", " ", "accueil", " accueil", "x" * 63, "x" * 64, "x" * 201, "+33199000001", "é\u00a0", "a\nb"]
)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 60_001), st.floats(0, 2), TEXTS, st.just([]), st.just({})
)
OBJECTS = st.dictionaries(TEXTS, ANYTHING, max_size=3)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "agent": st.one_of(TEXTS, ANYTHING),
        "from": st.one_of(TEXTS, ANYTHING),
        "to": st.one_of(TEXTS, ANYTHING),
        "direction": st.sampled_from(["inbound", "outbound", "both", "", None, 1]),
        "runtime": st.sampled_from(["rest", "retell", "telepathy", "", None, []]),
        "external_id": st.one_of(TEXTS, ANYTHING),
        "sip_headers": st.one_of(OBJECTS, st.dictionaries(TEXTS, TEXTS, max_size=3), ANYTHING),
        "context": st.one_of(OBJECTS, ANYTHING),
        "budget_ms": st.one_of(ANYTHING, st.sampled_from([1, 60_000, "5"])),
        "else": ANYTHING,
    },
)


TOOL_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "arguments": st.one_of(OBJECTS, ANYTHING),
        "tool_call_id": st.one_of(TEXTS, ANYTHING),
        "budget_ms": st.one_of(ANYTHING, st.sampled_from([1, 60_000, "5"])),
        "else": ANYTHING,
    },
)


@given(TOOL_CALLS)
def test_what_it_reads_of_a_tool_call_is_what_the_serializer_reads(body: dict[str, Any]) -> None:
    request = invoke_of(json.dumps(body).encode(), "end_call")
    serializer = InvokeActionSerializer(data=body)
    if request is not None:
        assert serializer.is_valid(), serializer.errors
        assert request == serializer.to_request("end_call")


@pytest.mark.parametrize("body", [{}, {"arguments": {"a": [1]}}, {"tool_call_id": "t1", "budget_ms": 900}])
def test_the_usual_tool_call_is_read(body: dict[str, Any]) -> None:
    assert invoke_of(json.dumps(body).encode(), "end_call") is not None


JSON_HEADER = (b"content-type", b"application/json")


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ([JSON_HEADER, (b"authorization", b"Bearer tq_a_b")], b"", "tq_a_b"),
        ([JSON_HEADER, (b"authorization", b"bearer  tq_a_b ")], b"", "tq_a_b"),
        ([JSON_HEADER, (b"x-api-key", b"tq_a_b"), (b"authorization", b"Bearer other")], b"", "tq_a_b"),
        ([JSON_HEADER, (b"authorization", b"Basic abc")], b"", None),
        ([JSON_HEADER], b"", None),
        ([JSON_HEADER, JSON_HEADER, (b"x-api-key", b"tq_a_b")], b"", None),
        ([JSON_HEADER, (b"x-api-key", b"tq_a_b"), (b"x-api-key", b"tq_c_d")], b"", None),
        ([(b"content-type", b"text/plain"), (b"x-api-key", b"tq_a_b")], b"", None),
        ([JSON_HEADER, (b"content-encoding", b"gzip"), (b"x-api-key", b"tq_a_b")], b"", None),
        ([JSON_HEADER, (b"x-api-key", b"tq_a_b")], b"format=xml", None),
    ],
)
def test_only_a_usual_head_has_a_key(headers: list[tuple[bytes, bytes]], query: bytes, key: str | None) -> None:
    assert key_in({"headers": headers, "query_string": query}) == key


def test_every_column_that_an_outcome_changes_is_written() -> None:
    run: Any = SimpleNamespace()
    report = RunReport(RunState.SUCCEEDED, timezone.now(), 1.0, Outcome(result={}, progress={}))
    records.fill_run(run, report, trace=[], warnings=[])
    assert vars(run).keys() <= set(OUTCOME_COLUMNS), "calls/hot/statements.py must name it"


@given(BODIES)
def test_what_it_reads_is_what_the_serializer_reads(body: dict[str, Any]) -> None:
    request = begin_of(json.dumps(body).encode())
    serializer = BeginCallSerializer(data=body)
    if request is not None:
        assert serializer.is_valid(), serializer.errors
        assert request == serializer.to_request()


@pytest.mark.parametrize(
    "body",
    [
        {"agent": "accueil"},
        {"to": "+33199000001"},
        {"agent": "accueil", "direction": "outbound", "from": "anonymous", "to": "+33612345678"},
        {"agent": "accueil", "external_id": "CA-1", "context": {"a": [1, {"b": None}]}, "budget_ms": 7500},
        {"agent": "accueil", "sip_headers": {"X-Customer": "4711", "X-Empty": ""}, "runtime": "retell"},
    ],
)
def test_the_usual_is_read(body: dict[str, Any]) -> None:
    assert begin_of(json.dumps(body).encode()) is not None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'"agent"', b"\xff", b'{"agent": NaN}', b'{"agent": "a\\u0000"}']
)
def test_what_is_no_object_is_not_read(raw: bytes) -> None:
    assert begin_of(raw) is None
