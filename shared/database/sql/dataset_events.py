"""Events of datasets on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, select

from shared.database.base import Changes, ClaimLost
from shared.database.engine import read_transaction, write_transaction
from shared.database.sql.change_feed import ChangeFeed
from shared.database.sql.dataset_rows import change_dataset, held_by, read_dataset
from shared.database.sql.rows import dataset_event_from
from shared.database.tables import dataset_events, datasets
from shared.models.dataset import DatasetClaim, DatasetStatus
from shared.models.dataset_events import DatasetEvent, DatasetEventType

_FEED = ChangeFeed(
    datasets, datasets.c.dataset_id, (status.value for status in DatasetStatus if status.has_more_to_tell)
)


class SqlDatasetEvents:
    """`DatasetEventLog` on SQLite or PostgreSQL."""

    _engine: Engine

    def record_event(self, claim: DatasetClaim, kind: DatasetEventType, payload: Mapping[str, Any]) -> DatasetEvent:
        """See `DatasetEventLog.record_event`."""
        values = {"fruitless_claims": 0} if kind is DatasetEventType.STAGE else {}
        event = {"status": DatasetStatus.PROCESSING.value, **payload}
        with write_transaction(self._engine) as connection:
            dataset = change_dataset(connection, held_by(claim), values, event=event, kind=kind)
            if dataset is None:
                raise ClaimLost(claim.dataset_id, claim.epoch)
            of_event = dataset_events.c.dataset_id == dataset.dataset_id, dataset_events.c.seq == dataset.event_seq
            row = connection.execute(select(dataset_events).where(*of_event)).mappings().one()
            return dataset_event_from(row)

    def events(self, dataset_id: str, *, after: int = 0, limit: int = 500) -> Sequence[DatasetEvent]:
        """See `DatasetEventLog.events`."""
        query = (
            select(dataset_events)
            .where(dataset_events.c.dataset_id == dataset_id, dataset_events.c.seq > after)
            .order_by(dataset_events.c.seq)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            found = [dataset_event_from(row) for row in connection.execute(query).mappings()]
            if not found:
                read_dataset(connection, dataset_id)
        return found

    def changes(self, cursor: int | None = None) -> Changes:
        """See `DatasetEventLog.changes`."""
        with read_transaction(self._engine) as connection:
            return _FEED.since(connection, cursor)
