"""Client certificates: checked when they are entered, shown to the right servers only, never shared."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outbound.auth import registry
from outbound.http import OutboundError, OutgoingRequest, send
from outbound.secrets import Secrets
from outbound.sessions import CERTIFICATE_SESSIONS, _sessions
from tests.outbound.certificates import Authority, Pair
from tests.outbound.profiles import Profiles
from tests.outbound.upstream import Received, Reply, serve

KIND = registry.get("mutual_tls")
NONE = KIND.Settings()

pytestmark = pytest.mark.usefixtures("loopback_allowed")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(autouse=True)
def _trusted(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of the test's authority are believed, as others are by the system's list."""
    path = tmp_path / "authority.pem"
    path.write_text(authority.pair.certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def secrets_of(pair: Pair, passphrase: str = "") -> dict[str, str]:
    given = {"certificate": pair.certificate_pem, "private_key": pair.key_pem(passphrase)}
    return {**given, "passphrase": passphrase} if passphrase else given


async def ask(url: str, profile: str | None = "crm", account_id: int = 1) -> int:
    request = OutgoingRequest("GET", url)
    return (await send(request, account_id=account_id, deadline_s=5, auth_profile=profile)).status


async def yes(_request: Received, reply: Reply) -> None:
    await reply.json({"ok": True})


# --- checks -----------------------------------------------------------------------------------------------


def errors_of(**secrets: str) -> dict[str, list[str]]:
    return KIND.check(NONE, Secrets(secrets))


def test_a_good_pair_passes_with_its_end(authority: Authority) -> None:
    pair = authority.issue("client", days=12)
    for secrets in (secrets_of(pair), secrets_of(pair, "open sesame"), {**secrets_of(pair), "passphrase": "unneeded"}):
        assert errors_of(**secrets) == {}
    ends = KIND.expires_at(NONE, Secrets(secrets_of(pair)))
    assert ends is not None
    assert ends.date() == (dt.datetime.now(dt.UTC) + dt.timedelta(days=12)).date()


def test_a_chain_ends_with_its_shortest(authority: Authority) -> None:
    pair = authority.issue("client", days=400)
    chain = pair.certificate_pem + authority.pair.certificate_pem
    assert errors_of(certificate=chain, private_key=pair.key_pem()) == {}
    ends = KIND.expires_at(NONE, Secrets({"certificate": chain}))
    assert ends == authority.pair.certificate.not_valid_after_utc


def test_what_is_wrong_is_told_at_its_place(authority: Authority) -> None:
    pair, other, expired = authority.issue("a"), authority.issue("b"), authority.issue("c", days=-3)
    locked = pair.key_pem("open sesame")
    cases: list[tuple[dict[str, str], str, str]] = [
        ({**secrets_of(pair), "certificate": "x"}, "certificate", "not a certificate"),
        ({**secrets_of(pair), "certificate": pair.key_pem()}, "certificate", "not a certificate"),
        ({**secrets_of(pair), "private_key": "x"}, "private_key", "not a private key"),
        ({**secrets_of(pair), "private_key": pair.certificate_pem}, "private_key", "not a private key"),
        ({**secrets_of(pair), "private_key": other.key_pem()}, "private_key", "does not belong"),
        ({**secrets_of(pair), "private_key": locked}, "passphrase", "give its passphrase"),
        ({**secrets_of(pair), "private_key": locked, "passphrase": "wrong"}, "passphrase", "does not open"),
        (secrets_of(expired), "certificate", "expired"),
    ]
    for secrets, place, says in cases:
        errors = errors_of(**secrets)
        assert list(errors) == [f"secrets.{place}"], errors
        assert says in errors[f"secrets.{place}"][0]


# --- sending ----------------------------------------------------------------------------------------------


async def test_a_server_that_wants_a_certificate_gets_it(
    authority: Authority, profiles: Profiles, tmp_path: Path
) -> None:
    profiles.add("crm", "mutual_tls", secrets_of(authority.issue("client"), "open sesame"))
    profiles.add("stranger", "mutual_tls", secrets_of(Authority("Other").issue("client")))
    async with serve(yes, tls=authority.server_context(tmp_path, wants_client=True)) as upstream:
        assert await ask(upstream.url()) == 200
        for profile in ("stranger", None):
            with pytest.raises(OutboundError) as caught:
                await ask(upstream.url(), profile)
            assert caught.value.code in {"tls_failed", "closed_early", "connection_failed"}
    assert len(upstream.requests) == 1
    assert not list(tmp_path.rglob("client.pem"))


async def test_connections_are_shared_with_nobody(authority: Authority, profiles: Profiles, tmp_path: Path) -> None:
    """The server tells its connections apart by the certificate that it saw on each."""
    for account_id, name in ((1, "crm"), (1, "erp"), (2, "crm")):
        secrets = secrets_of(authority.issue(f"client-{account_id}-{name}"))
        profiles.add(name, "mutual_tls", secrets, account_id=account_id)
    seen: list[str] = []

    async def tell(_request: Received, reply: Reply) -> None:
        peer: Any = reply._writer.get_extra_info("peercert")
        seen.append(peer["subject"][0][0][1])
        await reply.json({})

    async with serve(tell, tls=authority.server_context(tmp_path, wants_client=True)) as upstream:
        for _ in range(2):
            await ask(upstream.url(), "crm")
            await ask(upstream.url(), "erp")
            await ask(upstream.url(), "crm", account_id=2)
    assert seen == ["client-1-crm", "client-1-erp", "client-2-crm"] * 2
    assert upstream.connections == 3


async def test_another_certificate_opens_other_connections(
    authority: Authority, profiles: Profiles, tmp_path: Path
) -> None:
    async with serve(yes, tls=authority.server_context(tmp_path, wants_client=True)) as upstream:
        for _ in range(2):
            profiles.add("crm", "mutual_tls", secrets_of(authority.issue("client")))
            assert await ask(upstream.url()) == 200
            assert await ask(upstream.url()) == 200
    assert upstream.connections == 2


async def test_no_more_pools_are_kept_than_are_good_for_the_process(
    authority: Authority, profiles: Profiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.sessions.CERTIFICATE_SESSIONS", 3)
    assert CERTIFICATE_SESSIONS > 3
    pair = secrets_of(authority.issue("client"))
    async with serve(yes, tls=authority.server_context(tmp_path, wants_client=True)) as upstream:
        for _ in range(6):
            profiles.add("crm", "mutual_tls", pair)
            assert await ask(upstream.url()) == 200
        kept = [key for of_loop in _sessions.values() for key in of_loop if key[1] is not None]
        assert len(kept) == 3


async def test_a_redirect_to_another_host_shows_no_certificate(
    authority: Authority, profiles: Profiles, tmp_path: Path
) -> None:
    profiles.add("crm", "mutual_tls", secrets_of(authority.issue("client")))
    context = authority.server_context(tmp_path, wants_client=True)
    async with serve(yes, tls=context, host="127.0.0.1") as thief:

        async def away(_request: Received, reply: Reply) -> None:
            await reply.answer(302, Location=thief.url())

        async with serve(away, tls=authority.server_context(tmp_path, wants_client=True)) as upstream:
            with pytest.raises(OutboundError):
                await ask(upstream.url())
    assert (len(upstream.requests), thief.requests) == (1, [])


async def test_http_and_expired_certificates_are_refused_before_anything_is_sent(
    authority: Authority, profiles: Profiles
) -> None:
    credential = profiles.add("crm", "mutual_tls", secrets_of(authority.issue("client")))
    async with serve(yes) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url())
        assert (caught.value.code, caught.value.permanent) == ("auth_failed", True)
        past = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        profiles.by_name[1, "crm"] = replace(credential, expires_at=past)
        with pytest.raises(OutboundError, match="has expired"):
            await ask(f"https://127.0.0.1:{upstream.port}/")
    assert upstream.requests == []
