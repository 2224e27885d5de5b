"""Jobs on SQL: claims, fenced writes, cancels and rescues, each one durable transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, Insert, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.database.base import ClaimLost, JobAlreadyFinished, JobNotFound, Page, StaleVersion
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
    progressed,
    rejected,
)
from shared.database.sql.job_writes import apply, expired, held_by, locked, read_at, record, start_attempt, take_next
from shared.database.sql.paging import newest_first
from shared.database.sql.rows import (
    adapter_columns,
    checkpoint_columns,
    checkpoint_from,
    event_from,
    job_from,
    new_job_columns,
)
from shared.database.sql_time import db_now
from shared.database.tables import adapters, checkpoints, job_events, jobs
from shared.errors import Conflict
from shared.models.adapter import Adapter, Checkpoint
from shared.models.events import AuditEntry, EventType, JobEvent
from shared.models.job import Claim, JobCounts, JobStatus, Progress, TrainingJob

_ADD = insert(jobs).values(updated_at=db_now())


class SqlJobStore:
    """`JobStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job: TrainingJob, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.add`."""
        job = replace(job, event_seq=1, version=1)
        try:
            with write_transaction(self._engine) as connection:
                connection.execute(_ADD, new_job_columns(job))
                record(connection, job, JobChange({}, audit=audit))
        except IntegrityError as exc:
            raise Conflict(f"A training job with the id '{job.job_id}' exists already.", job_id=job.job_id) from exc
        return job

    def get(self, job_id: str) -> TrainingJob:
        """See `JobStore.get`."""
        with read_transaction(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().one_or_none()
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

    def admit(self, job: TrainingJob) -> TrainingJob:
        """See `JobStore.admit`."""
        return self._change_as_read(job, admitted(job))

    def reject(self, job: TrainingJob, *, error_message: str) -> TrainingJob:
        """See `JobStore.reject`."""
        return self._change_as_read(job, rejected(job, error_message))

    def pending(self, limit: int = 20) -> Sequence[TrainingJob]:
        """See `JobStore.pending`."""
        query = (
            select(jobs)
            .where(jobs.c.status == JobStatus.PENDING.value)
            .order_by(jobs.c.created_at, jobs.c.job_id)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            return [job_from(row) for row in connection.execute(query).mappings()]

    def claim(self, owner: str, *, lease_s: float) -> tuple[TrainingJob, Claim] | None:
        """See `JobStore.claim`."""
        with write_transaction(self._engine) as connection:
            job = take_next(connection, owner, lease_s)
            if job is None:
                return None
            claim = Claim(job.job_id, owner, job.claim_epoch)
            start_attempt(connection, job)
            record(connection, job, JobChange({}, detail={"attempt": job.attempt}, audit=claim_audit(job, claim)))
        return job, claim

    def heartbeat(self, claim: Claim, *, lease_s: float) -> bool:
        """See `JobStore.heartbeat`."""
        statement = (
            update(jobs).where(held_by(claim)).values(lease_until=db_now(lease_s)).returning(jobs.c.cancel_requested)
        )
        with write_transaction(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise ClaimLost(claim.job_id, claim.epoch)
        return bool(row.cancel_requested)

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
        return self._change_held(
            claim,
            held_by(claim),
            checkpointed(checkpoint),
            (insert(checkpoints), checkpoint_columns(checkpoint)),
        )[1]

    def complete(self, claim: Claim, adapter: Adapter, *, progress: Progress) -> TrainingJob:
        """See `JobStore.complete`."""
        # a cancel that was acknowledged first wins: a cancelled job never becomes completed
        where = held_by(claim) & jobs.c.cancel_requested.is_(False)
        row = insert(adapters), {**adapter_columns(adapter), "job_id": claim.job_id}
        return self._change_held(claim, where, completed(claim, adapter, progress), row)[0]

    def fail(self, claim: Claim, *, error_message: str, reason: str) -> TrainingJob:
        """See `JobStore.fail`."""
        return self._change_held(claim, held_by(claim), failed(claim, error_message, reason))[0]

    def release(self, claim: Claim, *, reason: str, burn_attempt: bool, message: str = "") -> TrainingJob:
        """See `JobStore.release`."""
        with write_transaction(self._engine) as connection:
            job = locked(connection, held_by(claim))
            change = job and handed_back(job, reason=reason, burn_attempt=burn_attempt, message=message)
            done = change and apply(connection, held_by(claim), change)
        if not done:
            raise ClaimLost(claim.job_id, claim.epoch)
        return done[0]

    def finish_cancel(self, claim: Claim) -> TrainingJob:
        """See `JobStore.finish_cancel`."""
        return self._change_held(claim, held_by(claim) & jobs.c.cancel_requested.is_(True), let_go(claim))[0]

    def cancel(self, job_id: str, *, audit: AuditEntry) -> TrainingJob:
        """See `JobStore.cancel`."""
        with write_transaction(self._engine) as connection:
            job = locked(connection, jobs.c.job_id == job_id)
            if job is None:
                raise JobNotFound(job_id)
            if job.status.is_terminal:
                raise JobAlreadyFinished(job_id, job.status)
            if job.cancel_requested:
                return job
            done = apply(connection, read_at(job), cancelled(job, audit))
        if done is None:
            raise StaleVersion(f"Job {job_id}", job.version)
        return done[0]

    def rescue_expired(self, *, grace_s: float = 0.0) -> Sequence[TrainingJob]:
        """See `JobStore.rescue_expired`."""
        query = select(jobs).where(expired(grace_s)).order_by(jobs.c.job_id).with_for_update(skip_locked=True)
        rescued = []
        with write_transaction(self._engine) as connection:
            for row in connection.execute(query).mappings().all():
                job = job_from(row)
                change = handed_back(job, reason="lease_expired", burn_attempt=True)
                done = apply(connection, read_at(job), change)
                if done is not None:
                    rescued.append(done[0])
        return rescued

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """See `JobStore.events`."""
        query = (
            select(job_events)
            .where(job_events.c.job_id == job_id, job_events.c.seq > after)
            .order_by(job_events.c.seq)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            found = [event_from(row) for row in connection.execute(query).mappings()]
        if not found:
            self.get(job_id)
        return found

    def event_heads(self, *, changed_within_s: float) -> Mapping[str, int]:
        """See `JobStore.event_heads`."""
        query = select(jobs.c.job_id, jobs.c.event_seq).where(jobs.c.updated_at >= db_now(-changed_within_s))
        with read_transaction(self._engine) as connection:
            return {row.job_id: row.event_seq for row in connection.execute(query)}

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

    def _change_as_read(self, job: TrainingJob, change: JobChange) -> TrainingJob:
        with write_transaction(self._engine) as connection:
            done = apply(connection, read_at(job), change)
        if done is None:
            self.get(job.job_id)
            raise StaleVersion(f"Job {job.job_id}", job.version)
        return done[0]

    def _change_held(
        self, claim: Claim, where: ColumnElement[bool], change: JobChange, *also: tuple[Insert, dict[str, Any]]
    ) -> tuple[TrainingJob, JobEvent]:
        """Carry out a fenced change together with rows that are born with it."""
        try:
            with write_transaction(self._engine) as connection:
                done = apply(connection, where, change)
                if done is None:
                    raise ClaimLost(claim.job_id, claim.epoch)
                for statement, values in also:
                    connection.execute(statement, values)
        except IntegrityError as exc:
            raise Conflict(f"What job {claim.job_id} wants to register exists already.", job_id=claim.job_id) from exc
        return done
