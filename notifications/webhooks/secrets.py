"""Signatures of the Standard Webhooks specification, version 1: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

PREFIX = "whsec_"
SECRET_BYTES = 32
"""The specification wants 24 to 64."""

SIGNING_KEYS = ("current", "previous")
"""Names of the secrets under which they are sealed."""


def new_secret() -> str:
    """``whsec_`` and base64, as every library of the specification takes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Secrets as receivers have them; each signs."""

    secrets: Sequence[str] = field(repr=False)

    def headers(self, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
        """``at_s``: seconds of the epoch, when this request leaves."""
        signed = f"{message_id}.{at_s}.".encode() + body
        signatures = [f"v1,{_signature(secret, signed)}" for secret in self.secrets]
        named = {"webhook-id": message_id, "webhook-timestamp": str(at_s)}
        return {**named, "webhook-signature": " ".join(signatures)} if signatures else named


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
