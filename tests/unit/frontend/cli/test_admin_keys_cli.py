from collections.abc import Iterator
from pathlib import Path

import pytest

from config import get_config
from shared.database.stores import open_stores
from tests.support.cli import Clara

NOWHERE = Clara("http://127.0.0.1:1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CLARA_HOME", str(tmp_path))
    get_config.cache_clear()
    yield tmp_path
    get_config.cache_clear()


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(home: Path) -> None:
    made = NOWHERE.json("admin", "keys", "create", "nightly import", "--role", "trainer", "--role", "analyst")
    listed = NOWHERE("admin", "keys", "list").stdout
    (before,) = NOWHERE.json("admin", "keys", "list")["keys"]
    gone = NOWHERE.json("admin", "keys", "revoke", made["key_id"])

    assert made["token"].startswith(f"clara_key_{made['key_id']}_")
    assert (before["state"], before["roles"]) == ("good", ["analyst", "trainer"])
    assert "nightly import" in listed
    assert made["token"].rpartition("_")[2] not in listed
    assert "token" not in before
    assert gone["state"] == "revoked"
    stores = open_stores(f"sqlite:///{home / 'clara.db'}")
    entries = [entry for _, entry in stores.audit.page()]
    assert [entry.action for entry in entries] == ["key.revoked", "key.created"]
    assert all("(command line)" in entry.actor for entry in entries)
    assert entries[1].detail["roles"] == ["analyst", "trainer"]
    stored = stores.keys.find(made["key_id"])
    assert stored is not None
    assert stored.is_of(made["token"])
    stores.close()


def test_the_token_goes_to_standard_output_and_the_advice_does_not() -> None:
    result = NOWHERE("admin", "keys", "create", "x", "--role", "admin", "--days", "1")

    assert "clara_key_" in result.stdout
    assert "only time" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "x"), 2),
        (("create", "x", "--role", "emperor"), 2),
        (("create", "x", "--role", "admin", "--days", "0"), 2),
        (("create", "x", "--role", "admin", "--days", "9999"), 2),
        (("create", " ", "--role", "admin"), 2),
        (("revoke", "unknown"), 4),
        (("list", "--after", "unknown"), 4),
    ],
)
def test_bad_input_ends_with_its_code(arguments: tuple[str, ...], code: int) -> None:
    assert NOWHERE("admin", "keys", *arguments).exit_code == code


def test_a_key_is_revoked_once() -> None:
    made = NOWHERE.json("admin", "keys", "create", "x", "--role", "admin")
    NOWHERE.json("admin", "keys", "revoke", made["key_id"])

    assert NOWHERE("admin", "keys", "revoke", made["key_id"]).exit_code == 5
