"""What the built-in templates make of a passage: answers in the document's own words, or nothing."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafts import Draft
from backend.datasets.records.passages import CharacterLimit, Passage, passages
from backend.datasets.records.render import bodies_of
from backend.datasets.records.templates.base import Source
from backend.datasets.records.templates.registry import installed_kinds, installed_templates
from backend.datasets.records.templates.template import Template
from shared.database.citations import asked_keys, citation_words
from tests.support.legal_texts import GOOD, a_candidate, candidates

TEMPLATES: Mapping[str, Template] = installed_templates()
DEFINED = "Abfälle im Sinne dieser Satzung sind alle Stoffe, derer sich ihr Besitzer entledigt. " + GOOD


def source_of(*found: Candidate) -> Source:
    passage = Passage(found)
    return Source(passage, bodies_of(passage))


def made(source: Source, template: str) -> list[Draft]:
    return list(TEMPLATES[template].drafts(source))


def questions_about(source: Source) -> list[str]:
    return [name for name, each in TEMPLATES.items() if each.kind.name == "question" and list(each.drafts(source))]


@pytest.mark.parametrize(
    ("found", "template"),
    [
        (a_candidate(), "question_headed"),
        (a_candidate(heading=""), "question_section"),
        (a_candidate(number=""), "question_heading"),
        (a_candidate(number="", heading=""), "question_document"),
    ],
)
def test_exactly_one_question_fits_a_section(found: Candidate, template: str) -> None:
    assert questions_about(source_of(found)) == [template]


def test_exactly_one_question_fits_sections_that_stand_together() -> None:
    merged = source_of(a_candidate(ordinal=0), a_candidate(ordinal=1, number="§ 2", heading="Frist"))

    assert questions_about(merged) == ["question_span"]
    assert "§ 2 Frist\n\n(1)" in made(merged, "question_span")[0].answer


def test_every_answer_and_every_context_stands_in_the_document() -> None:
    for found in [*candidates(6), a_candidate(DEFINED), a_candidate(heading="Leitsatz")]:
        source = source_of(found)
        known = f"{source.body}\n{source.heading}"
        for template in TEMPLATES.values():
            for draft in template.drafts(source):
                cited = draft.answer.removeprefix("Der Wortlaut stammt aus ").removesuffix(".")
                assert draft.answer in known or cited == source.common()["reference"]
                assert draft.context in known


def test_a_completion_and_its_beginning_are_the_whole_wording() -> None:
    source = source_of(a_candidate())
    (draft,) = made(source, "completion_half")

    assert source.body == f"{draft.context}{source.body[len(draft.context) : -len(draft.answer)]}{draft.answer}"
    assert not source.body[len(draft.context) : -len(draft.answer)].strip()
    assert draft.context.endswith(".")


def test_a_citation_is_one_that_a_search_finds_the_section_by() -> None:
    found = a_candidate()
    (draft,) = made(source_of(found), "citation_wording")

    assert set(asked_keys(draft.answer)) & set(citation_words(found.section.number, found.stored.abbreviation))
    assert found.stored.abbreviation not in draft.context


def test_without_a_number_or_a_short_name_nothing_is_cited() -> None:
    assert made(source_of(a_candidate(number="")), "citation_wording") == []
    assert made(source_of(a_candidate(abbreviation="")), "citation_wording") == []


def test_a_term_is_asked_for_and_answered_with_its_sentence() -> None:
    (draft,) = made(source_of(a_candidate(DEFINED)), "definition_term")

    assert "Abfälle" in draft.question
    assert "§ 1 GrünS" in draft.question
    assert draft.answer == "Abfälle im Sinne dieser Satzung sind alle Stoffe, derer sich ihr Besitzer entledigt."


def test_a_summary_is_the_heading_or_a_headnote_of_the_document() -> None:
    (heading,) = made(source_of(a_candidate()), "summary_heading")

    assert heading.answer == "Gebühren"
    assert made(source_of(a_candidate()), "summary_headnote") == []
    assert made(source_of(a_candidate(number="", heading="Leitsätze")), "summary_headnote")[0].answer.startswith("(1)")


def test_a_part_is_no_summary_and_says_which_part_it_is() -> None:
    part, *_ = passages([a_candidate("\n\n".join([GOOD] * 4))], limit=CharacterLimit(1500))
    source = Source(part, bodies_of(part))

    assert made(source, "summary_heading") == []
    assert "(Teil 1 von" in made(source, "question_headed")[0].question


def test_wordings_differ_between_records_and_never_between_runs() -> None:
    sources = [source_of(a_candidate(ordinal=ordinal)) for ordinal in range(40)]
    asked = [[made(each, "question_headed")[0].question for each in sources] for _ in range(2)]

    assert asked[0] == asked[1]
    assert len(set(asked[0])) == len(TEMPLATES["question_headed"].questions)


@given(st.text(max_size=300), st.text(max_size=60))
def test_whatever_a_text_says_it_fills_no_slot(text: str, heading: str) -> None:
    found = a_candidate(f"{{law}} {text} {{0.__class__}}")
    found = replace(found, stored=replace(found.stored, section=replace(found.section, heading=heading)))
    source = source_of(found)

    for template in TEMPLATES.values():
        for draft in template.drafts(source):
            assert "{body}" not in draft.question + draft.answer or "{body}" in source.body + source.heading


def test_there_is_a_template_of_every_kind() -> None:
    assert {each.kind.name for each in TEMPLATES.values()} == set(installed_kinds())
    assert set(installed_kinds()) == {"question", "summary", "completion", "definition", "citation"}
