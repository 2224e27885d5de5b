"""Registered documents, a shelf for lines, and streams of them, without a service."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.datasets.models import DatasetRequest
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import Profile, built_in
from backend.datasets.ready.lines import SectionLines
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.preparing import Prepared, prepare
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.ready.stream import LineStream
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.licences import Licences
from backend.datasets.searching import Found
from shared.database.base import DocumentInput
from shared.database.dataset_search import DatasetDocument
from shared.database.stores import Stores, memory_stores
from shared.models.document import Document, ParsedDocument
from shared.models.events import AuditEntry
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from tests.support.legal_texts import a_parsed_document

DOCUMENTS, SECTIONS = 4, 6
REPEALED = "(weggefallen)"
GARBLED = "Xq zr 7 7 7 7 # # # # Xq zr 7 7 7 7 # # # # " * 4
PROFILE = built_in("legal-de")


class CountingMaker(LineMaker):
    """Counts the sections that it makes."""

    count = 0

    def made(self, wanted: Any) -> Iterator[SectionLines]:
        self.count += len(wanted)
        return super().made(wanted)


class Desk:
    """Registered documents and a shelf."""

    def __init__(self, folder: Path) -> None:
        self.stores: Stores = memory_stores()
        self.shelf: ReadyShelf | None = ReadyShelf(folder / "streams", limit_bytes=1 << 24)
        self.profile: Profile = PROFILE
        self.personal_data = PersonalData()
        self.made = 0
        self.maker_class: type[CountingMaker] = CountingMaker
        for number in range(DOCUMENTS):
            self.register(number, a_parsed_document(number, sections=SECTIONS))
        first = a_parsed_document(0, sections=SECTIONS)
        odd = [replace(each, text=text) for each, text in zip(first.sections, (REPEALED, GARBLED), strict=False)]
        self.register(99, replace(first, sections=(*odd, *first.sections[2:])))

    def register(self, number: int, parsed: ParsedDocument) -> Document:
        sha256 = hashlib.sha256(repr(parsed).encode()).hexdigest()
        put = DocumentInput(parsed, "amt", f"{number}.md", sha256, len(parsed.text), "anna")
        return self.stores.documents.put_many([put])[0][0]

    def rule(self, text: str, state: ReviewState) -> None:
        doubt = Doubt(text_key_of(normalise(text)), "s", "d", 0.1, ("stub",), "legal-de-1")
        audit = AuditEntry(action="review", object_type="text", object_id="x", actor="anna")
        self.stores.reviews.rule(doubt, Ruling(state, "anna"), audit=audit)

    def everything(self, *, top_k: int = 1000, least: float = 0.0, **changes: Any) -> bytes:
        """The stream of everything."""
        found = Found(self.hits(), {}, self.stores.documents.iter_held())
        return self.streamed(found, top_k=top_k, least=least, **changes)

    def hits(self, relevance: float = 1.0) -> Iterator[DatasetDocument]:
        states = list(self.stores.documents.iter_states())
        for state in states:
            for stored in state.sections:
                yield DatasetDocument(stored, state.document, relevance, 1, {}, "")

    def prepare(self) -> Prepared:
        """Make the lines that nobody has asked for yet."""
        assert self.shelf is not None
        makers: list[CountingMaker] = []

        def maker_of(order: DatasetRequest) -> LineMaker:
            making = RecordMaking()
            making.check_stream(order)
            makers.append(self.maker(order))
            return makers[-1]

        try:
            return prepare(self.shelf, self.stores.documents, maker_of)
        finally:
            self.made = sum(maker.count for maker in makers)

    def erase(self, document_id: str) -> None:
        """Erase a document in the truth alone."""
        self.stores.documents.erase(document_id, audit=AuditEntry("erase", "document", document_id, "anna"))

    def maker(self, order: DatasetRequest) -> CountingMaker:
        """Makes the lines of an order."""
        licences = Licences(self.stores.documents.newest)
        return self.maker_class(order, QualityPipeline(self.profile), RecordMaking(), self.personal_data, licences)

    def streamed(self, found: Found, *, top_k: int = 1000, least: float = 0.0, **changes: Any) -> bytes:
        query = {"query_text": "*", "top_k": top_k, "min_quality_score": least}
        order = DatasetRequest.model_validate({"name": "Alles", "search_query": query, **changes})
        documents, rulings = self.stores.documents, self.stores.reviews.rulings
        maker = self.maker(order)
        stream = LineStream(maker, self.shelf, documents, rulings, least_quality=least)
        pieces = list(stream.lines(found, at_most=top_k, at_first=3))
        self.made = maker.count
        assert [piece.records for piece in pieces] == [piece.content.count(b"\n") for piece in pieces]
        return b"".join(piece.content for piece in pieces)
