"""Datasets and the provenance of their records on SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Engine, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shared.database.base import ClaimLost, DatasetNotFound, Page
from shared.database.dataset_changes import (
    DocumentsErased,
    completed_fields,
    dataset_audit,
    failed_fields,
    refuse_if_used,
    refuse_unusable,
    status_payload,
)
from shared.database.engine import read_transaction, write_transaction
from shared.database.job_changes import storable_text
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.change_feed import change_number
from shared.database.sql.dataset_events import SqlDatasetEvents
from shared.database.sql.dataset_lines import SqlDatasetLines, erased_in, placed_in_line
from shared.database.sql.dataset_rows import add_event, change_dataset, drop_provenance, held_by, read_dataset
from shared.database.sql.document_writes import serialise_ingest
from shared.database.sql.paging import newest_first
from shared.database.sql.rows import dataset_columns, dataset_from, provenance_columns, provenance_from
from shared.database.sql_time import db_now
from shared.database.tables import adapters, datasets, jobs, record_provenance
from shared.errors import Conflict
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, RecordProvenance, Split
from shared.models.dataset_events import DatasetEventType
from shared.models.events import AuditEntry
from shared.models.job import JobStatus

_ROWS_PER_INSERT = 2000


class SqlDatasetStore(SqlDatasetEvents, SqlDatasetLines):
    """`DatasetStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.add`."""
        try:
            with write_transaction(self._engine) as connection:
                dataset = placed_in_line(connection, replace(dataset, version=1, event_seq=1))
                change_no = change_number(datasets)
                connection.execute(insert(datasets).values(**dataset_columns(dataset), change_no=change_no))
                add_event(connection, dataset, DatasetEventType.STATUS, status_payload(dataset.status))
                write_audit(connection, audit)
        except IntegrityError as exc:
            raise Conflict(
                f"A dataset with the id '{dataset.dataset_id}' exists already.", dataset_id=dataset.dataset_id
            ) from exc
        return dataset

    def get(self, dataset_id: str) -> Dataset:
        """See `DatasetStore.get`."""
        with read_transaction(self._engine) as connection:
            return read_dataset(connection, dataset_id)

    def page(
        self,
        *,
        status: DatasetStatus | None = None,
        name: str | None = None,
        created_by: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Dataset]:
        """See `DatasetStore.page`."""
        query = select(datasets)
        if status is not None:
            query = query.where(datasets.c.status == status.value)
        if name:
            # LIKE heeds case in one database and not in the other
            query = query.where(func.replace(datasets.c.name, name, "") != datasets.c.name)
        if created_by is not None:
            query = query.where(datasets.c.created_by == created_by)
        with read_transaction(self._engine) as connection:
            return newest_first(
                connection,
                query,
                datasets,
                datasets.c.dataset_id,
                limit=limit,
                after=after,
                unknown=DatasetNotFound,
                value_from=dataset_from,
            )

    def newest_completed(self) -> Dataset | None:
        """See `DatasetStore.newest_completed`."""
        query = (
            select(datasets)
            .where(datasets.c.status == DatasetStatus.COMPLETED.value, datasets.c.withdrawn_at.is_(None))
            .order_by(datasets.c.created_at.desc(), datasets.c.dataset_id.desc())
            .limit(1)
        )
        with read_transaction(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else dataset_from(row)

    def claim(self, owner: str, *, lease_s: float) -> tuple[Dataset, DatasetClaim] | None:
        """See `DatasetStore.claim`."""
        is_abandoned = and_(datasets.c.status == DatasetStatus.PROCESSING.value, datasets.c.lease_until < db_now())
        following = (
            select(datasets.c.dataset_id)
            .where(or_(datasets.c.status == DatasetStatus.PENDING.value, is_abandoned))
            .order_by(datasets.c.created_at, datasets.c.dataset_id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        values = {
            "status": DatasetStatus.PROCESSING.value,
            "owner": owner,
            "claim_epoch": datasets.c.claim_epoch + 1,
            "fruitless_claims": datasets.c.fruitless_claims + 1,
            "lease_until": db_now(lease_s),
        }
        with write_transaction(self._engine) as connection:
            event = status_payload(DatasetStatus.PROCESSING)
            dataset = change_dataset(connection, datasets.c.dataset_id == following, values, event=event)
            if dataset is None:
                return None
            drop_provenance(connection, dataset.dataset_id)
            epoch = dataset.claim_epoch
            write_audit(
                connection, dataset_audit("dataset.claimed", dataset.dataset_id, owner=owner, claim_epoch=epoch)
            )
        return dataset, DatasetClaim(dataset.dataset_id, owner, epoch)

    def heartbeat(self, claim: DatasetClaim, *, lease_s: float) -> None:
        """See `DatasetStore.heartbeat`."""
        with write_transaction(self._engine) as connection:
            statement = update(datasets).where(held_by(claim)).values(lease_until=db_now(lease_s))
            if connection.execute(statement).rowcount == 0:
                raise ClaimLost(claim.dataset_id, claim.epoch)

    def add_provenance(self, claim: DatasetClaim, rows: Iterable[RecordProvenance]) -> None:
        """See `DatasetStore.add_provenance`."""
        stream = (provenance_columns(claim.dataset_id, row) for row in rows)
        try:
            with write_transaction(self._engine) as connection:
                held = select(datasets.c.dataset_id).where(held_by(claim)).with_for_update()
                if connection.execute(held).one_or_none() is None:
                    raise ClaimLost(claim.dataset_id, claim.epoch)
                while batch := list(islice(stream, _ROWS_PER_INSERT)):
                    connection.execute(insert(record_provenance), batch)
        except IntegrityError as exc:
            raise Conflict(
                f"Dataset {claim.dataset_id} has a record with one of these ids already.", dataset_id=claim.dataset_id
            ) from exc

    def complete(self, claim: DatasetClaim, dataset: Dataset, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.complete`."""
        with write_transaction(self._engine) as connection:
            # erasing takes the same lock: whoever comes second sees what the first one did
            serialise_ingest(connection)
            values = {**completed_fields(dataset), "completed_at": db_now()}
            done = change_dataset(connection, held_by(claim), values, event=status_payload(DatasetStatus.COMPLETED))
            if done is None:
                raise ClaimLost(claim.dataset_id, claim.epoch)
            if erased := erased_in(connection, [claim.dataset_id]):
                raise DocumentsErased(claim.dataset_id, erased[claim.dataset_id])
            write_audit(connection, audit)
        return done

    def fail(self, claim: DatasetClaim, *, error_message: str) -> Dataset:
        """See `DatasetStore.fail`."""
        values = {**failed_fields(storable_text(error_message)), "completed_at": db_now()}
        event = status_payload(DatasetStatus.FAILED, message=values["error_message"])
        with write_transaction(self._engine) as connection:
            done = change_dataset(connection, held_by(claim), values, event=event)
            if done is None:
                raise ClaimLost(claim.dataset_id, claim.epoch)
            drop_provenance(connection, claim.dataset_id)
            write_audit(connection, dataset_audit("dataset.failed", claim.dataset_id, claim_epoch=claim.epoch))
        return done

    def set_export(self, dataset_id: str, export_format: str, path: str, *, audit: AuditEntry) -> Dataset:
        """See `DatasetStore.set_export`."""
        with write_transaction(self._engine) as connection:
            dataset = read_dataset(connection, dataset_id, lock=True)
            refuse_unusable(dataset)
            paths = {**dataset.export_paths, export_format: path}
            done = change_dataset(connection, datasets.c.dataset_id == dataset_id, {"export_paths": paths})
            write_audit(connection, audit)
        return done or dataset

    def delete(self, dataset_id: str, *, audit: AuditEntry) -> None:
        """See `DatasetStore.delete`."""
        ended = [status.value for status in JobStatus if status.is_terminal]
        adapter = select(adapters.c.adapter_id).where(adapters.c.dataset_id == dataset_id).limit(1)
        job = select(jobs.c.job_id).where(jobs.c.dataset_id == dataset_id, jobs.c.status.not_in(ended)).limit(1)
        with write_transaction(self._engine) as connection:
            dataset = read_dataset(connection, dataset_id, lock=True)
            refuse_if_used(dataset, adapter_id=connection.scalar(adapter), job_id=connection.scalar(job))
            drop_provenance(connection, dataset_id)
            connection.execute(delete(datasets).where(datasets.c.dataset_id == dataset_id))
            write_audit(connection, audit)

    def provenance(
        self, dataset_id: str, *, split: Split | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[RecordProvenance]:
        """See `DatasetStore.provenance`."""
        row = record_provenance.c
        query = select(record_provenance).where(row.dataset_id == dataset_id).order_by(row.record_id).limit(limit)
        if split is not None:
            query = query.where(row.split == split.value)
        if after is not None:
            query = query.where(row.record_id > after)
        with read_transaction(self._engine) as connection:
            return [provenance_from(found) for found in connection.execute(query).mappings()]

    def count(self) -> int:
        """See `DatasetStore.count`."""
        with read_transaction(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(datasets)) or 0
