"""A psycopg connection whose every wait has an end: libpq itself waits for ever for a server that says nothing.

The only module of the store that imports the driver when it is loaded; it is loaded with the first connection.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from shared.database.postgres_address import check_connected, with_addresses

_T = TypeVar("_T")


class TimedOut(psycopg.OperationalError):
    """The deadline passed while the server had nothing to say."""


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Gives up, and is closed, when its `deadline` (by `time.monotonic`) passes."""

    deadline = float("inf")

    def wait(self, gen: Generator[Any, Any, _T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """As the driver waits, until the deadline at the longest."""
        left = self.deadline - time.monotonic()
        if left == float("inf"):
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, max(left, 0.001))
        except psycopg.OperationalError as exc:
            if time.monotonic() < self.deadline:
                raise
            # in the middle of an answer it is good for nothing
            self.pgconn.finish()
            raise TimedOut("the server did not answer in time") from exc

    @property
    def is_fresh(self) -> bool:
        """Whether it can be used for something new, as far as can be known without asking the server."""
        if self.closed or self.info.transaction_status is not TransactionStatus.IDLE:
            return False
        try:
            self.pgconn.consume_input()  # a server that was stopped has said so, or has closed the socket
        except psycopg.OperationalError:
            return False
        return not self.closed


def connect(conninfo: str, options: dict[str, Any]) -> BoundedConnection:
    """A connection without a transaction; `options` are added to those of the address.

    Raises:
        psycopg.Error: If there is none.
    """
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options = {**options, "options": f"{given.get('options') or ''} {options['options']}".strip()}
    parameters = with_addresses({**given, **options})
    connection = BoundedConnection.connect("", autocommit=True, prepare_threshold=None, **parameters)
    check_connected(connection)
    return connection
