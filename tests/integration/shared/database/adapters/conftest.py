"""The servers of these tests alone: a PostgreSQL that listens and asks for passwords, a Bolt server, a ChromaDB."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest

from tests.support.bolt_server import MISSING as NO_BOLT
from tests.support.bolt_server import PASSWORD as BOLT_PASSWORD
from tests.support.bolt_server import USER as BOLT_USER
from tests.support.bolt_server import BoltServer, find_package
from tests.support.bolt_server import running_server as running_bolt
from tests.support.chroma_server import MISSING as NO_CHROMA
from tests.support.chroma_server import ChromaServer, find_program, running_chroma
from tests.support.fault_proxy import FaultProxy
from tests.support.live_server import free_port
from tests.support.postgres import MISSING, PostgresServer, find_programs, running_server

USER, PASSWORD = "search_user", "kein-geheimnis-im-fehler"
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def tcp_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def tcp_server(tcp_port: int) -> Iterator[PostgresServer]:
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with running_server(programs, tcp_port=tcp_port) as server:
        server.new_user(USER, PASSWORD)
        yield server


@pytest.fixture(scope="session")
def admin_url(tcp_server: PostgresServer) -> str:
    """Of the superuser, by the socket; `USER` may make schemas in this database and nothing more."""
    url = tcp_server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"GRANT CREATE ON DATABASE {connection.info.dbname} TO {USER}")
    return url


@pytest.fixture
def proxy(tcp_port: int) -> Iterator[FaultProxy]:
    # less than the limit of a call: six such messages, which a new connection needs, are more
    opened = FaultProxy("127.0.0.1", tcp_port, delay_s=1.2)
    yield opened
    opened.close()


@pytest.fixture
def user_url(proxy: FaultProxy, admin_url: str) -> str:
    """Of the user with a password, through the proxy."""
    database = psycopg.conninfo.conninfo_to_dict(admin_url)["dbname"]
    return f"postgresql://{USER}:{PASSWORD}@{proxy.host}:{proxy.port}/{database}"


@pytest.fixture
def new_schema(admin_url: str) -> Iterator[str]:
    """A name that is free; what a test makes under it is dropped, since thousands of files are slow to remove."""
    name = f"suche {next(_NUMBERS)}"
    yield name
    with psycopg.connect(admin_url, options="-c lock_timeout=2s -c client_min_messages=error") as connection:
        for each in (name, f"{name}_new"):
            connection.execute(f'DROP SCHEMA IF EXISTS "{each}" CASCADE')


@pytest.fixture(scope="session")
def bolt_server() -> Iterator[BoltServer]:
    """One Bolt server for the session; an absent package skips the test."""
    package = find_package()
    if package is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BOLT)
        pytest.skip(NO_BOLT)
    with running_bolt(package) as server:
        yield server


@pytest.fixture(scope="session")
def shared_bolt_database(bolt_server: BoltServer) -> str:
    """A database whose constraints and compiled statements outlive a test."""
    return bolt_server.new_database()


@pytest.fixture(scope="session")
def bolt_rows(bolt_server: BoltServer, shared_bolt_database: str) -> Iterator[Callable[..., list[list[object]]]]:
    """Runs a statement as a person would in a browser, and gives its rows."""
    import neo4j

    with neo4j.GraphDatabase.driver(bolt_server.uri, auth=(BOLT_USER, BOLT_PASSWORD)) as driver:

        def rows(text: str, **parameters: object) -> list[list[object]]:
            found = driver.execute_query(text, parameters, database_=shared_bolt_database)  # type: ignore[arg-type, unused-ignore]
            return [list(record.values()) for record in found.records]

        yield rows


@pytest.fixture
def bolt_database(shared_bolt_database: str, bolt_rows: Callable[..., list[list[object]]]) -> str:
    """A database without nodes."""
    for (label,) in bolt_rows("CALL db.labels() YIELD label RETURN label"):
        while bolt_rows(f"MATCH (n:`{label}`) WITH n LIMIT 2000 DETACH DELETE n RETURN count(*)")[0][0]:
            pass
    return shared_bolt_database


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A ChromaDB server; an absent program skips the test, but never on CI."""
    if find_program() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMA)
        pytest.skip(NO_CHROMA)
    with running_chroma(tmp_path_factory.mktemp("chroma")) as server:
        yield server
