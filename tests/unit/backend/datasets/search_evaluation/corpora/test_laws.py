"""Laws from a folder, a tar, and from what is registered."""

import tarfile
from pathlib import Path

import pytest

from backend.datasets.search_evaluation.corpora.laws import laws_at, registered_laws
from backend.datasets.search_evaluation.judged import UnusableSet
from shared.database.memory.document_store import MemoryDocumentStore
from shared.database.memory.state import MemoryState
from tests.support.legal_texts import a_parsed_document
from tests.support.search_questions import FOLDER, LAWS

SATZUNGEN = FOLDER / "satzungen"


def test_a_folder_and_a_tar_of_it_hold_the_same_laws(tmp_path: Path) -> None:
    archive = tmp_path / "laws.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        for file in sorted(SATZUNGEN.iterdir()):
            tar.add(file, f"laws/{file.name}")
    assert list(laws_at(archive).documents()) == list(LAWS.documents())


def test_sections_keep_number_heading_and_law() -> None:
    (stored,) = [stored for change in LAWS.documents() for stored in change.sections if stored.section.number == "§ 7a"]
    assert (stored.abbreviation, stored.section.heading) == ("BaumV", "Baumpatenschaften")


def test_registered_documents_keep_their_ids_and_versions() -> None:
    store = MemoryDocumentStore(MemoryState())
    for number in range(2):
        parsed = a_parsed_document(number, sections=2)
        store.put(parsed, source="amt", path=f"{number}.md", sha256=str(number), size_bytes=1, ingested_by="kim")
    corpus = registered_laws(lambda: store)
    assert [stored.section_id for change in corpus.documents() for stored in change.sections] == [
        stored.section_id for stored in store.iter_sections()
    ]
    assert {change.document.abbreviation for change in corpus.documents() if change.document} == {"Satz0", "Satz1"}


def test_what_is_neither_folder_nor_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(UnusableSet, match="found a file that is no tar"):
        laws_at(tmp_path / "x.txt")
    with pytest.raises(UnusableSet, match="found nothing"):
        laws_at(tmp_path / "y")
