"""Kind ``wait``: silence, with a maximum."""

from __future__ import annotations

import pytest

from actions.arguments import Arguments
from actions.directives import Wait
from actions.kinds.wait import DEFAULT_WAIT_S, WaitParams
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("wait")
schema = Arguments(kind.arguments_schema(WaitParams(), "en"))


@pytest.mark.parametrize(("arguments", "seconds"), [({}, DEFAULT_WAIT_S), ({"seconds": 40}, 40)])
async def test_it_waits(arguments: dict[str, int], seconds: int) -> None:
    assert (await kind.run(WaitParams(), context(), arguments)).directives == (Wait(max_s=seconds),)


@pytest.mark.parametrize("seconds", [0, 61, -1, 1.5, "10"])
def test_it_refuses(seconds: object) -> None:
    assert schema.errors({"seconds": seconds})


def test_the_default_description_is_in_the_agents_language() -> None:
    assert kind.default_description("en") != kind.default_description("fr")
