"""A job that runs and reports, as another service on the same database would write it."""

from shared.database.base import JobStore
from shared.models.events import AuditEntry, EventType
from shared.models.job import AttemptOutcome, Claim, Progress, TrainingJob
from tests.support.store_values import a_job


class JobWriter:
    """One running job; nothing else may wait in the queue when it is made."""

    def __init__(self, jobs: JobStore, job_id: str = "job_1") -> None:
        self._jobs = jobs
        self.job_id = job_id
        self.step = 0
        submitted = self._jobs.add(a_job(job_id=job_id), audit=self._audit("job.submitted"))
        self._jobs.admit(submitted)
        claimed = self._jobs.claim("writer", lease_s=600)
        assert claimed is not None
        self._claim: Claim = claimed[1]
        assert self._claim.job_id == job_id

    def log(self, count: int = 1, *, kind: EventType = EventType.STEP, **metrics: float) -> None:
        """Report so many steps."""
        for _ in range(count):
            self.step += 1
            progress = Progress(current_step=self.step, total_steps=1_000_000, metrics=metrics)
            self._jobs.record_progress(self._claim, progress, kind=kind)

    def fail(self) -> None:
        """End the job."""
        self._jobs.fail(self._claim, error_message="as planned", outcome=AttemptOutcome.ERROR)

    def seqs(self) -> list[int]:
        """Numbers of all events in the store."""
        found: list[int] = []
        while page := self._jobs.events(self.job_id, after=found[-1] if found else 0):
            found += [event.seq for event in page]
        return found

    @property
    def job(self) -> TrainingJob:
        """The job as it is now."""
        return self._jobs.get(self.job_id)

    def _audit(self, action: str) -> AuditEntry:
        return AuditEntry(action=action, object_type="job", object_id=self.job_id, actor="writer")
