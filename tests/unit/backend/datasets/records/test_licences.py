"""Licences as documents say them, looked up for many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from backend.datasets.records.licences import MOST_CHARACTERS, Licences, licence_of
from shared.models.document import Document
from tests.support.store_values import START

DOCUMENT = Document(
    document_id="doc_1",
    source="amt",
    path="a.md",
    title="Satzung",
    media_type="text/markdown",
    version=1,
    sha256="0" * 64,
    size_bytes=1,
    section_count=1,
    ingested_at=START,
    ingested_by="a@b.de",
)


class Store:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def newest(self, document_ids: Sequence[str]) -> Mapping[str, Document]:
        self.asked.append(list(document_ids))
        return {
            each: replace(DOCUMENT, document_id=each, metadata={"license": f"§ 5 UrhG {each}"})
            for each in document_ids
            if each != "gone"
        }


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"License": "CC0"}, "CC0"),
        ({"LIZENZ": " dl-de/by-2-0\n"}, "dl-de/by-2-0"),
        ({"rights": "b", "licence": "a"}, "a"),
        ({"licence": "", "rights": "b"}, "b"),
        ({"licence": ["a"], "rights": 5}, ""),
        ({}, ""),
        ({"licence": "x" * 1000}, "x" * MOST_CHARACTERS),
    ],
)
def test_the_first_name_that_says_something_counts(metadata: dict[str, object], told: str) -> None:
    assert licence_of(metadata) == told


def test_documents_are_looked_up_together_and_once() -> None:
    store = Store()
    licences = Licences(store.newest)
    licences.look_up(["doc_1", "doc_2", "doc_1", "gone"])
    licences.look_up(["doc_2", "doc_3"])

    assert store.asked == [["doc_1", "doc_2", "gone"], ["doc_3"]]
    assert licences.of("doc_2") == "§ 5 UrhG doc_2"
    assert licences.of("doc_1") == "§ 5 UrhG doc_1"
    assert licences.of("gone") == ""
    assert store.asked[2:] == [["doc_1"], ["gone"]]


def test_without_documents_nothing_is_known() -> None:
    licences = Licences()
    licences.look_up(["doc_1"])

    assert licences.of("doc_1") == ""
