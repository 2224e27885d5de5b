"""What people do with training jobs: submit, look, pause, cancel, try again, go on, fetch the result."""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.common.blocking import in_thread
from backend.training.adapter_check import check_adapter
from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.inspection.verdict import Inspections, NoInspections
from backend.training.job_figures import JobFigures, figures_of
from backend.training.models import JobRequest
from backend.training.preflight import Preflight
from backend.training.submissions import Submission, Submissions, audit_entry
from backend.training.training_config import TrainingConfig
from shared.database.base import AdapterStore, JobStore, Page
from shared.errors import ClaraError, Conflict, NotFound, Unavailable
from shared.models.adapter import Adapter, AdapterCheck, Checkpoint
from shared.models.events import JobEvent
from shared.models.job import AttemptRecord, JobCounts, JobStatus, QueueLimits, TrainingJob
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)

_LOG_TAIL_BYTES = 256 * 1024
_FIRST_EVENTS = 50
"""The pre-flight report stands in one of the first events: only pauses come before it."""
_ACTUAL: Mapping[str, str] = {"memory_mb": "peak_memory_mb", "seconds": "elapsed_s"}
_ADMITTED_AT_ONCE = 200
"""Jobs per round: housekeeping also rescues, and a service that stops waits for the round."""


class NoReport(NotFound):
    """The job has no report (yet)."""

    code = "no_report"

    def __init__(self, job_id: str, name: str) -> None:
        super().__init__(
            f"Job {job_id} has no {name}; only a completed job of a language model has one (a probe has report.json).",
            job_id=job_id,
        )


class NoPreflight(NotFound):
    """Nobody has looked at the records of the job (yet)."""

    code = "no_preflight"

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Job {job_id} has no pre-flight report: it is still pending, or it trains on no records.", job_id=job_id
        )


@dataclass(frozen=True, slots=True)
class DryRun:
    """What submitting would do.

    Args:
        config: As it would be stored.
        filled: Name -> what the server would take.
        report: See `inspect_run`.
    """

    config: TrainingConfig
    filled: Mapping[str, str]
    report: Mapping[str, Any]


