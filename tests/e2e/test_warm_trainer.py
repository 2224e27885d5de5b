"""Jobs of a service that keeps a warm trainer, and what a kill -9 of each process does to them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared.storage import verify_folder
from tests.support.installation import Installation, installation, until
from tests.support.processes import children_of, is_alive
from tests.support.tiny_model import make_tiny_model
from tests.support.training_runs import write_jsonl

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only"),
    pytest.mark.slow,
]

SHORT = {"probe": {"steps": 5, "seconds_per_step": 0}, "training": {"logging_steps": 1}}
LONG = {"probe": {"steps": 120, "seconds_per_step": 0.05}, "training": {"logging_steps": 1, "save_steps": 5}}


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    times = {"CLARA_LEASE_SECONDS": "3", "CLARA_HEARTBEAT_SECONDS": "1", "CLARA_GRACE_SECONDS": "10"}
    with installation(home, services=("training",), CLARA_WARM_TRAINER="on", **times) as running:
        yield running


def submit(it: Installation, config: object, trainer_type: str = "probe") -> str:
    order = {"trainer_type": trainer_type, "config": config}
    answer = httpx.post(f"{it.url('training')}/api/training/jobs", json=order, trust_env=False)
    return str(answer.raise_for_status().json()["job_id"])


def warm_parent(it: Installation) -> int:
    """The process id of a warm parent that is ready."""
    wait(lambda: httpx.get(f"{it.url('training')}/health", trust_env=False).json()["warm_trainer"]["status"] == "ready")
    (parent,) = children_of(it.processes["training"].pid)
    return parent


def wait(is_so: Callable[[], bool], timeout_s: float = 90.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_jobs_are_forked_from_the_warm_parent_and_complete(it: Installation) -> None:
    parent = warm_parent(it)
    job_id = submit(it, LONG)
    with it.client() as client:
        until(client, job_id, lambda job: job.current_step >= 1)
        assert len(children_of(parent)) == 1
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        assert job.attempt == 1
    wait(lambda: not children_of(parent))


def test_a_job_goes_on_when_the_warm_parent_is_killed_and_the_next_one_starts_cold_or_warm(it: Installation) -> None:
    parent = warm_parent(it)
    job_id = submit(it, LONG)
    with it.client() as client:
        until(client, job_id, lambda job: job.current_step >= 1)
        os.kill(parent, signal.SIGKILL)
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        # its trainer was not touched
        assert job.attempt == 1
        next_id = submit(it, SHORT)
        assert until(client, next_id, lambda job: job.status.is_terminal).status == "completed"
    assert warm_parent(it) != parent


def test_after_kill_minus_9_of_the_service_nothing_of_it_is_left_and_the_job_completes_once(it: Installation) -> None:
    parent = warm_parent(it)
    job_id = submit(it, LONG)
    with it.client() as client:
        until(client, job_id, lambda job: client.jobs.checkpoints(job_id))
        (trainer,) = children_of(parent)
        it.kill("training")
        wait(lambda: not is_alive(trainer) and not is_alive(parent), timeout_s=10)
        it.start("training")
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        verify_folder(Path(job.adapter_path or ""))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="each process needs a core of its own")
def test_a_run_of_several_processes_learns_the_same_whether_one_trainer_or_two_do_it(it: Installation) -> None:
    make_tiny_model(it.home / "models" / "tiny")
    records = [{"prompt": f"Frage {number}:\n", "completion": f"Antwort {number}."} for number in range(24)]
    (it.home / "data").mkdir(exist_ok=True)
    write_jsonl(it.home / "data" / "records.jsonl", records)
    warm_parent(it)
    found = []
    with it.client() as client:
        for count in (1, 2):
            training = {"num_epochs": 1, "batch_size": 2, "gradient_accumulation_steps": 4, "num_processes": count}
            config = {
                "model": {"base_model": "tiny"},
                "lora": {"dropout": 0},
                "data": {"train_file": "records.jsonl", "validation_split": 0},
                "training": training,
            }
            job_id = submit(it, config, "lora")
            job = until(client, job_id, lambda job: job.status.is_terminal)
            assert (job.status, job.attempt) == ("completed", 1), job
            found.append(job.metrics)
    assert [metrics["num_processes"] for metrics in found] == [1, 2]
    assert found[1]["train_loss"] == pytest.approx(found[0]["train_loss"], rel=1e-5)


def test_a_service_that_is_stopped_takes_its_warm_parent_along(it: Installation) -> None:
    parent = warm_parent(it)
    it.stop()
    assert not is_alive(parent)
    it.start("training")
