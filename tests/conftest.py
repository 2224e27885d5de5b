"""Fixtures that every test may use."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.contracts", "tests.support")

from shared.database.migrate import migrate  # noqa: E402 - the rewrite has to be registered before any of them loads
from tests.support.couch_server import CouchServerProcess, require_programs, running_couch  # noqa: E402
from tests.support.postgres import MISSING, PostgresServer, find_programs, running_server  # noqa: E402

# `datasets.load_dataset`, with which exports are read, would tell its makers of every use
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

# how long an example takes tells of the machine: the first one pays for imports, and others work here as well
settings.register_profile("clara", settings.default, deadline=None)
settings.load_profile("clara")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # started in the background of a shell: commands that tests start and interrupt would ignore Ctrl-C as well
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session; absent programs skip the test, but never on CI."""
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with running_server(programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """A new, empty PostgreSQL database."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def couch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CouchServerProcess]:
    """One CouchDB for the session, open to everybody on this machine."""
    with running_couch(require_programs(), tmp_path_factory.mktemp("couch")) as server:
        yield server


@pytest.fixture(scope="session")
def guarded_couch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CouchServerProcess]:
    """A CouchDB where everybody has to log in: administrator chef:ge-heim, user leser:le-sen."""
    with running_couch(require_programs(), tmp_path_factory.mktemp("guarded-couch")) as server:
        server.add_administrator("chef", "ge-heim")
        server.add_user("leser", "le-sen")
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to copy from."""
    path = tmp_path_factory.mktemp("template") / "clara.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A new SQLite database with the newest schema and no rows."""
    path = tmp_path / "clara.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"
