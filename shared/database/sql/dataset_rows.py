"""One change of a dataset inside the caller's transaction: the row, and the event that tells of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from shared.database.base import DatasetNotFound
from shared.database.sql.change_feed import change_number
from shared.database.sql.rows import dataset_from, plain
from shared.database.sql_time import db_now
from shared.database.tables import dataset_events, datasets, record_provenance
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from shared.models.dataset_events import DatasetEventType


def held_by(claim: DatasetClaim) -> ColumnElement[bool]:
    """Whether the claim is still the valid one."""
    return and_(
        datasets.c.dataset_id == claim.dataset_id,
        datasets.c.owner == claim.owner,
        datasets.c.claim_epoch == claim.epoch,
        datasets.c.status == DatasetStatus.PROCESSING.value,
    )


def read_dataset(connection: Connection, dataset_id: str, *, lock: bool = False) -> Dataset:
    """The dataset.

    Raises:
        DatasetNotFound: If there is none.
    """
    query = select(datasets).where(datasets.c.dataset_id == dataset_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise DatasetNotFound(dataset_id)
    return dataset_from(row)


def change_dataset(
    connection: Connection,
    where: ColumnElement[bool],
    values: Mapping[str, Any],
    *,
    event: Mapping[str, Any] | None = None,
    kind: DatasetEventType = DatasetEventType.STATUS,
) -> Dataset | None:
    """Change the row and tell of it, if there is an event to tell; None if no row fits."""
    columns: dict[str, Any] = {name: plain(value) for name, value in values.items()}
    if event is not None:
        columns |= {"event_seq": datasets.c.event_seq + 1, "change_no": change_number(datasets)}
    statement = update(datasets).where(where).values(**columns, version=datasets.c.version + 1).returning(*datasets.c)
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    dataset = dataset_from(row)
    if event is not None:
        add_event(connection, dataset, kind, event)
    return dataset


def add_event(connection: Connection, dataset: Dataset, kind: DatasetEventType, payload: Mapping[str, Any]) -> None:
    """Write the event whose number the dataset carries already."""
    values = {
        "dataset_id": dataset.dataset_id,
        "seq": dataset.event_seq,
        "type": kind.value,
        "payload": dict(payload),
        "created_at": db_now(),
    }
    connection.execute(insert(dataset_events).values(**values))


def drop_provenance(connection: Connection, dataset_id: str) -> None:
    """Forget what the records were made of."""
    connection.execute(delete(record_provenance).where(record_provenance.c.dataset_id == dataset_id))
