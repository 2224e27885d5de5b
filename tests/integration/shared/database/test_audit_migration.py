"""Entries that were written before the audit log was a chain become part of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, MetaData, insert

from shared.database.audit.verify import verify
from shared.database.engine import write_transaction
from shared.database.migrate import migrate
from shared.database.stores import open_stores
from tests.support.store_values import an_audit

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def test_rows_with_gaps_are_numbered_and_chained_in_their_order(empty_url: str, engine: Engine) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    migrate(empty_url, "0008")
    tables = MetaData()
    numbers = [*range(3, 1400, 2), 1400, 9000]
    with write_transaction(engine) as connection:
        tables.reflect(connection, only=["audit_log"])
        connection.execute(insert(tables.tables["audit_log"]), [_row(number) for number in numbers])
    engine.dispose()

    migrate(empty_url)

    stores = open_stores(empty_url)
    stores.audit.append(an_audit())
    report, entries = verify(stores.audit), stores.audit.records(after=0, limit=2000)
    stores.close()
    assert (report.rows, report.findings) == (len(numbers) + 1, ())
    assert [record.entry.object_id for record in entries[:-1]] == [f"job_{number}" for number in numbers]
    assert entries[0].entry.detail == {"größe": 0.1, "list": [1, None]}
    assert entries[0].entry.created_at == START + timedelta(seconds=3, microseconds=123456)


def _row(number: int) -> dict[str, object]:
    return {
        "seq": number,
        "created_at": START + timedelta(seconds=number, microseconds=123456),
        "actor": "tina@amt.example",
        "action": "job.submitted",
        "object_type": "job",
        "object_id": f"job_{number}",
        "outcome": "ok",
        "detail": {"größe": 0.1, "list": [1, None]},
        "request_id": None if number % 3 else "req-1",
    }
