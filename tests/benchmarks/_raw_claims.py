"""What the claims benchmark compares with: the rows of a claim and of a completion, written by hand on the bare driver.

Two durable transactions per job on the very schema of the store, with all its columns, indexes and payloads of real
size: the least that a queue with these guarantees has to write. Statements return no more than a worker needs.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

_CLAIM = """
UPDATE jobs SET status = 'running', owner = ?, lease_until = ?, claim_epoch = claim_epoch + 1, attempt = attempt + 1,
    beat = beat + 1, started_at = ?, not_before = NULL, updated_at = ?, change_no = ?, event_seq = event_seq + 1,
    version = version + 1
WHERE job_id = (
    SELECT job_id FROM jobs
    WHERE status = 'queued' AND NOT is_paused AND (not_before IS NULL OR not_before <= ?)
    ORDER BY queue_rank, created_at, job_id LIMIT 1 {skip_locked}
)
RETURNING job_id, config, claim_epoch, event_seq
"""
_START_ATTEMPT = "INSERT INTO attempts (job_id, claim_epoch, attempt, owner, started_at) VALUES (?, ?, 1, ?, ?)"
_ADD_EVENT = "INSERT INTO job_events (job_id, seq, type, payload, created_at) VALUES (?, ?, 'status', ?, ?)"
_MOVE_HEAD = "UPDATE audit_head SET seq = seq + 1, moved_at = ?, hash = ?"
_ADD_AUDIT = (
    "INSERT INTO audit_log (seq, hash, created_at, actor, action, object_type, object_id, outcome, detail) "
    "SELECT seq, hash, moved_at, 'system', ?, 'job', ?, 'ok', ? FROM audit_head"
)
_COMPLETE = """
UPDATE jobs SET status = 'completed', owner = NULL, lease_until = NULL, adapter_id = ?, adapter_path = ?,
    current_epoch = 0, total_epochs = 0, current_step = 0, total_steps = 0, metrics = '{{}}', completed_at = ?,
    updated_at = ?, change_no = ?, event_seq = event_seq + 1, version = version + 1
WHERE job_id = ? AND owner = ? AND claim_epoch = ? AND status = 'running' AND NOT cancel_requested
"""
_END_ATTEMPT = "UPDATE attempts SET outcome = 'completed', ended_at = ? WHERE job_id = ? AND claim_epoch = ?"
_ADD_ADAPTER = (
    "INSERT INTO adapters (adapter_id, job_id, name, path, manifest_sha256, trainer_type, base_model, "
    "base_model_digest, metrics, created_at, created_by) VALUES (?, ?, 'b', ?, ?, 'lora', 'm', '', '{{}}', ?, 'b')"
)
_PAYLOAD = {
    "progress_percent": 0.0,
    "current_epoch": 0,
    "total_epochs": 0,
    "current_step": 0,
    "total_steps": 0,
    "metrics": {},
}

Execute = Callable[[str, Sequence[Any]], Any]
Transaction = Callable[[], AbstractContextManager[Execute]]


class RawClaims:
    """Claims and completes jobs, one after the other.

    Args:
        url: A database with the schema of the store and queued jobs in it.
    """

    def __init__(self, url: str) -> None:
        is_sqlite = url.startswith("sqlite:///")
        self._transaction, self.close = _sqlite(url.removeprefix("sqlite:///")) if is_sqlite else _postgresql(url)
        self._number = 0

    def take(self, jobs: int) -> None:
        """The next `jobs` jobs of the queue."""
        for number in range(self._number, self._number + jobs):
            with self._transaction() as execute:
                job_id, epoch, seq = _claim(execute, number)
            with self._transaction() as execute:
                _complete(execute, number, job_id, epoch, seq)
        self._number += jobs


def _claim(execute: Execute, number: int) -> tuple[str, int, int]:
    now = datetime.now(UTC)
    found = execute(_CLAIM, ("bench", now, now, now, 1_000_000 + 2 * number, now)).fetchone()
    job_id, _, epoch, seq = found
    execute(_START_ATTEMPT, (job_id, epoch, "bench", now))
    execute(_ADD_EVENT, (job_id, seq, json.dumps({"attempt": 1, "status": "running", **_PAYLOAD}), now))
    detail = json.dumps({"owner": "bench", "claim_epoch": epoch, "attempt": 1})
    _add_audit(execute, now, "job.claimed", job_id, detail)
    return job_id, epoch, seq


def _complete(execute: Execute, number: int, job_id: str, epoch: int, seq: int) -> None:
    now, adapter_id, path = datetime.now(UTC), f"adapter_{number:05d}", f"p/{number:05d}"
    execute(_COMPLETE, (adapter_id, path, now, now, 1_000_001 + 2 * number, job_id, "bench", epoch))
    execute(_END_ATTEMPT, (now, job_id, epoch))
    where = {"adapter_id": adapter_id, "adapter_path": path}
    execute(_ADD_EVENT, (job_id, seq + 1, json.dumps({**where, "status": "completed", **_PAYLOAD}), now))
    execute(_ADD_ADAPTER, (adapter_id, job_id, path, "0" * 64, now))
    detail = json.dumps({"claim_epoch": epoch, "adapter_id": adapter_id})
    _add_audit(execute, now, "job.completed", job_id, detail)


def _add_audit(execute: Execute, now: datetime, action: str, job_id: str, detail: str) -> None:
    # a hash of about what the chain covers: what it costs is measured, not whether it is right
    row = hashlib.sha256(f"{now}{action}{job_id}{detail}".encode()).hexdigest()
    execute(_MOVE_HEAD, (now, row))
    execute(_ADD_AUDIT, (action, job_id, detail))


def _sqlite(path: str) -> tuple[Transaction, Callable[[], None]]:
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        database.execute(f"PRAGMA {pragma}")
    texts = _formatted(skip_locked="")

    def execute(sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        plain = [value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value for value in values]
        return database.execute(texts[sql], plain)

    @contextmanager
    def transaction() -> Iterator[Execute]:
        database.execute("BEGIN IMMEDIATE")
        yield execute
        database.execute("COMMIT")

    return transaction, database.close


def _postgresql(url: str) -> tuple[Transaction, Callable[[], None]]:
    # as the store has it: a plan is made once
    database = psycopg.connect(url, options="-c plan_cache_mode=force_generic_plan")
    texts = {sql: text.replace("?", "%s") for sql, text in _formatted(skip_locked="FOR UPDATE SKIP LOCKED").items()}

    def execute(sql: str, values: Sequence[Any]) -> Any:
        return database.execute(texts[sql], values)

    @contextmanager
    def transaction() -> Iterator[Execute]:
        with database.pipeline():
            yield execute
            database.commit()

    return transaction, database.close


def _formatted(*, skip_locked: str) -> dict[str, str]:
    statements = (_CLAIM, _START_ATTEMPT, _ADD_EVENT, _MOVE_HEAD, _ADD_AUDIT, _COMPLETE, _END_ATTEMPT, _ADD_ADAPTER)
    return {sql: sql.format(skip_locked=skip_locked) for sql in statements}
