"""One row that nobody can read holds up no other job, on both databases."""

import pytest
from sqlalchemy import Engine, text

from shared.database.engine import open_engine, write_transaction
from shared.database.migrate import ensure_schema
from shared.database.sql.job_store import SqlJobStore
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, JobStatus, TrainingJob
from tests.support.store_values import a_job, an_audit


@pytest.fixture
def jobs(empty_url: str, engine: Engine) -> SqlJobStore:
    ensure_schema(empty_url)
    return SqlJobStore(engine)


def stored(jobs: SqlJobStore, number: int, *, is_admitted: bool = True) -> TrainingJob:
    job = jobs.add(a_job(number), audit=an_audit())
    return jobs.admit(job) if is_admitted else job


def spoil(engine: Engine, job: TrainingJob, column: str = "failure_reason", value: str = "a_word_of_tomorrow") -> None:
    with write_transaction(engine) as connection:
        connection.execute(
            text(f"UPDATE jobs SET {column} = :value WHERE job_id = :job_id"), {"value": value, "job_id": job.job_id}
        )


def test_a_queued_job_that_cannot_be_read_fails_and_the_next_one_is_claimed(engine: Engine, jobs: SqlJobStore) -> None:
    first, second = stored(jobs, 0), stored(jobs, 1)
    spoil(engine, first)
    claimed = jobs.claim("w", lease_s=60)
    assert claimed is not None
    assert claimed[0].job_id == second.job_id
    failed = jobs.get(first.job_id)
    assert (failed.status, failed.failure_reason) == (JobStatus.FAILED, AttemptOutcome.REJECTED)
    assert "a_word_of_tomorrow" in (failed.error_message or "")
    assert [job.job_id for job in jobs.page().items] == [second.job_id, first.job_id]


def test_a_pending_job_that_cannot_be_read_does_not_hide_the_others(engine: Engine, jobs: SqlJobStore) -> None:
    first, second = (stored(jobs, number, is_admitted=False) for number in range(2))
    spoil(engine, first)
    assert [job.job_id for job in jobs.pending()] == [second.job_id]
    assert jobs.get(first.job_id).status is JobStatus.FAILED


def test_the_end_of_a_job_that_cannot_be_read_has_its_event(engine: Engine, jobs: SqlJobStore) -> None:
    job = stored(jobs, 0)
    spoil(engine, job)
    assert jobs.claim("w", lease_s=60) is None
    events = jobs.events(job.job_id)
    assert [event.seq for event in events] == [1, 2, 3]
    assert events[-1].type is EventType.STATUS
    assert events[-1].payload["status"] == JobStatus.FAILED
    assert jobs.claim("w", lease_s=60) is None


@pytest.mark.parametrize(("column", "value"), [("config", "{broken"), ("tags", "3"), ("metrics", "")])
def test_broken_json_is_as_bad_and_as_harmless(sqlite_url: str, column: str, value: str) -> None:
    engine = open_engine(sqlite_url)
    jobs = SqlJobStore(engine)
    first, second = stored(jobs, 0), stored(jobs, 1)
    spoil(engine, first, column, value)
    claimed = jobs.claim("w", lease_s=60)
    assert claimed is not None
    assert claimed[0].job_id == second.job_id
    assert jobs.get(first.job_id).status is JobStatus.FAILED
    engine.dispose()
