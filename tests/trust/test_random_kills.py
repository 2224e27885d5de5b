"""Services and trainers are killed at random moments; the result is that of an undisturbed run, byte for byte."""

import json
import random
import time
from pathlib import Path

from shared.storage import sha256_file, verify_folder
from tests.support.installation import Installation, until
from tests.support.processes import children_of

KILLS = 10
CONFIG = {
    "data": {"max_length": 64},
    "lora": {"r": 4},
    "training": {
        "num_epochs": 1000,
        "max_steps": 600,
        "batch_size": 2,
        "gradient_accumulation_steps": 1,
        "save_steps": 5,
        "logging_steps": 10,
        "eval_steps": 200,
        "cpu_threads": 1,
    },
}


def test_ten_kills_cost_time_and_nothing_else(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    rng = random.Random(7)
    with it.client() as client:
        calm = client.jobs.submit(config=CONFIG, dataset_id=dataset_id).job_id
        expected = until(client, calm, lambda job: job.status.is_terminal, timeout_s=600)
        assert expected.status == "completed", expected
        job_id = client.jobs.submit(config=CONFIG, dataset_id=dataset_id).job_id
        killed_services, step = 0, 0
        for kill in range(KILLS):
            time.sleep(rng.uniform(0.5, 12.0))
            if kill % 2:
                # three claims in a row without a farther checkpoint end a job, however slow the machine is
                until(client, job_id, lambda job, after=step: job.status.is_terminal or job.current_step >= after + 10)
            job = client.jobs.get(job_id)
            if job.status.is_terminal:
                break
            step = max(step, job.current_step)
            it.kill("training")
            killed_services += 1
            it.start("training")
        job = until(client, job_id, lambda job: job.status.is_terminal, timeout_s=900)
        assert job.status == "completed", job
        events = list(client.jobs.events(job_id))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [adapter.job_id for adapter in client.adapters.iterate()].count(job_id) == 1
        assert not children_of(it.processes["training"].pid)
    verify_folder(Path(job.adapter_path or ""))
    weights = [Path(one.adapter_path or "") / "adapter_model.safetensors" for one in (expected, job)]
    digests = [sha256_file(path) for path in weights]
    print(json.dumps({"test": "random_kills", "kills": killed_services, "equal_bytes": digests[0] == digests[1]}))
    assert digests[0] == digests[1]
