"""What a feed asks of the store whose events it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.common.feed.updates import Update


@dataclass(frozen=True, slots=True)
class Head:
    """Where a subject stands.

    Args:
        seq: Number of its newest event.
        has_ended: Whether none will follow.
    """

    seq: int
    has_ended: bool


class Changed(Protocol):
    """Subjects that changed, and where to look on next time; `shared.database.base.Changes`."""

    @property
    def heads(self) -> Mapping[str, int]:
        """Id -> number of its newest event."""

    @property
    def cursor(self) -> int:
        """For the next call."""


class EventSource(Protocol):
    """Events of jobs, or of datasets; calls may block and come from threads."""

    def changes(self, cursor: int | None = None) -> Changed:
        """Subjects that changed since `cursor` was given out; without one, those that have not ended."""
        ...

    def updates(self, subject_id: str, *, after: int, limit: int) -> Sequence[Update]:
        """Events with `seq > after` in order, ready to be sent.

        Raises:
            NotFound: If there is no such subject.
        """
        ...

    def head(self, subject_id: str) -> Head:
        """Where it stands.

        Raises:
            NotFound: If there is no such subject.
        """
        ...
