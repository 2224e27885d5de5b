"""Versions of datasets, and the ends that people make, on SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import Connection, Engine, func, insert, select, update

from shared.database.base import Page
from shared.database.dataset_changes import (
    DatasetNotCompleted,
    cancelled_fields,
    refuse_finished,
    status_payload,
    withdrawn_payload,
)
from shared.database.engine import read_transaction, write_transaction
from shared.database.job_changes import storable_text
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.dataset_rows import change_dataset, drop_provenance, read_dataset
from shared.database.sql.rows import dataset_from
from shared.database.sql_time import db_now
from shared.database.tables import dataset_lines, datasets, erased_documents, record_provenance
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.events import AuditEntry

_ERASED = (
    select(record_provenance.c.dataset_id, record_provenance.c.document_id)
    .join(erased_documents, erased_documents.c.document_id == record_provenance.c.document_id)
    .distinct()
)


class SqlDatasetLines:
    """`DatasetLines` on SQLite or PostgreSQL."""

    _engine: Engine

    def cancel(self, dataset_id: str, *, audit: AuditEntry) -> Dataset:
        """See `DatasetLines.cancel`."""
        with write_transaction(self._engine) as connection:
            dataset = read_dataset(connection, dataset_id, lock=True)
            refuse_finished(dataset)
            fields = cancelled_fields(storable_text(audit.actor))
            event = status_payload(DatasetStatus.FAILED, reason="cancelled", message=fields["error_message"])
            values = {**fields, "completed_at": db_now()}
            done = change_dataset(connection, datasets.c.dataset_id == dataset_id, values, event=event)
            drop_provenance(connection, dataset_id)
            write_audit(connection, audit)
        return done or dataset

    def withdraw(self, dataset_id: str, *, reason: str, audit: AuditEntry) -> Dataset:
        """See `DatasetLines.withdraw`."""
        with write_transaction(self._engine) as connection:
            dataset = read_dataset(connection, dataset_id, lock=True)
            if dataset.status is not DatasetStatus.COMPLETED:
                raise DatasetNotCompleted(dataset_id, dataset.status)
            if dataset.is_withdrawn:
                return dataset
            done = withdraw_row(connection, dataset_id, reason=reason, audit=audit)
        return done or dataset

    def line(self, line_id: str, *, limit: int = 50, after: int | None = None) -> Page[Dataset]:
        """See `DatasetLines.line`."""
        number = datasets.c.version_number
        query = select(datasets).where(datasets.c.line_id == line_id)
        following = query if after is None else query.where(number < after)
        with read_transaction(self._engine) as connection:
            total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
            rows = connection.execute(following.order_by(number.desc()).limit(limit + 1)).mappings().all()
        items = [dataset_from(row) for row in rows[:limit]]
        return Page(items, next_after=str(items[-1].version_number) if len(rows) > limit else None, total=total)

    def erased_in(self, dataset_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See `DatasetLines.erased_in`."""
        with read_transaction(self._engine) as connection:
            return erased_in(connection, dataset_ids)

    def holding_erased(self, *, limit: int = 50, after: str | None = None) -> Page[Dataset]:
        """See `DatasetLines.holding_erased`."""
        holding = select(_ERASED.subquery().c.dataset_id)
        query = select(datasets).where(
            datasets.c.status == DatasetStatus.COMPLETED.value, datasets.c.dataset_id.in_(holding)
        )
        following = query if after is None else query.where(datasets.c.dataset_id > after)
        with read_transaction(self._engine) as connection:
            total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
            rows = connection.execute(following.order_by(datasets.c.dataset_id).limit(limit + 1)).mappings().all()
        items = [dataset_from(row) for row in rows[:limit]]
        return Page(items, next_after=items[-1].dataset_id if len(rows) > limit else None, total=total)


def withdraw_row(connection: Connection, dataset_id: str, *, reason: str, audit: AuditEntry) -> Dataset | None:
    """Withdraw a completed dataset that is not withdrawn: the row, the event and the audit entry."""
    why = storable_text(reason)
    values = {"withdrawn_at": db_now(), "withdrawn_by": audit.actor, "withdrawn_reason": why}
    event = withdrawn_payload(storable_text(audit.actor), why)
    done = change_dataset(connection, datasets.c.dataset_id == dataset_id, values, event=event)
    write_audit(connection, audit)
    return done


def erased_in(connection: Connection, dataset_ids: Sequence[str]) -> dict[str, list[str]]:
    """Dataset -> erased documents that its records were made of."""
    query = _ERASED.where(record_provenance.c.dataset_id.in_(list(dataset_ids))).order_by(
        record_provenance.c.dataset_id, record_provenance.c.document_id
    )
    rows = connection.execute(query)
    return {dataset_id: [row.document_id for row in group] for dataset_id, group in groupby(rows, lambda row: row[0])}


def placed_in_line(connection: Connection, dataset: Dataset) -> Dataset:
    """The dataset as the next version of its parent's line, or the first one of a line of its own.

    Raises:
        DatasetNotFound: If its parent is unknown.
        DatasetNotCompleted: If its parent is not finished.
    """
    if dataset.parent_id is None:
        connection.execute(insert(dataset_lines).values(line_id=dataset.dataset_id, last_number=1))
        return replace(dataset, line_id=dataset.dataset_id, version_number=1)
    parent = read_dataset(connection, dataset.parent_id)
    if parent.status is not DatasetStatus.COMPLETED:
        raise DatasetNotCompleted(parent.dataset_id, parent.status)
    counted = update(dataset_lines).where(dataset_lines.c.line_id == parent.line_id)
    counted = counted.values(last_number=dataset_lines.c.last_number + 1)
    number = connection.execute(counted.returning(dataset_lines.c.last_number)).scalar_one()
    return replace(dataset, line_id=parent.line_id, version_number=number)
