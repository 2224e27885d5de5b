"""What enters and leaves the routes of versions and events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from backend.common.exact import Reason
from backend.datasets.models import DatasetView
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.dataset_events import DatasetEvent


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class WithdrawRequest(BaseModel):
    """Why a dataset must not be used any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason = Field(description="Shown to everybody who looks at the dataset, and kept in the audit log.")


class DatasetChanged(_View):
    """The receipt of a cancellation or a withdrawal."""

    success: bool = True
    message: str
    data: DatasetView


class VersionView(_View):
    """One version of a line."""

    dataset_id: str
    version: int
    parent: str | None
    name: str
    status: DatasetStatus
    created_at: datetime
    created_by: str
    completed_at: datetime | None
    version_sha256: str | None
    content_sha256: str | None
    document_count: int
    record_count: int
    total_tokens: int
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_reason: str | None
    erased_documents: Sequence[str] = Field(description="Documents of its records that were erased since.")

    @classmethod
    def of(cls, dataset: Dataset, erased: Sequence[str]) -> "VersionView":
        """The public face of a version."""
        return cls(
            dataset_id=dataset.dataset_id,
            version=dataset.version_number,
            parent=dataset.parent_id,
            name=dataset.name,
            status=dataset.status,
            created_at=dataset.created_at,
            created_by=dataset.created_by,
            completed_at=dataset.completed_at,
            version_sha256=dataset.version_sha256,
            content_sha256=dataset.content_sha256,
            document_count=dataset.document_count,
            record_count=dataset.record_count,
            total_tokens=dataset.total_tokens,
            withdrawn_at=dataset.withdrawn_at,
            withdrawn_by=dataset.withdrawn_by,
            withdrawn_reason=dataset.withdrawn_reason,
            erased_documents=erased,
        )


class VersionList(_View):
    """Versions of a line, the newest first."""

    line: str
    versions: Sequence[VersionView]
    total_count: int
    next_after: str | None


class HoldingErasedList(_View):
    """Versions with records of documents that were erased since, by id."""

    versions: Sequence[VersionView]
    total_count: int
    next_after: str | None


class ParameterChange(_View):
    """A parameter that differs."""

    name: str
    before: Any
    after: Any


class ChangeView(_View):
    """A document or record that differs; the side that does not have it is empty."""

    id: str
    change: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class VersionDiff(_View):
    """How a version differs from another one."""

    dataset_id: str
    version: int
    against: str
    against_version: int
    is_same_version: bool = Field(description="Made of the same documents by the same parameters.")
    counts: Mapping[str, Mapping[str, int]] = Field(
        description="documents and records -> added, removed, changed, unchanged -> number; of all, not of the page."
    )
    parameters: Sequence[ParameterChange]
    changes: Sequence[ChangeView]
    next_after: str | None


class DatasetEventView(_View):
    """One event of a dataset."""

    seq: int
    type: str
    payload: Mapping[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: DatasetEvent) -> "DatasetEventView":
        """The public view of an event."""
        return cls(seq=event.seq, type=event.type.value, payload=event.payload, created_at=event.created_at)


class DatasetEventList(_View):
    """Events in order; pass `next_after` as `after` for what follows."""

    dataset_id: str
    events: Sequence[DatasetEventView]
    next_after: int
