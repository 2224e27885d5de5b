"""Personal data in real texts: people of court decisions are found, statutes hold next to none."""

from collections.abc import Sequence

import pytest

from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.base import Finding
from backend.datasets.pii.scanner import Scanner
from tests.benchmarks.pii import Sentence, figures, law_sections, sentences
from tests.support.shared_data import needs_shared_data

Scanned = Sequence[tuple[Sentence, Sequence[Finding]]]

# recall and precision, a little below what is measured
FLOORS = {"PER": (0.70, 0.85), "RR": (0.92, 0.95), "AN": (0.75, 0.95), "STR": (0.8, 0.95), "ST": (0.58, 0.93)}
MOST_PER_MB = {"person": 5.0, "birth_date": 0.5, "phone": 1.0, "judge": 0.5, "lawyer": 0.5}
CHECKED = {"tax_id", "iban", "pension_number", "health_insurance_number", "identity_card", "passport", "credit_card"}


@pytest.fixture(scope="module")
def scanned() -> Scanned:
    scanner = Scanner()
    return [(sentence, scanner.scan(sentence.text)) for sentence in sentences()]


class TestDecisions:
    pytestmark = needs_shared_data("ler_dev.conll.xz")

    @pytest.mark.parametrize("tag", FLOORS)
    def test_people_and_places_of_decisions_are_found(self, scanned: Scanned, tag: str) -> None:
        measured = figures(scanned, tag, 0.0)
        recall, precision = FLOORS[tag]
        assert measured["recall"] >= recall
        assert measured["precision"] >= precision

    def test_no_citation_of_a_decision_is_an_identifier(self, scanned: Scanned) -> None:
        found = [
            sentence.text[each.start : each.end] for sentence, all_ in scanned for each in all_ if each.kind in CHECKED
        ]
        assert found == []


class TestStatutes:
    pytestmark = needs_shared_data("gesetze.tar.xz")

    def test_statutes_are_left_as_they_are_but_for_the_few_they_name(self) -> None:
        applier = PolicyApplier()
        counts: dict[str, int] = {}
        size = 0
        for text in law_sections(every=40):
            size += len(text.encode())
            for deed in applier.apply(text).deeds:
                counts[deed.finding.kind] = counts.get(deed.finding.kind, 0) + 1
        assert not CHECKED & set(counts)
        assert all(counts.get(kind, 0) <= most * size / 1e6 for kind, most in MOST_PER_MB.items()), counts
