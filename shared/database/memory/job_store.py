"""Jobs in memory, by the same rules as on SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.database.base import (
    Changes,
    ClaimLost,
    IdempotencyMismatch,
    JobAlreadyFinished,
    JobNotFound,
    Page,
    StaleVersion,
)
from shared.database.job_changes import (
    JobChange,
    admitted,
    cancelled,
    checkpointed,
    claim_audit,
    completed,
    event_payload,
    failed,
    handed_back,
    let_go,
    paused,
    progressed,
    promotion_audit,
    rejected,
    unpaused,
)
from shared.database.memory.queue import is_claimable, placed, queue_order, refuse_beyond
from shared.database.memory.state import MemoryState, newest_first
from shared.database.sql_json import as_stored
from shared.errors import Conflict
from shared.models.adapter import Adapter, Checkpoint, PromotionOrder
from shared.models.events import LARGEST_SEQ, AuditEntry, EventSample, EventType, JobEvent, spread
from shared.models.job import (
    AttemptOutcome,
    AttemptRecord,
    Claim,
    IdempotencyKey,
    JobCounts,
    JobStatus,
    Lease,
    Progress,
    QueueLimits,
    StopRequest,
    TrainingJob,
)


class MemoryJobStore:
    """`JobStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def add(
        self,
        job: TrainingJob,
        *,
        audit: AuditEntry,
        key: IdempotencyKey | None = None,
        limits: QueueLimits = QueueLimits(),  # noqa: B008 - frozen and empty
    ) -> TrainingJob:
        """See `JobStore.add`."""
        with self._state.lock:
            if key is not None and (earlier := self.submitted_with(key)) is not None:
                return earlier
            if job.job_id in self._state.jobs:
                raise Conflict(f"A training job with the id '{job.job_id}' exists already.", job_id=job.job_id)
            refuse_beyond(self._all(), limits, job.created_by)
            job = placed(self._all(), replace(job, config=as_stored(dict(job.config)), event_seq=1, version=1))
            self._record(job, JobChange({}, audit=audit))
            if key is not None:
                self._state.idempotency_keys[key.user, key.key] = key.request_sha256, job.job_id
            return job

    def submitted_with(self, key: IdempotencyKey) -> TrainingJob | None:
        """See `JobStore.submitted_with`."""
        with self._state.lock:
            found = self._state.idempotency_keys.get((key.user, key.key))
            if found is None:
                return None
            request_sha256, job_id = found
            if request_sha256 != key.request_sha256:
                raise IdempotencyMismatch(key.key, job_id)
            return self._state.jobs[job_id]

    def get(self, job_id: str) -> TrainingJob:
        """See `JobStore.get`."""
        with self._state.lock:
            job = self._state.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def page(self, *, status: JobStatus | None = None, limit: int = 50, after: str | None = None) -> Page[TrainingJob]:
        """See `JobStore.page`."""
        wanted = [job for job in self._all() if status is None or job.status is status]
        return newest_first(wanted, lambda job: job.job_id, limit=limit, after=after, find=self.get)

    def newest_of(self, created_by: str) -> TrainingJob | None:
        """See `JobStore.newest_of`."""
        own = [job for job in self._all() if job.created_by == created_by]
        return max(own, key=lambda job: (job.created_at, job.job_id), default=None)

    def counts(self) -> JobCounts:
        """See `JobStore.counts`."""
        statuses = [job.status for job in self._all()]
        return JobCounts(
            total=len(statuses),
            active=sum(not status.is_terminal for status in statuses),
            completed=statuses.count(JobStatus.COMPLETED),
            failed=statuses.count(JobStatus.FAILED),
        )

    def admit(self, job: TrainingJob, *, preflight: Mapping[str, Any] | None = None) -> TrainingJob:
        """See `JobStore.admit`."""
        return self._change_as_read(job, admitted(job, preflight))

    def reject(
        self, job: TrainingJob, *, error_message: str, preflight: Mapping[str, Any] | None = None
    ) -> TrainingJob:
        """See `JobStore.reject`."""
        return self._change_as_read(job, rejected(job, error_message, preflight))

    def pending(self, limit: int = 20) -> Sequence[TrainingJob]:
        """See `JobStore.pending`."""
        waiting = [job for job in self._all() if job.status is JobStatus.PENDING]
        return sorted(waiting, key=lambda job: (job.is_paused, queue_order(job)))[:limit]

    def waiting_before(self, job: TrainingJob) -> int:
        """See `JobStore.waiting_before`."""
        queued = (other for other in self._all() if other.status is JobStatus.QUEUED and not other.is_paused)
        return sum(queue_order(other) < queue_order(job) for other in queued)

    def claim(self, owner: str, *, lease_s: float) -> tuple[TrainingJob, Claim] | None:
        """See `JobStore.claim`."""
        with self._state.lock:
            now = self._state.clock()
            queued = [job for job in self._all() if is_claimable(job, now)]
            if not queued:
                return None
            job = min(queued, key=queue_order)
            taken = replace(
                job.moved_to(JobStatus.RUNNING),
                owner=owner,
                claim_epoch=job.claim_epoch + 1,
                lease_until=now + timedelta(seconds=lease_s),
                beat=job.beat + 1,
                not_before=None,
                attempt=job.attempt + 1,
                started_at=job.started_at or now,
                event_seq=job.event_seq + 1,
            )
            claim = Claim(job.job_id, owner, taken.claim_epoch)
            self._state.attempts[job.job_id, claim.epoch] = AttemptRecord(
                job.job_id, claim.epoch, taken.attempt, owner, started_at=now
            )
            self._record(taken, JobChange({}, detail={"attempt": taken.attempt}, audit=claim_audit(taken, claim)))
            return taken, claim

    def heartbeat(self, claim: Claim, *, lease_s: float) -> StopRequest | None:
        """See `JobStore.heartbeat`."""
        with self._state.lock:
            job = self._held(claim)
            lease_until = self._state.clock() + timedelta(seconds=lease_s)
            self._state.jobs[job.job_id] = replace(job, lease_until=lease_until, beat=job.beat + 1)
            return job.stop_request

    def leases(self) -> Sequence[Lease]:
        """See `JobStore.leases`."""
        running = [job for job in self._all() if job.status is JobStatus.RUNNING]
        return [Lease(Claim(job.job_id, job.owner or "", job.claim_epoch), job.beat) for job in running]

    def rescue(self, lease: Lease) -> TrainingJob | None:
        """See `JobStore.rescue`."""
        with self._state.lock:
            if lease not in self.leases():
                return None
            job = self._state.jobs[lease.claim.job_id]
            return self._apply(job, handed_back(job, AttemptOutcome.LEASE_EXPIRED))[0]

    def record_progress(
        self,
        claim: Claim,
        progress: Progress,
        *,
        kind: EventType = EventType.STEP,
        detail: Mapping[str, Any] | None = None,
    ) -> JobEvent:
        """See `JobStore.record_progress`."""
        with self._state.lock:
            return self._apply(self._held(claim), progressed(progress, kind, detail))[1]

    def add_checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> JobEvent:
        """See `JobStore.add_checkpoint`."""
        with self._state.lock:
            job = self._held(claim)
            key = claim.job_id, claim.epoch, checkpoint.step
            self._refuse_double(claim, is_double=key in self._state.checkpoints)
            self._state.checkpoints[key] = replace(checkpoint, job_id=claim.job_id, claim_epoch=claim.epoch)
            return self._apply(job, checkpointed(job, checkpoint))[1]

    def complete(
        self, claim: Claim, adapter: Adapter, *, progress: Progress, promotion: PromotionOrder | None = None
    ) -> TrainingJob:
        """See `JobStore.complete`."""
        with self._state.lock:
            job = self._held(claim)
            if job.cancel_requested:
                raise ClaimLost(claim.job_id, claim.epoch)
            self._refuse_double(claim, is_double=adapter.adapter_id in self._state.adapters)
            stored = replace(adapter, job_id=claim.job_id, metrics=as_stored(dict(adapter.metrics)))
            self._state.adapters[adapter.adapter_id] = stored
            is_promoted = None if promotion is None else self._promoted(stored, promotion)
            return self._apply(job, completed(claim, adapter, progress, is_promoted=is_promoted))[0]

    def fail(self, claim: Claim, *, error_message: str, outcome: AttemptOutcome) -> TrainingJob:
        """See `JobStore.fail`."""
        with self._state.lock:
            return self._apply(self._held(claim), failed(claim, error_message, outcome))[0]

    def release(self, claim: Claim, *, outcome: AttemptOutcome, message: str = "", retry_s: float = 0.0) -> TrainingJob:
        """See `JobStore.release`."""
        with self._state.lock:
            job = self._held(claim)
            return self._apply(job, handed_back(job, outcome, message=message, retry_s=retry_s))[0]

    def finish_cancel(self, claim: Claim) -> TrainingJob:
        """See `JobStore.finish_cancel`."""
        with self._state.lock:
            job = self._held(claim)
            if not job.cancel_requested:
                raise ClaimLost(claim.job_id, claim.epoch)
            return self._apply(job, let_go(claim))[0]

    def cancel(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.cancel`."""
        return self._change_unended(job_id, lambda job: None if job.cancel_requested else cancelled(job, audit))

    def pause(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.pause`."""
        return self._change_unended(job_id, lambda job: None if job.is_paused else paused(job, audit))

    def unpause(self, job_id: str, *, audit: AuditEntry, key: IdempotencyKey | None = None) -> TrainingJob:
        """See `JobStore.unpause`."""
        with self._state.lock:
            if key is not None and (earlier := self.submitted_with(key)) is not None:
                return earlier
            job = self._change_unended(job_id, lambda job: unpaused(job, audit) if job.is_paused else None)
            if key is not None:
                self._state.idempotency_keys[key.user, key.key] = key.request_sha256, job_id
            return job

    def attempts(self, job_id: str) -> Sequence[AttemptRecord]:
        """See `JobStore.attempts`."""
        with self._state.lock:
            self.get(job_id)
            return [record for key, record in sorted(self._state.attempts.items()) if key[0] == job_id]

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """See `JobStore.events`."""
        with self._state.lock:
            self.get(job_id)
            return [event for event in self._state.events[job_id] if event.seq > after][:limit]

    def sample_events(
        self, job_id: str, kind: EventType, *, points: int, after: int = 0, until: int = LARGEST_SEQ
    ) -> EventSample:
        """See `JobStore.sample_events`."""
        with self._state.lock:
            self.get(job_id)
            found = [e for e in self._state.events[job_id] if e.type is kind and after < e.seq <= until]
        return EventSample(spread(found, points), len(found))

    def changes(self, cursor: int | None = None) -> Changes:
        """See `JobStore.changes`."""
        with self._state.lock:
            wanted = [
                job
                for job in self._state.jobs.values()
                if (not job.status.is_terminal if cursor is None else self._state.change_nos[job.job_id] >= cursor)
            ]
            return Changes({job.job_id: job.event_seq for job in wanted}, self._state.last_change_no + 1)

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """See `JobStore.checkpoints`."""
        with self._state.lock:
            self.get(job_id)
            keys = sorted((key for key in self._state.checkpoints if key[0] == job_id), reverse=True)
            return [self._state.checkpoints[key] for key in keys]

    def forget_checkpoints(self, job_id: str, paths: Sequence[str]) -> None:
        """See `JobStore.forget_checkpoints`."""
        with self._state.lock:
            for checkpoint in self.checkpoints(job_id):
                if checkpoint.path in paths:
                    del self._state.checkpoints[job_id, checkpoint.claim_epoch, checkpoint.step]

    def _promoted(self, adapter: Adapter, order: PromotionOrder) -> bool:
        active = self._state.active(adapter.base_model)
        if (None if active is None else active.adapter_id) != order.over:
            return False
        self._state.add_promotion(adapter.base_model, adapter.adapter_id, order)
        self._state.write_audit(promotion_audit(adapter, order))
        return True

    def _all(self) -> list[TrainingJob]:
        with self._state.lock:
            return list(self._state.jobs.values())

    def _held(self, claim: Claim) -> TrainingJob:
        job = self._state.jobs.get(claim.job_id)
        held = job is not None and (job.owner, job.claim_epoch) == (claim.owner, claim.epoch)
        if job is None or not held or job.status is not JobStatus.RUNNING:
            raise ClaimLost(claim.job_id, claim.epoch)
        return job

    def _change_unended(self, job_id: str, decide: Callable[[TrainingJob], JobChange | None]) -> TrainingJob:
        with self._state.lock:
            job = self.get(job_id)
            if job.status.is_terminal:
                raise JobAlreadyFinished(job_id, job.status)
            change = decide(job)
            return job if change is None else self._apply(job, change)[0]

    def _change_as_read(self, job: TrainingJob, change: JobChange) -> TrainingJob:
        with self._state.lock:
            found = self.get(job.job_id)
            if (found.version, found.status) != (job.version, job.status):
                raise StaleVersion(f"Job {job.job_id}", job.version)
            return self._apply(found, change)[0]

    def _apply(self, job: TrainingJob, change: JobChange) -> tuple[TrainingJob, JobEvent]:
        now = self._state.clock()
        changed = replace(job, **change.fields, version=job.version + 1, event_seq=job.event_seq + 1)
        changed = replace(
            changed,
            progress=replace(changed.progress, metrics=as_stored(dict(changed.progress.metrics))),
            completed_at=now if change.ends_job else job.completed_at,
            not_before=job.not_before if change.pause_s is None else now + timedelta(seconds=change.pause_s),
        )
        if change.attempt_outcome is not None:
            key = job.job_id, job.claim_epoch
            self._state.attempts[key] = replace(
                self._state.attempts[key],
                ended_at=now,
                outcome=change.attempt_outcome,
                message=change.attempt_message or None,
            )
        return changed, self._record(changed, change)

    def _record(self, job: TrainingJob, change: JobChange) -> JobEvent:
        now = self._state.clock()
        payload = as_stored(event_payload(job, change.detail))
        event = JobEvent(job.job_id, job.event_seq, change.kind, payload, now)
        self._state.jobs[job.job_id] = job
        self._state.last_change_no += 1
        self._state.change_nos[job.job_id] = self._state.last_change_no
        self._state.events.setdefault(job.job_id, []).append(event)
        if change.audit is not None:
            self._state.write_audit(change.audit)
        return event

    def _refuse_double(self, claim: Claim, *, is_double: bool) -> None:
        if is_double:
            raise Conflict(f"What job {claim.job_id} wants to register exists already.", job_id=claim.job_id)
