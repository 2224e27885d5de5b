"""The switch to the write-ahead log beside others."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.database.write_ahead_log import empty_log, use_write_ahead_log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE something (x)")
    return path


@pytest.fixture
def holder(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who has the whole file to himself."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def test_a_file_that_is_locked_for_a_moment_is_asked_again(file: Path, holder: sqlite3.Connection) -> None:
    release = threading.Timer(0.2, holder.execute, ["COMMIT"])
    # SQLite itself does not wait at all
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        release.start()
        use_write_ahead_log(connection, patience_s=30)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    release.join()


@pytest.mark.usefixtures("holder")
def test_a_file_that_stays_locked_is_given_up(file: Path) -> None:
    with (
        closing(sqlite3.connect(file, timeout=0)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        use_write_ahead_log(connection, patience_s=0.05)


def test_what_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database at all, but long enough to be looked at as one" * 20, encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        use_write_ahead_log(connection, patience_s=30)


def test_the_log_is_emptied_unless_somebody_reads_on(file: Path) -> None:
    log = file.with_name(f"{file.name}-wal")
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as connection,
        closing(sqlite3.connect(file, isolation_level=None)) as reader,
    ):
        use_write_ahead_log(connection, patience_s=1)
        connection.execute("PRAGMA busy_timeout=7000")
        connection.execute("INSERT INTO something VALUES ('Krauseberg')")
        assert log.stat().st_size
        assert empty_log(connection)
        assert log.stat().st_size == 0

        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM something").fetchone() == (1,)
        connection.execute("DELETE FROM something")
        assert not empty_log(connection)
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (7000,)
