"""Bring a database to the schema that this code was written for, before anybody uses it.

A service checks one row by plain SQL and goes on. Only when the schema is behind does a child process load Alembic, so
that no service carries it in memory. The child gets the URL in its environment, since argument lists are readable by
every user of the machine and URLs hold passwords.
"""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from shared.database.engine import open_engine, parse_url, read_transaction, write_transaction
from shared.database.errors import DatabaseReadOnly
from shared.errors import ClaraError, Unavailable

HEAD_REVISION = "0010"
"""The newest migration; a test holds it equal to what Alembic finds."""

URL_VARIABLE = "CLARA_MIGRATION_URL"
MIGRATIONS = Path(__file__).parent / "migrations"

# Any constant will do, as long as all versions of CLARA use the same one.
_ADVISORY_LOCK = 0x434C415241


class SchemaTooNew(Unavailable):
    """A newer CLARA has migrated this database already."""

    code = "schema_too_new"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database has schema {found}, this version of CLARA knows {HEAD_REVISION} at most. "
            "Update CLARA, or restore the backup that was made before the update.",
            found=found,
            known=HEAD_REVISION,
        )


class MigrationFailed(Unavailable):
    """The schema could not be brought up to date; the database is as it was before."""

    code = "migration_failed"


def ensure_schema(url: str) -> None:
    """Create or update the schema if it is not the one that this code needs; safe to call from many processes at once.

    Raises:
        SchemaTooNew: If the database was migrated by a newer version.
        MigrationFailed: If a migration failed.
        Unavailable: If the database cannot serve.
    """
    _create_folder(url)
    engine = open_engine(url)
    try:
        with read_transaction(engine) as connection:
            is_current = _is_current(connection)
    finally:
        engine.dispose()
    if not is_current:
        _migrate_in_child(url)


def migrate(url: str, revision: str = "head") -> None:
    """Run migrations here and now, in one transaction that keeps other migrating processes waiting.

    Args:
        url: Database URL.
        revision: "head", or a revision to go up or down to ("base" for an empty database).
    """
    engine = open_engine(url)
    try:
        # Alembic rebuilds tables on SQLite, which foreign keys would forbid; the switch works outside transactions only
        _switch_foreign_keys_off(engine)
        with write_transaction(engine) as connection:
            _wait_for_other_migrations(connection)
            if revision == "head" and _is_current(connection):
                return
            _run_alembic(connection, revision)
    finally:
        engine.dispose()


def main() -> int:
    """Migrate the database named in the environment; the exit code says whether it worked."""
    try:
        migrate(os.environ[URL_VARIABLE])
    except ClaraError as exc:
        sys.stderr.write(exc.message + "\n")
        return 1
    return 0


def _is_current(connection: Connection) -> bool:
    found = _revision(connection)
    if found is not None and found > HEAD_REVISION:
        raise SchemaTooNew(found)
    return found == HEAD_REVISION


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _create_folder(url: str) -> None:
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database is None:
        return
    folder = Path(parsed.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DatabaseReadOnly(f"The folder of the database, {folder}, cannot be created: {exc.strerror}.") from exc


def _migrate_in_child(url: str) -> None:
    project = str(Path(__file__).parents[2])
    search_path = os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH"))))
    child = subprocess.run(
        [sys.executable, "-m", "shared.database.migrate"],
        env={**os.environ, URL_VARIABLE: url, "PYTHONPATH": search_path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        lines = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise MigrationFailed(f"The database schema could not be brought to {HEAD_REVISION}: {lines[-1]}")


def _switch_foreign_keys_off(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA foreign_keys=OFF")
    finally:
        connection.close()


def _wait_for_other_migrations(connection: Connection) -> None:
    # on SQLite the write transaction itself is the lock
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _run_alembic(connection: Connection, revision: str) -> None:
    from alembic import command  # here and not above: services import this module
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _revision(connection)
    is_down = revision == "base" or (revision in known and found is not None and revision < found)
    (command.downgrade if is_down else command.upgrade)(config, revision)
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise MigrationFailed("The migration would leave rows that point nowhere; nothing was changed.")


if __name__ == "__main__":
    sys.exit(main())
