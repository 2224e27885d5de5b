"""Random lives of jobs keep every promise, whatever clocks do; all seeded bugs are found.

The machine of `tests/contracts/job_store_machine.py` runs on the store in memory (which passes the contract of the
SQL stores) and on the real database; SQLite's clock jumps with the machine's, PostgreSQL keeps its own. Then each seed
of `tests/contracts/seeded_bugs.py` is applied, and the machine has to find it within its budget of runs.
"""

import shutil
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from shared.database.engine import open_engine, write_transaction
from shared.database.migrate import migrate
from shared.database.stores import Stores, memory_stores, open_stores
from tests.contracts.fake_time import FakeTime, sqlite_on
from tests.contracts.job_store_machine import JobStoreMachine, OpenStores
from tests.contracts.seeded_bugs import SEEDED_BUGS
from tests.support.emptied import empty
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_LEAST_SEEDS = 10
_MOST_RUNS_PER_SEED = 2000
_STEPS_PER_SEED = 50

NewDatabase = Callable[[FakeTime], OpenStores]


def run(place: Place) -> Mapping[str, Any]:
    """The machine without seeds, then with each of them."""
    steps = place.scaled(full=50, fast=30)
    worlds = {place.database: _on_database(place, steps, runs=place.scaled(full=200, fast=5))}
    if place.database == "sqlite":
        worlds["memory"] = _Lives(_in_memory, steps, runs=place.scaled(full=2000, fast=200))
    violations = {name: str(lives.violation) for name, lives in worlds.items() if lives.violation}
    figures = {
        "holds": not violations,
        "runs": {name: lives.runs for name, lives in worlds.items()},
        "steps_per_run": steps,
        "violations": violations,
    }
    return figures if place.database != "sqlite" else _with_seeds(figures)


def _with_seeds(figures: dict[str, Any]) -> dict[str, Any]:
    runs_until = {bug: _runs_until_found(bug) for bug in SEEDED_BUGS}
    found = [runs for runs in runs_until.values() if runs is not None]
    return {
        **figures,
        "holds": figures["holds"] and len(found) == len(SEEDED_BUGS) >= _LEAST_SEEDS,
        "seeded_bugs": len(SEEDED_BUGS),
        "seeded_bugs_found": len(found),
        "runs_until_found": runs_until,
    }


def _runs_until_found(bug: str) -> int | None:
    with SEEDED_BUGS[bug]():
        lives = _Lives(_in_memory, _STEPS_PER_SEED, runs=_MOST_RUNS_PER_SEED)
    return lives.started if lives.violation else None


class _Lives:
    """Runs of the machine, up to the first violation.

    Args:
        new_database: Where each run lives.
        steps: Of each run.
        runs: Of this length, unless there is a violation.
        retry_s: See `JobStoreMachine`.
    """

    def __init__(self, new_database: NewDatabase, steps: int, *, runs: int, retry_s: float = 30.0) -> None:
        self.runs = self.started = 0
        self.violation: Exception | None = None
        machine = self._machine(new_database, steps, retry_s)
        # some are left early by the generator: they do not count
        while self.runs < runs and self.violation is None:
            self.violation = _first_violation(machine, _limits(runs - self.runs, steps))

    def _machine(self, new_database: NewDatabase, steps: int, retry_s: float) -> type[JobStoreMachine]:
        lives = self

        class Machine(JobStoreMachine):
            checks = 0

            def __init__(self) -> None:
                super().__init__()
                lives.started += 1

            def check_invariants(self, *args: Any, **kwargs: Any) -> None:
                self.checks += 1
                super().check_invariants(*args, **kwargs)

            def teardown(self) -> None:
                super().teardown()
                # checked after the beginning and after every step
                lives.runs += self.checks > steps

        Machine.new_database = staticmethod(new_database)
        Machine.retry_s = retry_s
        return Machine


def _first_violation(machine: type[JobStoreMachine], limits: settings) -> Exception | None:
    try:
        run_state_machine_as_test(machine, settings=limits)
    except Exception as violation:  # noqa: BLE001 - whatever the machine runs into is a find
        return violation
    return None


def _limits(runs: int, steps: int) -> settings:
    return settings(
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


def _in_memory(time: FakeTime) -> OpenStores:
    stores = memory_stores(clock=time.wall)
    return lambda: stores


def _on_database(place: Place, steps: int, *, runs: int) -> _Lives:
    if place.database == "sqlite":
        return _Lives(_sqlite_in(place.folder), steps, runs=runs)
    return _Lives(_postgresql(place.new_database_url()), steps, runs=runs, retry_s=0.0)


def _sqlite_in(folder: Path) -> NewDatabase:
    template = folder / "template.db"
    migrate(f"sqlite:///{template}")
    numbers = count()

    def new_database(time: FakeTime) -> OpenStores:
        path = folder / f"{next(numbers)}.db"
        shutil.copyfile(template, path)

        def open_it() -> Stores:
            with sqlite_on(time.wall):
                stores = open_stores(f"sqlite:///{path}")
                # its one connection is opened here, with our clock; it stays in the pool
                stores.ping()
            return stores

        return open_it

    return new_database


def _postgresql(url: str) -> NewDatabase:
    open_stores(url).close()

    def new_database(_: FakeTime) -> OpenStores:
        engine = open_engine(url)
        with write_transaction(engine) as connection:
            empty(connection)
        engine.dispose()
        return lambda: open_stores(url)

    return new_database
