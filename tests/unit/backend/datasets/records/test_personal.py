"""Passages without personal data: everything that becomes words of a record, and nothing that names the source."""

from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.policy import Action, Policy, Rule
from backend.datasets.pii.treating import PersonalData
from backend.datasets.records.passages import Passage
from backend.datasets.records.personal import without_personal_data
from tests.support.legal_texts import a_candidate

MASKED = PersonalData(PolicyApplier())
TITLE, HEADING, BODY = "Bescheid an Frau Lindner", "Antrag von Herrn Krause", "Herr Krause klagt."


def _passage() -> Passage:
    return Passage((a_candidate(BODY, title=TITLE, heading=HEADING, path="krause.md"),))


def test_bodies_title_and_headings_are_treated_and_spans_and_path_stay() -> None:
    passage = _passage()
    treated = without_personal_data(passage, [BODY], MASKED)
    stored, section = treated.passage.first.stored, treated.passage.first.section

    assert treated.bodies == ["Herr [Person] klagt."]
    assert stored.document_title == "Bescheid an Frau [Person]"
    assert section.heading == "Antrag von Herrn [Person]"
    assert section.heading_path == ("Bescheid an Frau [Person]", "§ 1 Antrag von Herrn [Person]")
    assert (treated.passage.start, treated.passage.end) == (passage.start, passage.end)
    assert (stored.path, stored.section_id) == ("krause.md", passage.first.stored.section_id)


def test_a_text_that_a_record_repeats_is_counted_once() -> None:
    twice = Passage((a_candidate(BODY), a_candidate(BODY, ordinal=1)))

    assert len(without_personal_data(twice, [BODY, BODY], MASKED).deeds) == 1


def test_a_heading_that_must_not_be_used_drops_the_passage() -> None:
    drop = PersonalData(PolicyApplier(Policy("test", 1, "of a test", {}, Rule(Action.DROP))))
    treated = without_personal_data(_passage(), ["Es regnet."], drop)

    assert treated.is_dropped
    assert {deed.action for deed in treated.deeds} == {Action.DROP}


def test_without_a_policy_the_passage_is_the_same() -> None:
    passage = _passage()
    treated = without_personal_data(passage, [BODY], PersonalData())

    assert treated.passage is passage
    assert not treated.is_dropped
