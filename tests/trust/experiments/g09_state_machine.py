"""Random lives of jobs keep every promise, whatever clocks do; ten seeded bugs are all found.

The machine of `tests/contracts/job_store_machine.py` runs on the store in memory (which passes the contract of the
SQL stores) and on the real database; SQLite's clock jumps with the machine's, PostgreSQL keeps its own. Then each seed
of `tests/contracts/seeded_bugs.py` is applied, and the machine has to find it.
"""

import shutil
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import text

from shared.database.engine import open_engine, write_transaction
from shared.database.migrate import migrate
from shared.database.stores import Stores, memory_stores, open_stores
from shared.database.tables import metadata
from tests.contracts.fake_time import FakeTime, sqlite_on
from tests.contracts.job_store_machine import JobStoreMachine
from tests.contracts.seeded_bugs import SEEDED_BUGS
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_MOST_RUNS_PER_BUG = 3000

MakeStores = Callable[[FakeTime], Stores]


def run(place: Place) -> Mapping[str, Any]:
    """The machine without seeds, then with each of them."""
    steps = place.scaled(full=50, fast=30)
    on_database = _sqlite_in(place.folder) if place.server is None else _postgresql(place.new_database_url())
    runs = {
        "memory": place.scaled(full=2000, fast=60) if place.server is None else 0,
        place.database: place.scaled(full=60, fast=3),
    }
    violated = [name for name, violation in _violations(runs, on_database, steps) if violation]
    found = [bug for bug in SEEDED_BUGS if _is_found(bug)] if place.server is None else []
    expected = len(SEEDED_BUGS) if place.server is None else 0
    return {
        "holds": not violated and len(found) == expected,
        "runs": runs,
        "steps_per_run": steps,
        "violations": len(violated),
        "seeded_bugs": expected,
        "seeded_bugs_found": len(found),
        "not_found": [bug for bug in SEEDED_BUGS if expected and bug not in found],
    }


def _violations(runs: Mapping[str, int], on_database: MakeStores, steps: int) -> list[tuple[str, Exception | None]]:
    makers = {"memory": lambda time: memory_stores(clock=time.wall)}
    return [
        (name, _violation(makers.get(name, on_database), runs=number, steps=steps))
        for name, number in runs.items()
        if number
    ]


def _is_found(bug: str) -> bool:
    with SEEDED_BUGS[bug]():
        return _violation(lambda time: memory_stores(clock=time.wall), runs=_MOST_RUNS_PER_BUG, steps=50) is not None


def _violation(make_stores: MakeStores, *, runs: int, steps: int) -> Exception | None:
    machine = type("Machine", (JobStoreMachine,), {"make_stores": staticmethod(make_stores)})
    limits = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        # the first violation is enough; making it small is for people who look into it
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(machine, settings=limits)
    except Exception as violation:  # noqa: BLE001 - whatever the machine runs into is a find
        return violation
    return None


def _sqlite_in(folder: Path) -> MakeStores:
    template = folder / "template.db"
    migrate(f"sqlite:///{template}")
    numbers = count()

    def make_stores(time: FakeTime) -> Stores:
        path = folder / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        with sqlite_on(time.wall):
            stores = open_stores(f"sqlite:///{path}")
            # its one connection is opened here, with our clock; it stays in the pool
            stores.ping()
        return stores

    return make_stores


def _postgresql(url: str) -> MakeStores:
    open_stores(url).close()

    def make_stores(_: FakeTime) -> Stores:
        engine = open_engine(url)
        with write_transaction(engine) as connection:
            names = ", ".join(table.name for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        engine.dispose()
        return open_stores(url)

    return make_stores
