"""What goes in and out of the training service over HTTP; names and shapes are fixed by the contract."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict, JsonValue

from backend.common.exact import Whole
from backend.training.job_figures import JobFigures
from shared.models.adapter import Adapter, AdapterCheck, Checkpoint
from shared.models.events import JobEvent
from shared.models.job import AttemptOutcome, AttemptRecord, JobStatus, TrainingJob

_NONE: dict[str, JsonValue] = {"type": "null"}
_ONE_CONFIG: JsonDict = {
    "oneOf": [
        {"required": ["config"], "properties": {"config": {"type": "object"}, "config_path": _NONE}},
        {"required": ["config_path"], "properties": {"config_path": {"type": "string"}, "config": _NONE}},
    ]
}


class JobRequest(BaseModel):
    """Body of POST /api/training/jobs; exactly one of `config_path` and `config`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ONE_CONFIG)

    trainer_type: str = Field(
        min_length=1, max_length=50, examples=["lora"], description="lora, qlora, continuous or probe."
    )
    config_path: str | None = Field(None, max_length=500, description="YAML file below the configs folder.")
    config: dict[str, Any] | None = Field(None, description="Training config; {} takes the server's defaults.")
    job_name: str | None = Field(None, min_length=1, max_length=200)
    dataset_id: str | None = Field(None, max_length=100)
    dataset_path: str | None = Field(None, max_length=1000, description="File with records below the data folder.")
    priority: Whole = Field(1, ge=1, le=5, description="5 is served first.")
    tags: list[str] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _one_config(self) -> Self:
        if (self.config_path is None) == (self.config is None):
            raise ValueError("give exactly one of config_path and config")
        return self


class JobView(BaseModel):
    """A job as clients see it."""

    job_id: str
    job_name: str
    trainer_type: str
    status: JobStatus
    is_paused: bool = Field(description="Nobody works on it until it is resumed; a running one is letting go.")
    config_path: str | None
    config: Mapping[str, Any]
    dataset_id: str | None
    dataset_path: str | None
    output_dir: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    current_epoch: int
    total_epochs: int
    current_step: int
    total_steps: int
    progress_percent: float
    adapter_path: str | None
    adapter_id: str | None
    metrics: Mapping[str, Any] | None
    error_message: str | None
    failure_reason: AttemptOutcome | None = Field(description="Why a failed job failed, in one word.")
    priority: int = Field(description="5 overtakes 1 by 40 turns of the queue.")
    tags: list[str]
    attempt: int = Field(description="Attempts so far; one that was handed back or paused does not count.")
    max_attempts: int = Field(description="Failures in a row without a new checkpoint after which the job fails.")
    crash_count: int = Field(description="Crashes in a row without a farther checkpoint.")
    error_count: int = Field(description="Temporary errors in a row without a farther checkpoint.")
    not_before: datetime | None = Field(description="End of the pause before the next attempt.")
    queue_position: int | None = Field(
        default=None, description="1 is next; only where one job was asked for, and while it waits for a worker."
    )
    cancel_requested: bool
    resume_from: str | None
    created_by: str

    @classmethod
    def of(cls, job: TrainingJob) -> "JobView":
        """The public view of a job."""
        return cls(
            **{name: getattr(job, name) for name in cls.model_fields if hasattr(job, name) and name != "tags"},
            current_epoch=job.progress.current_epoch,
            total_epochs=job.progress.total_epochs,
            current_step=job.progress.current_step,
            total_steps=job.progress.total_steps,
            metrics=dict(job.progress.metrics) or None,
            tags=list(job.tags),
        )


class DryRunView(BaseModel):
    """Answer to `?dry_run=true`: what submitting would do; nothing was stored."""

    success: bool = True
    is_accepted: bool = Field(description="Whether the job would be queued.")
    message: str
    config: Mapping[str, Any] = Field(description="As it would be stored.")
    resolved_defaults: Mapping[str, str] = Field(description="What the server would fill in.")
    preflight: Mapping[str, Any] = Field(
        description="Bad rows (first 100 and their count), token histogram, shares of truncated and untrained records, "
        "one rendered record with its trained stretches, plan, and estimates of memory (MiB) and time (s)."
    )


class PreflightView(BaseModel):
    """What was found before a job was queued."""

    job_id: str
    preflight: Mapping[str, Any] = Field(description="As in the answer to a dry run.")


class JobAccepted(BaseModel):
    """Answer to a submit; `resolved_defaults` names what the server filled in."""

    success: bool = True
    job_id: str
    status: JobStatus
    message: str
    data: JobView
    resolved_defaults: Mapping[str, str] = Field(default_factory=dict)


class JobList(BaseModel):
    """A page of jobs, newest first; the counts are of all jobs."""

    jobs: list[JobView]
    total_count: int
    active_count: int
    completed_count: int
    failed_count: int
    next_after: str | None


