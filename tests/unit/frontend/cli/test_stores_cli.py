"""`clara stores` and `clara reconcile`: what people and scripts see of the child's answer."""

import json

import pytest

from frontend.cli import stores_cli
from frontend.cli.stores_process import NoSuchStore
from tests.support.answering_child import Child
from tests.support.cli import Clara

STATUS = {
    "documents": 1200,
    "stores": [
        {"name": "embedded", "lists": ["citation", "keyword"], "is_fed": True, "answer": "ok", "pending": 3},
        {"name": "akten", "lists": ["keyword"], "is_fed": False, "answer": "ok", "pending": 0},
    ],
}
DIFFERENT = {
    "stores": [
        {
            "store": "neo4j",
            "answer": "ok",
            "documents": 1200,
            "pending": 0,
            "difference_count": 1,
            "counts": {"missing": 1},
            "repaired": 0,
            "differences": [{"kind": "missing", "document_id": "doc_1", "expected": "version 2", "found": ""}],
        }
    ],
    "differences": 1,
    "open": 1,
    "unreadable": 0,
}


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    # the child itself is run by the journeys; here its answers are given
    child = Child()
    monkeypatch.setattr(stores_cli, "run_upkeep", child)
    return child


def test_the_status_is_a_table_of_stores(clara: Clara, child: Child) -> None:
    child.result = STATUS

    shown = clara("stores", "status")

    assert shown.exit_code == 0
    assert "embedded" in shown.stdout
    assert "citation, keyword" in shown.stdout
    assert "not ours" in shown.stdout
    assert json.loads(clara("stores", "status", "--json").stdout) == STATUS


def test_a_store_that_cannot_serve_ends_with_1(clara: Clara, child: Child) -> None:
    child.result = {**STATUS, "stores": [{**STATUS["stores"][0], "answer": "connection refused"}]}  # type: ignore[index,dict-item]  # a plain document

    shown = clara("stores", "status")

    assert (shown.exit_code, "connection refused" in shown.stdout) == (1, True)


def test_a_rebuild_names_its_stores(clara: Clara, child: Child) -> None:
    child.result = {"rebuilt": {"embedded": 1200}}

    shown = clara("stores", "rebuild", "embedded")

    assert child.arguments == ("rebuild", "--", "embedded")
    assert (shown.exit_code, "1,200" in shown.stdout) == (0, True)


def test_differences_are_counted_named_and_end_with_1(clara: Clara, child: Child) -> None:
    child.result = DIFFERENT

    shown = clara("reconcile", "neo4j")

    assert child.arguments == ("reconcile", "--", "neo4j")
    assert shown.exit_code == 1
    assert "doc_1 is missing (registered: version 2; held: –)" in shown.stderr
    assert "--repair" in shown.stderr
    as_json = clara("reconcile", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, DIFFERENT)


def test_what_was_repaired_ends_with_0(clara: Clara, child: Child) -> None:
    child.result = {**DIFFERENT, "open": 0}

    assert clara("reconcile", "--repair").exit_code == 0
    assert child.arguments == ("reconcile", "--repair", "--")


def test_a_store_that_could_not_be_compared_ends_with_1(clara: Clara, child: Child) -> None:
    child.result = {**DIFFERENT, "differences": 0, "open": 0, "unreadable": 1}

    assert clara("reconcile").exit_code == 1


def test_an_unknown_store_ends_as_something_not_found(clara: Clara, child: Child) -> None:
    child.result = NoSuchStore("There is no search store 'x'.")

    shown = clara("stores", "rebuild", "x")

    assert (shown.exit_code, "There is no search store 'x'" in shown.stderr) == (4, True)
