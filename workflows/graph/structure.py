"""What can be told of a graph from its nodes and edges alone. Ids are unique here."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

Links = Mapping[str, Sequence[str]]
"""For each node, the nodes that its edges lead to; a target comes once for each edge."""


def topological_order(links: Links) -> list[str]:
    """Each node after all that lead to it; where the edges leave a choice, the order of ``links`` decides.

    Nodes on a circle, and those after one, are left out.
    """
    rank = {node_id: index for index, node_id in enumerate(links)}
    waiting = dict.fromkeys(links, 0)
    for target in _targets(links):
        waiting[target] += 1
    ready = [(rank[node_id], node_id) for node_id, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, node_id = heapq.heappop(ready)
        order.append(node_id)
        for target in links[node_id]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, (rank[target], target))
    return order


def circle(links: Links) -> list[str]:
    """One circle, in the order in which it goes round, from its first node of ``links``; empty: there is none."""
    ordered = set(topological_order(links))
    left = [node_id for node_id in links if node_id not in ordered]
    if not left:
        return []
    # Each of these has one of these before it: walking backwards must come to a node that it has seen.
    walk = [left[0]]
    while (before := next(source for source in left if walk[-1] in links[source])) not in walk:
        walk.append(before)
    ring = walk[walk.index(before) :][::-1]
    first = min(range(len(ring)), key=lambda index: left.index(ring[index]))
    return ring[first:] + ring[:first]


def reachable(links: Links, start: str) -> set[str]:
    """The nodes that a walk from ``start`` can come to, itself included."""
    seen, walk = {start}, [start]
    while walk:
        for target in links[walk.pop()]:
            if target not in seen:
                seen.add(target)
                walk.append(target)
    return seen


def _targets(links: Links) -> Iterable[str]:
    return (target for targets in links.values() for target in targets)
