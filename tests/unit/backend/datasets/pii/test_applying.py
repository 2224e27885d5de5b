"""A policy rewrites a text once and for all, and reports what it did where, without the words."""

import dataclasses

import pytest
from hypothesis import given, settings

from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.policy import Action, InvalidPolicy, Policy, Rule, policy_of
from backend.datasets.pii.scanner import Scanner
from tests.support.personal_texts import TEXTS

KEY = b"0123456789abcdef"
TEXT = "Herr Krause (IBAN DE89 3704 0044 0532 0130 00) klagt gegen die Stadt; Richterin am VG Dr. Lindner entschied."
SCANNER = Scanner()


def policy(action: Action, min_confidence: float = 0.0, **rules: Rule) -> Policy:
    return Policy("test", 1, "of a test", rules, Rule(action, min_confidence))


def test_the_default_masks_private_people_and_keeps_judges() -> None:
    treated = PolicyApplier().apply(TEXT)
    assert treated.text == "Herr [Person] (IBAN [IBAN]) klagt gegen die Stadt; Richterin am VG Dr. Lindner entschied."
    assert treated.policy_version == policy_of().key
    assert [(deed.finding.kind, deed.action) for deed in treated.deeds] == [
        ("person", Action.MASK),
        ("iban", Action.MASK),
        ("judge", Action.REPORT),
    ]


def test_the_report_counts_in_the_original_text_and_holds_words_only_if_asked_for() -> None:
    applier = PolicyApplier()
    silent, telling = applier.apply(TEXT), applier.apply(TEXT, with_found=True)
    assert [TEXT[deed.finding.start : deed.finding.end] for deed in silent.deeds] == [d.found for d in telling.deeds]
    assert all(deed.found is None for deed in silent.deeds)
    assert "Krause" not in repr(silent)


def test_one_finding_that_is_to_be_dropped_drops_the_text() -> None:
    treated = PolicyApplier(policy(Action.REPORT, iban=Rule(Action.DROP))).apply(TEXT)
    assert treated.is_dropped
    assert treated.text is None
    assert Action.DROP in {deed.action for deed in treated.deeds}
    kept = PolicyApplier(policy(Action.REPORT, tax_id=Rule(Action.DROP))).apply(TEXT)
    assert kept.text == TEXT
    assert not kept.is_dropped


def test_findings_below_the_confidence_are_passed_over() -> None:
    text = "Der Angeklagte K. fuhr weiter."
    assert PolicyApplier().apply(text).deeds == ()
    assert PolicyApplier(policy(Action.MASK)).apply(text).text == "Der Angeklagte [Person] fuhr weiter."


def test_one_person_keeps_one_pseudonym_over_texts() -> None:
    applier = PolicyApplier(policy(Action.PSEUDONYMISE, 0.6), key=KEY)
    first = applier.apply("Herr Krause klagt.").text or ""
    second = applier.apply("Die Zeugin Krause und Frau Lindner klagen.").text or ""
    code = first.removeprefix("Herr ").removesuffix(" klagt.")
    assert code.startswith("Person-")
    assert second.count(code) == 1


def test_pseudonyms_need_a_key() -> None:
    with pytest.raises(InvalidPolicy, match="no key"):
        PolicyApplier(policy(Action.PSEUDONYMISE))


def test_a_rule_for_a_kind_that_nothing_finds_is_refused() -> None:
    with pytest.raises(InvalidPolicy, match="nothing finds shoe_size"):
        PolicyApplier(dataclasses.replace(policy_of(), rules={"shoe_size": Rule(Action.MASK)}))


@settings(max_examples=150)
@given(TEXTS)
def test_after_pseudonyms_nothing_of_a_kind_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    applier = PolicyApplier(policy(Action.PSEUDONYMISE), key=KEY, scanner=SCANNER)
    treated = applier.apply(text).text or ""
    assert [(each.kind, treated[each.start : each.end]) for each in SCANNER.scan(treated)] == []
    assert applier.apply(treated).text == treated


@settings(max_examples=150)
@given(TEXTS)
def test_after_masks_nothing_is_left(text: str) -> None:
    treated = PolicyApplier(policy(Action.MASK), scanner=SCANNER).apply(text).text or ""
    assert [(each.kind, treated[each.start : each.end]) for each in SCANNER.scan(treated)] == []


@given(TEXTS)
def test_a_report_changes_nothing(text: str) -> None:
    assert PolicyApplier(policy(Action.REPORT), scanner=SCANNER).apply(text).text == text
