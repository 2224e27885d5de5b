"""How an event of a dataset looks on the wire, and where the feed finds it."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.common.feed.source import Head
from backend.common.feed.updates import Update, encoded
from shared.database.base import Changes, DatasetStore
from shared.models.dataset import DatasetStatus
from shared.models.dataset_events import DatasetEvent, DatasetEventType
from shared.utils.clock import iso_utc


class DatasetEvents:
    """`EventSource` of datasets.

    Args:
        datasets: Truth of datasets.
    """

    def __init__(self, datasets: DatasetStore) -> None:
        self._datasets = datasets

    def changes(self, cursor: int | None = None) -> Changes:
        """See `EventSource.changes`."""
        return self._datasets.changes(cursor)

    def updates(self, subject_id: str, *, after: int, limit: int) -> Sequence[Update]:
        """See `EventSource.updates`."""
        return [update_of(event) for event in self._datasets.events(subject_id, after=after, limit=limit)]

    def head(self, subject_id: str) -> Head:
        """See `EventSource.head`."""
        dataset = self._datasets.get(subject_id)
        return Head(dataset.event_seq, dataset.status.is_terminal)


def update_of(event: DatasetEvent) -> Update:
    """The update that tells clients about an event."""
    is_status = event.type is DatasetEventType.STATUS
    return Update(
        event.dataset_id,
        event.seq,
        event.type.value,
        is_last=is_status and DatasetStatus(event.payload["status"]).is_terminal,
        is_figure=event.type is DatasetEventType.PROGRESS,
        text=encoded(dataset_update(event)),
    )


def dataset_update(event: DatasetEvent) -> Mapping[str, Any]:
    """The `dataset_update` message: as `job_update`, with what a build tells."""
    return {
        "type": "dataset_update",
        "event": event.type.value,
        "dataset_id": event.dataset_id,
        **event.payload,
        "timestamp": iso_utc(event.created_at),
        "seq": event.seq,
    }
