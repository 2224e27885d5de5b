"""Connections between two searches."""

import sqlite3
from pathlib import Path

import pytest

from shared.database.inverted_index.connections import IdleConnections


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x.db"
    path.touch()
    return path


def test_a_connection_is_used_again_by_one_at_a_time(path: Path) -> None:
    idle = IdleConnections(path)
    connection = opened(path)
    idle.give_back(connection, idle.file())

    assert idle.take() is connection
    assert idle.take() is None
    connection.close()


def test_a_connection_to_a_file_that_was_replaced_is_closed(path: Path) -> None:
    idle = IdleConnections(path)
    connection = opened(path)
    idle.give_back(connection, idle.file())
    other = path.with_name("y.db")
    other.touch()
    other.replace(path)

    assert idle.take() is None
    assert is_closed(connection)


def test_a_connection_to_a_file_that_is_gone_is_closed(path: Path) -> None:
    idle = IdleConnections(path)
    connection = opened(path)
    idle.give_back(connection, idle.file())
    path.unlink()

    assert (idle.take(), is_closed(connection)) == (None, True)


def test_few_are_kept_and_none_after_closing(path: Path) -> None:
    idle = IdleConnections(path)
    connections = [opened(path) for _ in range(10)]
    for connection in connections:
        idle.give_back(connection, idle.file())

    assert 0 < sum(not is_closed(connection) for connection in connections) < 10
    idle.close()
    assert all(map(is_closed, connections))
