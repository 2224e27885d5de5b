"""Generated documents in a store."""

from shared.database.base import DocumentStore
from tests.support.legal_texts import a_parsed_document


def register(documents: DocumentStore, number: int) -> str:
    """Store the document of a number; the same one again changes nothing. Returns its id."""
    document, _ = documents.put(
        a_parsed_document(number),
        source="amt",
        path=f"{number}.md",
        sha256=f"{number:064d}",
        size_bytes=9,
        ingested_by="a@b",
    )
    return document.document_id
