"""Carry out a change of a job: row, event, audit entry and attempt in the caller's transaction."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Update, and_, bindparam, func, insert, or_, select, update

from shared.database.job_changes import LONGEST_PAUSE_S, JobChange, event_payload
from shared.database.sql.audit_writes import APPEND_AUDIT, CONTENT, MOVE_HEAD, audit_values
from shared.database.sql.change_feed import change_number
from shared.database.sql.driver import Row, Transaction
from shared.database.sql.rows import job_columns, job_from, plain
from shared.database.sql_time import db_now
from shared.database.tables import attempts, job_events, jobs
from shared.models.events import AuditEntry, JobEvent
from shared.models.job import TRANSITIONS, Claim, IllegalTransition, JobStatus, Lease, TrainingJob

_CHANGE = (
    update(jobs)
    .values(
        version=jobs.c.version + 1,
        event_seq=jobs.c.event_seq + 1,
        updated_at=db_now(),
        change_no=change_number(jobs),
    )
    .returning(jobs)
)
# a pause further ahead than any that we give means that the wall clock was set back since
_IS_DUE = or_(
    jobs.c.not_before.is_(None), jobs.c.not_before <= db_now(), jobs.c.not_before > db_now(2 * LONGEST_PAUSE_S)
)
_NEXT = (
    select(jobs.c.job_id)
    .where(jobs.c.status == JobStatus.QUEUED.value, jobs.c.is_paused.is_(False), _IS_DUE)
    .order_by(jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_LEASE_END = db_now(bindparam("of_lease_s", type_=Float()))
_TAKE = _CHANGE.where(jobs.c.job_id == _NEXT).values(
    status=JobStatus.RUNNING.value,
    claim_epoch=jobs.c.claim_epoch + 1,
    beat=jobs.c.beat + 1,
    not_before=None,
    attempt=jobs.c.attempt + 1,
    started_at=func.coalesce(jobs.c.started_at, db_now()),
    lease_until=_LEASE_END,
)
_ADD_EVENT = insert(job_events)
_START_ATTEMPT = insert(attempts)
_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.job_id == bindparam("at_job_id"), attempts.c.claim_epoch == bindparam("at_epoch"))
    .values(ended_at=db_now())
)

_IS_HELD = and_(
    jobs.c.job_id == bindparam("at_job_id"),
    jobs.c.owner == bindparam("at_owner"),
    jobs.c.claim_epoch == bindparam("at_epoch"),
    jobs.c.status == JobStatus.RUNNING.value,
)
_IS_UNCANCELLED = and_(_IS_HELD, jobs.c.cancel_requested.is_(False))
_IS_CANCELLED = and_(_IS_HELD, jobs.c.cancel_requested.is_(True))
_IS_SILENT = and_(_IS_HELD, jobs.c.beat == bindparam("at_beat"))
_IS_AS_READ = and_(
    jobs.c.job_id == bindparam("at_job_id"),
    jobs.c.version == bindparam("at_version"),
    jobs.c.status == bindparam("at_status"),
)
_BEAT = update(jobs).where(_IS_HELD).values(lease_until=_LEASE_END, beat=jobs.c.beat + 1)
HEARTBEAT = _BEAT.returning(jobs.c.cancel_requested, jobs.c.is_paused)


@dataclass(frozen=True, slots=True)
class Fence:
    """What must be true of a job for a change to be carried out.

    Args:
        where: One of the conditions of this module; a new object for every call would have to be compiled anew.
        values: Its parameters.
        status: The status that a job behind the fence has.
    """

    where: ColumnElement[bool]
    values: Mapping[str, Any]
    status: JobStatus = JobStatus.RUNNING


def held_by(claim: Claim, *, cancel_requested: bool | None = None) -> Fence:
    """True only for the job's present, unfinished claim; on demand only if a cancel was (not) requested."""
    where = {None: _IS_HELD, False: _IS_UNCANCELLED, True: _IS_CANCELLED}[cancel_requested]
    return Fence(where, {"at_job_id": claim.job_id, "at_owner": claim.owner, "at_epoch": claim.epoch})


def silent_since(lease: Lease) -> Fence:
    """True only while the claim shows the beat that was seen."""
    return Fence(_IS_SILENT, {**held_by(lease.claim).values, "at_beat": lease.beat})


