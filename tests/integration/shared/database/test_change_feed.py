"""No change of a job is missed by those who look for changes, in whatever order they are committed."""

from pathlib import Path

import pytest
from sqlalchemy import bindparam, text, update

from shared.database.engine import open_engine, write_transaction
from shared.database.sql.change_feed import change_number
from shared.database.stores import open_stores
from shared.database.tables import jobs
from tests.support.postgres import PostgresServer
from tests.support.store_values import an_audit, queued

_CHANGE = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("changed_id"))
    .values(event_seq=jobs.c.event_seq + 1, change_no=change_number(jobs))
)


@pytest.mark.postgres
def test_a_change_that_is_committed_after_a_later_one_is_still_found(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    stores, engine = open_stores(url), open_engine(url)
    slow, quick = queued(stores), queued(stores, 1)
    start = stores.jobs.changes().cursor
    with write_transaction(engine) as connection:
        connection.execute(_CHANGE, {"changed_id": slow.job_id})
        stores.jobs.pause(quick.job_id, audit=an_audit())
        meanwhile = stores.jobs.changes(start)
        assert meanwhile.heads == {quick.job_id: 3}
    afterwards = stores.jobs.changes(meanwhile.cursor)
    assert afterwards.heads[slow.job_id] == 3
    assert stores.jobs.changes(afterwards.cursor).heads == {}
    engine.dispose()
    stores.close()


@pytest.mark.postgres
def test_numbers_of_a_restored_dump_are_no_changes(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    stores, engine = open_stores(url), open_engine(url)
    restored = queued(stores)
    with write_transaction(engine) as connection:
        connection.execute(text("UPDATE jobs SET change_no = 1000000000000"))
    cursor = stores.jobs.changes().cursor
    assert stores.jobs.changes(cursor).heads == {}
    stores.jobs.pause(restored.job_id, audit=an_audit())
    assert stores.jobs.changes(cursor).heads == {restored.job_id: 3}
    engine.dispose()
    stores.close()


def test_looking_for_changes_reads_an_index_and_not_the_history(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'clara.db'}"
    stores, engine = open_stores(url), open_engine(url)
    statement = (
        "SELECT job_id FROM (SELECT 1) AS now LEFT JOIN jobs "
        "ON change_no >= 7 AND change_no < (SELECT coalesce(max(change_no), 0) + 1 FROM jobs)"
    )
    with engine.connect() as connection:
        plan = " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
    assert "SCAN jobs" not in plan
    assert "ix_jobs_change_no" in plan
    engine.dispose()
    stores.close()
