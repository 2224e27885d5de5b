"""A PostgreSQL by TCP: its name is looked up by us, for the truth and for searches."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from shared.database.adapters.postgres.connections import Connections
from shared.database.engine import open_engine, read_transaction
from tests.support.hostile_urls import resolving
from tests.support.installation import free_port
from tests.support.postgres import MISSING, find_programs, running_server

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    port = free_port()
    with running_server(programs, tcp_port=port) as server:
        server.new_user("leser", "le-sen")
        yield port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "inner.test", "nowhere.test,inner.test"])
def test_the_truth_is_found_by_name_and_address(port: int, host: str) -> None:
    ports = ",".join([str(port)] * len(host.split(",")))
    engine = open_engine(f"postgresql://leser:le-sen@/postgres?host={host}&port={ports}")
    with resolving(), read_transaction(engine) as connection:
        assert connection.execute(text("SELECT inet_server_addr()::text")).scalar() == "127.0.0.1/32"
    engine.dispose()


def test_a_search_finds_its_server_by_name_and_keeps_the_connection(port: int) -> None:
    connections = Connections("postgres", f"postgresql://leser:le-sen@inner.test:{port}/postgres", timeout_s=5)
    with resolving(), connections.use("look") as connection:
        first = connection.execute("SELECT pg_backend_pid()").fetchone()
    # no name is asked for again
    with connections.use("look") as connection:
        assert connection.execute("SELECT pg_backend_pid()").fetchone() == first
    connections.close()
