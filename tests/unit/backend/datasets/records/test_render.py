"""Records: what a model reads, and how its source is found again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafting import KeptPassage, drafter_for
from backend.datasets.records.drafts import Draft
from backend.datasets.records.passages import CharacterLimit, Passage, passages
from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.render import bodies_of, provenance_of, record_id_of, record_of, reference_of
from backend.datasets.records.schema import METADATA_MEMBERS, columns
from backend.datasets.tokens import UnicodeWordCounter, training_text
from shared.models.dataset import RecordFormat, Split
from tests.support.legal_texts import GOOD, a_candidate


def a_draft(passage: Passage, record_format: RecordFormat) -> Draft:
    if record_format is RecordFormat.PREFERENCE:
        return Draft("Am Montag.", "Wann?", rejected="Nie.", template="correction")
    kept = KeptPassage(TreatedPassage(passage, bodies_of(passage)), 0.9, Split.TRAIN)
    ((_, (draft,)),) = drafter_for(record_format).drafted([kept])
    return draft


def a_record(passage: Passage, record_format: RecordFormat = RecordFormat.TEXT) -> dict[str, Any]:
    return record_of(
        passage,
        a_draft(passage, record_format),
        record_format=record_format,
        split=Split.TRAIN,
        quality_score=0.9,
        quality_profile="legal-de-1",
        counter=UnicodeWordCounter(),
        licence="§ 5 UrhG",
    )


@pytest.mark.parametrize("record_format", list(RecordFormat))
def test_every_record_has_exactly_the_columns_in_their_order(record_format: RecordFormat) -> None:
    record = a_record(Passage((a_candidate(),)), record_format)

    assert list(record) == [column.name for column in columns(record_format)]
    assert list(record["metadata"]) == [member.name for member in METADATA_MEMBERS]


def test_running_text_begins_with_law_and_section() -> None:
    text = a_record(Passage((a_candidate(),)))["text"]

    assert text.startswith("Grünanlagensatzung (GrünS)\n§ 1 Gebühren\n\n(1) Die Gemeinde erhebt für die Benutzung der ")


def test_a_chat_asks_for_the_section_and_answers_with_its_wording() -> None:
    user, assistant = a_record(Passage((a_candidate(),)), RecordFormat.MESSAGES)["messages"]

    assert user["role"] == "user"
    assert "§ 1 GrünS" in user["content"]
    assert assistant["role"] == "assistant"
    assert assistant["content"].startswith("(1) Die Gemeinde")


def test_prompt_and_completion_are_texts() -> None:
    record = a_record(Passage((a_candidate(number="", heading="", abbreviation=""),)), RecordFormat.PROMPT_COMPLETION)

    assert "Grünanlagensatzung" in record["prompt"]
    assert record["completion"].startswith("(1) Die Gemeinde")


def test_a_part_says_which_one_it_is() -> None:
    first, *_ = passages([a_candidate("\n\n".join([GOOD] * 4))], limit=CharacterLimit(1500))

    assert f"(Teil 1 von {first.parts})" in a_record(first, RecordFormat.INSTRUCTION)["instruction"]
    assert a_record(first)["metadata"]["parts"] == first.parts


def test_merged_sections_are_asked_for_as_a_span_and_keep_their_headings() -> None:
    passage = Passage((a_candidate(ordinal=0), a_candidate(ordinal=1, number="§ 2", heading="Frist")))
    record = a_record(passage, RecordFormat.PROMPT_COMPLETION)

    assert "§ 1 bis § 2 GrünS" in record["prompt"]
    assert "§ 2 Frist\n\n(1)" in record["completion"]
    assert record["metadata"]["sections"] == 2


def test_the_wording_of_a_question_varies_by_record_and_never_by_run() -> None:
    asked = [
        [
            a_record(Passage((a_candidate(ordinal=ordinal),)), RecordFormat.PROMPT_COMPLETION)["prompt"]
            for ordinal in range(60)
        ]
        for _ in range(2)
    ]

    assert asked[0] == asked[1]
    assert len(set(asked[0])) == 4


def test_an_instruction_has_an_input_even_where_it_is_empty() -> None:
    record = a_record(Passage((a_candidate(),)), RecordFormat.INSTRUCTION)

    assert record["input"] == ""
    assert record["output"].startswith("(1) Die Gemeinde")


def test_a_record_says_what_it_rests_on_and_who_made_it_of_which_size() -> None:
    record = a_record(Passage((a_candidate(),)), RecordFormat.MESSAGES)
    said = record["metadata"]

    assert (said["legal_basis"], said["licence"]) == ("§ 1 GrünS", "§ 5 UrhG")
    assert (said["template"], said["template_version"], said["origin"]) == ("question_headed", 1, "document")
    assert (said["model"], said["prompt_version"]) == ("", "")
    assert said["tokenizer"] == "unicode-words-1"
    assert said["tokens"] == UnicodeWordCounter().count(training_text(record))


def test_merged_sections_are_cited_together_and_documents_without_numbers_by_name() -> None:
    merged = Passage((a_candidate(ordinal=0), a_candidate(ordinal=1, number="§ 2", heading="Frist")))

    assert reference_of(merged) == "§ 1 bis § 2 GrünS"
    assert reference_of(Passage((a_candidate(number="", abbreviation=""),))) == "Grünanlagensatzung"


def test_days_are_written_so_that_no_reader_takes_them_for_timestamps() -> None:
    candidate = a_candidate()
    section = replace(candidate.section, valid_from=date(2020, 5, 1))
    dated: Candidate = replace(candidate, stored=replace(candidate.stored, section=section))

    metadata = a_record(Passage((dated,)))["metadata"]

    assert (metadata["valid_from"], metadata["valid_to"]) == ("20200501", "")


def test_the_id_of_a_record_knows_nothing_of_this_installation() -> None:
    here = Passage((a_candidate(document="doc_1"),))
    there = Passage((a_candidate(document="doc_999"),))

    assert record_id_of(here) == record_id_of(there)
    assert record_id_of(here) != record_id_of(Passage((a_candidate(path="b.md"),)))


def test_ids_sort_in_document_order() -> None:
    ids = [record_id_of(Passage((a_candidate(ordinal=ordinal),))) for ordinal in (0, 2, 10, 100, 20_000)]

    assert ids == sorted(ids)


def test_provenance_names_document_version_section_and_span() -> None:
    passage = Passage((a_candidate(),))
    row = provenance_of(passage, a_record(passage), Split.TEST)

    assert (row.document_id, row.document_version, row.section_id) == ("doc_1", 1, "doc_1:1:0")
    assert (row.start, row.end, row.split) == (10, 10 + len(GOOD), Split.TEST)
