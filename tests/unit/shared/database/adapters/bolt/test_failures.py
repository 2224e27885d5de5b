"""What is said of a server that fails."""

import subprocess
import sys

import neo4j.exceptions
import pytest

from shared.database.adapters.bolt.failures import Neo4jFailed, address_of, driver_errors, reason_of


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("bolt://h:7687", "h:7687"),
        ("neo4j+s://user:geheim@h.example:1/?policy=geheim", "h.example:1"),
        ("bolt://[::1]:7687", "[::1]:7687"),
        ("", "no address"),
        ("h:7687", "no address"),
    ],
)
def test_an_address_is_host_and_port(uri: str, address: str) -> None:
    assert address_of(uri) == address


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "did not answer within 1.5 s"),
        (ConnectionRefusedError(), "no server answers there"),
        (neo4j.exceptions.ServiceUnavailable("geheim"), "no server answers there"),
        (neo4j.exceptions.ConfigurationError("geheim"), "reads like bolt://host:7687"),
        (ModuleNotFoundError("neo4j"), "the extra 'neo4j'"),
        (neo4j.exceptions.DriverError("geheim"), "failed with DriverError"),
    ],
)
def test_a_reason_says_what_to_do_and_nothing_that_was_sent(error: Exception, reason: str) -> None:
    assert reason in reason_of(error, 1.5)
    assert "geheim" not in reason_of(error, 1.5)
    assert isinstance(error, driver_errors())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Neo.ClientError.Security.Unauthorized", "password"),
        ("Neo.ClientError.Security.Forbidden", "may not do that"),
        ("Neo.ClientError.Database.DatabaseNotFound", "no database of that name"),
        ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", "read-only"),
        ("Neo.ClientError.Transaction.TransactionTimedOut", "in time"),
        ("Neo.ClientError.Statement.SyntaxError", "answered Neo.ClientError.Statement.SyntaxError"),
    ],
)
def test_codes_of_the_server_are_explained(code: str, reason: str) -> None:
    assert reason in reason_of(neo4j.exceptions.Neo4jError._hydrate_neo4j(code=code, message="geheim"), 1.5)


def test_the_failure_names_store_address_and_database() -> None:
    failure = Neo4jFailed("neo4j", "bolt://u:geheim@h:1", "akten", "it sleeps")

    assert "'neo4j' (h:1, database 'akten') cannot serve: it sleeps" in failure.message
    assert failure.context == {"store": "neo4j", "reason": "it sleeps"}


def test_the_driver_is_imported_with_the_first_call_and_not_before() -> None:
    script = (
        "import sys, shared.database.adapters.neo4j as n; s = n.Neo4jStore('bolt://h', 'u', 'p'); "
        "assert not {m for m in ('neo4j', 'numpy') if m in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
