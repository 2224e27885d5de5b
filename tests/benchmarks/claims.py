"""Claim + complete per second of the job store on SQLite FULL, beside the same writes in bare sqlite3.

The lower bound does what any queue with these guarantees must: two durable transactions per job (take it under a lease;
finish it with adapter, event and audit rows). Measured in turn, so that the ratio holds on a noisy machine.
"""

import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.database.stores import open_stores
from shared.models.adapter import Adapter
from shared.models.events import AuditEntry
from shared.models.job import Progress, TrainingJob

JOBS = 150
ROUNDS = 3
RATIO_BOUND = 0.3


def measure() -> dict[str, Any]:
    ours, raw = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            raw.append(_raw(Path(folder) / "raw.db"))
            ours.append(_ours(Path(folder) / "clara.db"))
    ratio = statistics.median(mine / bare for mine, bare in zip(ours, raw, strict=True))
    return {
        "clara_per_s": round(statistics.median(ours)),
        "raw_sqlite_per_s": round(statistics.median(raw)),
        "ratio": round(ratio, 2),
        "bounds": {"ratio": RATIO_BOUND},
        "holds": ratio >= RATIO_BOUND,
    }


def _ours(path: Path) -> float:
    stores = open_stores(f"sqlite:///{path}")
    now = datetime.now(UTC)
    for number in range(JOBS):
        job_id = f"job_{number:05d}"
        job = TrainingJob(
            job_id=job_id, job_name="b", trainer_type="lora", config={}, created_by="b", created_at=now, output_dir="o"
        )
        audit = AuditEntry(action="job.submitted", object_type="job", object_id=job_id, actor="b")
        stores.jobs.admit(stores.jobs.add(job, audit=audit))
    started = time.perf_counter()
    for _ in range(JOBS):
        claimed = stores.jobs.claim("bench", lease_s=60)
        assert claimed is not None
        job, claim = claimed
        adapter = Adapter(
            adapter_id=f"adapter_{job.job_id}",
            job_id=job.job_id,
            name="b",
            path=f"p/{job.job_id}",
            manifest_sha256="0" * 64,
            trainer_type="lora",
            base_model="m",
            created_at=now,
            created_by="b",
        )
        stores.jobs.complete(claim, adapter, progress=Progress())
    seconds = time.perf_counter() - started
    stores.close()
    return JOBS / seconds


def _raw(path: Path) -> float:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT, owner TEXT, epoch INT, lease REAL)")
    database.execute("CREATE INDEX by_status ON jobs (status, id)")
    for table in ("events", "audit", "attempts", "adapters"):
        database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, job INT, body TEXT)")
    database.executemany("INSERT INTO jobs VALUES (?, 'queued', NULL, 0, 0)", [(n,) for n in range(JOBS)])
    claim = (
        "UPDATE jobs SET status='running', owner='b', epoch=epoch+1, lease=julianday('now') WHERE id="
        "(SELECT id FROM jobs WHERE status='queued' ORDER BY id LIMIT 1) RETURNING id, epoch"
    )
    started = time.perf_counter()
    for _ in range(JOBS):
        database.execute("BEGIN IMMEDIATE")
        job, epoch = database.execute(claim).fetchone()
        for table in ("events", "audit", "attempts"):
            database.execute(f"INSERT INTO {table} (job, body) VALUES (?, '{{}}')", (job,))
        database.execute("COMMIT")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE jobs SET status='completed' WHERE id=? AND owner='b' AND epoch=?", (job, epoch))
        for table in ("events", "audit", "adapters"):
            database.execute(f"INSERT INTO {table} (job, body) VALUES (?, '{{}}')", (job,))
        database.execute("UPDATE attempts SET body='done' WHERE job=?", (job,))
        database.execute("COMMIT")
    seconds = time.perf_counter() - started
    database.close()
    return JOBS / seconds
