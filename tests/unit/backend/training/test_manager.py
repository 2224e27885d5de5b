"""The use cases of the training service on the in-memory stores."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backend.training.inputs import DatasetNotReady, NothingToTrainOn
from backend.training.manager import TrainingJobManager
from backend.training.models import JobRequest
from backend.training.preflight import TrainerRefused
from backend.training.submissions import JobNotFinished
from backend.training.trainers.base import BaseTrainer
from backend.training.trainers.registry import UnknownTrainer
from backend.training.training_config import TrainingConfig
from shared.database.base import DatasetNotFound, IdempotencyMismatch, JobAlreadyFinished, QueueFull
from shared.errors import Conflict, InvalidInput, Unavailable
from shared.models.adapter import Checkpoint
from shared.models.job import AttemptOutcome, JobStatus, QueueLimits
from shared.storage import stage
from shared.utils.clock import utc_now
from tests.support.training_desk import OTHER, TRAINER, Desk, a_published_adapter


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_accepted_job_is_pending_names_what_was_filled_in_and_wakes_the_workers(desk: Desk) -> None:
    request = JobRequest(trainer_type="lora", config={}, dataset_path="train.jsonl")
    submission = desk.manager.submit(request, TRAINER, request_id="req_1")
    assert submission.filled == {"base_model": "starter"}
    assert desk.manager.get(submission.job.job_id).status is JobStatus.PENDING
    assert desk.changes == 1
    assert desk.audit_of(submission.job_id) == [("job.submitted", "trainer@example.org", "req_1")]


def test_the_preflight_queues_what_can_run_and_fails_what_cannot(desk: Desk) -> None:
    good, bad = desk.submit(), desk.submit()
    (desk.folders.data / "other.jsonl").write_text("{}", encoding="utf-8")
    doomed = desk.submit(dataset_path="other.jsonl")
    (desk.folders.data / "other.jsonl").unlink()
    assert desk.manager.admit_pending() == 3
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
    again = desk.manager.retry(job_id, TRAINER).job
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


def test_the_same_key_with_the_same_request_is_the_same_job(desk: Desk) -> None:
    job_id = desk.submit(key="k 1")
    again = desk.manager.submit(desk.order(), TRAINER, key="k 1")
    assert (again.job_id, again.is_replay) == (job_id, True)
    assert desk.manager.counts().total == 1


def test_a_key_still_answers_when_its_order_would_be_refused_today(desk: Desk) -> None:
    job_id = desk.submit(key="k")
    (desk.folders.data / "train.jsonl").unlink()
    assert desk.submit(key="k") == job_id
    with pytest.raises(InvalidInput):
        desk.submit(key="another")


@pytest.mark.parametrize(
    "change", [{"priority": 2}, {"tags": ["a"]}, {"config": {"lora": {"r": 8}}}, {"job_name": "x"}]
)
def test_the_same_key_with_another_request_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    desk.submit(key="k")
    with pytest.raises(IdempotencyMismatch):
        desk.submit(key="k", **change)


def test_a_request_is_compared_as_it_was_understood_not_as_it_was_written(desk: Desk) -> None:
    job_id = desk.submit(key="k", config={"lora": {"r": 8, "alpha": 8}})
    assert desk.submit(key="k", config={"lora": {"alpha": 8, "r": 8}}, priority=1, tags=[]) == job_id


def test_keys_of_different_users_never_meet(desk: Desk) -> None:
    assert desk.submit(key="k") != desk.submit(key="k", by=OTHER, priority=3)


def test_a_key_belongs_to_one_operation(desk: Desk) -> None:
    job_id = desk.submit(key="k")
    desk.manager.cancel(job_id, TRAINER)
    with pytest.raises(IdempotencyMismatch):
        desk.manager.retry(job_id, TRAINER, key="k")
    retried = desk.manager.retry(job_id, TRAINER, key="r")
    assert desk.manager.retry(job_id, TRAINER, key="r").job_id == retried.job_id
    with pytest.raises(IdempotencyMismatch):
        desk.manager.resume(job_id, TRAINER, key="r")


def test_many_at_once_with_one_key_make_one_job(desk: Desk) -> None:
    start = threading.Barrier(16)

    def submit(_: int) -> str:
        start.wait()
        return desk.submit(key="k")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(submit, range(16)))) == 1
    assert desk.manager.counts().total == 1


def test_a_full_queue_and_a_user_with_too_many_jobs_are_refused_but_a_replay_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path, limits=QueueLimits(total=3, per_user=2))
    first = desk.submit(key="k")
    desk.submit()
    with pytest.raises(QueueFull, match=r"trainer@example\.org has 2"):
        desk.submit()
    desk.submit(by=OTHER)
    with pytest.raises(QueueFull, match="The queue has 3"):
        desk.submit(by=OTHER)
    assert desk.submit(key="k") == first
    desk.manager.cancel(first, TRAINER)
    with pytest.raises(QueueFull):
        desk.manager.retry(first, OTHER, key="r") and desk.submit(by=OTHER)


def test_a_paused_job_waits_until_it_is_resumed_and_the_audit_log_says_who_did_it(desk: Desk) -> None:
    job_id = desk.submit()
    desk.manager.admit_pending()
    paused = desk.manager.pause(job_id, TRAINER, request_id="req_p")
    assert (paused.status, paused.is_paused) == (JobStatus.QUEUED, True)
    assert desk.stores.jobs.claim("w", lease_s=60) is None
    resumed = desk.manager.resume(job_id, TRAINER, request_id="req_r")
    assert (resumed.job_id, resumed.job.is_paused, resumed.is_replay) == (job_id, False, False)
    assert desk.stores.jobs.claim("w", lease_s=60) is not None
    who = "trainer@example.org"
    assert [entry for entry in desk.audit_of(job_id) if entry[1] == who][1:] == [
        ("job.paused", who, "req_p"),
        ("job.unpaused", who, "req_r"),
    ]


def test_resuming_a_job_that_goes_on_anyway_changes_nothing(desk: Desk) -> None:
    job_id = desk.submit()
    before = desk.manager.get(job_id)
    assert desk.manager.resume(job_id, TRAINER).job == before


def test_a_key_that_resumed_a_paused_job_never_makes_another_one(desk: Desk) -> None:
    job_id = desk.submit()
    desk.manager.pause(job_id, TRAINER)
    desk.manager.resume(job_id, TRAINER, key="k")
    _, claim = desk.claimed()
    desk.stores.jobs.add_checkpoint(claim, Checkpoint(job_id, claim.epoch, 1, "c", "0" * 64, utc_now()))
    desk.stores.jobs.fail(claim, error_message="x", outcome=AttemptOutcome.ERROR)
    again = desk.manager.resume(job_id, TRAINER, key="k")
    assert (again.job_id, again.is_replay) == (job_id, True)


def test_only_what_waits_for_a_worker_has_a_place_in_the_queue(desk: Desk) -> None:
    pending = desk.submit()
    assert desk.manager.look_up(pending)[1] is None
    first, second = pending, desk.submit()
    desk.manager.admit_pending()
    assert [desk.manager.look_up(job_id)[1] for job_id in (first, second)] == [1, 2]
    desk.manager.pause(first, TRAINER)
    assert [desk.manager.look_up(job_id)[1] for job_id in (first, second)] == [None, 1]
    desk.claimed()
    assert desk.manager.look_up(second)[1] is None


def test_what_has_ended_cannot_be_paused(desk: Desk) -> None:
    job_id = desk.submit()
    desk.manager.cancel(job_id, TRAINER)
    with pytest.raises(JobAlreadyFinished):
        desk.manager.pause(job_id, TRAINER)


@pytest.mark.parametrize("state", ["pending", "queued", "paused", "running", "paused while running"])
def test_a_job_is_cancelled_in_every_state(desk: Desk, state: str) -> None:
    job_id = desk.submit()
    claim = None
    if state != "pending":
        desk.manager.admit_pending()
    if "running" in state:
        _, claim = desk.claimed()
    if "paused" in state:
        desk.manager.pause(job_id, TRAINER)
    cancelled = desk.manager.cancel(job_id, TRAINER)
    if claim is not None:
        assert cancelled.cancel_requested
        cancelled = desk.stores.jobs.finish_cancel(claim)
    assert cancelled.status is JobStatus.CANCELLED


def test_a_failed_job_is_continued_by_a_new_one_and_its_attempts_are_told(desk: Desk) -> None:
    job_id = desk.submit()
    desk.manager.admit_pending()
    _, claim = desk.claimed()
    desk.stores.jobs.add_checkpoint(claim, Checkpoint(job_id, claim.epoch, 1, "c", "0" * 64, utc_now()))
    desk.stores.jobs.fail(claim, error_message="no memory", outcome=AttemptOutcome.ERROR)
    resumed = desk.manager.resume(job_id, TRAINER, key="r")
    assert (resumed.job.resume_from, resumed.job_id != job_id) == (job_id, True)
    assert desk.manager.resume(job_id, TRAINER, key="r").job_id == resumed.job_id
    assert [(a.owner, a.outcome, a.message) for a in desk.manager.attempts(job_id)] == [
        ("w", AttemptOutcome.ERROR, "no memory")
    ]


def test_a_trainer_that_is_not_allowed_here_is_refused_at_every_door(desk: Desk) -> None:
    accepted, ended = desk.submit(), desk.submit()
    desk.manager.cancel(ended, TRAINER)
    strict = TrainingJobManager(
        desk.stores.jobs, desk.stores.adapters, desk.inputs, desk.folders, trainer_types={"qlora"}
    )
    with pytest.raises(TrainerRefused, match="Allowed here: qlora"):
        strict.submit(desk.order(), TRAINER)
    with pytest.raises(TrainerRefused):
        strict.retry(ended, TRAINER)
    assert strict.admit_pending() == 1
    assert "refused in production" in (strict.get(accepted).error_message or "")


def test_a_database_that_is_away_fails_no_job(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add_dataset("dataset_1")
    job_id = desk.submit()

    def away(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(desk.inputs, "check", away)
    with pytest.raises(Unavailable):
        desk.manager.admit_pending()
    assert desk.manager.get(job_id).status is JobStatus.PENDING


def test_a_folder_that_cannot_be_looked_into_holds_up_one_job_and_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folders.data / "locked.jsonl").write_text("{}", encoding="utf-8")
    locked, other = desk.submit(dataset_path="locked.jsonl"), desk.submit()
    check = desk.inputs.check

    def refuse(config: TrainingConfig, trainer: BaseTrainer) -> None:
        if config.data.train_file == "locked.jsonl":
            raise PermissionError(13, "Permission denied")
        check(config, trainer)

    monkeypatch.setattr(desk.inputs, "check", refuse)
    assert desk.manager.admit_pending() == 1
    assert [desk.manager.get(job).status for job in (locked, other)] == [JobStatus.PENDING, JobStatus.QUEUED]


def test_a_backlog_of_one_user_keeps_nobody_else_from_being_checked_and_queued(desk: Desk) -> None:
    for _ in range(250):
        desk.submit()
    newcomer = desk.submit(by=OTHER)
    desk.manager.admit_pending()
    assert desk.manager.look_up(newcomer)[1] in {1, 2}


def test_jobs_with_the_same_config_are_looked_at_once_in_a_round(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        desk.submit()
    desk.submit(config={"lora": {"r": 8}})
    looks: list[object] = []
    monkeypatch.setattr(desk.inputs, "check", lambda config, _: looks.append(config))
    assert desk.manager.admit_pending() == 6
    assert len(looks) == 2


def test_an_adapter_is_valid_as_long_as_every_byte_is_the_published_one(desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    good = desk.manager.check_adapter("adp_1")
    assert (good.reason, good.files, good.size_bytes) == (None, 2, 11)
    weights = Path(adapter.path) / "adapter_model.safetensors"
    weights.write_bytes(b"weighty")
    assert "adapter_model.safetensors was altered" in (desk.manager.check_adapter("adp_1").reason or "")
    weights.unlink()
    assert "files differ" in (desk.manager.check_adapter("adp_1").reason or "")


def test_another_folder_with_a_manifest_of_its_own_is_no_substitute(desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    shutil.rmtree(adapter.path)
    assert "no manifest" in (desk.manager.check_adapter("adp_1").reason or "")
    with stage(Path(adapter.path)) as staged:
        (staged.path / "adapter_model.safetensors").write_bytes(b"others")
        staged.publish()
    assert "the folder is another one" in (desk.manager.check_adapter("adp_1").reason or "")
