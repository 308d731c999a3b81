"""What the writer says to PostgreSQL. Rows travel as JSON, many in one parameter (``calls.hot.rows``).

No statement waits for a call that somebody else has locked: what is to be written there is left out, and whoever
asked for it goes Django's way, which can wait without holding everybody else up.
"""

from __future__ import annotations

from calls.hot.rows import columns_of, names_of, table_of
from calls.models import Call, Run
from calls.records import MOST_EARLIER

CALLS, RUNS = table_of(Call), table_of(Run)

ANSWER_COLUMNS = ("answer", "agent_configuration", "parameters")
OUTCOME_COLUMNS = (
    *("state", "started_at", "finished_at", "duration_ms", "result", "directives", "variables", "progress"),
    *("skipped_reason", "error_code", "error_message", "trace", "warnings", "due_at", "lease_until", "claim"),
)
"""What ``records.fill_run`` and a result change of a run."""

FREE_CALLS = "triptyque.free_calls"

SET_UP = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
"""Plans are made once for each connection, when a table may be nearly empty yet: never one that reads all of it, or all
that is under way, but from the rows that are given to an index."""


def _assigned(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}" = x."{column}"' for column in columns)


RECORDS = f"""
    WITH new_calls AS (
        INSERT INTO {CALLS} ({names_of(Call)})
        SELECT {names_of(Call)} FROM json_populate_recordset(NULL::{CALLS}, %s)
        ON CONFLICT DO NOTHING RETURNING id
    ), answers AS MATERIALIZED (
        SELECT * FROM json_populate_recordset(NULL::{CALLS}, %s)
    ), outcomes AS MATERIALIZED (
        SELECT * FROM json_populate_recordset(NULL::{RUNS}, %s)
    ), free AS MATERIALIZED (
        SELECT id FROM {CALLS}
        WHERE id IN (SELECT id FROM answers UNION ALL SELECT call_id FROM outcomes WHERE variables <> '{{}}')
        FOR NO KEY UPDATE SKIP LOCKED
    ), answered AS (
        UPDATE {CALLS} c SET {_assigned(ANSWER_COLUMNS)}, state = 'in_progress'
        FROM answers x JOIN free USING (id)
        WHERE c.id = x.id AND c.state = 'ringing' RETURNING c.id
    ), new_runs AS (
        INSERT INTO {RUNS} ({names_of(Run)})
        SELECT {names_of(Run)} FROM json_populate_recordset(NULL::{RUNS}, %s)
        ON CONFLICT DO NOTHING RETURNING id
    ), merged AS (
        UPDATE {CALLS} c SET parameters = c.parameters || x.variables
        FROM outcomes x JOIN free ON free.id = x.call_id
        WHERE c.id = x.call_id
    ), ended AS (
        UPDATE {RUNS} r SET {_assigned(OUTCOME_COLUMNS)}
        FROM outcomes x
        WHERE r.id = x.id AND r.state || '' = 'running'
            AND (x.variables = '{{}}' OR EXISTS (SELECT FROM free WHERE free.id = x.call_id))
        RETURNING r.id
    )
    SELECT id FROM new_calls UNION ALL SELECT id FROM answered
    UNION ALL SELECT id FROM new_runs UNION ALL SELECT id FROM ended
"""  # noqa: S608  (names of our own tables)
"""New calls; answers to calls of ours that still ring; new runs; outcomes of running ones, whose variables are merged
into their calls' parameters. Gives the ids of the rows that were written."""

NEW_RECORDS = f"""
    WITH new_calls AS (
        INSERT INTO {CALLS} ({names_of(Call)})
        SELECT {names_of(Call)} FROM json_populate_recordset(NULL::{CALLS}, %s)
        ON CONFLICT DO NOTHING RETURNING id
    ), new_runs AS (
        INSERT INTO {RUNS} ({names_of(Run)})
        SELECT {names_of(Run)} FROM json_populate_recordset(NULL::{RUNS}, %s)
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT id FROM new_calls UNION ALL SELECT id FROM new_runs
"""  # noqa: S608
"""RECORDS where nothing is answered and nothing ended, as when calls begin that have no external id."""

OUTCOMES = f"""
    UPDATE {RUNS} r SET {_assigned(OUTCOME_COLUMNS)} FROM json_populate_recordset(NULL::{RUNS}, %s) x
    WHERE r.id = x.id AND r.state || '' = 'running' RETURNING r.id
"""  # noqa: S608
"""RECORDS where nothing else is written, and no outcome has variables."""

LOCK = f"""
    SELECT set_config('{FREE_CALLS}', coalesce(array_agg(id), '{{}}')::text, true) FROM (
        SELECT id FROM {CALLS} WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED
    ) locked
"""  # noqa: S608
"""Goes before OPEN in the same transaction: what OPEN reads of a call's runs is then read after the lock was had, and
nobody else adds to it."""

_AS_GIVEN = ", ".join(
    {"parameters": "known", "attempt": "earlier_count + 1"}.get(column, f'"{column}"') for column in columns_of(Run)
)

OPEN = f"""
    WITH wanted AS MATERIALIZED (
        SELECT x.*, c.parameters AS known, coalesce(e.count, 0) AS earlier_count, json_build_object(
            'state', c.state, 'direction', c.direction, 'runtime', c.runtime, 'from_number', c.from_number,
            'to_number', c.to_number, 'sip_headers', c.sip_headers, 'context', c.context,
            'parameters', c.parameters, 'earlier', e.progress
        )::text AS facts
        FROM json_populate_recordset(NULL::{RUNS}, %s) x
        JOIN {CALLS} c ON c.id = x.call_id AND c.account_id = x.account_id
        CROSS JOIN LATERAL (
            SELECT count(*), json_agg(l.progress ORDER BY l.created_at, l.id) AS progress FROM (
                SELECT r.id, r.created_at, r.progress FROM {RUNS} r
                WHERE r.call_id = x.call_id AND r.moment = 'during' AND r.action_name = x.action_name
                    AND r.state <> 'failed'
                ORDER BY r.created_at DESC, r.id DESC LIMIT {MOST_EARLIER}
            ) l
        ) e
        WHERE c.id = ANY(current_setting('{FREE_CALLS}')::uuid[]) AND c.state <> 'completed' AND c.secrets = ''
    ), opened AS (
        INSERT INTO {RUNS} ({names_of(Run)}) SELECT {_AS_GIVEN} FROM wanted ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT id, facts FROM wanted JOIN opened USING (id)
"""  # noqa: S608
"""Running rows of tool calls, in calls that go on and keep no secrets. Gives what their kinds must know."""

WITHDRAW = f"DELETE FROM {RUNS} WHERE id = ANY(%s) AND state = 'running'"  # noqa: S608
"""Goes before OPEN when nobody knows whether it was carried out: nothing has run for these rows yet."""

THERE = f"SELECT id FROM {CALLS} WHERE id = ANY(%s) UNION ALL SELECT id FROM {RUNS} WHERE id = ANY(%s)"  # noqa: S608
