"""Tell listening processes at each commit that changes a key, an account or an agent (``calls.hot.changes``).

Triggers, so that nothing escapes: not a bulk update, not somebody at a database prompt. PostgreSQL only.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

CHANNEL = "triptyque_changes"
TABLES = {
    "accounts_account": "is_active, before_call_cache",
    "accounts_apikey": "prefix, secret_hash, scopes, expires_at, revoked_at",
    "actions_agent": "slug, direction, current_release_id",
    "actions_agentnumber": "number, agent_id",
    "calls_cachestate": "generation, version, is_paused",
    "notifications_webhooksubscription": "event_types, is_enabled, account_id",
}
"""table -> the columns that a call's begin depends on."""

FUNCTION = f"""
    CREATE FUNCTION triptyque_tell_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('{CHANNEL}', TG_TABLE_NAME);
        RETURN NULL;
    END $$
"""


def create(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(FUNCTION)
    for table, columns in TABLES.items():
        schema_editor.execute(
            f"CREATE TRIGGER triptyque_tell_of_changes AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION triptyque_tell_of_changes()"
        )


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS triptyque_tell_of_changes ON {table}")
    schema_editor.execute("DROP FUNCTION IF EXISTS triptyque_tell_of_changes()")


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial"), ("accounts", "0001_initial"), ("actions", "0001_initial"), ("notifications", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
