"""Addresses, credentials and the errors that answers become."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.database.adapters.couch.errors import (
    CouchDatabaseMissing,
    CouchFailed,
    CouchMissing,
    CouchRefused,
    refusal,
)
from shared.database.adapters.couch.server import CouchAddressInvalid, CouchServer
from shared.database.adapters.couchdb import CouchStore
from shared.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[6]


@pytest.mark.parametrize(
    ("url", "place", "user"),
    [
        ("http://couch.example:5984", "http://couch.example:5984", ""),
        ("https://kim:ge%40heim@couch.example/", "https://couch.example", "kim"),
        ("http://kim@[::1]:5984/couch/", "http://[::1]:5984/couch", "kim"),
    ],
)
def test_a_login_is_taken_out_of_the_address(url: str, place: str, user: str) -> None:
    server = CouchServer(url, None, None, database="akten")

    assert server.place == f"database 'akten' at {place}"
    assert server.user == user


def test_a_configured_user_goes_before_the_one_in_the_address() -> None:
    assert CouchServer("http://kim:geheim@couch.example", "anna", "auch", database="akten").user == "anna"


@pytest.mark.parametrize(
    "url", ["", "couch.example:5984", "ftp://kim:geheim@couch.example", "http://x:geheim@:0x", "//"]
)
def test_an_address_that_cannot_be_right_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(CouchAddressInvalid) as caught:
        CouchServer(url, None, None, database="akten")
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("mark", ["/", "?", "#"])
def test_a_password_that_ends_the_address_too_early_is_not_shown(mark: str) -> None:
    with pytest.raises(CouchAddressInvalid, match="written as") as caught:
        CouchServer(f"http://kim:12{mark}34@couch.example", None, None, database="akten")
    assert "12" not in caught.value.message


@pytest.mark.parametrize("database", ["", "Akten", "1akten", "ak ten", "_users", "akten?x", "akten\n"])
def test_a_name_that_no_database_can_have_is_refused(database: str) -> None:
    with pytest.raises(InvalidInput, match="small letter"):
        CouchStore("http://couch.example", database=database)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, {"error": "unauthorized", "reason": "Name or password is incorrect."}, CouchRefused),
        (403, {"error": "forbidden", "reason": "read only"}, CouchRefused),
        (404, {"error": "not_found", "reason": "Database does not exist."}, CouchDatabaseMissing),
        (404, {"error": "not_found", "reason": "no_db_file"}, CouchDatabaseMissing),
        (404, {"error": "not_found", "reason": "missing"}, CouchMissing),
        (413, {"error": "document_too_large", "reason": "doc"}, CouchFailed),
        (500, None, CouchFailed),
        (507, ["?"], CouchFailed),
    ],
)
def test_every_answer_has_its_error(status: int, answer: object, kind: type[CouchFailed]) -> None:
    error = refusal("database 'akten' at http://couch.example", "kim", asked="write", status=status, answer=answer)

    assert type(error) is kind
    assert "akten" in error.message
    assert error.message.endswith(".")


def test_a_reason_as_long_as_a_document_is_cut() -> None:
    error = refusal("database 'akten'", "", asked="write", status=500, answer={"reason": "Geheimnis " * 1000})

    assert len(error.message) < 500


def test_what_the_idle_service_imports_brings_no_http_client() -> None:
    script = "import sys, shared.database.adapters.couchdb; sys.exit(any(m in sys.modules for m in ('httpx', 'numpy')))"

    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
