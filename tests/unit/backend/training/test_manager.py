"""The use cases of the training service on the in-memory stores."""

from pathlib import Path

import pytest

from backend.training.folders import TrainingFolders
from backend.training.inputs import DatasetNotReady, InputResolver, NothingToTrainOn
from backend.training.manager import JobNotFinished, TrainingJobManager
from backend.training.models import JobRequest
from backend.training.trainers.registry import UnknownTrainer
from shared.database.base import DatasetNotFound, JobAlreadyFinished
from shared.database.stores import Stores, memory_stores
from shared.errors import Conflict, InvalidInput
from shared.models.dataset import Dataset
from shared.models.events import AuditEntry
from shared.models.job import JobStatus
from shared.models.users import Principal, Role
from shared.utils.clock import utc_now

TRAINER = Principal("u1", "trainer@example.org", frozenset({Role.TRAINER}))


class Desk:
    """A manager on memory stores with one base model and one training file."""

    def __init__(self, root: Path) -> None:
        self.stores: Stores = memory_stores()
        model = root / "models" / "starter"
        model.mkdir(parents=True)
        (model / "config.json").touch()
        (model / "model.safetensors").touch()
        (root / "data").mkdir()
        (root / "data" / "train.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
        self.folders = TrainingFolders(
            data=root / "data",
            models=root / "models",
            configs=root / "configs",
            logs=root / "logs",
            base_model_roots=(root / "models",),
        )
        inputs = InputResolver(self.stores.datasets, self.folders, default_model="starter", is_offline=True)
        self.changes = 0
        self.manager = TrainingJobManager(
            self.stores.jobs, self.stores.adapters, inputs, self.folders, on_change=self._count
        )

    def _count(self) -> None:
        self.changes += 1

    def submit(self, **request: object) -> str:
        body = {"trainer_type": "lora", "config": {}, "dataset_path": "train.jsonl", **request}
        return self.manager.submit(JobRequest.model_validate(body), TRAINER).job.job_id

    def add_dataset(self, dataset_id: str) -> None:
        audit = AuditEntry(action="dataset.created", object_type="dataset", object_id=dataset_id, actor="a")
        self.stores.datasets.add(
            Dataset(dataset_id=dataset_id, name="n", description="", created_at=utc_now(), created_by="a", request={}),
            audit=audit,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_accepted_job_is_pending_names_what_was_filled_in_and_wakes_the_workers(desk: Desk) -> None:
    request = JobRequest(trainer_type="lora", config={}, dataset_path="train.jsonl")
    submission = desk.manager.submit(request, TRAINER, request_id="req_1")
    assert submission.filled == {"base_model": "starter"}
    assert desk.manager.get(submission.job.job_id).status is JobStatus.PENDING
    assert desk.changes == 1
    entries = [entry for _, entry in desk.stores.audit.page(object_id=submission.job.job_id)]
    assert [(entry.action, entry.actor, entry.request_id) for entry in entries] == [
        ("job.submitted", "trainer@example.org", "req_1")
    ]


def test_the_preflight_queues_what_can_run_and_fails_what_cannot(desk: Desk) -> None:
    good, bad = desk.submit(), desk.submit()
    (desk.folders.data / "other.jsonl").write_text("{}", encoding="utf-8")
    doomed = desk.submit(dataset_path="other.jsonl")
    (desk.folders.data / "other.jsonl").unlink()
    assert desk.manager.admit_pending() == 2
    assert {desk.manager.get(job).status for job in (good, bad)} == {JobStatus.QUEUED}
    failed = desk.manager.get(doomed)
    assert failed.status is JobStatus.FAILED
    assert "other.jsonl" in (failed.error_message or "")


def test_nothing_to_train_on_is_said(desk: Desk) -> None:
    with pytest.raises(NothingToTrainOn):
        desk.manager.submit(JobRequest(trainer_type="lora", config={}), TRAINER)


def test_an_unfinished_or_unknown_dataset_is_refused(desk: Desk) -> None:
    desk.add_dataset("dataset_1")
    with pytest.raises(DatasetNotReady):
        desk.submit(dataset_path=None, dataset_id="dataset_1")
    with pytest.raises(DatasetNotFound):
        desk.submit(dataset_path=None, dataset_id="dataset_2")


def test_a_trainer_that_is_not_installed_is_refused_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(UnknownTrainer, match="lora"):
        desk.submit(trainer_type="quantum")


def test_dataset_id_and_dataset_path_together_are_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="not both"):
        desk.submit(dataset_id="d")


def test_retry_repeats_a_finished_job_and_resume_wants_a_checkpoint(desk: Desk) -> None:
    job_id = desk.submit(job_name="mine")
    with pytest.raises(JobNotFinished):
        desk.manager.retry(job_id, TRAINER)
    desk.manager.cancel(job_id, TRAINER)
    again = desk.manager.retry(job_id, TRAINER)
    assert (again.job_name, again.status, again.resume_from) == ("mine", JobStatus.PENDING, None)
    assert again.job_id != job_id
    with pytest.raises(Conflict, match="no checkpoint"):
        desk.manager.resume(job_id, TRAINER)


def test_a_cancelled_job_stays_cancelled(desk: Desk) -> None:
    job_id = desk.submit()
    assert desk.manager.cancel(job_id, TRAINER).status is JobStatus.CANCELLED
    with pytest.raises(JobAlreadyFinished):
        desk.manager.cancel(job_id, TRAINER)
    assert desk.manager.admit_pending() == 0


def test_the_log_is_read_from_its_end(desk: Desk) -> None:
    job_id = desk.submit()
    assert desk.manager.log_tail(job_id, lines=5) == ([], False)
    log = desk.folders.job_log(job_id)
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"line {number}\n" for number in range(50_000)), encoding="utf-8")
    lines, is_truncated = desk.manager.log_tail(job_id, lines=2)
    assert (lines, is_truncated) == (["line 49998", "line 49999"], True)