class JobCancelled(BaseModel):
    """Answer to a cancel; a running job lets go within the grace."""

    success: bool = True
    message: str
    cancelled_by: str
    status: JobStatus


class JobPaused(BaseModel):
    """Answer to a pause; a running job lets go within the grace, with a checkpoint of its last step."""

    success: bool = True
    message: str
    paused_by: str
    status: JobStatus
    data: JobView


class AttemptView(BaseModel):
    """One claim of a job by one worker; `outcome` and `ended_at` are null while it lasts."""

    attempt: int = Field(description="Number of the attempt; one that was handed back shares it with the next.")
    claim_epoch: int = Field(description="Number of the claim; the folder of its checkpoints and adapter ends in it.")
    owner: str = Field(description="The worker.")
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    message: str | None

    @classmethod
    def of(cls, attempt: AttemptRecord) -> "AttemptView":
        """The public view of an attempt."""
        return cls(**{name: getattr(attempt, name) for name in cls.model_fields})


class AttemptList(BaseModel):
    """Every attempt of a job, oldest first."""

    job_id: str
    attempts: list[AttemptView]


class EventView(BaseModel):
    """One event of a job."""

    seq: int
    type: str
    payload: Mapping[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: JobEvent) -> "EventView":
        """The public view of an event."""
        return cls(seq=event.seq, type=event.type, payload=event.payload, created_at=event.created_at)


class EventList(BaseModel):
    """Events in order; pass `next_after` as `after` for what follows."""

    job_id: str
    events: list[EventView]
    next_after: int


class MetricsView(BaseModel):
    """Logged figures of a job, one entry per logged step; those of a long run are thinned evenly."""

    job_id: str
    latest: Mapping[str, Any] | None
    steps: list[Mapping[str, Any]]
    evaluations: list[Mapping[str, Any]]
    logged_steps: int = Field(description="Steps that were logged, shown or not.")
    logged_evaluations: int
    is_thinned: bool = Field(description="Whether some are left out; `/events` has them all, page by page.")
    next_after: int = Field(description="Pass as `after` to get what is logged from now on.")

    @classmethod
    def of(cls, job_id: str, figures: JobFigures) -> "MetricsView":
        """The public view of a job's figures."""
        names = ("logged_steps", "logged_evaluations", "is_thinned", "next_after")
        return cls(
            job_id=job_id,
            latest=figures.steps[-1] if figures.steps else None,
            steps=list(figures.steps),
            evaluations=list(figures.evaluations),
            **{name: getattr(figures, name) for name in names},
        )


class CheckpointView(BaseModel):
    """A checkpoint to resume from."""

    step: int
    path: str
    manifest_sha256: str
    loss: float | None
    created_at: datetime

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "CheckpointView":
        """The public view of a checkpoint."""
        return cls(**{name: getattr(checkpoint, name) for name in cls.model_fields})


class CheckpointList(BaseModel):
    """Registered checkpoints, newest first."""

    job_id: str
    checkpoints: list[CheckpointView]


class AdapterView(BaseModel):
    """A finished adapter."""

    adapter_id: str
    job_id: str
    name: str
    path: str
    manifest_sha256: str
    trainer_type: str
    base_model: str
    base_model_digest: str
    dataset_id: str | None
    dataset_sha256: str | None
    metrics: Mapping[str, Any]
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, adapter: Adapter) -> "AdapterView":
        """The public view of an adapter."""
        return cls(**{name: getattr(adapter, name) for name in cls.model_fields})


class AdapterList(BaseModel):
    """A page of adapters, newest first."""

    adapters: list[AdapterView]
    total_count: int
    next_after: str | None


class AdapterCheckView(BaseModel):
    """Whether an adapter on disk is still what was published."""

    adapter_id: str
    path: str
    is_valid: bool
    reason: str | None = Field(description="What is wrong with it.")
    files: int = Field(description="Files that were compared, byte for byte.")
    size_bytes: int
    manifest_sha256: str = Field(description="As the database has it.")

    @classmethod
    def of(cls, check: AdapterCheck) -> "AdapterCheckView":
        """The public view of a check."""
        return cls(
            adapter_id=check.adapter.adapter_id,
            path=check.adapter.path,
            is_valid=check.reason is None,
            reason=check.reason,
            files=check.files,
            size_bytes=check.size_bytes,
            manifest_sha256=check.adapter.manifest_sha256,
        )


class LogView(BaseModel):
    """The end of a job's log."""

    job_id: str
    lines: list[str]
    is_truncated: bool


class WorkerView(BaseModel):
    """One worker of this service: `active` with a job, else `idle`."""

    worker_id: str
    status: Literal["active", "idle"]
    job_id: str | None


class WorkerList(BaseModel):
    """The workers of this service."""

    workers: list[WorkerView]
