"""Rows to domain values and back; the only place that knows both."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import Any

from sqlalchemy import RowMapping

from shared.models.adapter import Adapter, Checkpoint, Promotion
from shared.models.dataset import Dataset, DatasetStatus, RecordProvenance, Split
from shared.models.dataset_events import DatasetEvent, DatasetEventType
from shared.models.document import Document, Section, StoredSection
from shared.models.events import AuditEntry, EventType, JobEvent
from shared.models.feedback import FeedbackItem, FeedbackState
from shared.models.job import AttemptOutcome, AttemptRecord, JobStatus, Progress, TrainingJob

_PROGRESS = tuple(item.name for item in fields(Progress))
_JOB = tuple(item.name for item in fields(TrainingJob) if item.name != "progress")
_ATTEMPT = tuple(item.name for item in fields(AttemptRecord))
_DATASET = tuple(item.name for item in fields(Dataset))
_ADAPTER = tuple(item.name for item in fields(Adapter))
_CHECKPOINT = tuple(item.name for item in fields(Checkpoint))
_FEEDBACK = tuple(item.name for item in fields(FeedbackItem))
_PROMOTION = tuple(item.name for item in fields(Promotion))
_DOCUMENT = tuple(item.name for item in fields(Document))
_PLAIN = frozenset({str, int, float, bool, NoneType, datetime})


def job_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of `jobs` for fields of `TrainingJob`; progress lies flat in its row."""
    columns = {name: plain(value) for name, value in values.items() if name != "progress"}
    progress = values.get("progress")
    if progress is not None:
        columns.update({name: plain(getattr(progress, name)) for name in _PROGRESS})
    return columns


def new_job_columns(job: TrainingJob) -> dict[str, Any]:
    """All columns of a job that is stored for the first time."""
    return job_columns({name: getattr(job, name) for name in (*_JOB, "progress")})


def job_from(row: RowMapping | Mapping[str, Any]) -> TrainingJob:
    """The job of a row of `jobs`."""
    values = {name: row[name] for name in _JOB}
    values["status"] = JobStatus(row["status"])
    values["tags"] = tuple(row["tags"])
    reason = row["failure_reason"]
    values["failure_reason"] = None if reason is None else AttemptOutcome(reason)
    return TrainingJob(**values, progress=Progress(**{name: row[name] for name in _PROGRESS}))


def attempt_from(row: RowMapping) -> AttemptRecord:
    """The record of a row of `attempts`."""
    values = {name: row[name] for name in _ATTEMPT}
    return AttemptRecord(**{**values, "outcome": None if row["outcome"] is None else AttemptOutcome(row["outcome"])})


def event_from(row: RowMapping) -> JobEvent:
    """The event of a row of `job_events`."""
    return JobEvent(row["job_id"], row["seq"], EventType(row["type"]), row["payload"], row["created_at"])


def checkpoint_columns(checkpoint: Checkpoint) -> dict[str, Any]:
    """All columns of a checkpoint."""
    return asdict(checkpoint)


def checkpoint_from(row: RowMapping) -> Checkpoint:
    """The checkpoint of a row of `checkpoints`."""
    return Checkpoint(**{name: row[name] for name in _CHECKPOINT})


def adapter_columns(adapter: Adapter) -> dict[str, Any]:
    """All columns of an adapter."""
    return {name: plain(getattr(adapter, name)) for name in _ADAPTER}


def adapter_from(row: RowMapping) -> Adapter:
    """The adapter of a row of `adapters`."""
    return Adapter(**{name: row[name] for name in _ADAPTER})


def promotion_from(row: RowMapping | Mapping[str, Any]) -> Promotion:
    """The promotion of a row of `promotions`."""
    return Promotion(**{name: row[name] for name in _PROMOTION})


def feedback_columns(item: FeedbackItem) -> dict[str, Any]:
    """All columns of an item of feedback; the database numbers it."""
    columns = {name: plain(getattr(item, name)) for name in _FEEDBACK if name != "seq"}
    return {**columns, "content_sha256": item.content_sha256}


