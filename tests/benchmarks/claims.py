"""Claim + complete per second of eight processes on one database, beside the same statements on the bare driver.

The raw database is given what the store gives it: the same statements in the same durable transactions (SQLite
`synchronous=FULL`, PostgreSQL `fsync=on`), with the parameters of one job that was recorded beforehand, changed to
those of the job that a claim returned. Nothing but sqlite3 or psycopg carries them out, so the ratio says what our code
costs where it counts, with many workers on one queue. Measured in turn, so that it holds on a noisy machine.
"""

import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from shared.database.sql import driver
from shared.database.stores import Stores, open_stores
from shared.models.adapter import Adapter
from shared.models.events import AuditEntry
from shared.models.job import Claim, Progress, TrainingJob
from tests.support.postgres import find_programs, running_server

JOBS = 400
PROCESSES = 8
ROUNDS = 3
RATIO_BOUND = 0.6
_PROCESS = multiprocessing.get_context("forkserver")
_PROCESS.set_forkserver_preload([__name__, "__main__"])
_RECORDED = "00000"
"""Number of the job that is recorded; the others put their own in its place."""


@dataclass(frozen=True)
class Recorded:
    """Statements of one job's claim and of its completion: SQL and parameters in order."""

    claim: list[tuple[str, Any]]
    complete: list[tuple[str, Any]]


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        figures = {"sqlite": _compared(lambda name: f"sqlite:///{folder}/{name}.db")}
    programs = find_programs()
    if programs is not None:
        with running_server(programs, durable=True) as server:
            figures["postgresql"] = _compared(lambda _: server.new_database())
    ratios = [database["ratio"] for database in figures.values()]
    return {
        **figures,
        "processes": PROCESSES,
        "bounds": {"ratio": RATIO_BOUND},
        "holds": len(ratios) == 2 and min(ratios) >= RATIO_BOUND,
    }


def _compared(new_url: Callable[[str], str]) -> dict[str, Any]:
    recorded = _record(new_url("recorded"))
    ours, raw = [], []
    for number in range(ROUNDS):
        ours.append(_timed(new_url(f"ours{number}"), _work, None))
        raw.append(_timed(new_url(f"raw{number}"), _work_raw, recorded))
    ratios = [bare / mine for mine, bare in zip(ours, raw, strict=True)]
    return {
        "clara_per_s": round(JOBS / statistics.median(ours)),
        "raw_per_s": round(JOBS / statistics.median(raw)),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": sorted(round(ratio, 2) for ratio in ratios),
    }


def _timed(url: str, work: Callable[..., None], recorded: Recorded | None) -> float:
    """Seconds from the first claim to the last completion of all processes."""
    _fill(url, JOBS)
    start, results = _PROCESS.Barrier(PROCESSES), _PROCESS.Queue()
    arguments = (url, recorded, start, results)
    workers = [_PROCESS.Process(target=work, args=(f"worker-{number}", *arguments)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    moments = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    stores = open_stores(url)
    assert stores.jobs.counts().completed == JOBS, stores.jobs.counts()
    stores.close()
    return max(end for _, end in moments) - min(begin for begin, _ in moments)


def _fill(url: str, jobs: int) -> None:
    stores = open_stores(url)
    now = datetime.now(UTC)
    for number in range(jobs):
        config = {"model": {"base_model": "starter"}, "training": {"learning_rate": 2e-4, "num_epochs": 3}}
        job = TrainingJob(
            job_id=f"job_{number:05d}",
            job_name="b",
            trainer_type="lora",
            config=config,
            created_by="b",
            created_at=now,
            output_dir="o",
        )
        audit = AuditEntry(action="job.submitted", object_type="job", object_id=job.job_id, actor="b")
        stores.jobs.admit(stores.jobs.add(job, audit=audit))
    stores.close()


def _work(owner: str, url: str, _: None, start: Any, results: Any) -> None:
    stores = open_stores(url)
    stores.ping()
    start.wait(120)
    begin = time.monotonic()
    while claimed := stores.jobs.claim(owner, lease_s=60):
        _complete(stores, *claimed)
    results.put((begin, time.monotonic()))
    stores.close()


def _complete(stores: Stores, job: TrainingJob, claim: Claim) -> None:
    number = job.job_id.removeprefix("job_")
    adapter = Adapter(
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
    stores.jobs.complete(claim, adapter, progress=Progress())


def _record(url: str) -> Recorded:
    _fill(url, 1)
    stores = open_stores(url)
    with _recording() as statements:
        claimed = stores.jobs.claim("worker-0", lease_s=60)
        assert claimed is not None
        claim = list(statements)
        statements.clear()
        _complete(stores, *claimed)
    stores.close()
    return Recorded(claim, statements)


@contextmanager
def _recording() -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []
    execute = driver.Transaction._execute

    def record(self: driver.Transaction, prepared: Any, values: Mapping[str, Any]) -> Any:
        statements.append((prepared.sql, prepared.parameters(values)))
        return execute(self, prepared, values)

    driver.Transaction._execute = record  # type: ignore[method-assign]
    try:
        yield statements
    finally:
        driver.Transaction._execute = execute  # type: ignore[method-assign]


def _work_raw(owner: str, url: str, recorded: Recorded, start: Any, results: Any) -> None:
    is_sqlite = url.startswith("sqlite:///")
    connection = _sqlite(url.removeprefix("sqlite:///")) if is_sqlite else psycopg.connect(url)
    start.wait(120)
    begin = time.monotonic()
    while (number := _raw_claim(connection, recorded, owner)) is not None:
        if is_sqlite:
            connection.execute("BEGIN IMMEDIATE")
        for sql, parameters in recorded.complete:
            cursor = connection.execute(sql, _of_job(parameters, number, owner))
            if cursor.description:
                cursor.fetchone()
        connection.commit()
    results.put((begin, time.monotonic()))
    connection.close()


def _raw_claim(connection: Any, recorded: Recorded, owner: str) -> str | None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("BEGIN IMMEDIATE")
    (take, parameters), *others = recorded.claim
    row = connection.execute(take, _of_job(parameters, _RECORDED, owner)).fetchone()
    if row is None:
        connection.commit()
        return None
    number = str(row[0]).removeprefix("job_")
    for sql, values in others:
        connection.execute(sql, _of_job(values, number, owner))
    connection.commit()
    return number


def _of_job(parameters: Any, number: str, owner: str) -> Any:
    def changed(value: Any) -> Any:
        return value.replace(_RECORDED, number).replace("worker-0", owner) if isinstance(value, str) else value

    if isinstance(parameters, Mapping):
        return {name: changed(value) for name, value in parameters.items()}
    return [changed(value) for value in parameters]


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
