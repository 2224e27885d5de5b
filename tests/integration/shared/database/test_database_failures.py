import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.exc import IntegrityError

from shared.database.base import JobNotFound
from shared.database.engine import UnknownDatabase, open_engine, read_transaction, write_transaction
from shared.database.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    Unstorable,
)
from shared.database.migrate import ensure_schema
from shared.database.sql.audit_store import SqlAuditStore
from shared.database.sql.document_store import SqlDocumentStore
from shared.database.sql.job_store import SqlJobStore
from shared.database.sql.rows import audit_columns
from shared.database.stores import open_stores
from shared.database.tables import audit_log
from tests.support.postgres import PostgresServer
from tests.support.store_values import a_document, a_job, an_audit


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    opened = open_engine(sqlite_url, busy_timeout_s=0.2)
    yield opened
    opened.dispose()


def test_sqlite_is_opened_durable_and_strict(engine: Engine) -> None:
    with read_transaction(engine) as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_lock_held_too_long_is_named(engine: Engine) -> None:
    with write_transaction(engine), pytest.raises(DatabaseBusy, match="locked"):
        SqlAuditStore(engine).append(an_audit())


def test_a_writer_waits_for_another_instead_of_failing(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    inside, done = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with write_transaction(engine):
            inside.set()
            done.wait(0.5)

    thread = threading.Thread(target=write_slowly)
    thread.start()
    inside.wait()
    SqlAuditStore(engine).append(an_audit())
    thread.join()

    assert len(SqlAuditStore(engine).page()) == 1
    engine.dispose()


def test_readers_never_wait_for_a_writer(engine: Engine) -> None:
    with write_transaction(engine):
        assert SqlAuditStore(engine).page() == []


def test_a_full_disk_is_named_and_nothing_of_the_call_stays(engine: Engine) -> None:
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=100"))
    documents = SqlDocumentStore(engine)
    stored = [documents.put_many([a_document("small.md")])[0][0]]

    with pytest.raises(DatabaseFull, match="free some space"):
        documents.put_many([a_document(f"{number}.md", sections=50) for number in range(100)])

    assert documents.page().items == stored
    assert documents.put_many([a_document("small.md", content="v2")])[0][1]


def test_a_read_only_database_is_named(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    engine = open_engine(f"sqlite:///file:{path}?mode=ro&uri=true")

    with pytest.raises(DatabaseReadOnly, match="permissions"):
        SqlAuditStore(engine).append(an_audit())
    engine.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "clara.db").write_bytes(b"PK\x03\x04" * 1000)

    with pytest.raises(DatabaseCorrupt, match="backup"):
        ensure_schema(f"sqlite:///{tmp_path / 'clara.db'}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")

    with pytest.raises(DatabaseReadOnly, match="data"):
        ensure_schema(f"sqlite:///{tmp_path / 'data' / 'clara.db'}")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no url", "postgresql://h:port/x"])
def test_urls_that_we_cannot_serve_are_refused(url: str) -> None:
    with pytest.raises(UnknownDatabase):
        open_engine(url)


def test_errors_hold_no_parameters(engine: Engine) -> None:
    entry = {**audit_columns(an_audit(object_id="Geheimnis")), "seq": 1, "created_at": a_job().created_at}
    SqlAuditStore(engine).append(an_audit())

    with pytest.raises(IntegrityError, match="UNIQUE") as caught, write_transaction(engine) as connection:
        connection.execute(insert(audit_log), entry)

    assert "Geheimnis" not in str(caught.value)


def test_a_moment_without_zone_is_refused(engine: Engine) -> None:
    job = a_job(created_at=a_job().created_at.replace(tzinfo=None))

    with pytest.raises(Unstorable, match="without time zone"):
        SqlJobStore(engine).add(job, audit=an_audit())


def test_every_acknowledged_call_survives_kill_9(sqlite_url: str) -> None:
    program = """
import os
from shared.database.stores import open_stores
from shared.models.job import Progress
from tests.support.store_values import a_job, an_audit, an_adapter, claimed
stores = open_stores(os.environ["URL"])
while True:
    job = stores.jobs.add(a_job(), audit=an_audit())
    print("added", job.job_id, flush=True)
    stores.jobs.admit(job)
    job, claim = claimed(stores)
    stores.jobs.complete(claim, an_adapter(job), progress=Progress())
    print("completed", job.job_id, flush=True)
"""
    environment = {**os.environ, "URL": sqlite_url, "PYTHONPATH": str(Path.cwd())}
    told: list[list[str]] = []
    for round_number in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            told += [child.stdout.readline().split() for _ in range(7 + round_number)]
            child.send_signal(signal.SIGKILL)
            told += [line.split() for line in child.stdout]

    stores = open_stores(sqlite_url)
    for what, job_id in told:
        job = stores.jobs.get(job_id)
        assert what == "added" or job.status == "completed"
        assert [seen.seq for seen in stores.jobs.events(job_id)] == list(range(1, job.event_seq + 1))
    stores.close()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        unpaired = connection.execute(
            "SELECT count(*) FROM jobs FULL OUTER JOIN adapters USING (job_id) "
            "WHERE (status = 'completed') <> (adapters.adapter_id IS NOT NULL)"
        )
        assert unpaired.fetchone() == (0,)
    connection.close()


@pytest.mark.postgres
def test_a_postgresql_that_goes_away_is_named_and_comes_back_by_itself(postgres_server: PostgresServer) -> None:
    stores = open_stores(postgres_server.new_database())
    job = stores.jobs.add(a_job(), audit=an_audit())

    postgres_server.stop("immediate")
    try:
        with pytest.raises(DatabaseUnreachable):
            stores.jobs.get(job.job_id)
        with pytest.raises(DatabaseUnreachable):
            stores.jobs.add(a_job(), audit=an_audit())
        assert "cannot be reached" in stores.check()
    finally:
        postgres_server.start()

    assert stores.check() == "ok"
    assert stores.jobs.get(job.job_id) == job
    with pytest.raises(JobNotFound):
        stores.jobs.get("job_0")
    stores.close()


@pytest.mark.postgres
def test_a_connection_that_did_not_outlive_its_rest_is_replaced_unnoticed(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine._REST_S", 0.0)
    stores = open_stores(postgres_server.new_database())
    job = stores.jobs.add(a_job(), audit=an_audit())

    postgres_server.stop("immediate")
    postgres_server.start()

    assert stores.jobs.get(job.job_id) == job
    stores.close()


@pytest.mark.postgres
def test_a_connection_that_was_cut_in_use_fails_one_call_with_the_reason(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine._REST_S", 3600.0)
    stores = open_stores(postgres_server.new_database())
    stores.jobs.add(a_job(), audit=an_audit())

    postgres_server.stop("immediate")
    postgres_server.start()

    with pytest.raises(DatabaseUnreachable):
        stores.jobs.claim("worker-1", lease_s=60)
    assert stores.jobs.add(a_job(), audit=an_audit())
    stores.close()


@pytest.mark.postgres
def test_a_postgresql_without_the_database_or_the_server_is_named(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        ensure_schema(postgres_url.replace("/test_", "/missing_"))
    with pytest.raises(DatabaseUnreachable):
        ensure_schema("postgresql://clara:secret@127.0.0.1:1/clara")


@pytest.mark.postgres
def test_a_value_that_postgresql_cannot_hold_is_the_callers_fault(postgres_url: str) -> None:
    stores = open_stores(postgres_url)

    for name in ("NUL \x00", "surrogate \udcff"):
        with pytest.raises(Unstorable):
            stores.jobs.add(a_job(job_name=name), audit=an_audit())

    assert stores.jobs.counts().total == 0
    stores.close()
