"""Erasing documents on SQL: one transaction over all tables that know of a document."""

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, delete, func, select, update

from shared.database.base import DocumentNotFound
from shared.database.document_erasure import withdrawal_entry, withdrawal_reason
from shared.database.engine import read_transaction, write_transaction
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.dataset_lines import withdraw_row
from shared.database.sql.document_reads import batches, newest_versions
from shared.database.sql.document_writes import erase, serialise_ingest
from shared.database.sql.rows import adapter_from, dataset_from
from shared.database.tables import (
    adapters,
    datasets,
    documents,
    erased_documents,
    jobs,
    promotions,
    quality_reviews,
    record_provenance,
)
from shared.database.write_ahead_log import empty_log
from shared.models.dataset import DatasetStatus, Split
from shared.models.erasure import AdapterUse, DatasetUse, DocumentUses
from shared.models.events import AuditEntry
from shared.models.job import JobStatus
from shared.models.review import ReviewState

logger = logging.getLogger(__name__)

_IDS_PER_QUERY = 500
_UNFINISHED = [status.value for status in JobStatus if not status.is_terminal]


class SqlDocumentErasure:
    """`DocumentErasure` on SQLite or PostgreSQL."""

    _engine: Engine
    _derived_stores: Sequence[str]

    def erase(self, document_id: str, *, audit: AuditEntry) -> None:
        """See `DocumentErasure.erase`."""
        with write_transaction(self._engine) as connection:
            serialise_ingest(connection)
            erase(connection, document_id, self._derived_stores)
            write_audit(connection, audit)
            for dataset_id in _in_use(connection, document_id):
                entry = withdrawal_entry(audit, document_id, dataset_id)
                withdraw_row(connection, dataset_id, reason=withdrawal_reason(document_id), audit=entry)
            _forget_reviews(connection, document_id)
        _empty_log(self._engine)

    def uses(self, document_id: str) -> DocumentUses:
        """See `DocumentErasure.uses`."""
        with read_transaction(self._engine) as connection:
            place = _place(connection, document_id)
            used = _dataset_uses(connection, document_id)
            ids = [each.dataset_id for each in used]
            return DocumentUses(
                **place,
                datasets=used,
                adapters=_adapter_uses(connection, ids),
                jobs=sorted(row.job_id for row in _of_datasets(connection, jobs, ids, jobs.c.status.in_(_UNFINISHED))),
                reviews=connection.scalar(
                    select(func.count()).select_from(quality_reviews).where(_review_of(document_id))
                )
                or 0,
            )


def _empty_log(engine: Engine) -> None:
    """On SQLite, have the text leave the log too; it is erased whether or not that succeeds now, which is told."""
    if engine.dialect.name != "sqlite":
        return
    reason = "somebody is reading"
    with closing(engine.raw_connection()) as pooled:
        connection = pooled.driver_connection
        try:
            if not isinstance(connection, sqlite3.Connection) or empty_log(connection):
                return
        except sqlite3.Error as exc:
            reason = str(exc)
    # SQLite writes over it later, at the latest when the last service that has it open ends
    logger.warning("database.log_not_emptied", extra={"reason": reason})


def _in_use(connection: Connection, document_id: str) -> Sequence[str]:
    """Completed datasets with records of the document that are not withdrawn, locked."""
    holding = select(record_provenance.c.dataset_id).where(record_provenance.c.document_id == document_id)
    query = (
        select(datasets.c.dataset_id)
        .where(
            datasets.c.dataset_id.in_(holding),
            datasets.c.status == DatasetStatus.COMPLETED.value,
            datasets.c.withdrawn_at.is_(None),
        )
        # always in the same order, so that two erasures never wait for each other
        .order_by(datasets.c.dataset_id)
        .with_for_update()
    )
    return connection.scalars(query).all()


def _forget_reviews(connection: Connection, document_id: str) -> None:
    is_open = quality_reviews.c.state == ReviewState.OPEN.value
    connection.execute(delete(quality_reviews).where(_review_of(document_id), is_open))
    # what people decided about a text goes on for others with the same text
    connection.execute(update(quality_reviews).where(_review_of(document_id)).values(note=""))


def _review_of(document_id: str) -> ColumnElement[bool]:
    return quality_reviews.c.document_id == document_id


def _place(connection: Connection, document_id: str) -> dict[str, Any]:
    """The fields of `DocumentUses` that the registry knows.

    Raises:
        DocumentNotFound: If there never was such a document.
    """
    found = connection.execute(newest_versions().where(documents.c.document_id == document_id)).mappings().first()
    if found is not None:
        return {**_identity(found), "title": found["title"], "sections": found["section_count"], "is_erased": False}
    of_id = select(erased_documents).where(erased_documents.c.document_id == document_id)
    gone = connection.execute(of_id).mappings().first()
    if gone is None:
        raise DocumentNotFound(document_id)
    return {**_identity(gone), "title": "", "sections": 0, "is_erased": True}


def _identity(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("document_id", "source", "path", "version")}


def _dataset_uses(connection: Connection, document_id: str) -> list[DatasetUse]:
    row = record_provenance.c
    counted = select(row.dataset_id, row.split, func.count()).where(row.document_id == document_id)
    records: defaultdict[str, dict[Split, int]] = defaultdict(dict)
    for dataset_id, split, count in connection.execute(counted.group_by(row.dataset_id, row.split)):
        records[dataset_id][Split(split)] = count
    found = map(dataset_from, (each._mapping for each in _of_datasets(connection, datasets, list(records))))
    used = [DatasetUse.of(each, records[each.dataset_id]) for each in found]
    return sorted(used, key=lambda each: each.dataset_id)


def _adapter_uses(connection: Connection, dataset_ids: Sequence[str]) -> list[AdapterUse]:
    newest = select(func.max(promotions.c.number)).group_by(promotions.c.base_model)
    active = set(connection.scalars(select(promotions.c.adapter_id).where(promotions.c.number.in_(newest))))
    used = [
        AdapterUse.of(adapter_from(row._mapping), row.dataset_id, is_active=row.adapter_id in active)
        for row in _of_datasets(connection, adapters, dataset_ids)
    ]
    return sorted(used, key=lambda each: each.adapter_id)


def _of_datasets(
    connection: Connection, table: Any, dataset_ids: Sequence[str], *wanted: ColumnElement[bool]
) -> Iterator[Any]:
    """Rows of a table that belong to one of these datasets."""
    for batch in batches(dataset_ids, _IDS_PER_QUERY):
        yield from connection.execute(select(table).where(table.c.dataset_id.in_(batch), *wanted))
