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
    PROBE = "probe"


class StopRequest(StrEnum):
    """What somebody asked of a job that a worker holds; a cancel outranks a pause."""

    CANCEL = "cancel"
    PAUSE = "pause"


class AttemptOutcome(StrEnum):
    """How an attempt ended; what follows from it is told by `CRASHES`, `ERRORS` and `HAND_BACKS`."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    # the trainer process is gone, hangs or ate its memory: tried again, a few times
    CRASH = "crash"
    OUT_OF_MEMORY = "out_of_memory"
    STALLED = "stalled"
    LEASE_EXPIRED = "lease_expired"
    # the trainer named something outside it that may mend itself (a full disk): tried again, a few times
    TEMPORARY_ERROR = "temporary_error"
    # trying again would end the same way
    ERROR = "error"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    # nobody's fault: does not count as an attempt
    HANDED_BACK = "handed_back"
    PAUSED = "paused"


CRASHES = frozenset(
    {AttemptOutcome.CRASH, AttemptOutcome.OUT_OF_MEMORY, AttemptOutcome.STALLED, AttemptOutcome.LEASE_EXPIRED}
)
ERRORS = frozenset({AttemptOutcome.TEMPORARY_ERROR})
HAND_BACKS = frozenset({AttemptOutcome.HANDED_BACK, AttemptOutcome.PAUSED})


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
        attempt: Claims so far; those that were handed back do not count.
        crash_count: Crashes in a row without a farther checkpoint in between; at `max_attempts` the job fails.
        error_count: Temporary errors in a row, counted likewise.
        failure_reason: Why a failed job failed, in one word.
        turn: Whose turn it is between users, see `queue_place`.
        queue_rank: Place in the queue, smaller is sooner, see `queue_place`.
        not_before: Pause after repeated failures, UTC by the database's clock; None when there is none.
        is_paused: Not to be claimed; a worker that holds the job lets go with a checkpoint.
        claim_epoch: Fencing number, grows with every claim; part of every artefact path of the attempt.
        owner: Worker that holds the lease, None when unclaimed.
        lease_until: UTC by the database's clock, for people to read; a rescue goes by `beat` alone.
        beat: Heartbeats of all claims so far; a claim whose beat stands still for a lease is rescued.
        checkpoint_epoch: Claim that published the farthest checkpoint, 0 before the first.
        checkpoint_step: How far that one is (unit: optimizer steps); only going farther is progress.
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
    crash_count: int = 0
    error_count: int = 0
    failure_reason: AttemptOutcome | None = None
    turn: int = 0
    queue_rank: int = 0
    not_before: datetime | None = None
    is_paused: bool = False
    claim_epoch: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    beat: int = 0
    checkpoint_epoch: int = 0
    checkpoint_step: int = 0
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

    @property
    def stop_request(self) -> StopRequest | None:
        """What a worker that holds the job is asked to do."""
        if self.cancel_requested:
            return StopRequest.CANCEL
        return StopRequest.PAUSE if self.is_paused else None

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
class Lease:
    """A claim with the number of its newest heartbeat, as somebody else sees it."""

    claim: Claim
    beat: int


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What is kept of an attempt for good; `outcome` and `ended_at` are None while it lasts."""

    job_id: str
    claim_epoch: int
    attempt: int
    owner: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one submission, so that sending it twice makes one job.

    Args:
        user: Who submits; keys of different users never meet.
        key: The caller's choice.
        request_sha256: Of the request, hex; the same key with another request is a mistake.
    """

    user: str
    key: str
    request_sha256: str


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many jobs may be active (pending + queued + running); None is no limit."""

    total: int | None = None
    per_user: int | None = None


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Numbers over all jobs, not over a page; `active` is pending + queued + running."""

    total: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
