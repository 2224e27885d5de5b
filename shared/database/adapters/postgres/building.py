"""How the schema of the store is made and takes the place of an older one."""

import logging
from typing import TYPE_CHECKING

from shared.database.adapters.postgres import schema

if TYPE_CHECKING:
    from shared.database.adapters.postgres.bounded import BoundedConnection

logger = logging.getLogger(__name__)


def create(connection: "BoundedConnection", name: str) -> None:
    """Make an empty schema of this name, in place of what a rebuild before left there."""
    values = {"schema": schema.quoted(name)}
    _drop(connection, name)
    trigrams = _schema_of_trigrams(connection)
    with connection.transaction():
        for statement in schema.STATEMENTS.split(";"):
            if statement.strip():
                connection.execute(statement.format(**values))
        if trigrams:
            connection.execute(schema.TRIGRAM_INDEX.format(**values, trigrams=trigrams))
        connection.execute(schema.FIRST_STATE.format(**values), (schema.VERSION,))


def publish(connection: "BoundedConnection", staged: str, name: str) -> None:
    """Put a filled schema in the place of the one that is searched; readers see the one or the other."""
    old = f"{name}_old"
    connection.execute(schema.ANALYZE.format(schema=schema.quoted(staged)))
    _drop(connection, old)
    with connection.transaction():
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)).fetchone():
            connection.execute(f"ALTER SCHEMA {schema.quoted(name)} RENAME TO {schema.quoted(old)}")
        connection.execute(f"ALTER SCHEMA {schema.quoted(staged)} RENAME TO {schema.quoted(name)}")
    _drop(connection, old)


def _drop(connection: "BoundedConnection", name: str) -> None:
    connection.execute(f"DROP SCHEMA IF EXISTS {schema.quoted(name)} CASCADE")


def _schema_of_trigrams(connection: "BoundedConnection") -> str:
    """Where the extension pg_trgm is, as SQL; empty where it cannot be had."""
    import psycopg

    if connection.execute(schema.TRIGRAMS_AT_HAND).fetchone() is None:
        return ""
    try:
        connection.execute(schema.ADD_TRIGRAMS)
    except psycopg.errors.InsufficientPrivilege:
        logger.warning("postgres.no_trigrams")
    row = connection.execute(schema.TRIGRAM_SCHEMA).fetchone()
    return str(row[0]) if row else ""
