import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config import get_config
from frontend.cli import audit_cli
from shared.database.audit.anchoring import Anchoring
from shared.database.engine import open_engine, write_transaction
from shared.database.stores import Stores, open_stores
from tests.support.cli import Clara
from tests.support.store_values import an_audit

NOWHERE = Clara("http://127.0.0.1:1")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CLARA_HOME", str(tmp_path))
    get_config.cache_clear()
    yield tmp_path
    get_config.cache_clear()


@pytest.fixture
def stores(home: Path) -> Iterator[Stores]:
    opened = open_stores(f"sqlite:///{home / 'clara.db'}")
    yield opened
    opened.close()


def _write(stores: Stores, number: int) -> None:
    for each in range(number):
        stores.audit.append(an_audit("job.submitted" if each % 2 else "dataset.created", object_id=f"x{each}"))


def test_entries_are_listed_page_by_page_and_filtered(stores: Stores) -> None:
    _write(stores, 5)

    first = NOWHERE.json("audit", "list", "--limit", "3")
    rest = NOWHERE.json("audit", "list", "--limit", "3", "--before", str(first["next_before"]))
    of_jobs = NOWHERE.json("audit", "list", "--action", "job.", "--since", "2020-01-01")
    shown = NOWHERE("audit", "list", "--object", "x3").stdout

    assert [entry["seq"] for entry in first["entries"] + rest["entries"]] == [5, 4, 3, 2, 1]
    assert rest["next_before"] is None
    assert [entry["object_id"] for entry in of_jobs["entries"]] == ["x3", "x1"]
    assert "tina@amt.example" in shown
    assert "x2" not in shown


def test_an_intact_log_is_said_to_be_intact(stores: Stores, home: Path) -> None:
    _write(stores, 3)
    Anchoring(stores.audit, home).anchor()

    report = NOWHERE.json("audit", "verify")

    assert (report["is_intact"], report["rows"], report["anchors"], report["findings"]) == (True, 4, 1, [])
    assert "4" in NOWHERE("audit", "verify").stdout


def test_it_is_said_how_far_an_older_copy_of_the_anchors_reaches(stores: Stores, home: Path) -> None:
    for number in (1, 3):
        _write(stores, number)
        Anchoring(stores.audit, home).anchor()
    lines, copy = (home / "audit" / "anchors.jsonl").read_text().splitlines(keepends=True), home / "copy.jsonl"
    copy.write_text(lines[0])
    made_at = json.loads(lines[0])["made_at"]

    report = NOWHERE.json("audit", "verify", "--anchors", str(copy))
    told = NOWHERE("audit", "verify", "--anchors", str(copy)).stderr

    assert (report["is_intact"], report["newer_anchors"]) == (True, 1)
    assert report["proved_to"] == {"seq": 1, "made_at": made_at}
    assert f"up to number 1 (anchored {made_at}); 1 newer" in told
    assert NOWHERE.json("audit", "verify")["proved_to"]["seq"] == 5
    assert "copy" not in NOWHERE("audit", "verify").stderr


def test_a_changed_log_ends_with_one_and_what_is_wrong(stores: Stores, home: Path) -> None:
    _write(stores, 3)
    engine = open_engine(f"sqlite:///{home / 'clara.db'}")
    with write_transaction(engine) as connection:
        connection.execute(text("UPDATE audit_log SET actor = 'nobody' WHERE seq = 2"))
    engine.dispose()

    report = NOWHERE.json("audit", "verify", exit_code=1)
    result = NOWHERE("audit", "verify")

    assert [(each["kind"], each["seq"]) for each in report["findings"]] == [("changed", 2)]
    assert result.exit_code == 1
    assert "tampered" in result.stderr


def _edit(home: Path, statement: str) -> None:
    engine = open_engine(f"sqlite:///{home / 'clara.db'}")
    with write_transaction(engine) as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text(statement))
    engine.dispose()


_EDITS = (
    "actor = CAST(actor AS BLOB), detail = CAST(detail AS BLOB)",
    "created_at = CAST(created_at AS BLOB)",
    "created_at = 7, outcome = 1.5, object_id = x'ff00'",
    "actor = CAST(x'74ff' AS TEXT)",
    "detail = '[1]', outcome = 'perhaps', created_at = 'soon'",
    """detail = '{"a": NaN, "b": 1e999, "c": "\\ud800"}'""",
    "hash = CAST(hash AS BLOB)",
    "roles = x'', created_at = '9999-12-31 23:59:59.000000'",
)


def test_columns_of_another_kind_are_edits_and_every_reader_goes_on(stores: Stores, home: Path, tmp_path: Path) -> None:
    edited = range(2, 2 * len(_EDITS) + 1, 2)
    _write(stores, 2 * len(_EDITS) + 1)
    for seq, edit in zip(edited, _EDITS, strict=True):
        _edit(home, f"UPDATE audit_log SET {edit} WHERE seq = {seq}")

    report = NOWHERE.json("audit", "verify", exit_code=1)
    listed = NOWHERE.json("audit", "list")

    assert [(each["kind"], each["seq"]) for each in report["findings"]] == [("changed", seq) for seq in edited]
    assert [entry["seq"] for entry in listed["entries"]] == list(range(2 * len(_EDITS) + 1, 0, -1))
    assert NOWHERE("audit", "list").exit_code == 0
    assert NOWHERE.json("audit", "export", str(tmp_path / "all.jsonl"))["entries"] == 2 * len(_EDITS) + 1


def test_a_head_of_another_kind_is_told(stores: Stores, home: Path) -> None:
    _write(stores, 3)
    for edit in ("hash = CAST(hash AS BLOB)", "hash = CAST(x'ff' AS TEXT)", "seq = 'three'"):
        _edit(home, f"UPDATE audit_head SET {edit}")

        report = NOWHERE.json("audit", "verify", exit_code=1)

        assert [(each["kind"], each["seq"]) for each in report["findings"]] == [("head", 3)]


def test_an_export_holds_every_entry_with_its_hash_and_replaces_no_file(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_cli, "_BATCH", 5)
    _write(stores, 12)
    out = tmp_path / "all [1].jsonl"

    assert NOWHERE.json("audit", "export", str(out))["entries"] == 12

    entries = [json.loads(line) for line in out.read_text().splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, 13))
    assert entries[-1]["hash"] == stores.audit.head().hash
    assert out.stat().st_mode & 0o077 == 0
    assert NOWHERE("audit", "export", str(out)).exit_code == 5
    assert NOWHERE("audit", "export", str(tmp_path / "none" / "x.jsonl")).exit_code == 6
    human = NOWHERE("audit", "export", str(tmp_path / "b [x].jsonl"), "--action", "job.")
    assert "6 entries" in human.stdout


@pytest.mark.parametrize(
    "arguments", [("list", "--outcome", "bad"), ("list", "--since", "gestern"), ("verify", "--anchors", "/none")]
)
def test_bad_input_ends_with_two(arguments: tuple[str, ...]) -> None:
    assert NOWHERE("audit", *arguments).exit_code == 2
