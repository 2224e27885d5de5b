"""What people do with training jobs: submit, look, cancel, try again, go on, fetch the result."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.models import JobRequest
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig, load_config_file
from shared.database.base import AdapterStore, JobStore, Page, StaleVersion
from shared.errors import ClaraError, Conflict, InvalidInput, NotFound
from shared.models.adapter import Adapter, Checkpoint
from shared.models.events import AuditEntry, EventType, JobEvent
from shared.models.job import JobCounts, JobStatus, TrainingJob
from shared.models.users import Principal
from shared.utils.clock import Clock, utc_now
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)

_LOG_TAIL_BYTES = 256 * 1024


class JobNotFinished(Conflict):
    """Something that only a finished job has was asked of one that still runs (or never ran)."""

    code = "job_not_finished"


class NoReport(NotFound):
    """The job has no report (yet)."""

    code = "no_report"

    def __init__(self, job_id: str, name: str) -> None:
        super().__init__(f"Job {job_id} has no {name}; only a completed job has one.", job_id=job_id)


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted job and what the server filled in because the request left it open."""

    job: TrainingJob
    filled: Mapping[str, str]


class TrainingJobManager:
    """The use cases of the training service.

    Args:
        jobs: Truth of jobs.
        adapters: Truth of adapters.
        inputs: Finds base models and records.
        folders: Where files lie.
        max_attempts: Crashed attempts after which a job fails.
        on_change: Called after every accepted change, to wake workers and feeds.
    """

    def __init__(
        self,
        jobs: JobStore,
        adapters: AdapterStore,
        inputs: InputResolver,
        folders: TrainingFolders,
        *,
        max_attempts: int = 3,
        clock: Clock = utc_now,
        make_id: Callable[[str], str] = new_id,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs = jobs
        self._adapters = adapters
        self._inputs = inputs
        self._folders = folders
        self._max_attempts = max_attempts
        self._clock = clock
        self._make_id = make_id
        self._on_change = on_change

    def submit(self, request: JobRequest, principal: Principal, *, request_id: str | None = None) -> Submission:
        """Accept a job; when this returns it is on disk.

        Raises:
            InvalidInput: Wrong config, unknown trainer, missing model or records, path outside its folder.
            DatasetNotReady: If the dataset is not completed.
        """
        trainer = trainer_for(request.trainer_type)
        config, filled = self._inputs.with_defaults(self._read_config(request))
        trainer.validate(config)
        self._inputs.check(config)
        job_id = self._make_id("job")
        job = TrainingJob(
            job_id=job_id,
            job_name=request.job_name or f"{request.trainer_type} on {Path(config.model.base_model).name}",
            trainer_type=request.trainer_type,
            config=config.model_dump(mode="json"),
            config_path=request.config_path,
            dataset_id=config.data.dataset_id,
            dataset_path=config.data.train_file,
            output_dir=str(self._folders.adapters(config.training.output_dir or job_id)),
            created_by=principal.email,
            created_at=self._clock(),
            priority=request.priority,
            tags=tuple(request.tags),
            max_attempts=self._max_attempts,
        )
        return Submission(self._add(job, principal, request_id), filled)

    def retry(self, job_id: str, principal: Principal, *, request_id: str | None = None) -> TrainingJob:
        """Start over: a new job with the config of a finished one.

        Raises:
            JobNotFound: If there is none.
            JobNotFinished: If it has not ended.
        """
        return self._again(job_id, principal, request_id, resume=False)

    def resume(self, job_id: str, principal: Principal, *, request_id: str | None = None) -> TrainingJob:
        """Go on: a new job that continues from the newest valid checkpoint of a failed or cancelled one.

        Raises:
            JobNotFound: If there is none.
            JobNotFinished: If it has not ended.
            Conflict: If it completed, or left no checkpoint.
        """
        return self._again(job_id, principal, request_id, resume=True)

    def cancel(self, job_id: str, principal: Principal, *, request_id: str | None = None) -> TrainingJob:
        """Cancel a job in any state that is not terminal; a running one lets go within the grace.

        Raises:
            JobNotFound: If there is none.
            JobAlreadyFinished: If it has ended.
        """
        job = self._jobs.cancel(job_id, audit=_audit("job.cancelled", job_id, principal, request_id))
        self._on_change()
        return job

    def get(self, job_id: str) -> TrainingJob:
        """The job in its newest state."""
        return self._jobs.get(job_id)

    def page(self, *, status: JobStatus | None, limit: int, after: str | None) -> tuple[Page[TrainingJob], JobCounts]:
        """A page of jobs, newest first, and the counts of all jobs."""
        return self._jobs.page(status=status, limit=limit, after=after), self._jobs.counts()

    def counts(self) -> JobCounts:
        """Numbers over all jobs."""
        return self._jobs.counts()

    def events(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[JobEvent]:
        """Events of a job with `seq > after`."""
        return self._jobs.events(job_id, after=after, limit=limit)

    def step_metrics(self, job_id: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Logged steps and evaluations of a job, in order."""
        steps: list[Mapping[str, Any]] = []
        evaluations: list[Mapping[str, Any]] = []
        after = 0
        while page := self._jobs.events(job_id, after=after, limit=1000):
            after = page[-1].seq
            for event in page:
                if event.type is EventType.STEP:
                    steps.append({"step": event.payload["current_step"], **event.payload["metrics"]})
                elif event.type is EventType.EVALUATION:
                    evaluations.append({"step": event.payload["current_step"], **event.payload.get("evaluation", {})})
        return steps, evaluations

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
            "loss_curve": report.parent / "loss_curve.png",
            "model_card": report.parent / "README.md",
            "log": self._folders.job_log(job_id),
        }
        return {**content, "paths": {name: str(path) for name, path in paths.items()}}

    def loss_curve(self, job_id: str) -> Path:
        """The loss curve of a completed job as a PNG file.

        Raises:
            NoReport: If the job is not completed.
        """
        return self._artefact(job_id, "loss_curve.png")

    def adapter(self, adapter_id: str) -> Adapter:
        """A finished adapter."""
        return self._adapters.get(adapter_id)

    def adapters(self, *, limit: int, after: str | None) -> Page[Adapter]:
        """Adapters, newest first."""
        return self._adapters.page(limit=limit, after=after)

    def admit_pending(self) -> int:
        """Run the pre-flight check of pending jobs: each becomes queued, or failed with the reason.

        Safe in several services at once: the loser of a race leaves the job alone.
        """
        admitted = 0
        for job in self._jobs.pending():
            try:
                admitted += self._admit(job)
            except (StaleVersion, Conflict):
                logger.info("job.admission_lost", extra={"job_id": job.job_id})
        if admitted:
            self._on_change()
        return admitted

    def _admit(self, job: TrainingJob) -> int:
        try:
            config = TrainingConfig.parse(job.config)
            trainer_for(job.trainer_type).validate(config)
            self._inputs.check(config)
        except ClaraError as error:
            self._jobs.reject(job, error_message=error.message)
            return 0
        self._jobs.admit(job)
        return 1

    def _read_config(self, request: JobRequest) -> TrainingConfig:
        raw = dict(request.config or {})
        if request.config_path is not None:
            raw = load_config_file(self._folders.config_file(request.config_path))
        if request.dataset_id is None and request.dataset_path is None:
            return TrainingConfig.parse(raw)
        if request.dataset_id is not None and request.dataset_path is not None:
            raise InvalidInput("Give dataset_id or dataset_path, not both.")
        named = {"dataset_id": request.dataset_id, "train_file": request.dataset_path}
        # what the request names outside the config wins over what the config says about records
        config = TrainingConfig.parse(raw)
        return config.model_copy(update={"data": config.data.model_copy(update=named)})

    def _again(self, job_id: str, principal: Principal, request_id: str | None, *, resume: bool) -> TrainingJob:
        old = self._jobs.get(job_id)
        if not old.status.is_terminal:
            raise JobNotFinished(f"Job {job_id} is {old.status}; it must end first.", job_id=job_id, status=old.status)
        if resume and old.status is JobStatus.COMPLETED:
            raise Conflict(f"Job {job_id} is completed; there is nothing left to resume.", job_id=job_id)
        if resume and not self._jobs.checkpoints(job_id):
            raise Conflict(f"Job {job_id} left no checkpoint to resume from; use retry.", job_id=job_id)
        new_job_id = self._make_id("job")
        job = TrainingJob(
            job_id=new_job_id,
            job_name=old.job_name,
            trainer_type=old.trainer_type,
            config=old.config,
            config_path=old.config_path,
            dataset_id=old.dataset_id,
            dataset_path=old.dataset_path,
            output_dir=str(self._folders.adapters(new_job_id)),
            created_by=principal.email,
            created_at=self._clock(),
            priority=old.priority,
            tags=old.tags,
            max_attempts=self._max_attempts,
            resume_from=job_id if resume else None,
        )
        return self._add(job, principal, request_id)

    def _add(self, job: TrainingJob, principal: Principal, request_id: str | None) -> TrainingJob:
        added = self._jobs.add(job, audit=_audit("job.submitted", job.job_id, principal, request_id))
        logger.info("job.submitted", extra={"job_id": job.job_id, "trainer_type": job.trainer_type})
        self._on_change()
        return added

    def _artefact(self, job_id: str, name: str) -> Path:
        job = self._jobs.get(job_id)
        path = Path(job.adapter_path) / name if job.adapter_path else None
        if path is None or not path.is_file():
            raise NoReport(job_id, name)
        return path


def _audit(action: str, job_id: str, principal: Principal, request_id: str | None) -> AuditEntry:
    return AuditEntry(action=action, object_type="job", object_id=job_id, actor=principal.email, request_id=request_id)
