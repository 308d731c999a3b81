"""The shape of the agent configuration that a before-call workflow may return.

Keys that are known must have their type; others are the runtime's business and pass as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.contract import JSON

TYPES: Mapping[str, tuple[type, ...]] = {
    "initialMessage": (str,),
    "prompt": (str,),
    "synthesizer": (dict,),
    # Its own example writes the number as text.
    "callDurationLimit": (int, float, str),
    "rag": (dict,),
    "extractors": (list,),
    "classifiers": (list,),
    "actions": (list,),
    "recordAudio": (bool,),
}
ITEMS: Mapping[str, Mapping[str, type]] = {
    "extractors": {"name": str, "description": str},
    "classifiers": {"name": str, "type": str, "labels": list, "description": str},
}


def check_configuration(value: JSON) -> JSON:
    """For what an editor wrote: a value that holds a template is judged when it is known. Raises ValueError."""
    if isinstance(value, dict):
        for problem in configuration_problems(value):
            raise ValueError(problem)
    return value


def configuration_problems(configuration: Mapping[str, JSON]) -> Iterator[str]:
    """Sentences, one for each known key of another type."""
    for key, types in TYPES.items():
        value = configuration.get(key)
        if value is None or _is_template(value):
            continue
        if not _fits(value, types):
            yield _("“%(key)s” of the agent configuration has the wrong type.") % {"key": key}
        elif key in ITEMS:
            yield from _item_problems(key, value)


def _item_problems(key: str, items: list[Any]) -> Iterator[str]:
    for index, item in enumerate(items):
        path = f"{key}.{index}"
        if _is_template(item):
            continue
        if not isinstance(item, dict):
            yield _("“%(key)s” of the agent configuration has the wrong type.") % {"key": path}
            continue
        for name, type_ in ITEMS[key].items():
            value = item.get(name)
            if value is not None and not _is_template(value) and not _fits(value, (type_,)):
                yield _("“%(key)s” of the agent configuration has the wrong type.") % {"key": f"{path}.{name}"}


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, str) and int in types:
        return value.strip().isdecimal()
    return isinstance(value, types)


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value
