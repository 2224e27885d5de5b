"""What the services answer, as frozen values; members that a newer service adds are kept, not lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.models.dataset import DatasetStatus
from shared.models.feedback import FeedbackState
from shared.models.job import JobStatus


class Answer(BaseModel):
    """Base of every answer: frozen, and tolerant of members it does not know."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    def as_json(self) -> dict[str, Any]:
        """The answer as the service sent it: plain JSON values, absent members left out."""
        return self.model_dump(mode="json", exclude_unset=True)


class Health(Answer):
    """`GET /health` of any service."""

    status: str
    service: str
    port: int | None = None


class WhoAmI(Answer):
    """`GET /api/whoami` of any service."""

    subject: str
    email: str = ""
    roles: Sequence[str] = ()
    believed_until: datetime | None = None


class Job(Answer):
    """A training job."""

    job_id: str
    status: JobStatus
    job_name: str = ""
    trainer_type: str = ""
    config_path: str | None = None
    dataset_id: str | None = None
    dataset_path: str | None = None
    output_dir: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    current_epoch: int = 0
    total_epochs: int = 0
    current_step: int = 0
    total_steps: int = 0
    progress_percent: float = 0.0
    adapter_path: str | None = None
    adapter_id: str | None = None
    metrics: Mapping[str, Any] | None = None
    error_message: str | None = None
    failure_reason: str | None = None
    priority: int = 1
    tags: Sequence[str] = ()
    attempt: int = 0
    max_attempts: int = 0
    crash_count: int = 0
    error_count: int = 0
    is_paused: bool = False
    not_before: datetime | None = None
    queue_position: int | None = None
    cancel_requested: bool = False
    resume_from: str | None = None
    created_by: str = ""


class JobPage(Answer):
    """Jobs, newest first; the counts are of all jobs, not of the page."""

    jobs: Sequence[Job]
    total_count: int = 0
    active_count: int = 0
    completed_count: int = 0
    failed_count: int = 0
    next_after: str | None = None


class SubmittedJob(Answer):
    """The receipt of an accepted job; `message` says which defaults the service chose."""

    job_id: str
    status: JobStatus
    message: str = ""
    success: bool = True
    data: Mapping[str, Any] = Field(default_factory=dict)


class DryRun(Answer):
    """What submitting would do; `preflight` is what was found in the records."""

    is_accepted: bool
    message: str = ""
    config: Mapping[str, Any] = Field(default_factory=dict)
    resolved_defaults: Mapping[str, str] = Field(default_factory=dict)
    preflight: Mapping[str, Any] = Field(default_factory=dict)


class Attempt(Answer):
    """One claim of a job by one worker; `outcome` is None while it lasts."""

    attempt: int
    claim_epoch: int = 0
    owner: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    message: str | None = None


class JobUpdate(Answer):
    """One pushed change of a job: a state change or a logged step; `detail` holds what only some events have."""

    job_id: str
    seq: int
    status: JobStatus
    progress_percent: float = 0.0
    current_epoch: int = 0
    total_epochs: int = 0
    current_step: int = 0
    total_steps: int = 0
    metrics: Mapping[str, Any] | None = None
    detail: Mapping[str, Any] = Field(default_factory=dict)
    timestamp: datetime | None = None


class JobEvent(Answer):
    """One entry of a job's gap-free event sequence."""

    seq: int
    type: str
    payload: Mapping[str, Any] = Field(default_factory=dict)
    created_at: datetime | None = None


class Outcome(Answer):
    """The answer of an action that returns no object (cancel, delete, retry)."""

    success: bool = True
    message: str = ""


class Adapter(Answer):
    """A finished LoRA adapter."""

    adapter_id: str
    job_id: str = ""
    name: str = ""
    path: str = ""
    manifest_sha256: str = ""
    trainer_type: str = ""
    base_model: str = ""
    dataset_id: str | None = None
    created_at: datetime | None = None
    created_by: str = ""
    metrics: Mapping[str, Any] = Field(default_factory=dict)


