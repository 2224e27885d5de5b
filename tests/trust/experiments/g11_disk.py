"""A disk that is full or fails loses nothing that was acknowledged, and the work goes on once it is well again.

Three experiments: every fsync of a trainer fails in turn (EIO); the disk with the checkpoints of a running job is full;
the disk with everything, the database too, is full while jobs are submitted. The full disks are a tmpfs of 16 MB, which
needs the right to mount; without it the figures say that those two were not run. That fsync fails is told to the
trainer in its own process, as Python's call: the database's own fsync, in C, is not reached that way.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from backend.training.utils.checkpoint import newest_valid
from backend.training.workers.protocol import MessageType, TrainingOrder
from frontend.client.clara_client import ClaraClient
from frontend.client.models import Job
from shared.models.job import AttemptOutcome, JobStatus
from shared.storage import CorruptArtefact, read_manifest, sha256_file, verify_folder
from tests.support.installation import Installation, installation, until
from tests.support.small_disk import NoSmallDisk, fill, small_disk
from tests.support.trainer_driver import TrainerRun, next_attempt, probe_order, python, run_to_the_end
from tests.trust.place import Place

DISK_MB = 16
ADAPTER = "adapter_model.safetensors"
SHORT: Mapping[str, Any] = {"probe": {"steps": 4, "seconds_per_step": 0}}
LONG: Mapping[str, Any] = {
    "probe": {"steps": 40, "seconds_per_step": 0.05, "width": 512},
    # one thread, as in the calm run: on many CPUs the sums of a matrix product depend on how many threads share it
    "training": {"save_steps": 1, "logging_steps": 2, "cpu_threads": 1},
}
# the same run without saving and waiting: neither changes a byte of the adapter
LONG_BUT_QUICK = {
    "probe": {**LONG["probe"], "seconds_per_step": 0},
    "training": {**LONG["training"], "save_steps": 1000},
}
FILLED_AT_STEP = 4
PATIENT = {"CLARA_RETRY_SECONDS": "0.2", "CLARA_MAX_ATTEMPTS": "100", "CLARA_LEASE_SECONDS": "5"}
ASKED_TO_WAIT = {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.INSUFFICIENT_STORAGE}


def run(place: Place) -> Mapping[str, Any]:
    figures: dict[str, Any] = {"fsync": _failing_fsyncs(place)}
    try:
        with small_disk(place.folder / "checkpoints-disk", size_mb=DISK_MB) as disk:
            figures["full_disk"] = _full_disk(place.folder / "a", disk)
        with small_disk(place.folder / "everything-disk", size_mb=DISK_MB) as disk:
            figures["full_database"] = _full_database(disk, submissions=place.scaled(full=60, fast=12))
    except NoSmallDisk as reason:
        figures["not_run"] = f"full disks: {reason}"
    parts = [part for part in figures.values() if isinstance(part, Mapping)]
    return {**figures, "holds": all(part["holds"] for part in parts)}


# every fsync fails in turn


def _failing_fsyncs(place: Place) -> dict[str, Any]:
    calm = probe_order(place.folder / "calm", SHORT)
    calls = _fsyncs(run_to_the_end(calm, command=_with_failing(0)))
    expected = sha256_file(Path(calm.adapter_path) / ADAPTER)
    chosen = range(1, calls + 1) if place.is_full else range(2, 41, 12)
    failed = recovered = lost = 0
    for number in chosen:
        order = probe_order(place.folder / f"fsync{number}", SHORT)
        run = run_to_the_end(order, command=_with_failing(number))
        failed += _was_told_to_try_again(run)
        lost += _acknowledged_lost(order, run)
        again = next_attempt(order)
        run_to_the_end(again)
        recovered += _is_adapter(Path(again.adapter_path), expected)
    return {
        "fsyncs_of_a_run": calls,
        "failed_in_turn": len(chosen),
        "reported_as_temporary": failed,
        "acknowledged_lost": lost,
        "recovered_with_equal_bytes": recovered,
        "holds": calls >= 40 and len(chosen) == failed == recovered and lost == 0,
    }


def _with_failing(number: int) -> tuple[str, ...]:
    return python("-m", "tests.support.failing_fsync", str(number))


def _fsyncs(run: TrainerRun) -> int:
    last = run.log.read_text(encoding="utf-8").splitlines()[-1]
    return int(last.removeprefix("fsyncs "))


def _was_told_to_try_again(run: TrainerRun) -> bool:
    last = run.messages[-1]
    return last["type"] == MessageType.ERROR and bool(last["is_retryable"]) and not run.of(MessageType.PUBLISHED)


def _acknowledged_lost(order: TrainingOrder, run: TrainerRun) -> bool:
    """Whether no valid checkpoint is as new as the newest one that was reported."""
    told = run.of(MessageType.CHECKPOINT)
    if not told:
        return False
    path = Path(told[-1]["path"])
    identity = str(read_manifest(path).properties["identity"])
    newest = newest_valid([path.parent], identity=identity).newest
    return newest is None or newest.step < told[-1]["step"]


def _is_adapter(folder: Path, expected_sha256: str) -> bool:
    try:
        verify_folder(folder)
    except CorruptArtefact:
        return False
    return sha256_file(folder / ADAPTER) == expected_sha256


# the disk with the checkpoints is full


def _full_disk(root: Path, disk: Path) -> dict[str, Any]:
    """A job runs while its disk is filled; the disk is freed after the job was put off for it."""
    calm = probe_order(root / "calm", LONG_BUT_QUICK)
    run_to_the_end(calm)
    with installation(root, services=("training",), CLARA_DATA_DIR=str(disk), **PATIENT) as it, it.client() as client:
        job_id = client.jobs.submit(trainer_type="probe", config=LONG).job_id
        until(client, job_id, lambda job: job.current_step >= FILLED_AT_STEP)
        ballast = fill(disk)
        outcomes = _wait_for_outcome(client, job_id, AttemptOutcome.TEMPORARY_ERROR)
        reason = next(one.message for one in client.jobs.attempts(job_id) if one.outcome)
        registered = client.jobs.checkpoints(job_id)
        # an older one may just have gone by retention; what is there is whole, and the newest is there
        kept = [one for one in registered if Path(one["path"]).is_dir()]
        valid = sum(_is_whole(Path(one["path"])) for one in kept)
        acknowledged = max((one["step"] for one in registered), default=0)
        ballast.unlink()
        job = _completed(client, job_id)
        went_on = _steps_gone_on_from(client, job_id)
    equal = _is_adapter(Path(job.adapter_path or ""), sha256_file(Path(calm.adapter_path) / ADAPTER))
    return {
        "outcomes": sorted(outcomes),
        "reason": (reason or "").partition("/")[0].strip(),
        "acknowledged_step": acknowledged,
        "checkpoints_kept": len(kept),
        "checkpoints_valid": valid,
        "went_on_from_step": went_on,
        "completed": job.status == JobStatus.COMPLETED,
        "equal_bytes": equal,
        "holds": valid == len(kept) > 0
        and went_on >= acknowledged >= FILLED_AT_STEP - 1  # that step's own checkpoint may meet the full disk
        and job.status == JobStatus.COMPLETED
        and equal,
    }


def _wait_for_outcome(client: ClaraClient, job_id: str, outcome: AttemptOutcome, timeout_s: float = 60.0) -> set[str]:
    """The outcomes of all attempts as soon as one of them is this one."""
    give_up = time.monotonic() + timeout_s
    while True:
        found = {one.outcome for one in client.jobs.attempts(job_id) if one.outcome}
        if outcome in found:
            return found
        assert time.monotonic() < give_up, found
        time.sleep(0.05)


def _steps_gone_on_from(client: ClaraClient, job_id: str) -> int:
    texts = [str(event.payload.get("text", "")) for event in client.jobs.events(job_id)]
    names = [text.partition("step-")[2] for text in texts if text.startswith("Going on from checkpoint")]
    return max((int(name.partition(".")[0]) for name in names), default=0)


# the disk with everything is full


def _full_database(disk: Path, *, submissions: int) -> dict[str, Any]:
    """Jobs are submitted while not a byte is left for the database, and again when there is."""
    with installation(disk / "home", services=("training",), **PATIENT) as it, it.client() as client:
        long = client.jobs.submit(trainer_type="probe", config=LONG).job_id
        until(client, long, lambda job: job.current_step >= FILLED_AT_STEP)
        ballast = fill(disk)
        answers = [_submit(it, number) for number in range(submissions)]
        ready_while_full = httpx.get(f"{it.url('training')}/readyz", trust_env=False).status_code
        ballast.unlink()
        after = _submit_until_accepted(it, submissions)
        accepted = [job_id for _, job_id in [*answers, after] if job_id]
        jobs = [_completed(client, job_id) for job_id in [long, *accepted]]
        known = {job.job_id for job in client.jobs.iterate()}
        it.kill("training")
        it.start("training")
        with it.client() as fresh:
            still_known = {job.job_id for job in fresh.jobs.iterate()}
    statuses = [status for status, _ in answers]
    refused = [status for status, job_id in answers if not job_id]
    lost = {long, *accepted} - still_known
    return {
        "submitted_on_the_full_disk": len(answers),
        "accepted": len(answers) - len(refused),
        "refused": len(refused),
        "answers": {str(status): statuses.count(status) for status in sorted(set(statuses))},
        "readiness_while_full": ready_while_full,
        "acknowledged_lost": len(lost),
        "unacknowledged_found": len(still_known - {long, *accepted}),
        "completed": sum(job.status == JobStatus.COMPLETED for job in jobs),
        "of": len(jobs),
        "holds": bool(refused)
        and set(refused) <= ASKED_TO_WAIT
        and not lost
        and known == still_known == {long, *accepted}
        and all(job.status == JobStatus.COMPLETED for job in jobs),
    }


def _submit(it: Installation, number: int) -> tuple[int, str]:
    """Status and job id ("" if it was refused) of one submission, which is not repeated."""
    body = {"trainer_type": "probe", "config": dict(SHORT), "job_name": f"n{number}"}
    answer = httpx.post(f"{it.url('training')}/api/training/jobs", json=body, timeout=60, trust_env=False)
    with contextlib.suppress(json.JSONDecodeError):
        return answer.status_code, str(answer.json().get("job_id") or "")
    return answer.status_code, ""


def _submit_until_accepted(it: Installation, number: int, timeout_s: float = 60.0) -> tuple[int, str]:
    give_up = time.monotonic() + timeout_s
    while not (answer := _submit(it, number))[1]:
        assert time.monotonic() < give_up, answer
        time.sleep(0.1)
    return answer


# what both look at


def _completed(client: ClaraClient, job_id: str) -> Job:
    return until(client, job_id, lambda job: job.status.is_terminal, timeout_s=180)


def _is_whole(path: Path) -> bool:
    try:
        verify_folder(path)
    except (CorruptArtefact, OSError):
        return False
    return True
