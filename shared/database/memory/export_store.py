"""Exports of ended jobs in memory."""

from dataclasses import replace
from datetime import timedelta

from shared.database.audit.entries import exported
from shared.database.base import ClaimLost
from shared.database.memory.state import ExportRow, MemoryState
from shared.models.export import ExportClaim, ExportStatus
from shared.models.job import JobStatus, TrainingJob

_ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED})


class MemoryExportStore:
    """`ExportStore` in memory."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def claim(self, destination: str, *, lease_s: float) -> ExportClaim | None:
        """See `ExportStore.claim`."""
        now = self._state.clock()

        def is_due(row: ExportRow | None) -> bool:
            return row is None or (row.exported_at is None and row.not_before <= now)

        with self._state.lock:
            due = [(job, row) for job, row in self._ended(destination) if is_due(row)]
            # stable sorts, the last one first: never tried before tried, newest end first
            due.sort(key=lambda pair: pair[0].job_id)
            due.sort(key=lambda pair: pair[0].completed_at or now, reverse=True)
            due.sort(key=lambda pair: pair[1].number if pair[1] else 0)
            if not due:
                return None
            job, row = due[0]
            number = row.number + 1 if row else 1
            lease_until = now + timedelta(seconds=lease_s)
            reason = row.reason if row else None
            self._state.exports[job.job_id, destination] = ExportRow(number, lease_until, reason)
        return ExportClaim(job.job_id, destination, number)

    def renew(self, claim: ExportClaim, *, lease_s: float) -> None:
        """See `ExportStore.renew`."""
        with self._state.lock:
            not_before = self._state.clock() + timedelta(seconds=lease_s)
            self._put(claim, replace(self._held(claim), not_before=not_before))

    def done(self, claim: ExportClaim, *, reference: str) -> None:
        """See `ExportStore.done`."""
        with self._state.lock:
            row = self._held(claim)
            self._put(claim, replace(row, exported_at=self._state.clock(), reference=reference, reason=None))
            self._state.write_audit(exported(claim, reference))

    def postpone(self, claim: ExportClaim, *, reason: str, pause_s: float) -> None:
        """See `ExportStore.postpone`."""
        with self._state.lock:
            not_before = self._state.clock() + timedelta(seconds=pause_s)
            self._put(claim, replace(self._held(claim), not_before=not_before, reason=reason))

    def status(self, destination: str) -> ExportStatus:
        """See `ExportStore.status`."""
        with self._state.lock:
            rows = [row for _, row in self._ended(destination)]
        done = [row for row in rows if row is not None and row.exported_at is not None]
        failed = [row for row in rows if row is not None and row.exported_at is None and row.reason is not None]
        reason = max(failed, key=lambda row: row.not_before).reason if failed else None
        return ExportStatus(len(rows) - len(done), len(done), len(failed), reason)

    def _ended(self, destination: str) -> list[tuple[TrainingJob, ExportRow | None]]:
        ended = (job for job in self._state.jobs.values() if job.status in _ENDED)
        return [(job, self._state.exports.get((job.job_id, destination))) for job in ended]

    def _held(self, claim: ExportClaim) -> ExportRow:
        row = self._state.exports.get((claim.job_id, claim.destination))
        if row is None or row.number != claim.number or row.exported_at is not None:
            raise ClaimLost(claim.job_id, claim.number)
        return row

    def _put(self, claim: ExportClaim, row: ExportRow) -> None:
        self._state.exports[claim.job_id, claim.destination] = row
