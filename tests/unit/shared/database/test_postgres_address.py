import psycopg
import pytest

from shared.database.postgres_address import with_addresses
from tests.support.hostile_urls import resolving


def looked_up(**parameters: object) -> dict[str, object]:
    with resolving():
        return with_addresses(parameters)


def test_a_name_gets_its_addresses_and_stays_for_the_certificate() -> None:
    assert looked_up(host="mixed.test", port=5432, dbname="akten") == {
        "host": "mixed.test,mixed.test",
        "hostaddr": "127.0.0.2,127.0.0.1",
        "port": "5432,5432",
        "dbname": "akten",
    }


def test_several_hosts_keep_their_order_and_their_ports() -> None:
    found = looked_up(host="front.test,/run/postgresql,nowhere.test,10.0.0.7", port="1,2,3,4")

    assert (found["host"], found["hostaddr"], found["port"]) == (
        "front.test,/run/postgresql,10.0.0.7",
        "127.0.0.2,,10.0.0.7",
        "1,2,4",
    )


@pytest.mark.parametrize(
    "parameters",
    [{"dbname": "x"}, {"host": "/run/postgresql", "port": 5433}, {"host": "a,b", "hostaddr": "10.0.0.1"}],
)
def test_unix_sockets_and_what_libpq_refuses_itself_are_left_to_it(parameters: dict[str, object]) -> None:
    assert {name: str(value) for name, value in looked_up(**parameters).items()} == {
        name: str(value) for name, value in parameters.items()
    }


@pytest.mark.parametrize(
    "parameters",
    [{"host": "metadata.test"}, {"host": "169.254.169.254"}, {"host": "db.amt", "hostaddr": "169.254.169.254"}],
)
def test_a_metadata_service_is_no_database(parameters: dict[str, object]) -> None:
    with pytest.raises(psycopg.OperationalError, match="never allowed"):
        looked_up(**parameters)


def test_a_name_that_nobody_knows_is_named() -> None:
    with pytest.raises(psycopg.OperationalError, match=r"nowhere\.test"):
        looked_up(host="nowhere.test")
