"""Two hundred real laws through the public surfaces to an adapter; prints one JSON line with its figures.

Needs ../shared/data (or CLARA_SHARED_DATA).
"""

import json
import tarfile
import time
from pathlib import Path

import pytest

from tests.support.installation import dataset_of, installation, until
from tests.support.shared_data import SHARED_DATA, needs_shared_data

ARCHIVE = SHARED_DATA / "gesetze.tar.xz"
LAWS = 200
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

pytestmark = [pytest.mark.slow, *needs_shared_data(ARCHIVE.name)]


def unpack(folder: Path) -> None:
    """Every 29th law in the order of their names, so that all kinds and sizes are there."""
    with tarfile.open(ARCHIVE) as tar:
        members = sorted((member for member in tar if member.isfile()), key=lambda member: member.name)
        for member in members[:: len(members) // LAWS][:LAWS]:
            tar.extract(member, folder, filter="data")


def test_two_hundred_laws_become_an_adapter_that_beats_its_base(tmp_path: Path) -> None:
    unpack(tmp_path / "laws")
    times: dict[str, float] = {}

    def timed(name: str, started: float) -> None:
        times[name] = round(time.monotonic() - started, 1)

    with installation(tmp_path / "home") as it, it.client() as client:
        started = time.monotonic()
        ingested = it.clara("ingest", str(tmp_path / "laws"), "--source", "laws", "--json")
        assert ingested.returncode == 0, ingested.stderr
        assert json.loads(ingested.stdout)["ingested"] == LAWS
        timed("ingest_s", started)
        started = time.monotonic()
        dataset = dataset_of(client, "laws", export_formats=["jsonl", "parquet"])
        assert dataset.status == "completed", dataset
        timed("dataset_s", started)
        started = time.monotonic()
        starter = it.clara("model", "create-starter", "--source", "laws", timeout_s=1200)
        assert starter.returncode == 0, starter.stderr
        timed("starter_s", started)
        started = time.monotonic()
        config = {
            # as in the quick start: so small a base has to be reached as a whole
            "lora": {"r": 64, "alpha": 64, "dropout": 0.0, "target_modules": [*LINEAR, "lm_head", "embed_tokens"]},
            "data": {"max_length": 512},
            "training": {
                "max_steps": 1000,
                "num_epochs": 3,
                "batch_size": 2,
                "gradient_accumulation_steps": 1,
                "learning_rate": 1.5e-3,
                "eval_steps": 300,
            },
        }
        job_id = client.jobs.submit(config=config, dataset_id=dataset.dataset_id).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal, timeout_s=2400)
        assert job.status == "completed", job
        timed("train_s", started)
        report = client.jobs.report(job_id)
    held_out = report["held_out"]
    print(json.dumps({"test": "real_laws", "laws": LAWS, "dataset_records": dataset.record_count, **times, **held_out}))
    assert held_out["ratio"] < 1.0