def feedback_from(row: RowMapping) -> FeedbackItem:
    """The item of a row of `feedback`."""
    values = {name: row[name] for name in _FEEDBACK}
    return FeedbackItem(**{**values, "state": FeedbackState(row["state"]), "score": float(row["score"])})


def dataset_columns(dataset: Dataset) -> dict[str, Any]:
    """All columns of a dataset."""
    return {name: plain(getattr(dataset, name)) for name in _DATASET}


def dataset_from(row: RowMapping) -> Dataset:
    """The dataset of a row of `datasets`."""
    values = {name: row[name] for name in _DATASET}
    # a whole number that SQLite returns from a REAL column of a fresh row is an int
    values["quality_score_avg"] = float(row["quality_score_avg"])
    return Dataset(**{**values, "status": DatasetStatus(row["status"])})


def dataset_event_from(row: RowMapping) -> DatasetEvent:
    """The event of a row of `dataset_events`."""
    return DatasetEvent(
        dataset_id=row["dataset_id"],
        seq=row["seq"],
        type=DatasetEventType(row["type"]),
        payload=row["payload"],
        created_at=row["created_at"],
    )


def provenance_columns(dataset_id: str, provenance: RecordProvenance) -> dict[str, Any]:
    """All columns of a record's provenance."""
    return {
        "dataset_id": dataset_id,
        "record_id": provenance.record_id,
        "document_id": provenance.document_id,
        "document_version": provenance.document_version,
        "section_id": provenance.section_id,
        "split": provenance.split.value,
        "quality_score": provenance.quality_score,
        "start_offset": provenance.start,
        "end_offset": provenance.end,
    }


def provenance_from(row: RowMapping) -> RecordProvenance:
    """The provenance of a row of `record_provenance`."""
    return RecordProvenance(
        record_id=row["record_id"],
        document_id=row["document_id"],
        document_version=row["document_version"],
        section_id=row["section_id"],
        split=Split(row["split"]),
        quality_score=row["quality_score"],
        start=row["start_offset"],
        end=row["end_offset"],
    )


def document_from(row: RowMapping) -> Document:
    """The document of a row of `documents` joined with its newest version."""
    return Document(**{name: row[name] for name in _DOCUMENT})


def version_columns(document: Document) -> dict[str, Any]:
    """All columns of a document version."""
    return {name: plain(getattr(document, name)) for name in _DOCUMENT if name not in {"source", "path"}}


def section_columns(document: Document, section: Section) -> dict[str, Any]:
    """All columns of a section of one document version."""
    return {
        "document_id": document.document_id,
        "version": document.version,
        "ordinal": section.ordinal,
        "heading": section.heading,
        "number": section.number,
        "heading_path": list(section.heading_path),
        "start_offset": section.start,
        "end_offset": section.end,
        "valid_from": section.valid_from,
        "valid_to": section.valid_to,
        "text": section.text,
    }


def section_from(row: RowMapping) -> StoredSection:
    """The section of a row of `sections` joined with its document version."""
    section = Section(
        ordinal=row["ordinal"],
        heading=row["heading"],
        text=row["text"],
        start=row["start_offset"],
        end=row["end_offset"],
        number=row["number"],
        heading_path=tuple(row["heading_path"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
    )
    return StoredSection(
        section_id=f"{row['document_id']}:{row['version']}:{row['ordinal']}",
        document_id=row["document_id"],
        version=row["version"],
        document_title=row["title"],
        abbreviation=row["abbreviation"],
        source=row["source"],
        path=row["path"],
        section=section,
    )


def audit_columns(entry: AuditEntry) -> dict[str, Any]:
    """Columns of an audit entry; the database numbers and dates it."""
    return {
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "outcome": entry.outcome,
        "detail": dict(entry.detail),
        "request_id": entry.request_id,
        "roles": ",".join(entry.roles),
        "address": entry.address,
    }


def plain(value: Any) -> Any:
    """The value as drivers and JSON know it: no enums, no mappings of other kinds, no tuples."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
