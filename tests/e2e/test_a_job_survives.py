"""A service dies, a job is cancelled, a service is stopped: what the user of a running job sees."""

import json
import os
import time
from pathlib import Path

import httpx

from frontend.client.models import Job
from shared.storage import verify_folder
from tests.support.installation import Installation, until
from tests.support.processes import children_of

LONG = {
    "data": {"max_length": 64},
    "lora": {"r": 4},
    "training": {
        "num_epochs": 1000,
        "max_steps": 150,
        "batch_size": 2,
        "gradient_accumulation_steps": 1,
        "save_steps": 10,
        "logging_steps": 1,
        "eval_steps": 1000,
        "cpu_threads": 1,
    },
}


def submit(it: Installation, dataset_id: str, **training: object) -> str:
    config = {**LONG, "training": {**LONG["training"], **training}}
    with it.client() as client:
        return client.jobs.submit(config=config, dataset_id=dataset_id).job_id


def is_gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_after_kill_minus_9_of_the_service_the_job_goes_on_from_its_checkpoint_and_completes_once(
    ready: tuple[Installation, str],
) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id)
    with it.client() as client:
        until(client, job_id, lambda job: client.jobs.checkpoints(job_id))
        trainers = children_of(it.processes["training"].pid)
        assert trainers
        it.kill("training")
        give_up = time.monotonic() + 10
        while not all(is_gone(pid) for pid in trainers):
            assert time.monotonic() < give_up, "the trainer outlived its supervisor"
            time.sleep(0.05)
        it.start("training")
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        plans = [event.payload["plan"] for event in client.jobs.events(job_id) if "plan" in event.payload]
        starts = [event.payload["current_step"] for event in client.jobs.events(job_id) if "plan" in event.payload]
        assert len(plans) == 2
        assert starts[0] == 0
        assert starts[1] >= 10
        sequence = [event.seq for event in client.jobs.events(job_id)]
        assert sequence == list(range(1, len(sequence) + 1))
        assert [adapter.job_id for adapter in client.adapters.page().adapters].count(job_id) == 1
        kept = client.jobs.checkpoints(job_id)
        assert kept
        for checkpoint in kept:
            verify_folder(Path(checkpoint["path"]))
    verify_folder(Path(job.adapter_path or ""))
    assert len(list(Path(job.adapter_path or "").parent.iterdir())) == 1


def test_cancel_of_a_running_job_ends_its_process_within_the_grace(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id, max_steps=100_000)
    with it.client() as client:
        until(client, job_id, lambda job: job.current_step > 0)
        trainers = children_of(it.processes["training"].pid)
        started = time.monotonic()
        client.jobs.cancel(job_id)
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert time.monotonic() - started <= 12
        assert job.status == "cancelled"
        assert all(is_gone(pid) for pid in trainers)
        again = it.clara("jobs", "cancel", job_id, "--json")
        assert again.returncode in (2, 5)


def test_a_cancelled_job_can_be_resumed_as_a_new_one(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id, max_steps=120)
    with it.client() as client:
        until(client, job_id, lambda job: client.jobs.checkpoints(job_id))
        client.jobs.cancel(job_id)
        until(client, job_id, lambda job: job.status.is_terminal)
        resumed = client.jobs.resume(job_id).job_id
        job = until(client, resumed, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        starts = [event.payload["current_step"] for event in client.jobs.events(resumed) if "plan" in event.payload]
        assert starts[0] >= 10


def test_a_stopped_service_hands_its_job_back_and_the_next_one_completes_it(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id)
    with it.client() as client:
        before = until(client, job_id, lambda job: job.current_step >= 3)
        process = it.processes.pop("training")
        process.terminate()
        assert process.wait(timeout=30) == 0
        it.start("training")
        job: Job = until(client, job_id, lambda job: job.status.is_terminal)
        assert (job.status, job.attempt) == ("completed", 1)
        starts = [event.payload["current_step"] for event in client.jobs.events(job_id) if "plan" in event.payload]
        assert starts[1] >= before.current_step


def test_the_service_process_has_never_imported_torch(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    for process in it.processes.values():
        maps = (Path("/proc") / str(process.pid) / "maps").read_text()
        assert "libtorch" not in maps
        assert "libarrow" not in maps
        assert os.getpgid(process.pid) == process.pid


def test_the_websocket_tells_every_logged_step_with_loss_speed_and_time_left(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id, max_steps=20, save_steps=1000)
    with it.client() as client:
        updates = list(client.jobs.watch(job_id))
    assert updates[-1].status == "completed"
    steps = [update.current_step for update in updates if update.metrics and "tokens_per_s" in update.metrics]
    assert set(range(1, 21)) <= set(steps)
    figures = next(update.metrics for update in updates if update.current_step == 10 and update.metrics)
    assert {"loss", "tokens_per_s", "eta_s", "learning_rate", "grad_norm"} <= set(figures)
    sequence = [update.seq for update in updates]
    assert sequence == sorted(set(sequence))


def test_server_sent_events_replay_from_any_number_and_end_with_the_job(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    job_id = submit(it, dataset_id, max_steps=5, save_steps=1000)
    url = f"{it.url('training')}/api/training/jobs/{job_id}/events/stream"
    with httpx.stream("GET", url, timeout=120, trust_env=False) as answer:
        ids = [int(line.removeprefix("id: ")) for line in answer.iter_lines() if line.startswith("id: ")]
    assert ids == list(range(1, len(ids) + 1))
    with httpx.stream("GET", url, headers={"Last-Event-ID": str(ids[-3])}, timeout=60, trust_env=False) as answer:
        again = [int(line.removeprefix("id: ")) for line in answer.iter_lines() if line.startswith("id: ")]
    assert again == ids[-2:]


def test_json_output_of_a_job_is_one_document(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    listed = it.clara("jobs", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)
