"""Secrets at rest: encrypted and authenticated (Fernet), under the first of ``SECRETS_KEYS``, read under any.

Whoever stores secrets uses a :class:`SealedField`; ``manage.py rotate_secrets`` finds all of these by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretsUnreadable(Exception):
    """No key in ``SECRETS_KEYS`` opens this."""


class Secrets(Mapping[str, str]):
    """Secrets by name, which neither repr, str, logs nor pickles show."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Secrets {', '.join(self._values)}>"

    def __reduce__(self) -> Any:
        raise TypeError("Secrets are not pickled")


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A column that holds what :func:`seal` made; never shown in a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "editable": False, "blank": True, "default": ""})

    def value_to_string(self, obj: models.Model) -> str:
        """Serialisers (``dumpdata``) get nothing, not even what is encrypted."""
        return ""


def seal(values: Mapping[str, str]) -> str:
    """Encrypted under the first key; ``''`` for nothing."""
    if not values:
        return ""
    return _keys().encrypt(json.dumps(dict(values)).encode()).decode()


def unseal(sealed: str) -> Secrets:
    """Raises :class:`SecretsUnreadable`."""
    if not sealed:
        return Secrets()
    try:
        values = json.loads(_keys().decrypt(sealed.encode()))
    except (InvalidToken, ValueError):
        values = None
    if not isinstance(values, dict):
        # Outside of the handler: nothing of what was read is kept as context.
        raise SecretsUnreadable("no key in SECRETS_KEYS opens these secrets")
    return Secrets({str(name): str(value) for name, value in values.items()})


def reseal(sealed: str) -> str | None:
    """The same under the first key, or None if it is so already; raises :class:`SecretsUnreadable`."""
    if not sealed:
        return None
    try:
        Fernet(settings.SECRETS_KEYS[0]).decrypt(sealed.encode())
    except (InvalidToken, ValueError):
        unseal(sealed)
        return _keys().rotate(sealed.encode()).decode()
    return None


def _keys() -> MultiFernet:
    return _multi_fernet(tuple(settings.SECRETS_KEYS))


@lru_cache(maxsize=4)
def _multi_fernet(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
