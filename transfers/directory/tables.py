"""The tables behind the search of directories, outside the models: each database has its own.

``transfers_directory`` holds one entry for each destination: its words, each with the action's id before it, so
that a look-up never meets another action's rows, the key of its description and its digits backwards.
``transfers_directory_word`` holds each action's vocabulary, forwards and backwards, for beginnings and typos.
``transfers_directory_due`` holds the actions whose rows were changed in bulk and whose entries follow.
Triggers remove what belongs to deleted rows, however they are deleted.
"""

from __future__ import annotations

from typing import Any

COMMON = """
CREATE TABLE transfers_directory_due (action_id bigint PRIMARY KEY, since {timestamp} NOT NULL);
CREATE TABLE transfers_directory_word (
    action_id bigint NOT NULL, word {text} NOT NULL, backwards {text} NOT NULL, told bigint NOT NULL,
    PRIMARY KEY (action_id, word)
){without_rowid};
CREATE INDEX transfers_directory_backwards ON transfers_directory_word (action_id, backwards, word, told);
"""

SQLITE = (
    COMMON.format(timestamp="text", text="text", without_rowid=" WITHOUT ROWID")
    + """
CREATE VIRTUAL TABLE transfers_directory USING fts5(
    words, source UNINDEXED, tokenize = 'ascii', columnsize = 0, detail = none
);
"""
)
SQLITE_TRIGGERS = [
    """CREATE TRIGGER transfers_directory_row_gone AFTER DELETE ON transfers_transferdestination BEGIN
    DELETE FROM transfers_directory WHERE rowid = OLD.id;
END""",
    """CREATE TRIGGER transfers_directory_action_gone AFTER DELETE ON transfers_transferaction BEGIN
    DELETE FROM transfers_directory_word WHERE action_id = OLD.action_ptr_id;
    DELETE FROM transfers_directory_due WHERE action_id = OLD.action_ptr_id;
END""",
]

POSTGRESQL_COMMON = COMMON.format(timestamp="timestamptz", text='text COLLATE "C"', without_rowid="")
POSTGRESQL = """
CREATE TABLE transfers_directory (
    destination_id bigint PRIMARY KEY, words tsvector NOT NULL, source text NOT NULL
);
CREATE INDEX transfers_directory_words ON transfers_directory USING gin (words);
CREATE FUNCTION transfers_directory_row_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM transfers_directory WHERE destination_id IN (SELECT id FROM gone);
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_directory_row_gone AFTER DELETE ON transfers_transferdestination
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION transfers_directory_row_gone();
CREATE FUNCTION transfers_directory_action_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM transfers_directory_word WHERE action_id IN (SELECT action_ptr_id FROM gone);
    DELETE FROM transfers_directory_due WHERE action_id IN (SELECT action_ptr_id FROM gone);
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_directory_action_gone AFTER DELETE ON transfers_transferaction
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION transfers_directory_action_gone();
"""

DROP_TRIGGERS = {
    "sqlite": [
        "DROP TRIGGER IF EXISTS transfers_directory_row_gone",
        "DROP TRIGGER IF EXISTS transfers_directory_action_gone",
    ],
    "postgresql": [
        "DROP TRIGGER IF EXISTS transfers_directory_row_gone ON transfers_transferdestination",
        "DROP TRIGGER IF EXISTS transfers_directory_action_gone ON transfers_transferaction",
        "DROP FUNCTION IF EXISTS transfers_directory_row_gone",
        "DROP FUNCTION IF EXISTS transfers_directory_action_gone",
    ],
}
TABLES = ("transfers_directory", "transfers_directory_word", "transfers_directory_due")


def create(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_COMMON + POSTGRESQL, params=None)
        return
    for statement in [*filter(None, map(str.strip, SQLITE.split(";"))), *SQLITE_TRIGGERS]:
        schema_editor.execute(statement, params=None)


def drop(_apps: Any, schema_editor: Any) -> None:
    for statement in DROP_TRIGGERS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
    for table in TABLES:
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")
