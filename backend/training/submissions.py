"""How orders become jobs: once per key, checked, within the limits; and how ended jobs get a second try."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.training.folders import TrainingFolders
from backend.training.models import JobRequest
from backend.training.preflight import Preflight
from backend.training.training_config import TrainingConfig, load_config_file
from shared.auth.audit import audit_entry as entry_of
from shared.database.base import JobStore
from shared.errors import Conflict, InvalidInput
from shared.models.events import AuditEntry
from shared.models.job import IdempotencyKey, JobStatus, QueueLimits, TrainingJob
from shared.models.users import Principal
from shared.utils.clock import Clock
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)


class JobNotFinished(Conflict):
    """Something that only a finished job has was asked of one that still runs (or never ran)."""

    code = "job_not_finished"


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted job and what the server filled in because the request left it open.

    Args:
        job: In its newest state.
        filled: Name -> what the server took.
        is_replay: Whether the idempotency key stood for this job already, so that nothing was done.
    """

    job: TrainingJob
    filled: Mapping[str, str] = field(default_factory=dict)
    is_replay: bool = False

    @property
    def job_id(self) -> str:
        """Id of the job."""
        return self.job.job_id


class Submissions:
    """Accepts orders; whoever repeats one with its key gets the job of the first time.

    Args:
        jobs: Truth of jobs.
        preflight: Says what cannot be trained.
        folders: Where files lie.
        max_attempts: Failed attempts in a row without progress after which a job fails.
        limits: Active jobs that there may be.
        clock: Now.
        make_id: Ids of new jobs.
        on_change: Called after every accepted change.
    """

    def __init__(
        self,
        jobs: JobStore,
        preflight: Preflight,
        folders: TrainingFolders,
        *,
        max_attempts: int,
        limits: QueueLimits,
        clock: Clock,
        make_id: Callable[[str], str] = new_id,
        on_change: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._preflight = preflight
        self._folders = folders
        self._max_attempts = max_attempts
        self._limits = limits
        self._clock = clock
        self._make_id = make_id
        self._on_change = on_change

    def submit(
        self, request: JobRequest, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Accept a job; when this returns it is on disk.

        With a `key` that the same user gave before, that job is returned, even if the order would be refused today.

        Raises:
            InvalidInput: Wrong config, unknown trainer, missing model or records, path outside its folder.
            DatasetNotReady: If the dataset is not completed.
            IdempotencyMismatch: If the key stands for another request.
            QueueFull: If there are too many active jobs.
        """
        known_as = _key(principal, key, "submit", request.model_dump(mode="json"))
        if earlier := self._replayed(known_as):
            return earlier
        config, filled = self.read(request)
        job_id = self._make_id("job")
        job = TrainingJob(
            job_id=job_id,
            job_name=request.job_name or _name(request.trainer_type, config),
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
        return self._add(job, principal, request_id, key=known_as, filled=filled)

    def read(self, request: JobRequest) -> tuple[TrainingConfig, Mapping[str, str]]:
        """The config that a request means, checked as far as it can be without reading records, and what was filled in.

        Raises:
            InvalidInput: As `submit`.
        """
        return self._preflight.accept(request.trainer_type, self._read_config(request))

    def retry(
        self, job_id: str, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Start over: a new job with the config of a finished one.

        Raises:
            JobNotFound: If there is none.
            JobNotFinished: If it has not ended.
            IdempotencyMismatch: If the key stands for another request.
            QueueFull: If there are too many active jobs.
        """
        known_as = _key(principal, key, "retry", job_id)
        if earlier := self._replayed(known_as):
            return earlier
        return self._again(self._ended(job_id), principal, request_id, key=known_as)

    def resume(
        self, job_id: str, principal: Principal, *, request_id: str | None = None, key: str | None = None
    ) -> Submission:
        """Go on: the job itself if it is paused, else a new job from the newest valid checkpoint of an ended one.

        Raises:
            JobNotFound: If there is none.
            Conflict: If it completed, or left no checkpoint.
            IdempotencyMismatch: If the key stands for another request.
            QueueFull: If there are too many active jobs.
        """
        known_as = _key(principal, key, "resume", job_id)
        if earlier := self._replayed(known_as):
            return earlier
        old = self._jobs.get(job_id)
        if not old.status.is_terminal:
            audit = audit_entry("job.unpaused", job_id, principal, request_id)
            job = self._jobs.unpause(job_id, audit=audit, key=known_as)
            self._on_change()
            return Submission(job)
        if old.status is JobStatus.COMPLETED:
            raise Conflict(f"Job {job_id} is completed; there is nothing left to resume.", job_id=job_id)
        if not self._jobs.checkpoints(job_id):
            raise Conflict(f"Job {job_id} left no checkpoint to resume from; use retry.", job_id=job_id)
        return self._again(old, principal, request_id, key=known_as, resume_from=job_id)

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

    def _ended(self, job_id: str) -> TrainingJob:
        job = self._jobs.get(job_id)
        if not job.status.is_terminal:
            raise JobNotFinished(f"Job {job_id} is {job.status}; it must end first.", job_id=job_id, status=job.status)
        return job

    def _again(
        self,
        old: TrainingJob,
        principal: Principal,
        request_id: str | None,
        *,
        key: IdempotencyKey | None,
        resume_from: str | None = None,
    ) -> Submission:
        self._preflight.trainer(old.trainer_type)
        job_id = self._make_id("job")
        job = TrainingJob(
            job_id=job_id,
            job_name=old.job_name,
            trainer_type=old.trainer_type,
            config=old.config,
            config_path=old.config_path,
            dataset_id=old.dataset_id,
            dataset_path=old.dataset_path,
            output_dir=str(self._folders.adapters(job_id)),
            created_by=principal.email,
            created_at=self._clock(),
            priority=old.priority,
            tags=old.tags,
            max_attempts=self._max_attempts,
            resume_from=resume_from,
        )
        return self._add(job, principal, request_id, key=key)

    def _replayed(self, key: IdempotencyKey | None) -> Submission | None:
        earlier = self._jobs.submitted_with(key) if key is not None else None
        return Submission(earlier, is_replay=True) if earlier is not None else None

    def _add(
        self,
        job: TrainingJob,
        principal: Principal,
        request_id: str | None,
        *,
        key: IdempotencyKey | None,
        filled: Mapping[str, str] | None = None,
    ) -> Submission:
        audit = audit_entry("job.submitted", job.job_id, principal, request_id)
        added = self._jobs.add(job, audit=audit, key=key, limits=self._limits)
        if added.job_id != job.job_id:
            # the same request came in between: that one made the job
            return Submission(added, is_replay=True)
        logger.info("job.submitted", extra={"job_id": job.job_id, "trainer_type": job.trainer_type})
        self._on_change()
        return Submission(added, filled or {})


def audit_entry(action: str, job_id: str, principal: Principal, request_id: str | None) -> AuditEntry:
    """What the audit log keeps of something that a caller did to a job."""
    return entry_of(principal, action, "job", job_id, request_id=request_id)


def _name(trainer_type: str, config: TrainingConfig) -> str:
    base_model = Path(config.model.base_model).name
    return f"{trainer_type} on {base_model}" if base_model else trainer_type


def _key(principal: Principal, key: str | None, operation: str, request: object) -> IdempotencyKey | None:
    """The caller's key with a hash of what is asked for: the request as it was understood, not its bytes."""
    if key is None:
        return None
    asked = json.dumps({"operation": operation, "request": request}, sort_keys=True, separators=(",", ":"))
    return IdempotencyKey(principal.subject, key, hashlib.sha256(asked.encode("ascii")).hexdigest())
