"""Registered documents with many sections, as quickly as the truth takes them."""

from shared.database.base import DocumentInput, DocumentStore
from tests.support.legal_texts import a_parsed_document

SECTIONS_PER_DOCUMENT = 100
_AT_ONCE = 20


def register_sections(documents: DocumentStore, count: int, *, per_document: int = SECTIONS_PER_DOCUMENT) -> None:
    """Register documents that hold `count` sections of good prose, no two of them equal."""
    numbers = range(count // per_document)
    for start in range(0, len(numbers), _AT_ONCE):
        documents.put_many([_document(number, per_document) for number in numbers[start : start + _AT_ONCE]])


def _document(number: int, sections: int) -> DocumentInput:
    parsed = a_parsed_document(number, sections=sections)
    return DocumentInput(
        parsed, "satzungen", f"{number:06d}.md", f"{number:064x}", len(parsed.text), "anna@amt.example"
    )
