"""What one call does to a job: decided here, once, for every store to carry out in one transaction.

A change says which fields get which values, the event and the audit entry that belong to it, and how the attempt ended.
The stores add what only they know: the version, the next sequence number and the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.models.adapter import Adapter, Checkpoint, PromotionOrder
from shared.models.events import AuditEntry, EventType
from shared.models.job import (
    CRASHES,
    ERRORS,
    HAND_BACKS,
    AttemptOutcome,
    Claim,
    IllegalTransition,
    JobStatus,
    Progress,
    TrainingJob,
)

LONGEST_PAUSE_S = 300.0
_UNOWNED: Mapping[str, Any] = {"owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class JobChange:
    """One step in a job's life.

    Args:
        fields: Fields of `TrainingJob` with their new values.
        kind: Type of the event.
        detail: What the event's payload has beyond the public progress fields.
        audit: Entry of the audit log; None where no state changes (figures of a step, a checkpoint).
        attempt_outcome: How the attempt ended; None while it goes on.
        attempt_message: What there is to say about that end.
        pause_s: Seconds from now before which the job is not claimed again.
    """

    fields: Mapping[str, Any]
    kind: EventType = EventType.STATUS
    detail: Mapping[str, Any] = field(default_factory=dict)
    audit: AuditEntry | None = None
    attempt_outcome: AttemptOutcome | None = None
    attempt_message: str = ""
    pause_s: float | None = None

    @property
    def ends_job(self) -> bool:
        """Whether the job is in a terminal state afterwards."""
        status = self.fields.get("status")
        return isinstance(status, JobStatus) and status.is_terminal


def event_payload(job: TrainingJob, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The public progress fields of `job` after a change, with the change's own details."""
    return {
        **detail,
        "status": job.status.value,
        "progress_percent": job.progress_percent,
        "current_epoch": job.progress.current_epoch,
        "total_epochs": job.progress.total_epochs,
        "current_step": job.progress.current_step,
        "total_steps": job.progress.total_steps,
        "metrics": dict(job.progress.metrics),
    }


def claim_audit(job: TrainingJob, claim: Claim) -> AuditEntry:
    """The entry for a worker that took a job."""
    return _audit("job.claimed", job.job_id, owner=claim.owner, claim_epoch=claim.epoch, attempt=job.attempt)


def admitted(job: TrainingJob, preflight: Mapping[str, Any] | None = None) -> JobChange:
    """Checked and ready for a worker.

    Args:
        job: As it was read.
        preflight: What was found beforehand; goes into the event.

    Raises:
        IllegalTransition: If the job is not pending.
    """
    if job.status is not JobStatus.PENDING:
        raise IllegalTransition(job.job_id, job.status, JobStatus.QUEUED)
    return JobChange({"status": JobStatus.QUEUED}, detail=_preflight(preflight), audit=_audit("job.queued", job.job_id))


def rejected(job: TrainingJob, error_message: str, preflight: Mapping[str, Any] | None = None) -> JobChange:
    """Found impossible before a worker took it.

    Args:
        job: As it was read.
        error_message: Why.
        preflight: What was found beforehand; goes into the event.

    Raises:
        IllegalTransition: If the job is neither pending nor queued.
    """
    if job.status not in {JobStatus.PENDING, JobStatus.QUEUED}:
        raise IllegalTransition(job.job_id, job.status, JobStatus.FAILED)
    message = storable_text(error_message)
    outcome = AttemptOutcome.REJECTED
    return JobChange(
        {"status": JobStatus.FAILED, "error_message": message, "failure_reason": outcome},
        detail={"error_message": message, "reason": outcome.value, **_preflight(preflight)},
        audit=_audit("job.failed", job.job_id, reason=outcome.value),
    )


