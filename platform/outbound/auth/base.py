"""What every kind of auth profile is: settings, secrets, and how both are put into a request."""

from __future__ import annotations

import datetime as dt
import ssl
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from outbound.errors import OutboundError
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.secrets import Secrets

if TYPE_CHECKING:
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

SECRET_MAX_CHARS = 16_384

Errors = dict[str, list[str]]
"""Sentences by ``settings.<name>`` or ``secrets.<name>``."""


@dataclass(frozen=True, slots=True)
class SettingForm:
    """How a person fills in one setting that is no secret. ``widget``: text, url, choice, json or rows."""

    name: str
    label: StrOrPromise
    help: StrOrPromise = ""
    widget: str = "text"
    choices: Sequence[tuple[str, StrOrPromise]] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class SecretForm:
    """One secret; ``lines``: it has several, such as a key in PEM."""

    name: str
    label: StrOrPromise
    help: StrOrPromise = ""
    lines: bool = False
    required: bool = True


class KindSettings(BaseModel):
    """Base of every kind's settings, which are no secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_max_length=2_000)


@dataclass(frozen=True, slots=True)
class Credential:
    """One profile, opened and ready to be sent; immutable. ``revision`` is another one after each change."""

    account_id: int
    name: str
    kind: AuthKind
    revision: UUID
    settings: Any
    secrets: Secrets
    hosts: tuple[str, ...] = ()
    expires_at: dt.datetime | None = None

    def failed(self, reason: str, *, permanent: bool = True) -> OutboundError:
        """``reason``: a translated sentence without secrets."""
        facts = {"name": self.name, "reason": reason}
        return OutboundError(_("Auth profile “%(name)s”: %(reason)s") % facts, "auth_failed", permanent)


@dataclass(frozen=True, slots=True)
class Applied:
    """A request with the credential in it; ``hidden`` are the texts that nobody may see of it."""

    request: OutgoingRequest
    hidden: tuple[str, ...] = field(default=(), repr=False)


Fetch = Callable[[OutgoingRequest], Awaitable[IncomingResponse]]
"""Sends a request of the kind's own (for a token), for the same account, with a deadline of its own."""


class AuthKind(ABC):
    """A way to prove who is asking. One module holds everything of it; ``auth.registry.register`` admits it."""

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    summary: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    Settings: ClassVar[type[KindSettings]] = KindSettings
    setting_forms: ClassVar[tuple[SettingForm, ...]] = ()
    secret_forms: ClassVar[tuple[SecretForm, ...]] = ()
    has_tls_context: ClassVar[bool] = False

    def secret_names(self, settings: Any) -> Mapping[str, bool]:
        """The secrets that these settings ask for, and whether each must be given."""
        return {form.name: form.required for form in self.secret_forms}

    def check(self, settings: Any, secrets: Secrets) -> Errors:
        """What is wrong with values that are all there."""
        return {}

    def expires_at(self, settings: Any, secrets: Secrets) -> dt.datetime | None:
        return None

    def destinations(self, settings: Any) -> frozenset[str]:
        """Origins to which the kind itself sends secrets, whatever the request."""
        return frozenset()

    @abstractmethod
    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        """Put the credential into ``request``; raises :class:`OutboundError`, auth_failed."""

    def renew(self, credential: Credential, applied: Applied) -> bool:
        """The server refused what was applied (401): forget it. True: another try will send something else."""
        return False

    def tls_context(self, credential: Credential) -> ssl.SSLContext:
        """For kinds that prove themselves in the TLS handshake (``has_tls_context``); may block."""
        raise NotImplementedError


def with_header(request: OutgoingRequest, name: str, value: str) -> dict[str, str]:
    """The request's headers with this one in the place of any of the same name."""
    kept = {key: text for key, text in request.headers.items() if key.lower() != name.lower()}
    return {**kept, name: value}


def header_errors(secrets: Mapping[str, str]) -> Errors:
    """Secrets that cannot be written into a header: invisible or non-ASCII characters."""
    message = _("Only letters, digits and signs without accents are possible here, no spaces or line breaks.")
    return {
        f"secrets.{name}": [message]
        for name, value in secrets.items()
        if not value.isascii() or not value.isprintable() or " " in value
    }
