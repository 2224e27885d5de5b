"""What one call does to a job: decided here, once, for every store to carry out in one transaction.

A change says which fields get which values, the event and the audit entry that belong to it, and how the attempt ended.
The stores add what only they know: the version, the next sequence number and the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.models.adapter import Adapter, Checkpoint
from shared.models.events import AuditEntry, EventType
from shared.models.job import Claim, IllegalTransition, JobStatus, Progress, TrainingJob

_UNOWNED: Mapping[str, Any] = {"owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class JobChange:
    """One step in a job's life.

    Args:
        fields: Fields of `TrainingJob` with their new values.
        kind: Type of the event.
        detail: What the event's payload has beyond the public progress fields.
        audit: Entry of the audit log; None where no state changes (figures of a step, a checkpoint).
        attempt_outcome: How the attempt ended, in one word; None while it goes on.
        attempt_message: What there is to say about that end.
    """

    fields: Mapping[str, Any]
    kind: EventType = EventType.STATUS
    detail: Mapping[str, Any] = field(default_factory=dict)
    audit: AuditEntry | None = None
    attempt_outcome: str | None = None
    attempt_message: str = ""

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


def admitted(job: TrainingJob) -> JobChange:
    """Checked and ready for a worker.

    Raises:
        IllegalTransition: If the job is not pending.
    """
    if job.status is not JobStatus.PENDING:
        raise IllegalTransition(job.job_id, job.status, JobStatus.QUEUED)
    return JobChange({"status": JobStatus.QUEUED}, audit=_audit("job.queued", job.job_id))


def rejected(job: TrainingJob, error_message: str) -> JobChange:
    """Found impossible before a worker took it.

    Raises:
        IllegalTransition: If the job is neither pending nor queued.
    """
    if job.status not in {JobStatus.PENDING, JobStatus.QUEUED}:
        raise IllegalTransition(job.job_id, job.status, JobStatus.FAILED)
    message = storable_text(error_message)
    return JobChange(
        {"status": JobStatus.FAILED, "error_message": message},
        detail={"error_message": message},
        audit=_audit("job.failed", job.job_id, reason="rejected"),
    )


def progressed(progress: Progress, kind: EventType, detail: Mapping[str, Any] | None) -> JobChange:
    """New figures of a running attempt."""
    return JobChange({"progress": progress}, kind=kind, detail=detail or {})


def checkpointed(checkpoint: Checkpoint) -> JobChange:
    """A checkpoint was published."""
    detail = {"step": checkpoint.step, "path": checkpoint.path, "loss": checkpoint.loss}
    return JobChange({}, kind=EventType.CHECKPOINT, detail=detail)


def completed(claim: Claim, adapter: Adapter, progress: Progress) -> JobChange:
    """The adapter is published and the job done."""
    where = {"adapter_id": adapter.adapter_id, "adapter_path": adapter.path}
    return JobChange(
        {"status": JobStatus.COMPLETED, "progress": progress, **where, **_UNOWNED},
        detail=where,
        audit=_audit("job.completed", claim.job_id, claim_epoch=claim.epoch, adapter_id=adapter.adapter_id),
        attempt_outcome="completed",
    )


def failed(claim: Claim, error_message: str, reason: str) -> JobChange:
    """The attempt ended the job."""
    message = storable_text(error_message)
    return JobChange(
        {"status": JobStatus.FAILED, "error_message": message, **_UNOWNED},
        detail={"error_message": message, "reason": reason},
        audit=_audit("job.failed", claim.job_id, claim_epoch=claim.epoch, reason=reason),
        attempt_outcome=reason,
        attempt_message=message,
    )


def let_go(claim: Claim, *, reason: str = "cancelled") -> JobChange:
    """The worker has let go of a job that somebody cancelled."""
    return JobChange(
        {"status": JobStatus.CANCELLED, **_UNOWNED},
        detail={"reason": reason},
        audit=_audit("job.cancelled", claim.job_id, claim_epoch=claim.epoch, reason=reason),
        attempt_outcome=reason,
    )


def handed_back(job: TrainingJob, *, reason: str, burn_attempt: bool, message: str = "") -> JobChange:
    """A running job whose attempt is over but which may go on: queued again, unless it was cancelled or used up."""
    claim = Claim(job.job_id, job.owner or "", job.claim_epoch)
    if job.cancel_requested:
        return let_go(claim, reason=reason)
    if burn_attempt and job.attempt >= job.max_attempts:
        why = f": {message}" if message else "."
        return failed(claim, f"Given up after {job.attempt} attempts; the last one ended with '{reason}'{why}", reason)
    text = storable_text(message)
    return JobChange(
        {"status": JobStatus.QUEUED, "attempt": job.attempt if burn_attempt else job.attempt - 1, **_UNOWNED},
        detail={"reason": reason, **({"message": text} if text else {})},
        audit=_audit("job.released", job.job_id, claim_epoch=job.claim_epoch, reason=reason, burned=burn_attempt),
        attempt_outcome=reason,
        attempt_message=text,
    )


def cancelled(job: TrainingJob, audit: AuditEntry) -> JobChange:
    """Somebody cancelled: final at once, or a request to the worker that holds the job."""
    if job.status is JobStatus.RUNNING:
        return JobChange({"cancel_requested": True}, detail={"cancel_requested": True}, audit=audit)
    return JobChange({"status": JobStatus.CANCELLED, "cancel_requested": True}, audit=audit)


def storable_text(text: str) -> str:
    """Text of unknown origin (a crashed process's last words) as every database accepts it."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _audit(action: str, job_id: str, **detail: object) -> AuditEntry:
    return AuditEntry(action=action, object_type="job", object_id=job_id, actor="system", detail=detail)
