"""The training job: its frozen value, its states and the one table of legal moves between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.errors import Conflict


class JobStatus(StrEnum):
    """States of a job; the last three are terminal and never change again."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended for good."""
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    # accepted and durable; the pre-flight check has not run yet
    JobStatus.PENDING: frozenset({JobStatus.QUEUED, JobStatus.FAILED, JobStatus.CANCELLED}),
    # checked, waiting for a worker (also: handed back or rescued after a crash)
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED}),
    # claimed by one worker under one claim epoch
    JobStatus.RUNNING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUEUED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


class TrainerType(StrEnum):
    """Trainer names fixed by the contract; which of them are installed is the registry's business."""

    LORA = "lora"
    QLORA = "qlora"
    CONTINUOUS = "continuous"


class IllegalTransition(Conflict):
    """A move that `TRANSITIONS` does not have."""

    code = "illegal_transition"

    def __init__(self, job_id: str, found: JobStatus, asked: JobStatus) -> None:
        super().__init__(
            f"Job {job_id} is {found}; it cannot become {asked}.", job_id=job_id, status=found, asked=asked
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running job stands.

    Args:
        current_epoch: Epochs finished, counting from 0.
        total_epochs: Epochs planned.
        current_step: Optimizer steps done.
        total_steps: Optimizer steps planned; 0 until the trainer has counted its records.
        metrics: Latest logged figures (loss in nats per trained token, learning_rate, tokens_per_s, eta_s …).
    """

    current_epoch: int = 0
    total_epochs: int = 0
    current_step: int = 0
    total_steps: int = 0
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One accepted order to train an adapter, as the database knows it.

    A job is never changed in place: the store writes a new row state under `version + 1` and only over `version`.

    Args:
        job_id: Made by the server.
        trainer_type: Registered name of the trainer.
        config: The validated training config as plain JSON.
        status: Where in `TRANSITIONS` the job is.
        attempt: Claims so far that count against `max_attempts` (hand-backs do not).
        claim_epoch: Fencing number, grows with every claim; part of every artefact path of the attempt.
        owner: Worker that holds the lease, None when unclaimed.
        lease_until: UTC by the database's clock; afterwards the job may be rescued.
        cancel_requested: Set by a cancel of a running job; the worker lets go.
        event_seq: Sequence number of the newest event.
        resume_from: Job whose checkpoints this one continues (`POST …/resume`).
    """

    job_id: str
    job_name: str
    trainer_type: str
    config: Mapping[str, Any]
    created_by: str
    created_at: datetime
    output_dir: str
    status: JobStatus = JobStatus.PENDING
    config_path: str | None = None
    dataset_id: str | None = None
    dataset_path: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    progress: Progress = field(default_factory=Progress)
    adapter_id: str | None = None
    adapter_path: str | None = None
    error_message: str | None = None
    priority: int = 1
    tags: tuple[str, ...] = ()
    attempt: int = 0
    max_attempts: int = 3
    claim_epoch: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    cancel_requested: bool = False
    event_seq: int = 0
    version: int = 1
    resume_from: str | None = None

    @property
    def progress_percent(self) -> float:
        """0..100; exactly 100 if and only if the job is completed."""
        if self.status is JobStatus.COMPLETED:
            return 100.0
        if self.progress.total_steps <= 0:
            return 0.0
        return min(99.9, round(100.0 * self.progress.current_step / self.progress.total_steps, 1))

    def moved_to(self, status: JobStatus) -> "TrainingJob":
        """The same job in `status`.

        Raises:
            IllegalTransition: If `TRANSITIONS` has no such arrow.
        """
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(self.job_id, self.status, status)
        return replace(self, status=status, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Claim:
    """Proof that a worker holds a job: every write of an attempt carries it and fails without it."""

    job_id: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Numbers over all jobs, not over a page; `active` is pending + queued + running."""

    total: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