class TrainingJobManager:
    """The use cases of the training service.

    Args:
        jobs: Truth of jobs.
        adapters: Truth of adapters.
        inputs: Finds base models and records.
        folders: Where files lie.
        inspections: Looks at the records of runs; None: nobody does, and trainers find out themselves.
        trainer_types: Trainers that may be used; None: every installed one.
        max_attempts: Failed attempts in a row without progress after which a job fails.
        limits: Active jobs that there may be.
        on_change: Called after every accepted change, to wake workers and feeds.
    """

    def __init__(
        self,
        jobs: JobStore,
        adapters: AdapterStore,
        inputs: InputResolver,
        folders: TrainingFolders,
        *,
        inspections: Inspections | None = None,
        trainer_types: Collection[str] | None = None,
        max_attempts: int = 3,
        limits: QueueLimits = QueueLimits(),  # noqa: B008 - frozen and empty
        clock: Clock = utc_now,
        make_id: Callable[[str], str] = new_id,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs = jobs
        self._adapters = adapters
        self._folders = folders
        self._on_change = on_change
        self._inspections = inspections or NoInspections()
        self._preflight = Preflight(inputs, trainer_types=trainer_types)
        self._submissions = Submissions(
            jobs,
            self._preflight,
            folders,
            max_attempts=max_attempts,
            limits=limits,
            clock=clock,
            make_id=make_id,
            on_change=on_change,
        )

    def submit(
        self, request: JobRequest, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Accept a job; see `Submissions.submit`."""
        return self._submissions.submit(request, principal, request_id=request_id, key=key)

    def retry(
        self, job_id: str, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Start over; see `Submissions.retry`."""
        return self._submissions.retry(job_id, principal, request_id=request_id, key=key)

    def resume(
        self, job_id: str, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Go on; see `Submissions.resume`."""
        return self._submissions.resume(job_id, principal, request_id=request_id, key=key)

    def pause(self, job_id: str, principal: Principal, *, request_id: str | None = None) -> TrainingJob:
        """Keep a job from being worked on until it is resumed; a running one lets go with a checkpoint.

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
        """
        job = self._jobs.pause(job_id, audit=audit_entry("job.paused", job_id, principal, request_id))
        self._on_change()
        return job

    def cancel(self, job_id: str, principal: Principal, *, request_id: str | None = None) -> TrainingJob:
        """Cancel a job in any state that is not terminal; a running one lets go within the grace.

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
        """
        job = self._jobs.cancel(job_id, audit=audit_entry("job.cancelled", job_id, principal, request_id))
        self._on_change()
        return job

    def get(self, job_id: str) -> TrainingJob:
        """The job in its newest state."""
        return self._jobs.get(job_id)

    def look_up(self, job_id: str) -> tuple[TrainingJob, int | None]:
        """The job, and its place in the queue: 1 is claimed next, None is not to be claimed.

        Others may still come in front: newcomers of users who have had less, and higher priorities.
        """
        job = self._jobs.get(job_id)
        is_waiting = job.status is JobStatus.QUEUED and not job.is_paused
        return job, 1 + self._jobs.waiting_before(job) if is_waiting else None

    def page(self, *, status: JobStatus | None, limit: int, after: str | None) -> tuple[Page[TrainingJob], JobCounts]:
        """A page of jobs, newest first, and the counts of all jobs."""
        return self._jobs.page(status=status, limit=limit, after=after), self._jobs.counts()

    def counts(self) -> JobCounts:
        """Numbers over all jobs."""
        return self._jobs.counts()

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """Events of a job with `seq > after`."""
        return self._jobs.events(job_id, after=after, limit=limit)

    def attempts(self, job_id: str) -> Sequence[AttemptRecord]:
        """Every attempt of a job and how it ended, oldest first."""
        return self._jobs.attempts(job_id)

    def figures(self, job_id: str, *, points: int, after: int = 0) -> JobFigures:
        """Logged steps and evaluations of a job with `seq > after`; see `figures_of`."""
        return figures_of(self._jobs, job_id, points=points, after=after)

    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """Registered checkpoints, newest first."""
        return self._jobs.checkpoints(job_id)

    def log_tail(self, job_id: str, *, lines: int) -> tuple[list[str], bool]:
        """The last lines of the trainer's log and whether there are more before them."""
        self._jobs.get(job_id)
        path = self._folders.job_log(job_id)
        if not path.is_file():
            return [], False
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _LOG_TAIL_BYTES))
            tail = stream.read().decode("utf-8", errors="replace").splitlines()
        return tail[-lines:], size > _LOG_TAIL_BYTES or len(tail) > lines

    def report(self, job_id: str) -> dict[str, Any]:
        """Held-out figures, sample completions and paths of a completed job.

        Raises:
            NoReport: If the job is not completed.
        """
        report = self._artefact(job_id, "report.json")
        content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        paths = {
            "adapter": report.parent,
            "report": report.parent / "report.html",
            "loss_curve": report.parent / "loss_curve.png",
            "model_card": report.parent / "README.md",
            "log": self._folders.job_log(job_id),
        }
        return {**content, "paths": {name: str(path) for name, path in paths.items() if path.exists()}}

    def loss_curve(self, job_id: str) -> Path:
        """The loss curve of a completed job as a PNG file.

        Raises:
            NoReport: If the job is not completed.
        """
        return self._artefact(job_id, "loss_curve.png")

    def report_page(self, job_id: str) -> Path:
        """The report of a completed job as one HTML file.

        Raises:
            NoReport: If the job is not completed, or is of before there were such reports.
        """
        return self._artefact(job_id, "report.html")

    async def dry_run(self, request: JobRequest) -> DryRun:
        """What submitting would do, without doing it: the config with the server's defaults, and what the records hold.

        Raises:
            InvalidInput: As `submit`.
            RecordsRefused: If the records as a whole cannot be trained on.
        """
        config, filled = await in_thread(self._submissions.read, request)
        return DryRun(config, filled, await self._inspections.inspect(request.trainer_type, config))

    def preflight(self, job_id: str) -> Mapping[str, Any]:
        """What was found before the job was queued, and in `actual` what a finished run really took.

        Raises:
            JobNotFound: If there is none.
            NoPreflight: If it still waits for that, or has no records to look at.
        """
        figures = self._jobs.get(job_id).progress.metrics
        took = {name: figures.get(figure) for name, figure in _ACTUAL.items()}
        for event in self._jobs.events(job_id, limit=_FIRST_EVENTS):
            if "preflight" in event.payload:
                return {**event.payload["preflight"], "actual": took if any(took.values()) else None}
        raise NoPreflight(job_id)

    def adapter(self, adapter_id: str) -> Adapter:
        """A finished adapter."""
        return self._adapters.get(adapter_id)

    def adapters(self, *, limit: int, after: str | None) -> Page[Adapter]:
        """Adapters, newest first."""
        return self._adapters.page(limit=limit, after=after)

    def check_adapter(self, adapter_id: str) -> AdapterCheck:
        """Compare every byte of an adapter with what was published; takes as long as reading it does.

        Raises:
            AdapterNotFound: If there is none.
        """
        return check_adapter(self._adapters.get(adapter_id))

    def admit_pending(self) -> int:
        """Run the pre-flight check of the next pending jobs: each becomes queued, or failed with the reason.

        A job whose records nobody has looked at yet stays pending until that is done.

        Safe in several services at once: the loser of a race leaves the job alone.

        Returns:
            Jobs that were moved; call again at once until it is 0.
        """
        check = self._preflight.of_a_round()
        moved = 0
        for job in self._jobs.pending(_ADMITTED_AT_ONCE):
            try:
                moved += self._admit(job, check)
            except Conflict:
                # somebody else was faster: another service, a cancel
                logger.info("job.admission_lost", extra={"job_id": job.job_id})
        if moved:
            self._on_change()
        return moved

    def _admit(self, job: TrainingJob, check: Callable[[TrainingJob], None]) -> bool:
        try:
            check(job)
            verdict = self._inspections.look_up(job.trainer_type, TrainingConfig.parse(job.config))
        except Unavailable:
            # says nothing about the job; the next round asks again
            raise
        except OSError as exc:
            logger.warning("job.admission_put_off", extra={"job_id": job.job_id, "reason": str(exc)})
            return False
        except ClaraError as error:
            self._jobs.reject(job, error_message=error.message)
            return True
        if verdict is None:
            return False
        if verdict.refusal:
            self._jobs.reject(job, error_message=verdict.refusal, preflight=verdict.report)
        else:
            self._jobs.admit(job, preflight=verdict.report)
        return True

    def _artefact(self, job_id: str, name: str) -> Path:
        """A file of a job's adapter; a link that leads out of the adapters folder is none.

        Raises:
            NoReport: If there is no such file.
            PathNotAllowed: If it lies elsewhere.
        """
        job = self._jobs.get(job_id)
        path = self._folders.adapter_file(job.adapter_path, name) if job.adapter_path else None
        if path is None or not path.is_file():
            raise NoReport(job_id, name)
        return path
