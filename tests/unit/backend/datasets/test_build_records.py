"""Builds with templates, token limits and corrected answers: what the records are, and what is left out for it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.datasets.build import NothingKept
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.records.chunks import TokenLimit
from backend.datasets.records.drafting import drafter_for
from backend.datasets.records.preferences import FeedbackPairs, PreferenceDrafter
from backend.datasets.records.templates.registry import chosen_templates, installed_templates
from backend.datasets.tokens import UnicodeWordCounter, training_text
from shared.models.dataset import RecordFormat, RecordProvenance
from shared.models.feedback import FeedbackItem
from tests.support.dataset_builds import FROM_DOCUMENTS, a_plan, all_records, build
from tests.support.legal_texts import GOOD, a_candidate, candidates

ALL_KINDS = chosen_templates(["question", "completion", "citation", "summary", "definition"], installed_templates())


def an_item(number: int, prompt: str, *, answer: str = "Nein.", correction: str | None = "Ja.") -> FeedbackItem:
    return FeedbackItem(
        feedback_id=f"feedback_{number}",
        prompt=prompt,
        answer=answer,
        correction=correction,
        score=-1.0,
        source="chat",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        created_by="a@b.de",
    )


def preferences(items: Iterable[FeedbackItem]) -> PreferenceDrafter:
    by_id = {each.feedback_id: each for each in items}
    return PreferenceDrafter(FeedbackPairs(by_id.values(), by_id.__getitem__), PersonalData())


def test_several_templates_make_several_records_of_a_section_in_the_order_of_their_ids(tmp_path: Path) -> None:
    shape = RecordFormat.INSTRUCTION
    rows: list[RecordProvenance] = []
    plan = a_plan(tmp_path / "1", record_format=shape)
    result = build(plan, candidates(10), rows, drafter=drafter_for(shape, ALL_KINDS))
    made = all_records(result)

    assert result.record_count == len(made) == len(rows) > 60
    assert result.statistics["sections"]["kept"] == 60
    assert {each["metadata"]["template"] for each in made} >= {"question_headed", "completion_half", "summary_heading"}
    for name in ("train", "validation", "test"):
        ids = [each["record_id"] for each in made if each["metadata"]["split"] == name]
        assert ids == sorted(set(ids))


def test_sections_to_which_no_template_applies_are_left_out_for_that_reason(tmp_path: Path) -> None:
    shape = RecordFormat.MESSAGES
    defined = a_candidate("Abfall im Sinne dieser Satzung ist jeder Stoff in den Grünanlagen. " + GOOD, document="d")
    drafter = drafter_for(shape, chosen_templates(["definition"], installed_templates()))
    result = build(a_plan(tmp_path / "1", record_format=shape), [*candidates(2), defined], drafter=drafter)

    assert result.record_count == 1
    assert result.statistics["sections"] == {"found": 13, "kept": 1, "dropped": {"no_template": 12}}


def test_a_section_is_kept_if_any_of_its_parts_makes_a_record(tmp_path: Path) -> None:
    shape = RecordFormat.MESSAGES
    term = "Abfall im Sinne dieser Satzung ist jeder Stoff in den Grünanlagen."
    for number, long in enumerate((f"{term}\n\n{GOOD}", f"{GOOD}\n\n{term}")):
        drafter = drafter_for(shape, chosen_templates(["definition"], installed_templates()))
        plan = a_plan(tmp_path / str(number), record_format=shape, limit=TokenLimit(UnicodeWordCounter(), 60))
        result = build(plan, [a_candidate(long)], drafter=drafter)

        assert result.statistics["sections"] == {"found": 1, "kept": 1, "dropped": {}}


@pytest.mark.parametrize("record_format", FROM_DOCUMENTS)
def test_token_counts_are_exact_and_add_up(tmp_path: Path, record_format: RecordFormat) -> None:
    counter = UnicodeWordCounter()
    plan = a_plan(tmp_path / "1", record_format=record_format, limit=TokenLimit(counter, 60, 12))
    result = build(plan, candidates(8))
    made = all_records(result)

    assert any(each["metadata"]["parts"] > 1 for each in made)
    assert all(each["metadata"]["tokens"] == counter.count(training_text(each)) for each in made)
    assert sum(each["metadata"]["tokens"] for each in made) == result.total_tokens


def test_the_text_of_a_span_is_the_text_of_its_record(tmp_path: Path) -> None:
    found = list(candidates(8))
    plan = a_plan(
        tmp_path / "1", record_format=RecordFormat.PROMPT_COMPLETION, limit=TokenLimit(UnicodeWordCounter(), 60, 12)
    )
    sections = {each.stored.section_id: each.section for each in found}

    for record in all_records(build(plan, found)):
        section, said = sections[record["section_id"]], record["metadata"]
        source = section.text[said["start"] - section.start : said["end"] - section.start]
        assert normalise(source) == record["completion"]


def test_ids_of_corrected_answers_decide_nothing(tmp_path: Path) -> None:
    said = [
        ("Was gilt nach § 1 GrünS?", "Eine Gebühr."),
        ("Und § 1 GrünS?", "Ja."),
        ("Wer zahlt nach § 1 GrünS?", "Alle."),
    ]
    built = []
    for number, order in enumerate(((0, 1, 2), (2, 0, 1))):
        items = [
            an_item(place, said[which][0], correction=said[which][1]) for place, which in enumerate(order, start=1)
        ]
        plan = a_plan(tmp_path / str(number), record_format=RecordFormat.PREFERENCE)
        built.append(build(plan, [a_candidate()], drafter=preferences(items)))

    assert built[0].version_sha256 == built[1].version_sha256
    assert built[0].content_sha256 == built[1].content_sha256


def test_a_corrected_answer_is_a_preference_of_the_section_that_its_question_cites(tmp_path: Path) -> None:
    items = [
        an_item(1, "Was kostet § 1 GrünS?", answer="Nichts.", correction="Eine Gebühr."),
        an_item(2, "Und § 99 GrünS?"),
        an_item(3, "Wer zahlt?"),
        an_item(4, "Gilt § 1 GrünS?", answer="Ja.", correction="Ja."),
        an_item(5, "Was sagt § 1 GrünS 2 zur Gebühr?", answer="Vieles."),
    ]
    found = [a_candidate(), a_candidate(section_like(2), document="d2", path="b.md", abbreviation="GrünS 2")]
    result = build(a_plan(tmp_path / "1", record_format=RecordFormat.PREFERENCE), found, drafter=preferences(items))
    first, second = sorted(all_records(result), key=lambda each: each["prompt"])

    assert (first["prompt"], first["chosen"], first["rejected"]) == ("Was kostet § 1 GrünS?", "Eine Gebühr.", "Nichts.")
    assert (first["document_id"], first["metadata"]["legal_basis"]) == ("doc_1", "§ 1 GrünS")
    assert (first["metadata"]["origin"], first["metadata"]["template"]) == ("feedback", "correction")
    assert (second["rejected"], second["document_id"]) == ("Vieles.", "d2")


@pytest.mark.parametrize(
    ("title", "prompt"),
    [
        ("Grünflächensatzung der Stadt", "Was sagt § 1 der Grünflächensatzung der Stadt?"),
        ("Grünflächensatzung", "Was steht in § 1 Abs. 2 Satz 1 der Grünflächensatzung?"),
        ("BGH, Urteil vom 26.02.2020 - XI ZR 24/19", "Wie entschied der BGH in XI ZR 24/19 über Gebühren?"),
    ],
)
def test_a_question_may_name_a_law_by_its_title_and_a_ruling_by_its_file_number(
    tmp_path: Path, title: str, prompt: str
) -> None:
    cited = a_candidate(section_like(2), title=title, abbreviation="")
    other = a_candidate(document="d2", path="b.md", title="Friedhofssatzung", abbreviation="")
    plan = a_plan(tmp_path / "1", record_format=RecordFormat.PREFERENCE)

    (made,) = all_records(build(plan, [other, cited], drafter=preferences([an_item(1, prompt)])))

    assert (made["prompt"], made["document_id"]) == (prompt, "doc_1")


def section_like(number: int) -> str:
    return next(iter(candidates(number + 1, sections=1))).section.text


def test_preferences_without_any_corrected_answer_are_an_error_that_says_so(tmp_path: Path) -> None:
    plan = a_plan(tmp_path / "1", record_format=RecordFormat.PREFERENCE)

    with pytest.raises(NothingKept, match="1 no_corrected_answer"):
        build(plan, [a_candidate()], drafter=preferences([an_item(1, "Wer zahlt?")]))


def test_the_order_of_items_and_sections_does_not_matter(tmp_path: Path) -> None:
    items = [an_item(number, f"Frage {number} zu § 1 GrünS?", answer=f"{number}") for number in range(5)]
    found = [a_candidate(), a_candidate(section_like(3), document="d2", path="b.md")]
    plans = [a_plan(tmp_path / str(number), record_format=RecordFormat.PREFERENCE) for number in range(2)]
    one = build(plans[0], found, drafter=preferences(items))
    other = build(plans[1], found[::-1], drafter=preferences(items[::-1]))

    assert one.content_sha256 == other.content_sha256
    assert one.record_count == 5


def test_records_name_the_counter_and_nothing_is_null(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), candidates(3))

    assert "null" not in json.dumps(all_records(result))
    assert result.statistics["tokens"]["counter"] == "unicode-words-1"
    assert replace(result, statistics={}).record_count == 18
