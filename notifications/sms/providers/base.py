"""What every provider of text messages is: settings, how a message is sent, and what its reports mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from outbound.auth.base import KindSettings, SecretForm, SettingForm
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.secrets import Secrets

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

__all__ = [
    "Answer",
    "IncomingReport",
    "IncomingText",
    "OutgoingSms",
    "Provider",
    "ProviderSettings",
    "Refused",
    "SecretForm",
    "SettingForm",
    "Status",
]

Errors = dict[str, list[str]]
"""Sentences by ``sender``, ``settings.<name>`` or ``secrets.<name>``."""


class ProviderSettings(KindSettings):
    """Base of every provider's settings, which are no secrets."""


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One message; ``key`` is the same for every attempt, ``report_url`` where the provider may tell its fate."""

    to: str
    sender: str
    text: str
    key: str
    report_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider took the message; ``id`` is what it calls it, '' where it does not say."""

    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider did not take it. ``opted_out``: the recipient has told the provider so themselves."""

    reason: str
    permanent: bool
    retry_after_s: float | None = None
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """A request to the address of a connection: ``query`` and ``fields`` as text, ``data`` the JSON body or None."""

    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    fields: tuple[tuple[str, str], ...]
    data: Any = None

    def field(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message: ``sent``, ``delivered`` or ``failed``, the last with a reason if there is one."""

    provider_id: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IncomingText:
    """What somebody answered. ``wish``: ``out`` or ``in`` where the provider has read it as that already."""

    number: str
    text: str
    wish: str = ""


class Provider(ABC):
    """One module holds everything of it; ``registry.PROVIDERS`` lists it."""

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    summary: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    Settings: ClassVar[type[ProviderSettings]]
    setting_forms: ClassVar[tuple[SettingForm, ...]] = ()
    secret_forms: ClassVar[tuple[SecretForm, ...]] = ()
    report_settings: ClassVar[frozenset[str]] = frozenset()
    """Of the settings, those about what the provider reports."""
    reply: ClassVar[tuple[str, str]] = ("text/plain", "")
    """Type and body of the answer to a report."""

    def check(self, settings: Any, sender: str) -> Errors:
        """What is wrong with values that are all there."""
        return {}

    @abstractmethod
    def destination(self, settings: Any) -> str:
        """The origin that secrets are sent to."""

    @abstractmethod
    def request(self, message: OutgoingSms, settings: Any, secrets: Secrets, *, has_profile: bool) -> OutgoingRequest:
        """What is sent; ``has_profile``: an auth profile proves who is asking. Raises ActionError."""

    @abstractmethod
    def read(self, response: IncomingResponse, settings: Any) -> Answer | Refused:
        """What the provider answered."""

    def is_genuine(self, report: IncomingReport, settings: Any, secrets: Secrets) -> bool:
        """Whether the provider itself has sent it; the address alone is a secret already."""
        return True

    @abstractmethod
    def parse_status(self, report: IncomingReport, settings: Any) -> Status | None:
        """What it says of a message; None: it is about something else."""

    @abstractmethod
    def parse_text(self, report: IncomingReport, settings: Any) -> IncomingText | None:
        """What somebody sent; None: it is about something else."""
