"""A stream whose lines are looked up is the stream whose lines are made, whatever changed in between."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.models import DatasetRequest
from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.ready.lines import SectionKey
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.licences import Licences
from backend.datasets.searching import Found
from shared.database.dataset_search import DatasetDocument
from shared.models.review import ReviewState
from tests.support.legal_texts import a_candidate, a_parsed_document, section_text
from tests.support.ready_desk import DOCUMENTS, PROFILE, REPEALED, SECTIONS, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def records_of(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize("changes", [{}, {"record_format": "messages"}, {"seed": 7}, {"least": 0.9}, {"top_k": 8}])
def test_lines_that_are_looked_up_are_those_that_were_made(desk: Desk, changes: dict[str, Any]) -> None:
    shelf, desk.shelf = desk.shelf, None
    without = desk.everything(**changes)
    desk.shelf = shelf
    made = desk.everything(**changes)
    assert desk.made > 0

    assert desk.everything(**changes) == made == without
    assert desk.made == 0
    assert made


def test_everything_comes_in_the_order_of_documents_and_sections(desk: Desk) -> None:
    places = [each["section_id"].split(":") for each in records_of(desk.everything())]

    assert places == sorted(places)
    assert len(places) == (DOCUMENTS + 1) * SECTIONS - 2


def test_only_what_is_missing_is_made(desk: Desk) -> None:
    desk.everything(top_k=9)
    whole, made_before = desk.everything(), desk.made
    new = desk.register(7, a_parsed_document(7, sections=3))
    with_new = desk.everything()

    assert made_before == (DOCUMENTS + 1) * SECTIONS - 9
    assert desk.made == 3
    added = [line for line in with_new.splitlines() if new.document_id.encode() in line]
    assert len(added) == 3
    assert [line for line in with_new.splitlines() if line not in added] == whole.splitlines()


def test_a_new_version_of_a_document_is_made_anew(desk: Desk) -> None:
    desk.everything()
    changed = desk.register(1, a_parsed_document(50, sections=SECTIONS))
    records = [each for each in records_of(desk.everything()) if each["document_id"] == changed.document_id]

    assert desk.made == SECTIONS
    assert {each["document_version"] for each in records} == {2}
    assert "Satzung Nummer 50" in records[0]["text"]


def test_a_section_whose_words_are_others_under_the_same_name_is_made_anew(desk: Desk) -> None:
    def with_other_bytes() -> Iterator[DatasetDocument]:
        for hit in desk.hits():
            assert hit.document is not None
            stored = replace(hit.stored, section=replace(hit.stored.section, text=section_text(77, 3)))
            yield replace(hit, stored=stored, document=replace(hit.document, sha256="f" * 64))

    desk.everything()
    records = records_of(desk.streamed(Found(with_other_bytes(), {})))

    assert all("Satzung Nummer 77" in each["text"] for each in records)


@pytest.mark.parametrize("change", ["profile", "personal_data"])
def test_what_decides_otherwise_is_heeded_at_once(desk: Desk, change: str, tmp_path: Path) -> None:
    before = desk.everything()
    if change == "profile":
        desk.profile = replace(PROFILE, version=PROFILE.version + 1)
    else:
        desk.personal_data = PersonalData(PolicyApplier())
    after = desk.everything()
    fresh = Desk(tmp_path / "fresh")
    fresh.stores, fresh.profile, fresh.personal_data = desk.stores, desk.profile, desk.personal_data

    assert desk.made == (DOCUMENTS + 1) * SECTIONS
    assert after == fresh.everything()
    assert (after == before) == (change == "personal_data")


@pytest.mark.parametrize("is_ready", [True, False])
def test_rulings_are_heeded_at_once_whatever_is_ready(desk: Desk, is_ready: bool) -> None:
    if is_ready:
        desk.everything(least=1.0)
    unwanted = section_text(1, 2)
    desk.rule(unwanted, ReviewState.REJECTED)
    desk.rule(REPEALED, ReviewState.KEPT)
    texts = [each["text"] for each in records_of(desk.everything(least=1.0))]

    assert (desk.made == 0) == is_ready
    assert sum(REPEALED in text for text in texts) == 1
    assert not any(normalise(unwanted) in text for text in texts)
    desk.rule(unwanted, ReviewState.KEPT)
    assert len(records_of(desk.everything(least=1.0))) == len(texts) + 1


def test_hits_of_a_query_share_the_lines_and_have_their_own_relevance(desk: Desk) -> None:
    whole = records_of(desk.everything())
    backwards = list(desk.hits(relevance=0.25))[::-1]
    found = records_of(desk.streamed(Found(iter(backwards), {})))

    assert desk.made == 0
    assert found == [{**each, "relevance_score": 0.25} for each in whole[::-1]]


def test_what_lies_in_databases_of_others_is_never_kept(desk: Desk) -> None:
    def foreign(text: str) -> Found:
        stored = a_candidate(text).stored
        return Found(iter([DatasetDocument(stored, None, 1.0, 1, {}, "")] * 2), {})

    first, second = (records_of(desk.streamed(foreign(section_text(number, 1)))) for number in (1, 2))

    assert "Satzung Nummer 1 " in first[1]["text"]
    assert "Satzung Nummer 2 " in second[1]["text"]


def test_erased_documents_are_not_sent_and_leave_the_shelf(desk: Desk) -> None:
    assert desk.shelf is not None
    whole = records_of(desk.everything())
    gone = whole[0]["document_id"]
    desk.erase(gone)
    left = records_of(desk.everything())

    assert left == [each for each in whole if each["document_id"] != gone]
    assert desk.shelf.sweep(desk.stores.documents.iter_held) == 1


def test_a_document_that_is_erased_on_the_way_is_passed_over(desk: Desk) -> None:
    held = list(desk.stores.documents.iter_held())
    gone = held[2].document_id
    desk.erase(gone)
    records = records_of(desk.streamed(Found(iter(()), {}, iter(held))))

    assert gone not in {each["document_id"] for each in records}
    assert len({each["document_id"] for each in records}) == DOCUMENTS


def test_a_document_without_lines_that_gets_a_version_on_the_way_comes_in_that(desk: Desk) -> None:
    held = list(desk.stores.documents.iter_held())
    changed = desk.register(1, a_parsed_document(50, sections=2))
    records = records_of(desk.streamed(Found(iter(()), {}, iter(held))))

    assert sum(each["document_id"] == changed.document_id for each in records) == 2
    assert desk.everything()
    assert desk.made == 0


def test_without_room_everything_is_made_again(desk: Desk, tmp_path: Path) -> None:
    desk.shelf = ReadyShelf(tmp_path / "small", limit_bytes=1)
    first, second = desk.everything(), desk.everything()

    assert first == second
    assert desk.made == (DOCUMENTS + 1) * SECTIONS


def test_the_lines_of_a_section_are_those_of_this_way() -> None:
    """Whoever changes what a record looks like raises `key.WAY`, or streams go on sending what was made before."""
    order = DatasetRequest.model_validate({"name": "Alles", "search_query": {"query_text": "*"}})
    maker = LineMaker(order, QualityPipeline(PROFILE), RecordMaking(), PersonalData(), Licences())
    (made,) = maker.made([(SectionKey("doc_1", "1-a", 0), Candidate(a_candidate().stored, 0.3))])

    # another profile is another key anyway
    told = hashlib.sha256(made.content.replace(PROFILE.key.encode(), b"")).hexdigest()[:16]
    assert (told, made.records) == ("1a0bdc502120ee37", 1), (
        "raise backend.datasets.ready.key.WAY and note the new digest here"
    )
