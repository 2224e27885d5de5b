"""Clocks that a test moves: a wall clock that may jump, and a monotonic one that only goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from sqlite3 import Connection

from sqlalchemy import Engine, event

from tests.support.store_values import START


class FakeTime:
    """Both clocks of one small world."""

    def __init__(self) -> None:
        self.monotonic_s = 0.0
        self._wall_offset_s = 0.0

    def wall(self) -> datetime:
        """What the database takes for now."""
        return START + timedelta(seconds=self.monotonic_s + self._wall_offset_s)

    def monotonic(self) -> float:
        """Seconds that have really passed."""
        return self.monotonic_s

    def pass_by(self, seconds: float) -> None:
        """Time goes by on both clocks."""
        self.monotonic_s += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall_offset_s += seconds


@contextmanager
def sqlite_on(wall: Callable[[], datetime]) -> Iterator[None]:
    """SQLite's clock is ours for every connection that is opened meanwhile."""

    def prepare(connection: object, _record: object) -> None:
        if isinstance(connection, Connection):
            # the only function of time that our statements use; `offset` reads like "+1.500 seconds"
            connection.create_function("strftime", 3, lambda _format, _now, offset: _text(wall(), offset))

    event.listen(Engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(Engine, "connect", prepare)


def _text(now: datetime, offset: str) -> str:
    moment = now + timedelta(seconds=float(offset.removesuffix(" seconds")))
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
