"""What the dataset service answers about versions and events of datasets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from frontend.client.models import Answer, Dataset
from shared.models.dataset import DatasetStatus


class Version(Answer):
    """One version of a line."""

    dataset_id: str
    version: int
    status: DatasetStatus
    parent: str | None = None
    name: str = ""
    created_at: datetime | None = None
    created_by: str = ""
    version_sha256: str | None = None
    content_sha256: str | None = None
    document_count: int = 0
    record_count: int = 0
    total_tokens: int = 0
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_reason: str | None = None
    erased_documents: Sequence[str] = ()


class VersionPage(Answer):
    """Versions, the newest first; `line` is what they have in common."""

    versions: Sequence[Version]
    line: str = ""
    total_count: int = 0
    next_after: str | None = None


class ParameterChange(Answer):
    """A parameter that differs between two versions."""

    name: str
    before: Any = None
    after: Any = None


class VersionChange(Answer):
    """A document or record that differs; the side that does not have it is None."""

    id: str
    change: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class VersionDiff(Answer):
    """How a version differs from another one; `counts` are of all, `changes` of a page."""

    dataset_id: str
    version: int
    against: str
    against_version: int
    counts: Mapping[str, Mapping[str, int]]
    is_same_version: bool = False
    parameters: Sequence[ParameterChange] = ()
    changes: Sequence[VersionChange] = ()
    next_after: str | None = None


class DatasetEvent(Answer):
    """One thing that happened to a dataset."""

    seq: int
    type: str
    payload: Mapping[str, Any]
    created_at: datetime | None = None

    @property
    def ends_build(self) -> bool:
        """Whether nothing follows it."""
        return self.type == "status" and DatasetStatus(self.payload["status"]).is_terminal


class DatasetEventPage(Answer):
    """Events in order."""

    events: Sequence[DatasetEvent]
    next_after: int = 0


class DatasetChanged(Answer):
    """The receipt of a cancellation or a withdrawal."""

    data: Dataset
    message: str = ""
    success: bool = True
