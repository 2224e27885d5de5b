"""What CLARA asks of a database about the events of datasets, and about their versions; parts of `DatasetStore`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from shared.models.dataset import Dataset, DatasetClaim
from shared.models.dataset_events import DatasetEvent, DatasetEventType
from shared.models.events import AuditEntry

if TYPE_CHECKING:
    from shared.database.base import Changes, Page


class DatasetEventLog(Protocol):
    """The gap-free sequence of what happened to each dataset; every change of status is in it."""

    def record_event(self, claim: DatasetClaim, kind: DatasetEventType, payload: Mapping[str, Any]) -> DatasetEvent:
        """Add what a builder says; a finished stage also means that the claims so far were not in vain.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        ...

    def events(self, dataset_id: str, *, after: int = 0, limit: int = 500) -> Sequence[DatasetEvent]:
        """Events with `seq > after`, in order.

        Raises:
            DatasetNotFound: If there is no such dataset.
        """
        ...

    def changes(self, cursor: int | None = None) -> "Changes":
        """What a feed polls, as `JobStore.changes`; without a cursor what may change, completed datasets too."""
        ...


class DatasetLines(Protocol):
    """Versions of a dataset, and the ends that people make."""

    def cancel(self, dataset_id: str, *, audit: AuditEntry) -> Dataset:
        """End a build that has not ended: it fails here and now, and its builder loses the claim.

        Raises:
            DatasetNotFound: If there is none.
            DatasetAlreadyFinished: If it has ended.
        """
        ...

    def withdraw(self, dataset_id: str, *, reason: str, audit: AuditEntry) -> Dataset:
        """Keep a completed dataset for accountability only; withdrawing it again changes nothing.

        Raises:
            DatasetNotFound: If there is none.
            DatasetNotCompleted: If it is not finished.
        """
        ...

    def line(self, line_id: str, *, limit: int = 50, after: int | None = None) -> "Page[Dataset]":
        """Versions of a line, the newest first, from the number below `after`; its cursor is a number."""
        ...

    def erased_in(self, dataset_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Dataset -> erased documents that records of it were made of; datasets without any are not named."""
        ...

    def holding_erased(self, *, limit: int = 50, after: str | None = None) -> "Page[Dataset]":
        """Completed datasets with records of documents that were erased since, by id."""
        ...
