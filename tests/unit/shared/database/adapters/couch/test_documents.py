"""How a document becomes entries of CouchDB: ids, digests, parts."""

from dataclasses import replace

import pytest

from shared.database.adapters.couch.documents import (
    PART_CHARS,
    PIECE_CHARS,
    document_of,
    head_id,
    part_prefix,
    part_version,
    prepared,
)
from tests.support.search import a_change, a_document, a_law, an_erasure, change_of


def test_equal_changes_have_equal_ids_and_digests() -> None:
    one, same = prepared(a_law("doc_v", "VwVfG", "§ 1")), prepared(a_law("doc_v", "VwVfG", "§ 1"))

    assert one == same
    assert one.parts[0]["_id"] == f"part:doc_v:1:{one.digest[:16]}:00000"


@pytest.mark.parametrize(
    "other",
    [
        a_law("doc_v", "VwVfG", "§ 2"),
        a_law("doc_v", "VwVfG", "§ 1", text="Ein anderer"),
        a_law("doc_v", "AO", "§ 1"),
        a_law("doc_v", "VwVfG", "§ 1", version=2),
        a_law("doc_v", "VwVfG", "§ 1", source="gericht"),
    ],
)
def test_whatever_is_written_is_in_the_digest(other: object) -> None:
    assert prepared(a_law("doc_v", "VwVfG", "§ 1")).digest != prepared(other).digest  # type: ignore[arg-type]


def test_who_registered_a_document_is_not_written() -> None:
    document = a_document("doc_a")
    change = change_of(document, [])

    assert prepared(change) == prepared(change_of(replace(document, ingested_by="wer@anders.example"), []))


@pytest.mark.parametrize("document_id", ["doc", "doc:1", "doc:1:2", "a/b?c#d", "doc_'\"`$", "ü%"])
def test_ids_of_parts_tell_documents_and_versions_apart(document_id: str) -> None:
    (part,) = prepared(a_change(document_id, "Text", version=7)).parts

    assert part["_id"].startswith(part_prefix(document_id))
    assert not part["_id"].startswith(part_prefix("doc:1:2:3"))
    assert part_version(part["_id"]) == 7
    assert head_id(document_id) == f"document:{document_id}"


@pytest.mark.parametrize("part_id", ["part:", "part:doc:x:y:z", "part:doc", "anders"])
def test_an_id_that_is_none_of_ours_has_no_version(part_id: str) -> None:
    assert part_version(part_id) == 0


def test_sections_share_parts_and_long_texts_are_continued() -> None:
    texts = ["kurz", "x" * (2 * PIECE_CHARS + 5), "ß" * PART_CHARS, "am Ende"]
    parts = prepared(a_change("doc_a", *texts)).parts

    sections = [section for part in parts for section in part["sections"]]
    for ordinal, text in enumerate(texts):
        assert "".join(each["text"] for each in sections if each["ordinal"] == ordinal) == text
    assert len(parts) == 3
    assert all(sum(len(each["text"]) for each in part["sections"]) <= PART_CHARS for part in parts)
    noted = prepared(a_change("doc_a", *texts)).head_with({part["_id"]: "1-a" for part in parts}, replaced=[], over="")
    assert sum(part["sections"] for part in noted["parts"]) == 4


def test_an_erasure_is_a_head_without_parts() -> None:
    change = prepared(an_erasure("doc_a", version=3))

    assert (change.parts, change.is_erased, change.head["version"]) == ([], True, 3)


def test_a_head_remembers_what_it_replaces_and_what_it_is_written_over() -> None:
    head = prepared(a_change("doc_a")).head_with({}, replaced=["part:doc_a:1:x:0"], over="4-b")

    assert (head["replaced"], head["_rev"], head["parts"]) == (["part:doc_a:1:x:0"], "4-b", [])


def test_filters_see_the_document_that_was_registered() -> None:
    change = a_law("doc_v", "VwVfG", "§ 1")
    head = prepared(change).head_with({prepared(change).parts[0]["_id"]: "1-a"}, replaced=[], over="")

    assert change.document is not None
    assert document_of(head) == replace(change.document, ingested_by="", section_count=1)


def test_a_head_that_somebody_made_by_hand_is_read_too() -> None:
    assert document_of({"title": "von Hand", "version": "drei"}).version == 0
