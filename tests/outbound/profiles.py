"""Auth profiles in place of the database's, for tests of what is sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from outbound.auth import registry
from outbound.auth.base import Credential
from outbound.errors import OutboundError
from outbound.secrets import Secrets


class Profiles:
    def __init__(self) -> None:
        self.by_name: dict[tuple[int, str], Credential] = {}

    def add(
        self,
        name: str,
        kind: str,
        secrets: dict[str, str],
        *,
        account_id: int = 1,
        hosts: tuple[str, ...] = (),
        **settings: Any,
    ) -> Credential:
        found = registry.get(kind)
        parsed, opened = found.Settings.model_validate(settings), Secrets(secrets)
        assert found.check(parsed, opened) == {}
        credential = Credential(
            account_id=account_id,
            name=name,
            kind=found,
            revision=uuid4(),
            settings=parsed,
            secrets=opened,
            hosts=hosts,
            expires_at=found.expires_at(parsed, opened),
        )
        self.by_name[account_id, name] = credential
        return credential

    async def find(self, account_id: int, name: str) -> Credential:
        if (account_id, name) not in self.by_name:
            raise OutboundError(f"no {name}", "auth_failed", True)
        return self.by_name[account_id, name]
