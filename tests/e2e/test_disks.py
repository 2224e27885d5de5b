"""A disk is full or read-only: it is named, nothing is lost, and it goes on once the disk is well again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from admin.sample_corpus import write_sample_corpus
from tests.support.installation import Installation, dataset_of, installation, until
from tests.support.tiny_model import make_tiny_model

CONFIG = {
    "data": {"max_length": 32},
    "lora": {"r": 4},
    "training": {"max_steps": 3, "batch_size": 2, "gradient_accumulation_steps": 1, "cpu_threads": 1},
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB that a test may fill and set read-only."""
    folder = tmp_path / "models"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=False)
    if not made or made.returncode:
        pytest.skip("needs the right to mount a small file system (root on Linux)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def it(tmp_path: Path, small_disk: Path) -> Iterator[Installation]:
    make_tiny_model(small_disk / "tiny")
    write_sample_corpus(tmp_path / "documents", documents=8)
    settings = {"CLARA_MODELS_DIR": str(small_disk), "CLARA_DEFAULT_BASE_MODEL": "tiny", "CLARA_RETRY_SECONDS": "0.2"}
    with installation(tmp_path / "home", **settings) as running:
        assert running.clara("ingest", str(tmp_path / "documents")).returncode == 0
        yield running


def test_a_full_disk_fails_the_job_in_the_end_by_name_and_a_retry_completes_it(
    it: Installation, small_disk: Path
) -> None:
    with it.client() as client:
        dataset = dataset_of(client)
        free = os.statvfs(small_disk)
        (small_disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 20_000))
        job_id = client.jobs.submit(config=CONFIG, dataset_id=dataset.dataset_id).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "failed", job
        assert f"No space is left at {small_disk}" in (job.error_message or "")
        assert not list((small_disk / "adapters").rglob("*.safetensors"))
        (small_disk / "filler").unlink()
        again = until(client, client.jobs.retry(job_id).job_id, lambda job: job.status.is_terminal)
        assert again.status == "completed", again


def test_a_read_only_folder_is_named_by_readiness_and_refuses_a_start(it: Installation, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        answer = httpx.get(f"{it.url('training')}/readyz", trust_env=False)
        assert answer.status_code == 503
        assert str(small_disk) in answer.text
        process = it.processes.pop("training")
        process.terminate()
        assert process.wait(timeout=30) == 0
        with pytest.raises(AssertionError, match=str(small_disk)):
            it.start("training")
        assert it.processes.pop("training").wait(timeout=10) == 2
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    it.start("training")
