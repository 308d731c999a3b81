"""The kinds that exist. A half-written kind is refused when its module is imported."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from actions.contract import Kind, Moment, Params

K = TypeVar("K", bound=type[Kind[Any]])
DEMANDED = ("name", "label", "summary", "icon", "moments", "Params")


class Registry:
    """Kinds by name, in the order in which they registered."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind[Any]] = {}

    def register(self, cls: K) -> K:
        """Class decorator; raises ImproperlyConfigured with everything that is missing."""
        if problems := _problems(cls):
            raise ImproperlyConfigured(f"{cls.__module__}.{cls.__name__}: {'; '.join(problems)}.")
        if cls.name in self._kinds:
            raise ImproperlyConfigured(f"Two kinds are called {cls.name!r}.")
        self._kinds[cls.name] = cls()
        return cls

    def get(self, name: str) -> Kind[Any]:
        """Raises KeyError for a kind that does not exist."""
        return self._kinds[name]

    def for_moment(self, moment: Moment | str) -> list[Kind[Any]]:
        return [kind for kind in self if moment in kind.moments]

    def __iter__(self) -> Iterator[Kind[Any]]:
        return iter(self._kinds.values())

    def __contains__(self, name: str) -> bool:
        return name in self._kinds


def _problems(cls: type[Kind[Any]]) -> list[str]:
    problems = [f"{name} is missing" for name in DEMANDED if not hasattr(cls, name)]
    if abstract := sorted(getattr(cls, "__abstractmethods__", ())):
        problems.append(f"{', '.join(abstract)} not written")
    if not problems:
        if not cls.moments or not all(isinstance(moment, Moment) for moment in cls.moments):
            problems.append("moments must hold at least one Moment")
        params: Any = cls.Params
        if not issubclass(params, Params) or not params.model_config.get("frozen"):
            problems.append("Params must be a frozen actions.contract.Params")
    if not inspect.iscoroutinefunction(getattr(cls, "run", None)):
        problems.append("run must be a coroutine function")
    return problems


kinds = Registry()
register = kinds.register


def import_kinds(package_name: str) -> None:
    """Import every module of a ``kinds`` package; an application's ``models`` module ends with it."""
    package = importlib.import_module(package_name)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package_name}.{module.name}")
