"""Every trust experiment in its fast form; `make trust` runs them in full."""

import json

import pytest

from tests.support.postgres import find_programs
from tests.trust.catalogue import experiments
from tests.trust.place import a_place

RUNS = [
    pytest.param(name, database, id=f"{name}-{database}", marks=pytest.mark.postgres if database != "sqlite" else ())
    for name, experiment in experiments().items()
    for database in experiment.databases
]


@pytest.mark.parametrize(("name", "database"), RUNS)
def test_the_promise_is_kept(name: str, database: str) -> None:
    if database == "postgresql" and find_programs() is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    if reason := experiments()[name].missing():
        pytest.skip(reason)
    with a_place(database, is_full=False) as place:
        figures = experiments()[name].run(place)
    assert figures["holds"], json.dumps(figures, default=str)
