"""A copy of the product to measure: its own database, published agents that ask the upstream."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Product:
    """``environment`` is that of its processes; ``api_key`` opens its account."""

    environment: dict[str, str]
    api_key: str = ""

    @classmethod
    def create(cls, data_dir: Path, upstream_port: int) -> Product:
        """On DATABASE_URL's server, in a database of its own; on SQLite without one. Sets this process up for it."""
        environment = {
            "DATA_DIR": str(data_dir),
            "OUTBOUND_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{upstream_port}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": _database(data_dir),
            "LOG_JSON": "1",
        }
        os.environ.update(environment)
        sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
        import django
        from django.core.management import call_command

        django.setup()
        import logging

        logging.disable(logging.INFO)
        call_command("migrate", verbosity=0)
        return cls(environment)

    def furnish(self, upstream_url: str, delays: Iterable[int]) -> None:
        """An account with a key, published agents ``tools`` and ``cached`` and, for each delay of the upstream, one
        called ``upstream-<delay>``.
        """
        from django_scopes import scope

        from accounts.models import Account, ApiKey, KeyScope

        account = Account.objects.create(name="Bench", slug="bench", before_call_cache=True)
        with scope(account=account):
            _key, self.api_key = ApiKey.objects.issue(account=account, name="bench", scopes=list(KeyScope.values))
            _create_agent(account, "tools", None)
            _create_agent(account, "cached", f"{upstream_url}/0", cache_enabled=True, cache_keys=["from"])
            for delay in delays:
                _create_agent(account, f"upstream-{delay}", f"{upstream_url}/{delay}")

    @property
    def headers(self) -> str:
        """As lines of HTTP."""
        return f"Authorization: Bearer {self.api_key}\r\n"

    def multiply(self, slug: str, count: int) -> list[str]:
        """So many more published agents, each with a workflow and destinations of its own; their slugs."""
        from django_scopes import scope

        from accounts.models import Account
        from actions.models import Agent, Release

        with scope(account=Account.objects.get(slug="bench")):
            model = Agent.objects.select_related("current_release").get(slug=slug)
            slugs = [f"{slug}-{number}" for number in range(count)]
            account = model.account
            agents = Agent.objects.bulk_create(Agent(account=account, name=each, slug=each) for each in slugs)
            release = model.current_release
            assert release is not None
            kept = Release.objects.bulk_create(
                Release(agent=agent, number=1, digest="", snapshot=_of_its_own(release.snapshot, agent.slug))
                for agent in agents
            )
            for agent, own in zip(agents, kept, strict=True):
                agent.current_release = own
            Agent.objects.bulk_update(agents, ["current_release"], batch_size=500)
        return slugs

    def connections(self) -> int:
        """Of all processes to the product's database, apart from the one that asks; 0 on SQLite, which has none."""
        url = self.environment["DATABASE_URL"]
        if not url.startswith("postgres"):
            return 0
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            row = found.fetchone()
            assert row is not None
            return int(row[0]) - 1

    def drop(self) -> None:
        from django.db import connections

        connections.close_all()
        if os.environ.get("FLOOR_DSN"):
            _psql(f'DROP DATABASE IF EXISTS "{_name(self.environment["DATABASE_URL"])}" WITH (FORCE)')


def _of_its_own(snapshot: dict[str, Any], slug: str) -> dict[str, Any]:
    """Nothing that a process could keep once for two agents: titles of steps, destinations, parameters."""
    text = json.dumps(snapshot).replace('"Team ', f'"Team of {slug} ').replace("{{ tier }}", f"{slug} {{{{ tier }}}}")
    own: dict[str, Any] = json.loads(text)
    return {**own, "agent": {**snapshot["agent"], "slug": slug}}


def _create_agent(account: Any, slug: str, upstream_url: str | None, **before: Any) -> None:
    """With a transfer during the call and, where there is an upstream, a workflow before it that asks it."""
    from actions.contract import Moment
    from actions.models import Agent
    from actions.releases import publish
    from demo.sample_workflows import qualify_caller
    from transfers.kinds.transfer import TransferAction
    from transfers.models import TransferDestination
    from workflows.kinds.workflow import WorkflowAction
    from workflows.models import Workflow

    agent = Agent.objects.create(account=account, name=slug, slug=slug)
    if upstream_url is not None:
        workflow = Workflow.objects.create(account=account, name=slug, graph=qualify_caller(upstream_url))
        WorkflowAction.objects.create(agent=agent, moment=Moment.BEFORE, name="lookup", workflow=workflow, **before)
    transfer = TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer")
    for number in range(50):
        TransferDestination.objects.create(
            action=transfer, phone=f"+331990000{number:02d}", description=f"Team {number}", position=number
        )
    publish(agent)


def _database(data_dir: Path) -> str:
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        return f"sqlite:///{data_dir / 'bench.sqlite3'}"
    os.environ.setdefault("BENCH_ADMIN_DSN", given)
    name = f"bench_calls_{uuid.uuid4().hex[:8]}"
    _psql(f'CREATE DATABASE "{name}"')
    url = urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    os.environ["FLOOR_DSN"] = url.replace("postgres://", "postgresql://", 1)
    _psql("CREATE TABLE floor_call (id bigserial PRIMARY KEY, caller text, context jsonb, answer jsonb)", url)
    return url


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _psql(statement: str, url: str | None = None) -> Any:
    import psycopg

    with psycopg.connect(url or os.environ["BENCH_ADMIN_DSN"], autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]
