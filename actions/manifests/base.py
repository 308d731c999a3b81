"""What a shape is, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actions.contract import JSON

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.releases import ToolDefinition

OWN = "triptyque"
"""The shape that answers have unless another is asked for."""


class Called(TextChoices):
    """How a call of a tool in this shape reaches us."""

    BY_CODE = "by_code", gettext_lazy("Your program hands each tool call on to the API.")
    OVER_MCP = "over_mcp", gettext_lazy("Through the MCP server of the call, which lists these tools by itself.")
    OVER_REST = "over_rest", gettext_lazy("The telephone system calls the API itself.")
    BY_BRIDGE = (
        "by_bridge",
        gettext_lazy(
            "The telephone system sends its own kind of request: a bridge of yours must hand it on to the API."
        ),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tools will be called from and to.

    ``api_url`` ends in ``/api/v1``. ``call_id`` is '' where the tools are for every call of an agent.
    ``bridge_url`` is where the account's own bridge listens, '' where none was named. ``language`` is the agent's.
    """

    api_url: str
    language: str
    call_id: str = ""
    bridge_url: str = ""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something of ``tool`` that this shape cannot say; ``message`` is for people."""

    tool: str
    message: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``tools`` in the vendor's shape, and what of them does not fit."""

    tools: list[dict[str, JSON]]
    warnings: list[Misfit]


Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shape:
    """``tool`` makes one of the vendor's items out of a definition, and tells ``warn`` what does not fit.

    ``longest_description``: characters that the vendor takes; 0: no limit is known.
    """

    name: str
    label: StrOrPromise
    called: Called
    tool: Callable[[ToolDefinition, Place, Warn], dict[str, JSON]] = field(repr=False)
    longest_description: int = 0
    most_tools: int = 0


_shapes: dict[str, Shape] = {}


def register(shape: Shape) -> None:
    assert shape.name not in _shapes, f"two shapes are called {shape.name}"
    _shapes[shape.name] = shape


def find(name: str) -> Shape:
    """Raises KeyError."""
    return _shapes[name]


def shapes() -> list[Shape]:
    """Our own first, the others by name."""
    return sorted(_shapes.values(), key=lambda shape: (shape.name != OWN, shape.name))


def names() -> list[str]:
    return [shape.name for shape in shapes()]


def render(shape: Shape, tools: Iterable[ToolDefinition], place: Place) -> Manifest:
    """Nothing is left out in silence: what the shape cannot say is among the warnings."""
    made: list[dict[str, JSON]] = []
    warnings: list[Misfit] = []
    for tool in tools:

        def warn(message: str, name: str = tool.name) -> None:
            warnings.append(Misfit(name, message))

        made.append(shape.tool(tool, place, warn))
        _measure(shape, tool, warn)
    if shape.most_tools and len(made) > shape.most_tools:
        text = _("%(vendor)s takes %(most)d tools at most; these are %(count)d.")
        facts = {"vendor": shape.label, "most": shape.most_tools, "count": len(made)}
        warnings.append(Misfit("", text % facts))
    return Manifest(made, warnings)


def _measure(shape: Shape, tool: ToolDefinition, warn: Warn) -> None:
    size = len(tool.description)
    if shape.longest_description and size > shape.longest_description:
        text = _("The description has %(size)d characters; %(vendor)s takes %(most)d.")
        warn(text % {"size": size, "vendor": shape.label, "most": shape.longest_description})
