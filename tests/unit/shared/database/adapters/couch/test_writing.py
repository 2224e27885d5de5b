"""Who wins: comparing what is there with what is to be written."""

import pytest

from shared.database.adapters.couch.documents import prepared
from shared.database.adapters.couch.server import Row
from shared.database.adapters.couch.writing import _is_newer, _rounds, sections_there
from shared.database.search_store import DocumentChange
from tests.support.search import a_change, an_erasure

HEAD = {"parts": [{"id": "a", "rev": "1-x", "sections": 3}, {"id": "b", "rev": "1-y", "sections": 4}]}


@pytest.mark.parametrize(
    ("version", "is_erased", "change", "wins"),
    [
        (2, False, a_change("doc", version=1), True),
        (2, False, a_change("doc", version=2), False),
        (2, False, a_change("doc", version=3), False),
        (2, True, a_change("doc", version=2), True),
        (2, True, an_erasure("doc", version=2), False),
        (2, False, an_erasure("doc", version=2), False),
        (2, True, a_change("doc", version=3), False),
    ],
)
def test_the_newer_version_wins_and_of_one_version_the_erasure(
    version: int, is_erased: bool, change: DocumentChange, wins: bool
) -> None:
    assert _is_newer({"version": version, "is_erased": is_erased}, prepared(change)) is wins


def test_of_several_changes_of_a_document_the_newest_is_written() -> None:
    changes = [a_change("doc", "a", version=2), an_erasure("doc", version=3), a_change("doc", "b", version=3)]

    (wanted,) = _rounds([*changes, a_change("doc", "c")])

    assert {each: (change.version, change.is_erased) for each, change in wanted.items()} == {"doc": (3, True)}


def test_many_or_long_documents_are_written_some_at_a_time() -> None:
    assert [len(wanted) for wanted in _rounds(a_change(f"doc_{n}", "kurz") for n in range(100))] == [64, 36]
    assert [len(wanted) for wanted in _rounds(a_change(f"doc_{n}", "x" * 3_000_000) for n in range(3))] == [2, 1]


def test_only_parts_that_are_there_as_they_were_written_count() -> None:
    there = {"a": Row("a", "1-x"), "b": Row("b", "2-edited")}

    assert sections_there(HEAD, there) == 3
    assert sections_there(HEAD, {"a": Row("a", "1-x"), "b": Row("b", "1-y")}) == 7
    assert sections_there({"parts": "unsinn"}, there) == 0
