"""Claim + complete per second of the job store, beside the same statements on the bare driver.

The raw database is given exactly what the store gave it: the same statements with the same parameters in the same
durable transactions (SQLite `synchronous=FULL`, PostgreSQL `fsync=on`), recorded beforehand and replayed on a copy of
the database by nothing but sqlite3 or psycopg. So the ratio says what our code costs, and nothing of what rows cost.
Measured in turn, so that the ratio holds on a noisy machine. `bare_minimum_per_s` is, for comparison, a queue on the
same driver without events, audit, attempts, adapters and their indexes.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from shared.database.sql import driver
from shared.database.stores import Stores, open_stores
from shared.models.adapter import Adapter
from shared.models.events import AuditEntry
from shared.models.job import Progress, TrainingJob
from tests.support.postgres import PostgresServer, find_programs, running_server

JOBS = 300
ROUNDS = 3
RATIO_BOUND = 0.6

Recording = list[tuple[str, Any]]
"""(SQL, parameters) in order; an empty text ends a transaction."""


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        sqlite = _compared(lambda n: f"sqlite:///{folder}/{n}.db", JOBS)
        minimum = statistics.median(_bare_minimum(Path(folder) / f"bare{n}.db") for n in range(ROUNDS))
    figures = {"sqlite": {**sqlite, "bare_minimum_per_s": round(minimum)}}
    programs = find_programs()
    if programs is not None:
        with running_server(programs, durable=True) as server:
            figures["postgresql"] = _compared(lambda _: _new(server), JOBS)
    ratios = [database["ratio"] for database in figures.values()]
    return {**figures, "bounds": {"ratio": RATIO_BOUND}, "holds": len(ratios) == 2 and min(ratios) >= RATIO_BOUND}


def _compared(new_url: Any, jobs: int) -> dict[str, Any]:
    ours, raw = [], []
    for number in range(ROUNDS):
        recording = _recorded(new_url(f"recorded{number}"), jobs)
        url = new_url(f"raw{number}")
        _fill(url, jobs)
        raw.append(jobs / _replay(url, recording))
        _assert_completed(url, jobs)
        ours.append(jobs / _ours(new_url(f"ours{number}"), jobs))
    ratio = statistics.median(mine / bare for mine, bare in zip(ours, raw, strict=True))
    spread = [round(mine / bare, 2) for mine, bare in zip(ours, raw, strict=True)]
    return {
        "clara_per_s": round(statistics.median(ours)),
        "raw_per_s": round(statistics.median(raw)),
        "ratio": round(ratio, 2),
        "ratios": sorted(spread),
    }


def _new(server: PostgresServer) -> str:
    return server.new_database()


def _assert_completed(url: str, jobs: int) -> None:
    stores = open_stores(url)
    assert stores.jobs.counts().completed == jobs, "the replay did something else"
    stores.close()


def _fill(url: str, jobs: int) -> None:
    stores = open_stores(url)
    now = datetime.now(UTC)
    for number in range(jobs):
        job_id = f"job_{number:05d}"
        config = {"model": {"base_model": "starter"}, "training": {"learning_rate": 2e-4, "num_epochs": 3}}
        job = TrainingJob(
            job_id=job_id,
            job_name="b",
            trainer_type="lora",
            config=config,
            created_by="b",
            created_at=now,
            output_dir="o",
        )
        audit = AuditEntry(action="job.submitted", object_type="job", object_id=job_id, actor="b")
        stores.jobs.admit(stores.jobs.add(job, audit=audit))
    stores.close()


def _ours(url: str, jobs: int) -> float:
    _fill(url, jobs)
    stores = open_stores(url)
    _claim_and_complete(stores, 1, start=0)  # opens the connection and compiles, once in the life of a service
    started = time.perf_counter()
    _claim_and_complete(stores, jobs - 1, start=1)
    seconds = time.perf_counter() - started
    stores.close()
    return seconds * jobs / (jobs - 1)


def _claim_and_complete(stores: Stores, jobs: int, *, start: int) -> None:
    now = datetime.now(UTC)
    for number in range(start, start + jobs):
        claimed = stores.jobs.claim("bench", lease_s=60)
        assert claimed is not None
        job, claim = claimed
        adapter = Adapter(
            adapter_id=f"adapter_{number:05d}",
            job_id=job.job_id,
            name="b",
            path=f"p/{number:05d}",
            manifest_sha256="0" * 64,
            trainer_type="lora",
            base_model="m",
            created_at=now,
            created_by="b",
        )
        stores.jobs.complete(claim, adapter, progress=Progress())


def _recorded(url: str, jobs: int) -> Recording:
    _fill(url, jobs)
    stores = open_stores(url)
    with _recording() as recording:
        _claim_and_complete(stores, jobs, start=0)
    stores.close()
    return recording


@contextmanager
def _recording() -> Iterator[Recording]:
    recording: Recording = []
    execute, begin = driver.Transaction._execute, driver.Transaction.__init__

    def record(self: driver.Transaction, prepared: Any, values: Any) -> Any:
        recording.append((prepared.sql, prepared.parameters(values)))
        return execute(self, prepared, values)

    def mark(self: driver.Transaction, new_cursor: Any, dialect: Any) -> None:
        recording.append(("", None))
        begin(self, new_cursor, dialect)

    driver.Transaction._execute, driver.Transaction.__init__ = record, mark  # type: ignore[method-assign]
    try:
        yield recording
    finally:
        driver.Transaction._execute, driver.Transaction.__init__ = execute, begin  # type: ignore[method-assign]


def _replay(url: str, recording: Sequence[tuple[str, Any]]) -> float:
    if url.startswith("sqlite:///"):
        return _replay_on_sqlite(url.removeprefix("sqlite:///"), recording)
    with psycopg.connect(url) as connection:
        cursor = connection.cursor()
        started = time.perf_counter()
        for sql, parameters in recording[1:]:
            if not sql:
                connection.commit()
                continue
            cursor.execute(sql, parameters)
            if cursor.description:
                cursor.fetchall()
        connection.commit()
        return time.perf_counter() - started


def _replay_on_sqlite(path: str, recording: Sequence[tuple[str, Any]]) -> float:
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        database.execute(f"PRAGMA {pragma}")
    cursor = database.cursor()
    started = time.perf_counter()
    cursor.execute("BEGIN IMMEDIATE")
    for sql, parameters in recording[1:]:
        if sql:
            cursor.execute(sql, parameters).fetchall()
        else:
            cursor.execute("COMMIT")
            cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("COMMIT")
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def _bare_minimum(path: Path) -> float:
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT, owner TEXT, epoch INT, lease REAL)")
    database.execute("CREATE INDEX by_status ON jobs (status, id)")
    database.executemany("INSERT INTO jobs VALUES (?, 'queued', NULL, 0, 0)", [(n,) for n in range(JOBS)])
    claim = (
        "UPDATE jobs SET status='running', owner='b', epoch=epoch+1, lease=julianday('now') WHERE id="
        "(SELECT id FROM jobs WHERE status='queued' ORDER BY id LIMIT 1) RETURNING id, epoch"
    )
    started = time.perf_counter()
    for _ in range(JOBS):
        job, epoch = database.execute(claim).fetchone()
        database.execute("UPDATE jobs SET status='completed' WHERE id=? AND owner='b' AND epoch=?", (job, epoch))
    seconds = time.perf_counter() - started
    database.close()
    return JOBS / seconds
