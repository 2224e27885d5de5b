"""Findings do not overlap, the surest one stays, and texts without a trigger cost nothing."""

import pickle
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import document_digit
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.scanner import Scanner, installed_recognisers, without_overlaps
from backend.datasets.pii.triggers import LONG_NUMBER, Page, Trigger

FINDINGS = st.lists(
    st.builds(
        lambda start, length, confidence, kind: Finding(start, start + length, kind, confidence, kind),
        st.integers(0, 60),
        st.integers(1, 20),
        st.sampled_from((0.4, 0.6, 0.9)),
        st.sampled_from(("person", "judge", "iban")),
    ),
    max_size=25,
)


class Words(BaseRecogniser):
    name = "words"
    kind = Kind("word", "Wort")
    trigger = Trigger(words=frozenset(("Muster",)))

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, text: str) -> Iterator[Finding]:
        self.asked.append(text)
        for found in re.finditer("Muster", text):
            yield self.finding(found.start(), found.end(), 0.7)


def overlaps(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


@given(FINDINGS)
def test_no_two_findings_overlap_and_each_that_went_lost_to_a_better_one(findings: list[Finding]) -> None:
    kept = without_overlaps(findings)
    assert kept == sorted(kept, key=lambda each: each.start)
    assert not any(overlaps(one, other) for place, one in enumerate(kept) for other in kept[place + 1 :])
    for gone in set(findings) - set(kept):
        rank = (gone.confidence, gone.end - gone.start, -gone.start)
        winners = [each for each in kept if overlaps(each, gone)]
        assert any((each.confidence, each.end - each.start, -each.start) >= rank for each in winners)


@given(FINDINGS, st.randoms())
def test_the_order_in_which_recognisers_find_does_not_matter(findings: list[Finding], random: st.DataObject) -> None:
    shuffled = findings.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert without_overlaps(findings) == without_overlaps(shuffled)


def test_a_text_without_its_trigger_is_not_shown_to_a_recogniser() -> None:
    words = Words()
    scanner = Scanner([words])
    assert scanner.scan("nichts davon, auch kein muster") == []
    assert words.asked == []
    assert scanner.scan("ein Muster") == [Finding(4, 10, "word", 0.7, "words")]


def test_a_trigger_fires_by_part_word_ending_pattern_or_length() -> None:
    page = Page("Die Lange Gartenstraße hat 12 Bäume.")
    assert Trigger(parts=("garten", "straße")).is_in(page)
    assert not Trigger(parts=("Baum",)).is_in(page)
    assert Trigger(words=frozenset(("Lange",))).is_in(page)
    assert not Trigger(words=frozenset(("lange",))).is_in(page)
    assert Trigger(endings=frozenset(("traße",))).is_in(page)
    assert Trigger(pattern=re.compile("[0-9]{2}")).is_in(page)
    assert not Trigger(pattern=re.compile("[0-9]{2}"), is_number=True).is_in(page)
    assert Trigger(shortest=36).is_in(page)
    assert not Trigger(shortest=35).is_in(page)


def test_dates_are_no_long_numbers() -> None:
    assert not LONG_NUMBER.is_in(Page("vom 01.01.2005 bis 31.12.2010"))
    assert LONG_NUMBER.is_in(Page("86 095 742 719"))


@given(st.text(st.sampled_from("0123456789 ABDEKSTcdemnrst.,/-+()*@<\n"), max_size=60))
def test_triggers_never_hide_what_their_recogniser_would_find(text: str) -> None:
    page = Page(text)
    for each in installed_recognisers():
        assert each.trigger.is_in(page) or list(each.find(text)) == [], each.name


@given(st.text(max_size=300))
def test_any_text_can_be_scanned(text: str) -> None:
    for each in Scanner().scan(text):
        assert 0 <= each.start < each.end <= len(text)
        assert 0 < each.confidence <= 1


@pytest.mark.parametrize(
    "unit",
    ["Dr. ", "Prof. Dr. ", "Müller-", "Müller, ", "K. ", "Richter am ", "von der ", "A-B 1 ", "a@a.", "0-", "DE1", "<"],
)
def test_a_text_made_to_be_slow_is_not(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    scanner = Scanner()
    started = time.process_time()
    scanner.scan(text)
    assert time.process_time() - started < 2


def test_a_scanner_can_be_sent_to_another_process() -> None:
    text = "Herr Krause, IBAN DE89 3704 0044 0532 0130 00"
    assert pickle.loads(pickle.dumps(Scanner())).scan(text) == Scanner().scan(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tax_id", "IdNr. 86 095\n742 719 liegt vor"),
        ("tax_id", "IdNr. 860 957 427 19 liegt vor"),
        ("tax_id", "IdNr. 8609 5742 719 liegt vor"),
        ("iban", "DE89\u20093704\u20090044\u20090532\u20090130\u200900"),
        ("iban", "DE89 3704 0044\n0532 0130 00"),
        ("iban", "DE89.3704.0044.0532.0130.00"),
        ("pension_number", "65  170839  J  003"),
        ("identity_card", "MGXLKXFCR" + str(document_digit("MGXLKXFCR"))),
    ],
)
def test_identifiers_are_found_however_they_are_grouped(kind: str, text: str) -> None:
    assert [each.kind for each in Scanner().scan(text) if each.confidence >= 0.6] == [kind]
