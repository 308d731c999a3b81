"""Kind ``mutual_tls``: a client certificate, shown in the TLS handshake."""

from __future__ import annotations

import datetime as dt
import secrets as random
import ssl
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from outbound.auth.base import Applied, AuthKind, Credential, Errors, Fetch, SecretForm
from outbound.auth.registry import register
from outbound.messages import OutgoingRequest
from outbound.secrets import Secrets

CERTIFICATE, KEY, PASSPHRASE = "certificate", "private_key", "passphrase"


class PemError(Exception):
    """``name``: the secret that is to blame; the text is for the editor and holds nothing of it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@register
class MutualTls(AuthKind):
    name = "mutual_tls"
    label = _("Client certificate")
    summary = _("Mutual TLS: a certificate and its private key.")
    icon = "verified_user"
    has_tls_context = True
    secret_forms = (
        SecretForm(
            CERTIFICATE,
            _("Certificate"),
            _("PEM, with the certificates of the issuers below it if there are any."),
            lines=True,
        ),
        SecretForm(KEY, _("Private key"), _("PEM."), lines=True),
        SecretForm(PASSPHRASE, _("Passphrase of the private key"), _("If it is encrypted."), required=False),
    )

    def check(self, settings: Any, secrets: Secrets) -> Errors:
        try:
            certificate, key = _chain(secrets)[0], _private_key(secrets)
            _check_pair(certificate, key)
            _context(secrets, key)
        except PemError as error:
            return {f"secrets.{error.name}": [str(error)]}
        except ssl.SSLError as error:
            reason = error.reason or "TLS"
            return {
                f"secrets.{CERTIFICATE}": [gettext("TLS refuses this certificate: %(reason)s.") % {"reason": reason}]
            }
        return {}

    def expires_at(self, settings: Any, secrets: Secrets) -> dt.datetime | None:
        """When the first certificate of the chain runs out."""
        return min(certificate.not_valid_after_utc for certificate in _chain(secrets))

    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        if not request.url.lower().startswith("https:"):
            raise credential.failed(gettext("a client certificate needs an address that starts with https://."))
        if credential.expires_at is not None and credential.expires_at <= timezone.now():
            raise credential.failed(gettext("its certificate has expired."))
        return Applied(request)

    def tls_context(self, credential: Credential) -> ssl.SSLContext:
        try:
            return _context(credential.secrets, _private_key(credential.secrets))
        except (PemError, ssl.SSLError):
            pass
        raise credential.failed(gettext("its certificate cannot be used."))


def _chain(secrets: Secrets) -> list[x509.Certificate]:
    """The client's own certificate first."""
    try:
        return x509.load_pem_x509_certificates(secrets[CERTIFICATE].encode())
    except ValueError:
        pass
    raise PemError(
        CERTIFICATE, gettext("This is not a certificate in PEM: it starts with -----BEGIN CERTIFICATE-----.")
    )


def _private_key(secrets: Secrets) -> PrivateKeyTypes:
    passphrase = secrets.get(PASSPHRASE) or None
    pem = secrets[KEY].encode()
    message = gettext("This is not a private key in PEM: it starts with -----BEGIN PRIVATE KEY----- or the like.")
    blamed = KEY
    try:
        return load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:
        # Encrypted without a passphrase, or the other way round.
        if passphrase:
            return _private_key(Secrets({KEY: secrets[KEY]}))
        blamed, message = PASSPHRASE, gettext("The private key is encrypted: give its passphrase.")
    except Exception:  # cryptography raises what it likes: ValueError, UnsupportedAlgorithm
        if passphrase:
            blamed, message = PASSPHRASE, gettext("The private key does not open with this passphrase.")
    raise PemError(blamed, message)


def _check_pair(certificate: x509.Certificate, key: PrivateKeyTypes) -> None:
    now = timezone.now()
    if certificate.not_valid_after_utc <= now:
        raise PemError(CERTIFICATE, gettext("This certificate has expired."))
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*public) != key.public_key().public_bytes(*public):
        raise PemError(KEY, gettext("This private key does not belong to the certificate (the first one, if several)."))


def _context(secrets: Secrets, key: PrivateKeyTypes) -> ssl.SSLContext:
    """Python's ssl reads keys from files only: for a moment it is there, encrypted under a password of that moment."""
    password = random.token_urlsafe(32)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    context = ssl.create_default_context()
    with tempfile.TemporaryDirectory(prefix="outbound-tls-") as directory:
        path = Path(directory) / "client.pem"
        path.write_bytes(pem + b"\n" + secrets[CERTIFICATE].encode())
        context.load_cert_chain(path, password=password)
    return context