def _preflight(report: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if report is None else {"preflight": storable(report)}


def unreadable(job_id: str, reason: str) -> JobChange:
    """Failed because nobody can read its row; what could not be read is replaced by what can."""
    message = storable_text(f"What is stored of this job cannot be read ({reason}). Submit it again.")
    outcome = AttemptOutcome.REJECTED
    return JobChange(
        {
            "status": JobStatus.FAILED,
            "error_message": message,
            "failure_reason": outcome,
            "config": {},
            "tags": (),
            "progress": Progress(),
            "not_before": None,
        },
        detail={"error_message": message, "reason": outcome.value},
        audit=_audit("job.failed", job_id, reason=outcome.value),
    )


def progressed(progress: Progress, kind: EventType, detail: Mapping[str, Any] | None) -> JobChange:
    """New figures of a running attempt."""
    return JobChange({"progress": progress}, kind=kind, detail=detail or {})


def checkpointed(job: TrainingJob, checkpoint: Checkpoint) -> JobChange:
    """A checkpoint was published; one that is no farther than what was there already is no progress."""
    detail = {"step": checkpoint.step, "path": checkpoint.path, "loss": checkpoint.loss}
    is_farther = checkpoint.step > job.checkpoint_step
    fields = {"checkpoint_epoch": job.claim_epoch, "checkpoint_step": checkpoint.step} if is_farther else {}
    return JobChange(fields, kind=EventType.CHECKPOINT, detail=detail)


def completed(claim: Claim, adapter: Adapter, progress: Progress, *, is_promoted: bool | None = None) -> JobChange:
    """The adapter is published and the job done; `is_promoted` says what became of a promotion that was asked for."""
    where = {"adapter_id": adapter.adapter_id, "adapter_path": adapter.path}
    return JobChange(
        {"status": JobStatus.COMPLETED, "progress": progress, **where, **_UNOWNED},
        detail=where if is_promoted is None else {**where, "is_promoted": is_promoted},
        audit=_audit("job.completed", claim.job_id, claim_epoch=claim.epoch, adapter_id=adapter.adapter_id),
        attempt_outcome=AttemptOutcome.COMPLETED,
    )


def promotion_audit(adapter: Adapter, order: PromotionOrder) -> AuditEntry:
    """The entry for an adapter that became active by the completion of its job."""
    return AuditEntry(
        action="adapter.promoted",
        object_type="adapter",
        object_id=adapter.adapter_id,
        actor=order.by,
        detail={"base_model": adapter.base_model, "replaced": order.over, "job_id": adapter.job_id},
    )


def failed(claim: Claim, error_message: str, outcome: AttemptOutcome) -> JobChange:
    """The attempt ended the job."""
    message = storable_text(error_message)
    return JobChange(
        {"status": JobStatus.FAILED, "error_message": message, "failure_reason": outcome, **_UNOWNED},
        detail={"error_message": message, "reason": outcome.value},
        audit=_audit("job.failed", claim.job_id, claim_epoch=claim.epoch, reason=outcome.value),
        attempt_outcome=outcome,
        attempt_message=message,
    )


def let_go(claim: Claim, *, outcome: AttemptOutcome = AttemptOutcome.CANCELLED) -> JobChange:
    """The worker has let go of a job that somebody cancelled."""
    return JobChange(
        {"status": JobStatus.CANCELLED, **_UNOWNED},
        detail={"reason": outcome.value},
        audit=_audit("job.cancelled", claim.job_id, claim_epoch=claim.epoch, reason=outcome.value),
        attempt_outcome=outcome,
    )


def handed_back(job: TrainingJob, outcome: AttemptOutcome, *, message: str = "", retry_s: float = 0.0) -> JobChange:
    """A running job whose attempt is over but which may go on.

    It is cancelled if that was requested, failed if it crashed (or met temporary errors) `max_attempts` times without a
    farther checkpoint in between, and queued again otherwise.
    """
    claim = Claim(job.job_id, job.owner or "", job.claim_epoch)
    if job.cancel_requested:
        return let_go(claim, outcome=outcome)
    has_progressed = job.checkpoint_epoch == job.claim_epoch
    crashes = _counted(job.crash_count, counts=outcome in CRASHES, has_progressed=has_progressed)
    errors = _counted(job.error_count, counts=outcome in ERRORS, has_progressed=has_progressed)
    if max(crashes, errors) >= job.max_attempts and outcome not in HAND_BACKS:
        why = f": {message}" if message else "."
        given_up = f"Given up after {job.max_attempts} attempts without progress; the last one ended with '{outcome}'"
        return failed(claim, given_up + why, outcome)
    text = storable_text(message)
    repetitions = max(crashes, errors) - 1
    return JobChange(
        {
            "status": JobStatus.QUEUED,
            "attempt": job.attempt - 1 if outcome in HAND_BACKS else job.attempt,
            "crash_count": crashes,
            "error_count": errors,
            **_UNOWNED,
        },
        detail={"reason": outcome.value, **({"message": text} if text else {})},
        audit=_audit("job.released", job.job_id, claim_epoch=job.claim_epoch, reason=outcome.value),
        attempt_outcome=outcome,
        attempt_message=text,
        # the first repetition comes at once
        pause_s=min(retry_s * 2 ** (repetitions - 1), LONGEST_PAUSE_S) if repetitions > 0 and retry_s else None,
    )


def paused(job: TrainingJob, audit: AuditEntry) -> JobChange:
    """Somebody paused: not to be claimed, and a request to the worker that holds the job."""
    return JobChange({"is_paused": True}, detail={"is_paused": True}, audit=audit)


def unpaused(job: TrainingJob, audit: AuditEntry) -> JobChange:
    """Somebody let the job go on."""
    return JobChange({"is_paused": False}, detail={"is_paused": False}, audit=audit)


def cancelled(job: TrainingJob, audit: AuditEntry) -> JobChange:
    """Somebody cancelled: final at once, or a request to the worker that holds the job."""
    if job.status is JobStatus.RUNNING:
        return JobChange({"cancel_requested": True}, detail={"cancel_requested": True}, audit=audit)
    return JobChange({"status": JobStatus.CANCELLED, "cancel_requested": True}, audit=audit)


def _counted(count: int, *, counts: bool, has_progressed: bool) -> int:
    """Failures in a row after an attempt: a new checkpoint ends the row before this failure is counted."""
    return (0 if has_progressed else count) + counts


def storable(value: Any) -> Any:
    """Plain JSON in which every text can be stored."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable(item) for name, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list | tuple) else value


def storable_text(text: str) -> str:
    """Text of unknown origin (a crashed process's last words) as every database accepts it."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _audit(action: str, job_id: str, **detail: object) -> AuditEntry:
    return AuditEntry(action=action, object_type="job", object_id=job_id, actor="system", detail=detail)
