"""Rows of the first schema live through every later step, up and down again, with all rules of their tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from shared.database.engine import read_transaction, write_transaction
from shared.database.migrate import MIGRATIONS, migrate
from shared.database.stores import open_stores
from shared.models.job import JobStatus

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
Schema = dict[str, dict[str, object]]
Rows = dict[str, list[dict[str, Any]]]


def test_rows_and_rules_live_through_every_step_up_and_down(empty_url: str, engine: Engine) -> None:
    revisions = _revisions()
    _make_first_schema(empty_url, engine, revisions[0])
    first_rows, schemas = _rows(engine), {}
    for revision in revisions:
        _go_to(revision, empty_url, engine)
        schemas[revision] = _schema(engine)
        assert _as_first(_rows(engine), first_rows) == first_rows
    for revision in reversed(revisions):
        _go_to(revision, empty_url, engine)
        assert _schema(engine) == schemas[revision]
        assert _as_first(_rows(engine), first_rows) == first_rows

    assert _rows(engine) == first_rows


@pytest.mark.parametrize("path", [["head"], ["head", "0001", "head"]], ids=["up", "up, down and up"])
def test_jobs_of_the_first_schema_live_on_in_their_order(empty_url: str, engine: Engine, path: list[str]) -> None:
    _make_first_schema(empty_url, engine, "0001")
    for revision in path:
        _go_to(revision, empty_url, engine)

    stores = open_stores(empty_url)
    waiting = [job.job_id for job in stores.jobs.pending()]
    (lease,) = stores.jobs.leases()
    taken = [found[0].job_id for _ in range(4) if (found := stores.jobs.claim("worker-1", lease_s=60))]
    rescued = stores.jobs.rescue(lease)
    counts = stores.jobs.counts()
    ended = stores.jobs.get("job_completed")
    stores.close()

    # as 0001 chose: priority first, then age
    assert taken == ["job_urgent", "job_old", "job_young"]
    assert waiting == ["job_pending"]
    assert lease.claim.job_id == "job_running"
    assert rescued is not None
    assert (rescued.status, rescued.crash_count) == (JobStatus.QUEUED, 1)
    assert (counts.total, counts.completed, counts.failed) == (8, 1, 1)
    assert (ended.adapter_id, ended.status) == ("adapter_1", JobStatus.COMPLETED)


def test_rules_are_kept_after_the_way_down(empty_url: str, engine: Engine) -> None:
    _make_first_schema(empty_url, engine, "0001")
    _go_to("head", empty_url, engine)
    _go_to("0001", empty_url, engine)
    jobs, attempts = _reflected(engine, "jobs"), _reflected(engine, "attempts")

    for broken in (
        jobs.update().where(jobs.c.job_id == "job_old").values(status="lost"),
        jobs.update().where(jobs.c.job_id == "job_old").values(status="running"),
        jobs.update().where(jobs.c.job_id == "job_old").values(priority=6),
        jobs.update().where(jobs.c.job_id == "job_old").values(job_id="job_young"),
        jobs.delete().where(jobs.c.job_id == "job_completed"),
        attempts.update().values(job_id="job_unknown"),
    ):
        with pytest.raises(IntegrityError), write_transaction(engine) as connection:
            connection.execute(broken)


def _revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def _go_to(revision: str, url: str, engine: Engine) -> None:
    # prepared statements of this engine's connections belong to the schema that they were made for
    engine.dispose()
    migrate(url, revision)


def _make_first_schema(url: str, engine: Engine, revision: str) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    migrate(url, revision)
    tables = MetaData()
    with write_transaction(engine) as connection:
        tables.reflect(connection, only=["jobs", "attempts", "job_events", "checkpoints", "adapters", "audit_log"])
        for name, rows in _FIRST_ROWS.items():
            connection.execute(insert(tables.tables[name]), rows)


def _reflected(engine: Engine, name: str) -> Any:
    tables = MetaData()
    with read_transaction(engine) as connection:
        tables.reflect(connection, only=[name])
    return tables.tables[name]


def _rows(engine: Engine) -> Rows:
    tables = MetaData()
    with read_transaction(engine) as connection:
        tables.reflect(connection, only=list(_FIRST_ROWS))
        return {
            name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for name in _FIRST_ROWS
            for table in [tables.tables[name]]
        }


def _as_first(rows: Rows, first: Rows) -> Rows:
    """Only the columns that the first schema had."""
    return {name: [{column: row[column] for column in first[name][0]} for row in rows[name]] for name in first}


def _schema(engine: Engine) -> Schema:
    with read_transaction(engine) as connection:
        look = inspect(connection)
        return {
            name: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"], str(column["default"]))
                    for column in look.get_columns(name)
                },
                "key": look.get_pk_constraint(name),
                "checks": {check["name"]: check["sqltext"] for check in look.get_check_constraints(name)},
                "foreign keys": {key["name"]: key["constrained_columns"] for key in look.get_foreign_keys(name)},
                "unique": {key["name"]: key["column_names"] for key in look.get_unique_constraints(name)},
                "indexes": _indexes(connection, name),
            }
            for name in look.get_table_names()
        }


def _indexes(connection: Connection, table: str) -> set[tuple[str, ...]]:
    # as the database tells them: reflection leaves out what is descending
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
    else:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table"
    return {tuple(row) for row in connection.execute(text(query), {"table": table})}


def _job(name: str, minute: int, **changes: object) -> dict[str, object]:
    """A row of `jobs` as the first schema had it."""
    return {
        "job_id": f"job_{name}",
        "job_name": name,
        "trainer_type": "lora",
        "config": {"model": {"base_model": "starter"}},
        "output_dir": "/srv/clara/runs",
        "priority": 1,
        "tags": ["Gebühren"],
        "created_by": "tina@amt.example",
        "created_at": START + timedelta(minutes=minute),
        "updated_at": START + timedelta(minutes=minute),
        "status": "queued",
        "cancel_requested": False,
        "current_epoch": 0,
        "total_epochs": 0,
        "current_step": 0,
        "total_steps": 0,
        "metrics": {},
        "attempt": 0,
        "max_attempts": 3,
        "claim_epoch": 0,
        "event_seq": 1,
        "version": 1,
        "started_at": None,
        "completed_at": None,
        "error_message": None,
        "owner": None,
        "lease_until": None,
        "adapter_id": None,
        "adapter_path": None,
        **changes,
    }


_TAKEN = {"attempt": 1, "claim_epoch": 1, "started_at": START}
_FIRST_ROWS: dict[str, list[dict[str, object]]] = {
    "jobs": [
        _job("young", 5),
        _job("urgent", 9, priority=4),
        _job("old", 2),
        _job("pending", 1, status="pending"),
        _job("running", 0, status="running", owner="worker-9", lease_until=START, **_TAKEN),
        _job("completed", 0, status="completed", adapter_id="adapter_1", adapter_path="a/1", **_TAKEN),
        _job("failed", 0, status="failed", error_message="zu groß", completed_at=START, **_TAKEN),
        _job("cancelled", 0, status="cancelled", cancel_requested=True),
    ],
    "attempts": [
        {"job_id": "job_running", "claim_epoch": 1, "attempt": 1, "owner": "worker-9", "started_at": START},
    ],
    "job_events": [
        {"job_id": "job_running", "seq": 1, "type": "status", "payload": {"status": "running"}, "created_at": START},
    ],
    "checkpoints": [
        {
            "job_id": "job_running",
            "claim_epoch": 1,
            "step": 5,
            "path": "c/5",
            "manifest_sha256": "ab" * 32,
            "created_at": START,
            "loss": 1.5,
        },
    ],
    "adapters": [
        {
            "adapter_id": "adapter_1",
            "job_id": "job_completed",
            "name": "completed",
            "path": "a/1",
            "manifest_sha256": "cd" * 32,
            "trainer_type": "lora",
            "base_model": "starter",
            "base_model_digest": "",
            "metrics": {"eval_loss": 1.25},
            "created_at": START,
            "created_by": "tina@amt.example",
        },
    ],
    "audit_log": [
        {
            "created_at": START,
            "actor": "tina@amt.example",
            "action": "job.submitted",
            "object_type": "job",
            "object_id": "job_running",
            "outcome": "ok",
            "detail": {"n": 1},
        },
    ],
}
