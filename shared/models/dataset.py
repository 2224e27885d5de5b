"""Datasets: immutable, content-addressed versions whose every record names its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.errors import Conflict


class DatasetStatus(StrEnum):
    """States of a dataset; the last two are terminal."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether the build has ended for good."""
        return not DATASET_TRANSITIONS[self]

    @property
    def has_more_to_tell(self) -> bool:
        """Whether an event may follow: a completed dataset may still be withdrawn."""
        return self is not DatasetStatus.FAILED


DATASET_TRANSITIONS: Mapping[DatasetStatus, frozenset[DatasetStatus]] = {
    DatasetStatus.PENDING: frozenset({DatasetStatus.PROCESSING, DatasetStatus.FAILED}),
    # a builder that died hands its dataset back
    DatasetStatus.PROCESSING: frozenset({DatasetStatus.COMPLETED, DatasetStatus.FAILED, DatasetStatus.PENDING}),
    DatasetStatus.COMPLETED: frozenset(),
    DatasetStatus.FAILED: frozenset(),
}


class IllegalDatasetTransition(Conflict):
    """A move that `DATASET_TRANSITIONS` does not have."""

    code = "illegal_transition"

    def __init__(self, dataset_id: str, found: DatasetStatus, asked: DatasetStatus) -> None:
        super().__init__(
            f"Dataset {dataset_id} is {found}; it cannot become {asked}.",
            dataset_id=dataset_id,
            status=found,
            asked=asked,
        )


class Split(StrEnum):
    """Parts of a dataset; no document stands in two of them."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Deduplication(StrEnum):
    """Which repetitions a dataset does without; whatever it says, no text stands in two splits."""

    NEAR = "near"
    EXACT = "exact"
    OFF = "off"


class RecordFormat(StrEnum):
    """Shapes of a record: running text, three ways to ask and answer, or two answers of which one is preferred."""

    TEXT = "text"
    INSTRUCTION = "instruction"
    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt_completion"
    PREFERENCE = "preference"

    @property
    def is_asked(self) -> bool:
        """Whether a record is a question with one answer, as templates make them."""
        return self in (RecordFormat.INSTRUCTION, RecordFormat.MESSAGES, RecordFormat.PROMPT_COMPLETION)


class RecordOrigin(StrEnum):
    """Who wrote the words of a record."""

    DOCUMENT = "document"
    FEEDBACK = "feedback"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset version as the database knows it.

    Args:
        request: The validated create request as plain JSON (search query, formats, split).
        content_sha256: Hash over the sorted records, equal for every export of the version, hex.
        path: Folder of the canonical records, with a manifest; None until completed.
        export_paths: Export format -> folder.
        statistics: Counts, drop reasons, distributions.
        claim_epoch: Fencing number of the build, as for jobs.
        fruitless_claims: Claims since the build last finished a stage.
        version: Of this row, counted with every change; not the number of the dataset's version.
        line_id: What all versions of a dataset have in common: the id of the first one.
        version_number: 1, 2, 3 … in its line.
        parent_id: The version that this one follows.
        version_sha256: Hash over documents, pipeline version and parameters; None until completed.
        event_seq: Number of its newest event.
        withdrawn_at: Since when it must not be exported or trained on any more.
    """

    dataset_id: str
    name: str
    description: str
    created_at: datetime
    created_by: str
    request: Mapping[str, Any]
    status: DatasetStatus = DatasetStatus.PENDING
    document_count: int = 0
    record_count: int = 0
    total_tokens: int = 0
    quality_score_avg: float = 0.0
    content_sha256: str | None = None
    path: str | None = None
    manifest_sha256: str | None = None
    export_paths: Mapping[str, str] = field(default_factory=dict)
    statistics: Mapping[str, Any] = field(default_factory=dict)
    error_message: str | None = None
    completed_at: datetime | None = None
    owner: str | None = None
    claim_epoch: int = 0
    lease_until: datetime | None = None
    fruitless_claims: int = 0
    version: int = 1
    line_id: str = ""
    version_number: int = 1
    parent_id: str | None = None
    version_sha256: str | None = None
    event_seq: int = 0
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_reason: str | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is kept for accountability only."""
        return self.withdrawn_at is not None


@dataclass(frozen=True, slots=True)
class DatasetClaim:
    """Proof that a builder holds a dataset; every write of the build carries it."""

    dataset_id: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class RecordProvenance:
    """Which piece of which document version one record was made of."""

    record_id: str
    document_id: str
    document_version: int
    section_id: str
    split: Split
    quality_score: float
    start: int
    end: int
