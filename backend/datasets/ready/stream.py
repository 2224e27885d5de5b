"""The records of an order as they are found: lines that are ready are looked up, the others are made and kept.

Which of them are sent is decided anew every time: by the least quality that is asked for, and by what people decided.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from backend.datasets.quality.batches import MAX_TEXTS
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import Lines, SectionKey, SectionLines, state_of, with_relevance
from backend.datasets.ready.making import LineMaker
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.ready.truth import Truth, neighbours, put_in, sections_of
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.judging import RulingsOf
from backend.datasets.searching import Found, candidate_of
from backend.datasets.still_kept import StillKept
from shared.database.dataset_search import DatasetDocument
from shared.database.search_store import HeldDocument
from shared.models.review import ReviewState

logger = logging.getLogger(__name__)

_MAX_SIZE = 1 << 20
_PIECE_BYTES = 1 << 17


@dataclass(frozen=True, slots=True)
class _Asked:
    """A found section, with its lines if they were looked up already.

    Args:
        candidate: What lines are made of; None only where there are lines.
        is_ours: Whether the truth has its document, so that its key says when it changes.
    """

    key: SectionKey
    relevance: float
    candidate: Candidate | None
    lines: SectionLines | None = None
    is_ours: bool = True

    @property
    def size(self) -> int:
        """About how much it will be, in bytes."""
        return len(self.lines.content) if self.lines else len(self.candidate.section.text) if self.candidate else 0


class LineStream:
    """Sends the lines of one order.

    Args:
        maker: Makes what is not ready.
        shelf: Keeps what was made; None: nothing is kept.
        documents: The truth.
        rulings_of: What people decided about texts.
        least_quality: Of the records that are sent, unless a person decided to keep their text.
    """

    def __init__(
        self,
        maker: LineMaker,
        shelf: ReadyShelf | None,
        documents: Truth,
        rulings_of: RulingsOf,
        *,
        least_quality: float,
    ) -> None:
        self._maker = maker
        self._shelf = shelf
        self._documents = documents
        self._rulings_of = rulings_of
        self._least_quality = least_quality
        self._file: ReadyFile | None = None

    def lines(self, found: Found, *, at_most: int, at_first: int) -> Iterator[Lines]:
        """Pieces of the stream, none of them empty, in the order in which sections are found.

        Args:
            found: By the search.
            at_most: Sections that are taken.
            at_first: Sections that are looked at for the first piece, so that it comes at once.

        Raises:
            Unavailable: If no store can answer; also on the way.
        """
        with ExitStack() as stack:
            if self._shelf and (file := self._shelf.open(self._maker.key)):
                self._file = stack.enter_context(file)
            asked = map(_asked, found.hits) if found.everything is None else self._asked_all(found.everything)
            at_once, asked, taken = at_first, islice(asked, at_most), 0
            while batch := _batch(asked, at_once):
                taken += len(batch)
                for lines in self._sent(batch):
                    at_once = max(MAX_TEXTS, at_first)
                    yield lines
            # who takes a part of everything is not to cost a copy of all
            if self._file and found.everything is not None and taken < at_most:
                self._file.note_order(self._maker.note)

    def _asked_all(self, held: Iterator[HeldDocument]) -> Iterator[_Asked]:
        """All sections of documents; those of which every line is ready are not read."""
        for documents in neighbours(each for each in held if not each.is_erased):
            ready = {each.document_id: self._ready_of(each) for each in documents}
            missing = [document_id for document_id, lines in ready.items() if not lines]
            read = {each.document_id: each for each in self._documents.states(missing)} if missing else {}
            for document_id, lines in ready.items():
                yield from (_Asked(each.key, 1.0, None, each) for each in lines)
                if document_id in read:
                    yield from (_Asked(key, 1.0, each) for key, each in sections_of(read[document_id]))

    def _ready_of(self, document: HeldDocument) -> Sequence[SectionLines]:
        """The lines of a whole document; nothing where one of its sections is missing."""
        if self._file is None:
            return ()
        lines = self._file.of_document(document.document_id, state_of(document.version, document.sha256))
        return lines if len(lines) == document.section_count else ()

    def _sent(self, batch: Sequence[_Asked]) -> Iterator[Lines]:
        ready = self._ready(batch)
        rulings = self._rulings_of([each.text_key for each in ready])
        content, size, records = list[bytes](), 0, 0
        for asked, lines in zip(batch, ready, strict=True):
            if lines.records and self._is_wanted(lines, rulings.get(lines.text_key)):
                content.append(with_relevance(lines.content, asked.relevance))
                size += len(lines.content)
                records += lines.records
                if size >= _PIECE_BYTES:
                    yield Lines(b"".join(content), records)
                    content, size, records = [], 0, 0
        if records:
            yield Lines(b"".join(content), records)

    def _is_wanted(self, lines: SectionLines, ruling: ReviewState | None) -> bool:
        if ruling is not None:
            return ruling is ReviewState.KEPT
        return not lines.is_rejected and lines.score >= self._least_quality

    def _ready(self, batch: Sequence[_Asked]) -> list[SectionLines]:
        """The lines of all of a batch."""
        unknown = [each.key for each in batch if each.lines is None and each.is_ours]
        known = self._file.of_sections(unknown) if self._file and unknown else {}
        ready = [each.lines or known.get(each.key) for each in batch]
        missing = [each for each, lines in zip(batch, ready, strict=True) if lines is None]
        if missing:
            made = list(self._maker.made([(each.key, each.candidate) for each in missing if each.candidate]))
            self._keep([lines for lines, each in zip(made, missing, strict=True) if each.is_ours])
            following = iter(made)
            ready = [lines or next(following) for lines in ready]
        return [lines for lines in ready if lines]

    def _keep(self, made: Sequence[SectionLines]) -> None:
        if self._shelf and self._file and self._file.is_open and self._shelf.has_room(self._file):
            try:
                put_in(self._file, made, self._documents)
            except StillKept:
                # the next sweep takes it out; a stream needs no file
                logger.warning("ready.still_kept", exc_info=True)


def _asked(hit: DatasetDocument) -> _Asked:
    state = state_of(hit.document.version, hit.document.sha256) if hit.document else ""
    key = SectionKey(hit.stored.document_id, state, hit.stored.section.ordinal)
    return _Asked(key, hit.relevance_score, candidate_of(hit), is_ours=hit.document is not None)


def _batch(asked: Iterator[_Asked], at_once: int) -> list[_Asked]:
    batch: list[_Asked] = []
    size = 0
    for each in asked:
        batch.append(each)
        size += each.size
        if len(batch) >= at_once or size >= _MAX_SIZE:
            break
    return batch
