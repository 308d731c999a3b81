"""The providers that there are, in the order in which people choose."""

from __future__ import annotations

from notifications.sms.providers.base import Provider
from notifications.sms.providers.http import HttpProvider
from notifications.sms.providers.twilio import TwilioProvider

PROVIDERS: tuple[Provider, ...] = (TwilioProvider(), HttpProvider())


def provider_called(name: str) -> Provider | None:
    return next((each for each in PROVIDERS if each.name == name), None)
