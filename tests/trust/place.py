"""Where an experiment runs: a folder of its own, a database, and how much of everything."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.support.postgres import MISSING, PostgresServer, find_programs, running_server

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """What an experiment is given.

    Args:
        folder: Empty, its own, removed afterwards.
        database: "sqlite" or "postgresql".
        is_full: The figures of the promise; otherwise the fast form that runs with the tests.
        server: The PostgreSQL server, durable (fsync on); None on SQLite.
    """

    folder: Path
    database: str
    is_full: bool
    server: PostgresServer | None = None

    def scaled(self, *, full: T, fast: T) -> T:
        """The value for this form of the experiment."""
        return full if self.is_full else fast

    def new_database_url(self) -> str:
        """The URL of a new, empty database."""
        if self.server is not None:
            return self.server.new_database()
        number = len(list(self.folder.glob("*.db"))) + 1
        return f"sqlite:///{self.folder / f'clara{number}.db'}"


@contextmanager
def a_place(database: str, *, is_full: bool) -> Iterator[Place]:
    """A place that is gone afterwards, server and all."""
    with tempfile.TemporaryDirectory(prefix="clara-trust-") as folder:
        if database == "sqlite":
            yield Place(Path(folder), database, is_full)
            return
        programs = find_programs()
        if programs is None:
            raise RuntimeError(MISSING)
        with running_server(programs, durable=True) as server:
            yield Place(Path(folder), database, is_full, server)
