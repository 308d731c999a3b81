"""The kinds of node that exist. A half-written one is refused when its module is imported."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from actions.contract import Moment
from workflows.nodes.base import AnyNodeKind, NodeConfig, NodeKind

K = TypeVar("K", bound=type[NodeKind[Any]])
DEMANDED = ("name", "label", "summary", "icon", "Config")


class NodeRegistry:
    """Kinds of node by name."""

    def __init__(self) -> None:
        self._kinds: dict[str, AnyNodeKind] = {}

    def register(self, cls: K) -> K:
        """Class decorator; raises ImproperlyConfigured with everything that is missing."""
        if problems := _problems(cls):
            raise ImproperlyConfigured(f"{cls.__module__}.{cls.__name__}: {'; '.join(problems)}.")
        if cls.name in self._kinds:
            raise ImproperlyConfigured(f"Two kinds of node are called {cls.name!r}.")
        self._kinds[cls.name] = cls()
        return cls

    def get(self, name: str) -> AnyNodeKind:
        """Raises KeyError for a kind that does not exist."""
        return self._kinds[name]

    def for_moment(self, moment: Moment | str) -> list[AnyNodeKind]:
        return [kind for kind in self if moment in kind.moments]

    def __iter__(self) -> Iterator[AnyNodeKind]:
        return iter(self._kinds.values())

    def __contains__(self, name: str) -> bool:
        return name in self._kinds


def _problems(cls: type[AnyNodeKind]) -> list[str]:
    problems = [f"{name} is missing" for name in DEMANDED if not hasattr(cls, name)]
    if abstract := sorted(getattr(cls, "__abstractmethods__", ())):
        problems.append(f"{', '.join(abstract)} not written")
    if not inspect.iscoroutinefunction(getattr(cls, "run", None)):
        problems.append("run must be a coroutine function")
    if not cls.moments or not all(isinstance(moment, Moment) for moment in cls.moments):
        problems.append("moments must hold at least one Moment")
    return problems or _config_problems(cls)


def _config_problems(cls: type[AnyNodeKind]) -> list[str]:
    config: type = cls.Config
    if not issubclass(config, NodeConfig) or not config.model_config.get("frozen"):
        return ["Config must be a frozen NodeConfig"]
    settings, shown = set(config.model_fields), {form.name for form in cls.fields}
    problems = [f"the form does not show {name}" for name in sorted(settings - shown)]
    return problems + [f"the form shows {name}, which Config lacks" for name in sorted(shown - settings)]


node_kinds = NodeRegistry()
register = node_kinds.register


@cache
def discover() -> NodeRegistry:
    """All kinds of node: imports every module of this package, once."""
    package = importlib.import_module("workflows.nodes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"workflows.nodes.{module.name}")
    return node_kinds
