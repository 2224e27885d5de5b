"""Jobs on SQL: claims, fenced writes, cancels and rescues, each one durable transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, Engine, Insert, bindparam, delete, func, insert, literal, select, tuple_
from sqlalchemy.exc import IntegrityError

from shared.database.base import Changes, ClaimLost, JobAlreadyFinished, JobNotFound, Page, StaleVersion
from shared.database.engine import read_transaction, write_transaction
from shared.database.job_changes import (
    JobChange,
    admitted,
    cancelled,
    checkpointed,
    claim_audit,
    completed,
    failed,
    handed_back,
    let_go,
    paused,
    progressed,
    promotion_audit,
    rejected,
    unpaused,
)
from shared.database.sql.change_feed import ChangeFeed, change_number
from shared.database.sql.driver import Transaction, driver_transaction
from shared.database.sql.job_admission import job_of, placed, refuse_beyond, remember, serialise_submissions
from shared.database.sql.job_events import sampled
from shared.database.sql.job_writes import (
    HEARTBEAT,
    Fence,
    apply,
    held_by,
    locked,
    locked_by_id,
    read_at,
    record,
    silent_since,
    take_next,
    write_audit,
)
from shared.database.sql.paging import newest_first
from shared.database.sql.promotions import active_id, add_promotion
from shared.database.sql.rows import (
    adapter_columns,
    attempt_from,
    checkpoint_columns,
    checkpoint_from,
    event_from,
    job_from,
    new_job_columns,
)
from shared.database.sql.unreadable import UNREADABLE, set_unreadable_aside
from shared.database.sql_time import db_now
from shared.database.tables import adapters, attempts, checkpoints, job_events, jobs
from shared.errors import Conflict
from shared.models.adapter import Adapter, Checkpoint, PromotionOrder
from shared.models.events import LARGEST_SEQ, AuditEntry, EventSample, EventType, JobEvent
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

_FEED = ChangeFeed(jobs, jobs.c.job_id, (status.value for status in JobStatus if not status.is_terminal))
_ADD = insert(jobs).values(updated_at=db_now(), change_no=change_number(jobs)).returning(jobs.c.updated_at)
_ADD_CHECKPOINT = insert(checkpoints)
_ADD_ADAPTER = insert(adapters)
# put together once: a job by its id is what callers ask for most
_BY_ID = select(jobs).where(jobs.c.job_id == bindparam("job_id"))


class SqlJobStore:
    """`JobStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        job: TrainingJob,
        *,
        audit: AuditEntry,
        key: IdempotencyKey | None = None,
        limits: QueueLimits = QueueLimits(),  # noqa: B008 - frozen and empty
    ) -> TrainingJob:
        """See `JobStore.add`."""
        try:
            with driver_transaction(self._engine) as tx:
                serialise_submissions(tx)
                if key is not None and (earlier := job_of(tx, key)) is not None:
                    return earlier
                refuse_beyond(tx, limits, job.created_by)
                job = placed(tx, replace(job, event_seq=1, version=1))
                row = tx.row(_ADD, new_job_columns(job)) or {}
                record(tx, job, JobChange({}, audit=audit), row)
                if key is not None:
                    remember(tx, key, job.job_id)
        except IntegrityError as exc:
            raise Conflict(f"A training job with the id '{job.job_id}' exists already.", job_id=job.job_id) from exc
        return job

    def submitted_with(self, key: IdempotencyKey) -> TrainingJob | None:
        """See `JobStore.submitted_with`."""
        with driver_transaction(self._engine) as tx:
            return job_of(tx, key)

    def get(self, job_id: str) -> TrainingJob:
        """See `JobStore.get`."""
        with read_transaction(self._engine) as connection:
            row = connection.execute(_BY_ID, {"job_id": job_id}).mappings().one_or_none()
        if row is None:
            raise JobNotFound(job_id)
        return job_from(row)

    def page(self, *, status: JobStatus | None = None, limit: int = 50, after: str | None = None) -> Page[TrainingJob]:
        """See `JobStore.page`."""
        query = select(jobs) if status is None else select(jobs).where(jobs.c.status == status.value)
        with read_transaction(self._engine) as connection:
            return newest_first(
                connection,
                query,
                jobs,
                jobs.c.job_id,
                limit=limit,
                after=after,
                unknown=JobNotFound,
                value_from=job_from,
            )

    def newest_of(self, created_by: str) -> TrainingJob | None:
        """See `JobStore.newest_of`."""
        newest = jobs.c.created_at.desc(), jobs.c.job_id.desc()
        query = select(jobs).where(jobs.c.created_by == created_by).order_by(*newest).limit(1)
        with read_transaction(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else job_from(row)

    def counts(self) -> JobCounts:
        """See `JobStore.counts`."""
        with read_transaction(self._engine) as connection:
            rows = connection.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status)).all()
        by_status = {JobStatus(status): number for status, number in rows}
        return JobCounts(
            total=sum(by_status.values()),
            active=sum(number for status, number in by_status.items() if not status.is_terminal),
            completed=by_status.get(JobStatus.COMPLETED, 0),
            failed=by_status.get(JobStatus.FAILED, 0),
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
        try:
            return self._pending(limit)
        except UNREADABLE:
            if not set_unreadable_aside(self._engine):
                raise
            return self._pending(limit)

    def _pending(self, limit: int) -> Sequence[TrainingJob]:
        query = (
            select(jobs)
            .where(jobs.c.status == JobStatus.PENDING.value)
            .order_by(jobs.c.is_paused, jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            return [job_from(row) for row in connection.execute(query).mappings()]

    def waiting_before(self, job: TrainingJob) -> int:
        """See `JobStore.waiting_before`."""
        place = tuple_(jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
        query = (
            select(func.count())
            .select_from(jobs)
            .where(jobs.c.status == JobStatus.QUEUED.value, jobs.c.is_paused.is_(False))
            .where(place < tuple_(job.queue_rank, job.created_at, job.job_id))
        )
        with read_transaction(self._engine) as connection:
            return connection.scalar(query) or 0

    def claim(self, owner: str, *, lease_s: float) -> tuple[TrainingJob, Claim] | None:
        """See `JobStore.claim`."""
        try:
            return self._claim(owner, lease_s)
        except UNREADABLE:
            if not set_unreadable_aside(self._engine):
                raise
            return self._claim(owner, lease_s)

    def _claim(self, owner: str, lease_s: float) -> tuple[TrainingJob, Claim] | None:
        with driver_transaction(self._engine) as tx:
            taken = take_next(tx, owner, lease_s)
            if taken is None:
                return None
            job, row = taken
            claim = Claim(job.job_id, owner, job.claim_epoch)
            record(tx, job, JobChange({}, detail={"attempt": job.attempt}, audit=claim_audit(job, claim)), row)
        return job, claim

    def heartbeat(self, claim: Claim, *, lease_s: float) -> StopRequest | None:
        """See `JobStore.heartbeat`."""
        with driver_transaction(self._engine) as tx:
            row = tx.row(HEARTBEAT, {**held_by(claim).values, "of_lease_s": lease_s})
        if row is None:
            raise ClaimLost(claim.job_id, claim.epoch)
        if row["cancel_requested"]:
            return StopRequest.CANCEL
        return StopRequest.PAUSE if row["is_paused"] else None

    def leases(self) -> Sequence[Lease]:
        """See `JobStore.leases`."""
        query = select(jobs.c.job_id, jobs.c.owner, jobs.c.claim_epoch, jobs.c.beat).where(
            jobs.c.status == JobStatus.RUNNING.value
        )
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [Lease(Claim(row.job_id, row.owner, row.claim_epoch), row.beat) for row in rows]

    def rescue(self, lease: Lease) -> TrainingJob | None:
        """See `JobStore.rescue`."""
        with driver_transaction(self._engine) as tx:
            job = locked(tx, silent_since(lease))
            done = job and apply(tx, silent_since(lease), handed_back(job, AttemptOutcome.LEASE_EXPIRED))
        return done[0] if done else None

    def record_progress(
        self,
        claim: Claim,
        progress: Progress,
        *,
        kind: EventType = EventType.STEP,
        detail: Mapping[str, Any] | None = None,
    ) -> JobEvent:
        """See `JobStore.record_progress`."""
        return self._change_held(claim, held_by(claim), progressed(progress, kind, detail))[1]

    def add_checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> JobEvent:
        """See `JobStore.add_checkpoint`."""
        checkpoint = replace(checkpoint, job_id=claim.job_id, claim_epoch=claim.epoch)
        row = _ADD_CHECKPOINT, checkpoint_columns(checkpoint)
        return self._change_locked(claim, lambda job: checkpointed(job, checkpoint), row)[1]

    def complete(
        self, claim: Claim, adapter: Adapter, *, progress: Progress, promotion: PromotionOrder | None = None
    ) -> TrainingJob:
        """See `JobStore.complete`."""
        # a cancel that was acknowledged first wins: a cancelled job never becomes completed
        fence = held_by(claim, cancel_requested=False)
        adapter = replace(adapter, job_id=claim.job_id)

        def change(tx: Transaction) -> tuple[TrainingJob, JobEvent] | None:
            is_promoted = None if promotion is None else active_id(tx, adapter.base_model) == promotion.over
            done = apply(tx, fence, completed(claim, adapter, progress, is_promoted=is_promoted))
            if done is not None:
                tx.run(_ADD_ADAPTER, adapter_columns(adapter))
                if promotion is not None and is_promoted:
                    add_promotion(tx, adapter.base_model, adapter.adapter_id, promotion)
                    write_audit(tx, promotion_audit(adapter, promotion))
            return done

        return self._registered(claim, change)[0]

    def fail(self, claim: Claim, *, error_message: str, outcome: AttemptOutcome) -> TrainingJob:
        """See `JobStore.fail`."""
        return self._change_held(claim, held_by(claim), failed(claim, error_message, outcome))[0]

    def release(self, claim: Claim, *, outcome: AttemptOutcome, message: str = "", retry_s: float = 0.0) -> TrainingJob:
        """See `JobStore.release`."""
        return self._change_locked(claim, lambda job: handed_back(job, outcome, message=message, retry_s=retry_s))[0]

    def finish_cancel(self, claim: Claim) -> TrainingJob:
        """See `JobStore.finish_cancel`."""
        return self._change_held(claim, held_by(claim, cancel_requested=True), let_go(claim))[0]

    def cancel(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.cancel`."""
        return self._change_unended(job_id, lambda job: None if job.cancel_requested else cancelled(job, audit))

    def pause(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.pause`."""
        return self._change_unended(job_id, lambda job: None if job.is_paused else paused(job, audit))

    def unpause(self, job_id: str, *, audit: AuditEntry, key: IdempotencyKey | None = None) -> TrainingJob:
        """See `JobStore.unpause`."""
        return self._change_unended(job_id, lambda job: unpaused(job, audit) if job.is_paused else None, key=key)

    def attempts(self, job_id: str) -> Sequence[AttemptRecord]:
        """See `JobStore.attempts`."""
        query = select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.claim_epoch)
        with read_transaction(self._engine) as connection:
            found = [attempt_from(row) for row in connection.execute(query).mappings()]
        if not found:
            self.get(job_id)
        return found

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """See `JobStore.events`."""
        query = (
            select(job_events)
            # a client may name a number that no event has yet, and that the column cannot hold
            .where(job_events.c.job_id == job_id, job_events.c.seq > literal(after, BigInteger))
            .order_by(job_events.c.seq)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            found = [event_from(row) for row in connection.execute(query).mappings()]
        if not found:
            self.get(job_id)
        return found

    def sample_events(
        self, job_id: str, kind: EventType, *, points: int, after: int = 0, until: int = LARGEST_SEQ
    ) -> EventSample:
        """See `JobStore.sample_events`."""
        with read_transaction(self._engine) as connection:
            rows, total = sampled(connection, job_id, kind, points=points, after=after, until=until)
        if not rows:
            self.get(job_id)
        return EventSample([event_from(row) for row in rows], total)

    def changes(self, cursor: int | None = None) -> Changes:
        """See `JobStore.changes`."""
        with read_transaction(self._engine) as connection:
            return _FEED.since(connection, cursor)

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """See `JobStore.checkpoints`."""
        query = (
            select(checkpoints)
            .where(checkpoints.c.job_id == job_id)
            .order_by(checkpoints.c.claim_epoch.desc(), checkpoints.c.step.desc())
        )
        with read_transaction(self._engine) as connection:
            found = [checkpoint_from(row) for row in connection.execute(query).mappings()]
        if not found:
            self.get(job_id)
        return found

    def forget_checkpoints(self, job_id: str, paths: Sequence[str]) -> None:
        """See `JobStore.forget_checkpoints`."""
        with write_transaction(self._engine) as connection:
            connection.execute(
                delete(checkpoints).where(checkpoints.c.job_id == job_id, checkpoints.c.path.in_(list(paths)))
            )

    def _change_unended(
        self, job_id: str, decide: Callable[[TrainingJob], JobChange | None], *, key: IdempotencyKey | None = None
    ) -> TrainingJob:
        """Change a job that has not ended, whoever holds it; `decide` returns None to leave it as it is."""
        with driver_transaction(self._engine) as tx:
            if key is not None:
                serialise_submissions(tx)
                if (earlier := job_of(tx, key)) is not None:
                    return earlier
            job = locked_by_id(tx, job_id)
            if job is None:
                raise JobNotFound(job_id)
            if job.status.is_terminal:
                raise JobAlreadyFinished(job_id, job.status)
            if key is not None:
                remember(tx, key, job_id)
            change = decide(job)
            if change is None:
                return job
            done = apply(tx, read_at(job), change)
            if done is None:
                raise StaleVersion(f"Job {job_id}", job.version)
        return done[0]

    def _change_as_read(self, job: TrainingJob, change: JobChange) -> TrainingJob:
        with driver_transaction(self._engine) as tx:
            done = apply(tx, read_at(job), change)
        if done is None:
            self.get(job.job_id)
            raise StaleVersion(f"Job {job.job_id}", job.version)
        return done[0]

    def _change_held(self, claim: Claim, fence: Fence, change: JobChange) -> tuple[TrainingJob, JobEvent]:
        """Carry out a fenced change."""
        return self._registered(claim, lambda tx: apply(tx, fence, change))

    def _change_locked(
        self, claim: Claim, decide: Callable[[TrainingJob], JobChange], *also: tuple[Insert, dict[str, Any]]
    ) -> tuple[TrainingJob, JobEvent]:
        """As `_change_held`, for a change that depends on the job, together with rows that are born with it."""
        fence = held_by(claim)

        def change(tx: Transaction) -> tuple[TrainingJob, JobEvent] | None:
            job = locked(tx, fence)
            return None if job is None else apply(tx, fence, decide(job))

        return self._registered(claim, change, also)

    def _registered(
        self,
        claim: Claim,
        change: Callable[[Transaction], tuple[TrainingJob, JobEvent] | None],
        also: Sequence[tuple[Insert, dict[str, Any]]] = (),
    ) -> tuple[TrainingJob, JobEvent]:
        try:
            with driver_transaction(self._engine) as tx:
                done = change(tx)
                if done is None:
                    raise ClaimLost(claim.job_id, claim.epoch)
                for statement, values in also:
                    tx.run(statement, values)
        except IntegrityError as exc:
            raise Conflict(f"What job {claim.job_id} wants to register exists already.", job_id=claim.job_id) from exc
        return done
