import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import text

from shared.database.engine import open_engine, write_transaction
from shared.database.stores import Stores, open_stores
from shared.database.tables import metadata
from tests.contracts.job_store_machine import JobStoreMachine
from tests.support.postgres import PostgresServer

SETTINGS = {"stateful_step_count": 25, "deadline": None, "suppress_health_check": list(HealthCheck)}


def test_jobs_on_sqlite_live_legally(migrated_sqlite: Path, tmp_path: Path) -> None:
    numbers = count()

    def make_stores() -> Stores:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(migrated_sqlite, path)
        return open_stores(f"sqlite:///{path}")

    machine = type("SqliteMachine", (JobStoreMachine,), {"make_stores": staticmethod(make_stores)})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, **SETTINGS))


@pytest.mark.postgres
def test_jobs_on_postgresql_live_legally(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()

    def make_stores() -> Stores:
        stores = open_stores(url)
        _empty(url)
        return stores

    machine = type("PostgresMachine", (JobStoreMachine,), {"make_stores": staticmethod(make_stores)})
    run_state_machine_as_test(machine, settings=settings(max_examples=4, **SETTINGS))


def _empty(url: str) -> None:
    engine = open_engine(url)
    with write_transaction(engine) as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
