"""Where a wording stands: the first sentences of a section, and how the section is cited."""

from collections.abc import Iterator, Mapping

from backend.datasets.language.sentences import sentences
from backend.datasets.records.templates.base import BaseKind, Source
from shared.database.citations import citation_words

LEAST_CHARACTERS = 120
"""Shorter quotations stand in many laws ("Die Verordnung tritt am Tag nach der Verkündung in Kraft.")."""
MOST_CHARACTERS = 800


class CitationKind(BaseKind):
    """The answer is a citation that `shared.database.citations` finds the section by."""

    name = "citation"
    slots = frozenset({"quotation"})

    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """One of a section that can be cited and is not quoted with its own citation."""
        first = source.passage.first
        if not source.is_single or not citation_words(first.section.number, first.stored.abbreviation):
            return
        quotation = _quotation(source.body)
        if quotation and first.stored.abbreviation not in quotation:
            yield {"quotation": quotation}


def _quotation(body: str) -> str:
    """Whole sentences from the beginning of a text, as few as are enough; empty if they are too long or too short."""
    for span in sentences(body):
        if span.end >= LEAST_CHARACTERS:
            return body[: span.end] if span.end <= MOST_CHARACTERS else ""
    return ""
