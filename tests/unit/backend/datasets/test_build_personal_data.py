"""Personal data in records: treated by a policy, counted, and named in the manifest; judged is the original text."""

import re
from pathlib import Path

import pytest

from backend.datasets.build_errors import NothingKept
from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.policy import Action, Policy, Rule, policy_of
from backend.datasets.pii.treating import PersonalData
from shared.models.dataset import RecordFormat, RecordProvenance
from shared.storage import verify_folder
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.legal_texts import GOOD, a_candidate, candidates

KEY = b"0123456789abcdef"
LETTER = f"Herr Krause klagt gegen die Stadt; Richterin am VG Dr. Lindner entschied.\n\n{GOOD}"
LAWSUIT = "Herr {} klagt gegen den Bescheid der Stadt über die Gebühren für die Straßenreinigung."
OTHER = f"Die Zeugin Krause hat ausgesagt. {' '.join(reversed(GOOD.split()))}"


def _policy(action: Action, **rules: Rule) -> PersonalData:
    return PersonalData(PolicyApplier(Policy("test", 1, "of a test", rules, Rule(action)), key=KEY))


def test_what_was_done_is_counted_by_kind_and_action_and_the_manifest_names_the_policy(tmp_path: Path) -> None:
    plan = a_plan(tmp_path / "1", personal_data=PersonalData(PolicyApplier()))
    result = build(plan, [a_candidate(LETTER, document="letter"), *candidates(2)])
    (text,) = (record["text"] for record in all_records(result) if record["document_id"] == "letter")

    assert "Herr [Person] klagt" in text
    assert "Dr. Lindner" in text
    assert result.statistics["personal_data"] == {
        "policy": policy_of().key,
        "kinds": {"judge": {"report": 1}, "person": {"mask": 1}},
    }
    assert verify_folder(result.records_dir).properties["personal_data_policy"] == policy_of().key


def test_without_a_policy_texts_stay_as_they_are(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), [a_candidate(LETTER)])

    assert "Herr Krause" in all_records(result)[0]["text"]
    assert result.statistics["personal_data"] == {"policy": "none", "kinds": {}}
    assert verify_folder(result.records_dir).properties["personal_data_policy"] == "none"


@pytest.mark.parametrize("record_format", list(RecordFormat))
def test_titles_and_headings_are_treated_like_the_body(tmp_path: Path, record_format: RecordFormat) -> None:
    plan = a_plan(tmp_path / "1", personal_data=_policy(Action.MASK), record_format=record_format)
    found = a_candidate(LETTER, title="Bescheid an Herrn Krause", heading="Antrag von Frau Krause")
    result = build(plan, [found])

    assert "Krause" not in str(all_records(result))


def test_one_person_has_one_pseudonym_over_all_records(tmp_path: Path) -> None:
    plan = a_plan(tmp_path / "1", personal_data=_policy(Action.PSEUDONYMISE))
    found = [a_candidate(LETTER, document="d1"), a_candidate(OTHER, document="d2", path="b.md")]
    records = all_records(build(plan, found))
    pseudonyms = [re.findall(r"(?:Herr|Zeugin) (Person-\w+)", record["text"]) for record in records]

    assert len(records) == 2
    assert pseudonyms[0] == pseudonyms[1] != []
    assert "Krause" not in str(records)


def test_a_text_that_must_not_be_used_is_dropped_for_that_reason(tmp_path: Path) -> None:
    plan = a_plan(tmp_path / "1", personal_data=_policy(Action.REPORT, person=Rule(Action.DROP)))
    result = build(plan, [a_candidate(LETTER), *candidates(2)])

    assert result.statistics["sections"]["dropped"] == {"personal_data": 1}
    assert result.statistics["personal_data"]["kinds"]["person"] == {"drop": 1}
    with pytest.raises(NothingKept, match="1 personal_data"):
        build(a_plan(tmp_path / "2", personal_data=plan.personal_data), [a_candidate(LETTER)])


def test_quality_is_that_of_the_original_and_provenance_counts_in_the_source(tmp_path: Path) -> None:
    plain: list[RecordProvenance] = []
    treated: list[RecordProvenance] = []
    build(a_plan(tmp_path / "1"), [a_candidate(LETTER)], plain)
    build(a_plan(tmp_path / "2", personal_data=_policy(Action.MASK)), [a_candidate(LETTER)], treated)

    assert treated == plain


def test_texts_that_only_names_tell_apart_never_stand_in_two_splits(tmp_path: Path) -> None:
    found = [
        a_candidate(LAWSUIT.format(name), document=name, path=f"{name}.md")
        for name in ("Krause", "Lindner", "Schmidt", "Müller", "Schulze", "Becker", "Meier", "Weber", "Koch", "Wolf")
    ]
    plan = a_plan(tmp_path / "1", personal_data=_policy(Action.MASK), min_quality_score=0.0)
    result = build(plan, [*candidates(20), *found])

    assert result.statistics["sections"]["dropped"]["duplicate"] > 0
    assert result.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}


def test_the_same_sections_policy_and_key_give_the_same_bytes(tmp_path: Path) -> None:
    found = [a_candidate(LETTER), *candidates(5)]
    one = build(a_plan(tmp_path / "1", personal_data=_policy(Action.PSEUDONYMISE)), found)
    other = build(a_plan(tmp_path / "2", personal_data=_policy(Action.PSEUDONYMISE)), reversed(found))

    assert one.manifest_sha256 == other.manifest_sha256
    assert one.content_sha256 != build(a_plan(tmp_path / "3"), found).content_sha256
