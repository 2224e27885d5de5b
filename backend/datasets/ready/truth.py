"""What lines are made of: documents of the truth, a few at a time, and whether it still holds them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from backend.datasets.quality.batches import MAX_TEXTS
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import SectionKey, SectionLines, state_of
from backend.datasets.records.candidates import Candidate
from shared.database.search_store import DocumentChange, HeldDocument
from shared.models.document import Document

_DOCUMENTS_AT_ONCE = 16


class Truth(Protocol):
    """Reads documents."""

    def states(self, document_ids: Sequence[str]) -> Sequence[DocumentChange]:
        """The newest states of these documents, with their sections."""
        ...

    def newest(self, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of these documents that are not erased."""
        ...


def neighbours(documents: Iterable[HeldDocument]) -> Iterator[list[HeldDocument]]:
    """Documents in lists of a few, as long as they hold no more sections than are judged together."""
    few: list[HeldDocument] = []
    for document in documents:
        few.append(document)
        if len(few) >= _DOCUMENTS_AT_ONCE or sum(each.section_count for each in few) >= MAX_TEXTS:
            yield few
            few = []
    if few:
        yield few


def sections_of(change: DocumentChange) -> Iterator[tuple[SectionKey, Candidate]]:
    """The sections of a document, with their names."""
    state = state_of(change.version, change.sha256)
    for stored in change.sections:
        yield SectionKey(stored.document_id, state, stored.section.ordinal), Candidate(stored, 1.0)


def put_in(
    file: ReadyFile, made: Sequence[SectionLines], documents: Truth, *, whole: Collection[tuple[str, str]] = ()
) -> None:
    """Keep lines, unless a document was erased while they were made: whoever erased it may have looked here before.

    Raises:
        StillKept: If what is erased cannot be taken out again.
        Unavailable: If the truth cannot be read.
    """
    file.put(made, whole=whole)
    if not file.is_open:
        # nothing was put
        return
    ids = {each.key.document_id for each in made}
    for document_id in sorted(ids.difference(documents.newest(sorted(ids)))):
        file.forget_document(document_id)