def read_at(job: TrainingJob) -> Fence:
    """The state that a caller has seen and wants to change."""
    return as_seen(job.job_id, job.version, job.status)


def as_seen(job_id: str, version: int, status: JobStatus) -> Fence:
    """As `read_at`, where no more than this could be seen."""
    values = {"at_job_id": job_id, "at_version": version, "at_status": status.value}
    return Fence(_IS_AS_READ, values, status)


def locked(tx: Transaction, fence: Fence) -> TrainingJob | None:
    """The job, kept from changing until the transaction ends (on SQLite the write transaction itself does that)."""
    row = tx.row(_locking(fence.where), fence.values)
    return None if row is None else job_from(row)


def locked_by_id(tx: Transaction, job_id: str) -> TrainingJob | None:
    """As `locked`, whatever the state of the job."""
    row = tx.row(_BY_ID, {"at_job_id": job_id})
    return None if row is None else job_from(row)


def apply(tx: Transaction, fence: Fence, change: JobChange) -> tuple[TrainingJob, JobEvent] | None:
    """The job after `change` and the event of it, or None (and nothing written) when the fence lets no row through.

    Raises:
        IllegalTransition: If `TRANSITIONS` has no arrow from the state behind the fence.
    """
    _refuse_illegal(fence, change)
    statement = _changing(fence.where, change.ends_job, change.pause_s is not None)
    pause = {} if change.pause_s is None else {"of_pause_s": change.pause_s}
    row = tx.row(statement, {**job_columns(change.fields), **fence.values, **pause})
    if row is None:
        return None
    job = job_from(row)
    if change.attempt_outcome is not None:
        _end_attempt(tx, job, change)
    return job, record(tx, job, change, row)


def record(tx: Transaction, job: TrainingJob, change: JobChange, row: Row) -> JobEvent:
    """Append the event of a change that is in the row already, and its audit entry if it has one."""
    payload = event_payload(job, change.detail)
    moment = row["updated_at"]
    values = {
        "job_id": job.job_id,
        "seq": job.event_seq,
        "type": change.kind.value,
        "payload": payload,
        "created_at": moment,
    }
    tx.run(_ADD_EVENT, values)
    if change.audit is not None:
        write_audit(tx, change.audit)
    return JobEvent(job.job_id, job.event_seq, change.kind, payload, moment)


def write_audit(tx: Transaction, entry: AuditEntry) -> None:
    """Append an entry inside the transaction of the change that it records, as the last thing that it does."""
    values = audit_values(entry)
    tx.run_last(MOVE_HEAD, {CONTENT: values.pop(CONTENT)})
    tx.run_last(APPEND_AUDIT, values)


def take_next(tx: Transaction, owner: str, lease_s: float) -> tuple[TrainingJob, Row] | None:
    """Give the next queued job to `owner`, choosing and taking in one statement, and record the attempt."""
    row = tx.row(_TAKE, {"owner": owner, "of_lease_s": lease_s})
    if row is None:
        return None
    job = job_from(row)
    values = {"job_id": job.job_id, "claim_epoch": job.claim_epoch, "attempt": job.attempt, "owner": owner}
    tx.run(_START_ATTEMPT, {**values, "started_at": row["updated_at"]})
    return job, row


_BY_ID = select(jobs).where(jobs.c.job_id == bindparam("at_job_id")).with_for_update()


@functools.cache
def _locking(where: ColumnElement[bool]) -> Any:
    return select(jobs).where(where).with_for_update()


@functools.cache
def _changing(where: ColumnElement[bool], ends_job: bool, pauses: bool) -> Update:
    statement = _CHANGE.where(where)
    if ends_job:
        statement = statement.values(completed_at=db_now())
    if pauses:
        statement = statement.values(not_before=db_now(bindparam("of_pause_s", type_=Float())))
    return statement


def _refuse_illegal(fence: Fence, change: JobChange) -> None:
    target = change.fields.get("status")
    if target is not None and target not in TRANSITIONS[fence.status]:
        raise IllegalTransition(str(fence.values["at_job_id"]), fence.status, target)


def _end_attempt(tx: Transaction, job: TrainingJob, change: JobChange) -> None:
    values = {"outcome": plain(change.attempt_outcome), "message": change.attempt_message or None}
    tx.run(_END_ATTEMPT, {**values, "at_job_id": job.job_id, "at_epoch": job.claim_epoch})
