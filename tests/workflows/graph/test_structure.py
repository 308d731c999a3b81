"""Orders and circles, on random graphs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflows.graph.structure import circle, reachable, topological_order

NAMES = "abcdefgh"
links = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=4) for name in NAMES})


@given(links)
def test_the_order_is_topological_or_there_is_a_circle(links: dict[str, list[str]]) -> None:
    order = topological_order(links)
    ring = circle(links)

    assert (len(order) == len(links)) == (not ring)
    for source in order:
        assert all(target not in order or order.index(target) > order.index(source) for target in links[source])


@given(links)
def test_a_circle_is_one(links: dict[str, list[str]]) -> None:
    ring = circle(links)

    assert len(set(ring)) == len(ring)
    for node_id, following in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        assert following in links[node_id]


@given(links)
def test_what_is_reachable_is_closed(links: dict[str, list[str]]) -> None:
    reached = reachable(links, "a")

    assert "a" in reached
    assert all(target in reached for node_id in reached for target in links[node_id])
