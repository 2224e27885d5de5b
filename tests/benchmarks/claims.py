"""Claim + complete per second of the job store, beside the same rows written by hand on the bare driver.

Both take the jobs of one queue one after the other, in short turns, so that the ratio holds on a noisy machine. Both
write the same rows in the same two durable transactions per job (SQLite `synchronous=FULL`, PostgreSQL `fsync=on`);
see `_raw_claims.py`. One process, where every microsecond of ours counts: beside others it would hide behind waits.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.database.stores import Stores, open_stores
from shared.models.adapter import Adapter
from shared.models.events import AuditEntry
from shared.models.job import Progress, TrainingJob
from tests.benchmarks._raw_claims import RawClaims
from tests.support.postgres import find_programs, running_server

TURNS = 60
JOBS_PER_TURN = 15
RATIO_BOUND = 0.6


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        figures = {"sqlite": _compared(lambda name: f"sqlite:///{folder}/{name}.db")}
    programs = find_programs()
    if programs is not None:
        with running_server(programs, durable=True) as server:
            figures["postgresql"] = _compared(lambda _: server.new_database())
    ratios = [database["ratio"] for database in figures.values()]
    return {**figures, "bounds": {"ratio": RATIO_BOUND}, "holds": len(ratios) == 2 and min(ratios) >= RATIO_BOUND}


def _compared(new_url: Callable[[str], str]) -> dict[str, float]:
    ours, raw = Claims(_filled(new_url("ours"))), RawClaims(_filled(new_url("raw")))
    # opens the connection and compiles (or prepares), once in the life of a service
    for side in (ours, raw):
        side.take(JOBS_PER_TURN)
    seconds = {ours: 0.0, raw: 0.0}
    cpu = {ours: 0.0, raw: 0.0}
    for turn in range(TURNS):
        for side in (ours, raw) if turn % 2 else (raw, ours):
            started, cpu_started = time.perf_counter(), time.process_time()
            side.take(JOBS_PER_TURN)
            seconds[side] += time.perf_counter() - started
            cpu[side] += time.process_time() - cpu_started
    for side in (ours, raw):
        side.close()
    jobs = TURNS * JOBS_PER_TURN
    return {
        "clara_per_s": round(jobs / seconds[ours]),
        "raw_per_s": round(jobs / seconds[raw]),
        "clara_cpu_ms": round(1000 * cpu[ours] / jobs, 2),
        "raw_cpu_ms": round(1000 * cpu[raw] / jobs, 2),
        "ratio": round(seconds[raw] / seconds[ours], 2),
    }


class Claims:
    """The job store as a worker uses it, in the manner of `RawClaims`."""

    def __init__(self, url: str) -> None:
        self._stores = open_stores(url)
        self.close = self._stores.close

    def take(self, jobs: int) -> None:
        """The next `jobs` jobs of the queue."""
        for _ in range(jobs):
            claimed = self._stores.jobs.claim("bench", lease_s=60)
            assert claimed is not None
            job, claim = claimed
            self._stores.jobs.complete(claim, _adapter_of(job), progress=Progress())


def _adapter_of(job: TrainingJob) -> Adapter:
    number = job.job_id.removeprefix("job_")
    return Adapter(
        adapter_id=f"adapter_{number}",
        job_id=job.job_id,
        name="b",
        path=f"p/{number}",
        manifest_sha256="0" * 64,
        trainer_type="lora",
        base_model="m",
        created_at=job.created_at,
        created_by="b",
    )


def _filled(url: str) -> str:
    stores = open_stores(url)
    for number in range((TURNS + 1) * JOBS_PER_TURN):
        _queue(stores, number)
    stores.close()
    return url


def _queue(stores: Stores, number: int) -> None:
    job = TrainingJob(
        job_id=f"job_{number:05d}",
        job_name="b",
        trainer_type="lora",
        config={"model": {"base_model": "starter"}, "training": {"learning_rate": 2e-4, "num_epochs": 3}},
        created_by="b",
        created_at=datetime.now(UTC),
        output_dir="o",
    )
    audit = AuditEntry(action="job.submitted", object_type="job", object_id=job.job_id, actor="b")
    stores.jobs.admit(stores.jobs.add(job, audit=audit))
