"""Exports of ended jobs on SQL: what has no row was never tried, so that no write of a job has to know of them."""

from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shared.database.audit.entries import exported
from shared.database.base import ClaimLost
from shared.database.engine import read_transaction, write_transaction
from shared.database.job_changes import storable_text
from shared.database.sql.audit_writes import write_audit
from shared.database.sql_time import db_now
from shared.database.tables import job_exports, jobs
from shared.models.events import AuditEntry
from shared.models.export import ExportClaim, ExportStatus
from shared.models.job import JobStatus

_ENDED = (JobStatus.COMPLETED.value, JobStatus.FAILED.value)
_row = job_exports.c


class SqlExportStore:
    """`ExportStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, destination: str, *, lease_s: float) -> ExportClaim | None:
        """See `ExportStore.claim`."""
        following = (
            _ended_jobs(destination, select(jobs.c.job_id, _row.number))
            .where(or_(_row.job_id.is_(None), and_(_row.exported_at.is_(None), _row.not_before <= db_now())))
            .order_by(func.coalesce(_row.number, 0), jobs.c.completed_at.desc(), jobs.c.job_id)
            .limit(1)
        )
        # looked at without the write lock: the claim itself finds out whether somebody was faster
        with read_transaction(self._engine) as connection:
            found = connection.execute(following).one_or_none()
        return None if found is None else self._taken(found[0], destination, found[1], lease_s)

    def _taken(self, job_id: str, destination: str, number: int | None, lease_s: float) -> ExportClaim | None:
        """The claim, unless somebody else was faster."""
        lease = {"not_before": db_now(lease_s)}
        if number is None:
            values = {"job_id": job_id, "destination": destination, "number": 1, **lease}
            try:
                with write_transaction(self._engine) as connection:
                    connection.execute(insert(job_exports).values(**values))
            except IntegrityError:
                return None
            return ExportClaim(job_id, destination, 1)
        earlier = ExportClaim(job_id, destination, number)
        is_mine = self._update(earlier, {"number": number + 1, **lease}, also=_row.not_before <= db_now())
        return ExportClaim(job_id, destination, number + 1) if is_mine else None

    def renew(self, claim: ExportClaim, *, lease_s: float) -> None:
        """See `ExportStore.renew`."""
        self._change(claim, {"not_before": db_now(lease_s)})

    def done(self, claim: ExportClaim, *, reference: str) -> None:
        """See `ExportStore.done`."""
        values = {"exported_at": db_now(), "reference": reference, "reason": None}
        self._change(claim, values, audit=exported(claim, reference))

    def postpone(self, claim: ExportClaim, *, reason: str, pause_s: float) -> None:
        """See `ExportStore.postpone`."""
        self._change(claim, {"not_before": db_now(pause_s), "reason": storable_text(reason)})

    def status(self, destination: str) -> ExportStatus:
        """See `ExportStore.status`."""
        is_waiting = _row.exported_at.is_(None)
        counts = _ended_jobs(
            destination,
            select(
                func.count().filter(is_waiting),
                func.count(_row.exported_at),
                func.count(_row.reason).filter(is_waiting),
            ),
        )
        last = (
            select(_row.reason)
            .where(_row.destination == destination, is_waiting, _row.reason.is_not(None))
            .order_by(_row.not_before.desc())
            .limit(1)
        )
        with read_transaction(self._engine) as connection:
            waiting, exported, failed = connection.execute(counts).one()
            return ExportStatus(waiting, exported, failed, connection.scalar(last))

    def _change(self, claim: ExportClaim, values: dict[str, Any], *, audit: AuditEntry | None = None) -> None:
        if not self._update(claim, values, audit=audit):
            raise ClaimLost(claim.job_id, claim.number)

    def _update(
        self,
        claim: ExportClaim,
        values: dict[str, Any],
        *,
        also: ColumnElement[bool] | None = None,
        audit: AuditEntry | None = None,
    ) -> bool:
        statement = update(job_exports).where(
            _row.job_id == claim.job_id,
            _row.destination == claim.destination,
            _row.number == claim.number,
            _row.exported_at.is_(None),
        )
        if also is not None:
            statement = statement.where(also)
        with write_transaction(self._engine) as connection:
            is_changed = connection.execute(statement.values(**values)).rowcount == 1
            if is_changed and audit is not None:
                write_audit(connection, audit)
        return is_changed


def _ended_jobs(destination: str, query: Any) -> Any:
    """A select of any columns, over completed and failed jobs with what is known of their export."""
    return (
        query.select_from(jobs)
        .outerjoin(job_exports, and_(_row.job_id == jobs.c.job_id, _row.destination == destination))
        .where(jobs.c.status.in_(_ENDED))
    )
