"""What a person does with jobs at the command line, on a real service without a base model or records."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontend.client.models import Job
from tests.support.installation import Installation, installation, until

TIMES = {"CLARA_LEASE_SECONDS": "3", "CLARA_HEARTBEAT_SECONDS": "1", "CLARA_GRACE_SECONDS": "10"}


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("clara")
    with installation(home, services=("training",), CLARA_SAVE_EVERY="5", CLARA_MAX_JOBS_PER_USER="3", **TIMES) as it:
        yield it


@pytest.fixture(autouse=True)
def nothing_left(it: Installation) -> Iterator[None]:
    yield
    with it.client() as client:
        for job in [job for job in client.jobs.iterate() if not job.status.is_terminal]:
            client.jobs.cancel(job.job_id)
            until(client, job.job_id, lambda job: job.status.is_terminal)


def submit(it: Installation, **probe: Any) -> str:
    with it.client() as client:
        config = {"probe": probe, "training": {"logging_steps": 1}}
        return client.jobs.submit(trainer_type="probe", config=config).job_id


def running_at(it: Installation, job_id: str, step: int) -> Job:
    with it.client() as client:
        return until(client, job_id, lambda job: job.status == "running" and job.current_step >= step)


def test_a_new_installation_is_tried_out_with_one_command(it: Installation) -> None:
    done = it.clara("train", "--trainer", "probe", "--steps", "6", "--watch")
    assert done.returncode == 0, done.stderr
    assert "step 6/6" in done.stderr


def test_a_watch_outlives_a_kill_of_the_service_and_ends_with_the_job(it: Installation, tmp_path: Path) -> None:
    job_id = submit(it, steps=60, seconds_per_step=0.1)
    lines = tmp_path / "updates"
    with lines.open("wb") as stdout:
        watch = subprocess.Popen(
            [sys.executable, "-m", "frontend.cli", "jobs", "watch", job_id, "--json"], env=it.environment, stdout=stdout
        )
    while not lines.stat().st_size:
        assert watch.poll() is None, "the watch ended before it began"
        time.sleep(0.05)
    running_at(it, job_id, 10)
    it.kill("training")
    it.start("training")
    assert watch.wait(timeout=120) == 0
    updates = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
    assert updates[-1]["status"] == "completed"
    assert "lease_expired" in {update.get("detail", {}).get("reason") for update in updates}


def test_a_pause_in_the_middle_loses_no_step_and_counts_no_attempt(it: Installation) -> None:
    job_id = submit(it, steps=40, seconds_per_step=0.1)
    running_at(it, job_id, 7)
    assert it.clara("jobs", "pause", job_id).returncode == 0
    with it.client() as client:
        paused = until(client, job_id, lambda job: job.status == "queued")
        assert (paused.is_paused, paused.attempt) == (True, 0)
        reached = max(checkpoint["step"] for checkpoint in client.jobs.checkpoints(job_id))
        assert reached == paused.current_step
    assert "paused" in it.clara("jobs", "list").stdout
    assert it.clara("jobs", "resume", job_id).stdout.strip() == job_id
    assert it.clara("jobs", "watch", job_id).returncode == 0
    with it.client() as client:
        steps = [event.payload["current_step"] for event in client.jobs.events(job_id) if event.type == "step"]
        attempts = client.jobs.attempts(job_id)
    assert steps == list(range(1, 41))
    assert [(attempt.attempt, attempt.outcome) for attempt in attempts] == [(1, "paused"), (1, "completed")]


def test_a_job_is_cancelled_while_it_waits_while_it_is_paused_and_while_it_runs(it: Installation) -> None:
    runs = submit(it, steps=1000, seconds_per_step=0.1)
    running_at(it, runs, 1)
    waits, paused = submit(it, steps=1), submit(it, steps=1)
    assert it.clara("jobs", "pause", paused).returncode == 0
    for job_id in (waits, paused, runs):
        assert it.clara("jobs", "cancel", job_id).returncode == 0
    with it.client() as client:
        for job_id in (waits, paused, runs):
            assert until(client, job_id, lambda job: job.status.is_terminal).status == "cancelled"
    assert it.clara("jobs", "cancel", runs).returncode == 5
    assert it.clara("jobs", "watch", runs).returncode == 1


def test_past_the_quota_the_command_says_so_and_waits_for_room_if_told_to(it: Installation) -> None:
    for _ in range(3):
        submit(it, steps=1, seconds_per_step=2)
    refused = it.clara("train", "--trainer", "probe")
    assert refused.returncode == 6
    assert "which is the limit" in refused.stderr
    assert "--wait-for-room" in refused.stderr
    waited = it.clara("train", "--trainer", "probe", "--steps", "1", "--wait-for-room", "60", "--watch")
    assert waited.returncode == 0, waited.stderr


def test_a_key_makes_one_job_also_across_a_restart(it: Installation) -> None:
    order = ("train", "--trainer", "probe", "--steps", "1", "--idempotency-key", "nightly 1")
    first = it.clara(*order)
    it.kill("training")
    it.start("training")
    again = it.clara(*order)
    assert first.stdout == again.stdout
    assert "nothing was done" in again.stderr
    altered = it.clara(*order, "--priority", "5")
    assert altered.returncode == 2
    assert "idempotency_mismatch" in altered.stderr


def test_a_poison_job_tells_why_it_failed_and_what_to_do(it: Installation) -> None:
    watched = it.clara("train", "--trainer", "probe", "--set", "probe.crash_at=2", "--watch")
    assert watched.returncode == 1
    with it.client() as client:
        (job, *_) = client.jobs.page(limit=1).jobs
    assert (job.failure_reason, job.attempt) == ("crash", 3)
    shown = it.clara("jobs", "show", job.job_id).stdout
    for part in ("crash: the trainer process", "signal 11", "Given up after 3 attempts"):
        assert part in shown
    attempts = json.loads(it.clara("jobs", "attempts", job.job_id, "--json").stdout)["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["crash"] * 3


def test_one_changed_byte_of_an_adapter_is_found(it: Installation) -> None:
    job_id = submit(it, steps=2, seconds_per_step=0)
    with it.client() as client:
        job = until(client, job_id, lambda job: job.status.is_terminal)
    assert job.adapter_path is not None
    assert it.clara("adapters", "verify", "--all").returncode == 0
    weights = Path(job.adapter_path) / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    found = it.clara("adapters", "verify", "--all", "--json")
    assert found.returncode == 1
    damaged = [check for check in json.loads(found.stdout)["adapters"] if not check["is_valid"]]
    assert [(check["adapter_id"], check["reason"]) for check in damaged] == [
        (job.adapter_id, "adapter_model.safetensors was altered")
    ]
    assert it.clara("adapters", "verify").returncode == 2


def test_events_are_followed_to_the_end_and_taken_up_again_by_number(it: Installation) -> None:
    job_id = submit(it, steps=5, seconds_per_step=0.1)
    followed = it.clara("jobs", "events", job_id, "--follow", "--json")
    events = [json.loads(line) for line in followed.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["payload"]["status"] == "completed"
    rest = it.clara("jobs", "events", job_id, "--json", "--after", "3").stdout.splitlines()
    assert [json.loads(line) for line in rest] == events[3:]