class AdapterPage(Answer):
    """Adapters, newest first."""

    adapters: Sequence[Adapter]
    total_count: int = 0
    next_after: str | None = None


class AdapterCheck(Answer):
    """Whether an adapter on the server's disk is still what was published."""

    adapter_id: str
    is_valid: bool
    reason: str | None = None
    path: str = ""
    files: int = 0
    size_bytes: int = 0
    manifest_sha256: str = ""


class Promotion(Answer):
    """An adapter became the active one of its base model."""

    adapter_id: str
    base_model: str = ""
    number: int = 0
    replaced: str | None = None
    promoted_at: datetime | None = None
    promoted_by: str = ""
    is_override: bool = False


class PromotionPage(Answer):
    """Promotions, newest first, or the newest of every base model."""

    promotions: Sequence[Promotion]


class Feedback(Answer):
    """One judgement of one answer, as the service keeps it."""

    feedback_id: str
    prompt: str
    answer: str
    correction: str | None = None
    score: float = 0.0
    source: str = ""
    importance: int = 1
    adapter_id: str | None = None
    state: FeedbackState = FeedbackState.ACCEPTED
    reason: str | None = None
    seq: int = 0
    created_at: datetime | None = None
    created_by: str = ""


class FeedbackPage(Answer):
    """Feedback, newest first."""

    items: Sequence[Feedback]
    total_count: int = 0
    next_after: str | None = None


class FeedbackOutcome(Answer):
    """What became of one item: stored, rejected with a reason, or known already."""

    feedback_id: str
    state: FeedbackState
    reason: str | None = None
    is_duplicate: bool = False
    seq: int = 0


class FeedbackReceipt(Answer):
    """What became of a batch, item by item in its order."""

    items: Sequence[FeedbackOutcome]
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    message: str = ""


class Dataset(Answer):
    """A dataset version; `line` is what all its versions have in common, `parent` the one that it follows."""

    dataset_id: str
    status: DatasetStatus
    line: str = ""
    parent: str | None = None
    version_sha256: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_reason: str | None = None
    name: str = ""
    description: str = ""
    created_at: datetime | None = None
    created_by: str = ""
    query_text: str = ""
    document_count: int = 0
    record_count: int = 0
    total_tokens: int = 0
    quality_score_avg: float = 0.0
    export_paths: Mapping[str, str] = Field(default_factory=dict)
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    version: int = 1
    content_sha256: str | None = None
    error_message: str | None = None


class DatasetPage(Answer):
    """Datasets, newest first."""

    datasets: Sequence[Dataset]
    total_count: int = 0
    next_after: str | None = None


class CreatedDataset(Answer):
    """The receipt of an accepted dataset."""

    dataset_id: str
    status: DatasetStatus
    message: str = ""
    success: bool = True
    data: Mapping[str, Any] = Field(default_factory=dict)


class Export(Answer):
    """Where an export lies on the server and where it can be fetched."""

    export_path: str = ""
    download_url: str = ""
    message: str = ""
    success: bool = True


class RecordPage(Answer):
    """Records of a dataset in their stored order."""

    records: Sequence[Mapping[str, Any]]
    total_count: int = 0
    next_after: str | None = None


class Document(Answer):
    """A registered document in its newest version."""

    document_id: str
    source: str = ""
    path: str = ""
    title: str = ""
    abbreviation: str = ""
    media_type: str = ""
    version: int = 1
    sha256: str = ""
    size_bytes: int = 0
    section_count: int = 0
    ingested_at: datetime | None = None
    ingested_by: str = ""
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class DocumentPage(Answer):
    """Documents ordered by id."""

    documents: Sequence[Document]
    total_count: int = 0
    next_after: str | None = None


class FailedFile(Answer):
    """A file (or a member of an archive) that could not be read, and why."""

    path: str
    reason: str


class UploadResult(Answer):
    """What became of the files of one request."""

    ingested: int = 0
    unchanged: int = 0
    new_versions: int = 0
    sections: int = 0
    failed: Sequence[FailedFile] = ()
