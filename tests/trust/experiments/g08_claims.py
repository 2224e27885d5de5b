"""Eight processes claim from one long queue beside a long history, and no job is claimed twice.

The history is as long as years of use leave it. Filling is not measured; each process opens the stores, waits for the
others, and claims until nothing is left. The bound is on claims per second of all processes together.
"""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import insert

from shared.database.engine import open_engine, write_transaction
from shared.database.sql.rows import new_job_columns
from shared.database.stores import open_stores
from shared.database.tables import jobs
from shared.models.job import JobStatus, TrainingJob
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_PROCESSES = 8
_LEAST_PER_S = {"sqlite": 300, "postgresql": 1000}
_BATCH = 2000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_PROCESS = multiprocessing.get_context("spawn")


def run(place: Place) -> Mapping[str, Any]:
    """Fill, claim with all processes at once, count."""
    queued = place.scaled(full=10_000, fast=300)
    history = place.scaled(full=100_000, fast=2_000)
    url = place.new_database_url()
    _fill(url, queued, history)
    claimed, seconds = _claim_all(url, queued)
    doubles = len(claimed) - len(set(claimed))
    per_s = round(len(claimed) / seconds)
    least = _LEAST_PER_S[place.database]
    return {
        # how fast it is says something about the full form only
        "holds": not doubles and len(claimed) == queued and (per_s >= least or not place.is_full),
        "processes": _PROCESSES,
        "claimed": len(claimed),
        "history": history,
        "double_claims": doubles,
        "claims_per_s": per_s,
        "bounds": {"claims_per_s": least},
    }


def _claim_all(url: str, queued: int) -> tuple[list[str], float]:
    start, results = _PROCESS.Barrier(_PROCESSES), _PROCESS.Queue()
    workers = [
        _PROCESS.Process(target=_claim, args=(url, f"worker-{number}", start, results)) for number in range(_PROCESSES)
    ]
    for worker in workers:
        worker.start()
    parts = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    seconds = max(ended for _, _, ended in parts) - min(started for _, started, _ in parts)
    return [job_id for claimed, _, _ in parts for job_id in claimed], seconds


def _claim(url: str, owner: str, start: Barrier, results: "Queue[tuple[list[str], float, float]]") -> None:
    stores = open_stores(url)
    stores.ping()
    claimed = []
    start.wait(120)
    # of the system, so that the moments of several processes can be compared
    started = ended = time.monotonic()
    while found := stores.jobs.claim(owner, lease_s=3600):
        claimed.append(found[0].job_id)
        ended = time.monotonic()
    stores.close()
    results.put((claimed, started, ended))


def _fill(url: str, queued: int, history: int) -> None:
    open_stores(url).close()
    engine = open_engine(url)
    rows = _rows(queued, history)
    while batch := list(islice(rows, _BATCH)):
        with write_transaction(engine) as connection:
            connection.execute(insert(jobs), batch)
    with write_transaction(engine) as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _rows(queued: int, history: int) -> Iterator[dict[str, Any]]:
    ended = TrainingJob(
        job_id="",
        job_name="history",
        trainer_type="lora",
        config={"model": {"base_model": "starter"}, "training": {"learning_rate": 2e-4}},
        created_by="u",
        created_at=_START,
        output_dir="o",
        status=JobStatus.FAILED,
        attempt=1,
        claim_epoch=1,
        event_seq=4,
    )
    for number in range(history + queued):
        moment = _START + timedelta(seconds=number)
        job = replace(
            ended, job_id=f"job_{number:06d}", created_at=moment, created_by=f"user{number % 50}", turn=number // 50
        )
        if number >= history:
            fresh = {"status": JobStatus.QUEUED, "attempt": 0, "claim_epoch": 0, "event_seq": 2}
            job = replace(job, **fresh, queue_rank=job.turn)
        yield {**new_job_columns(job), "updated_at": moment, "change_no": number}
