"""Builds a text from headings and paragraphs, and one `ParsedDocument` from a text with headings."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.decoding import json_safe, storable
from backend.datasets.ingest.sections import Heading, Validity, cut, split_abbreviation
from shared.models.document import ParsedDocument

_MAX_TITLE = 500


class Outline:
    """Collects blocks of a structured format; blank lines stand between them in the text."""

    def __init__(self, ctx: ReadContext) -> None:
        self._ctx = ctx
        self._blocks: list[str] = []
        self._length = 0
        self.headings: list[Heading] = []

    @property
    def text(self) -> str:
        """Everything that was added so far."""
        return "\n\n".join(self._blocks)

    def heading(self, level: int, words: str) -> None:
        """Add a heading, on one line."""
        line = storable(" ".join(words.split()))
        if line:
            start = self._length + 2 if self._blocks else 0
            self.headings.append(Heading(level, line, start, start + len(line)))
            self._add(line)

    def paragraph(self, words: str) -> None:
        """Add a block of text; empty ones are dropped.

        Raises:
            UnreadableFile: If the document grows past the limit.
        """
        block = storable(words.strip())
        if block:
            self._add(block)

    def _add(self, block: str) -> None:
        self._length += len(block) + (2 if self._blocks else 0)
        self._blocks.append(block)
        if self._length > self._ctx.limits.max_document_chars:
            raise too_long(self._ctx)


def too_long(ctx: ReadContext) -> Exception:
    """The error for a document with more text than allowed."""
    return ctx.unreadable(f"its text is longer than the limit of {ctx.limits.max_document_chars} characters")


def assemble(
    ctx: ReadContext,
    text: str,
    *,
    media_type: str,
    headings: Sequence[Heading] = (),
    title: str = "",
    abbreviation: str = "",
    metadata: Mapping[str, Any] | None = None,
    validity: Validity | None = None,
    key: str = "",
) -> ParsedDocument:
    """Cut and clean what a reader extracted.

    Raises:
        UnreadableFile: If there is no text at all, or more than allowed.
    """
    clean = storable(text)
    if not clean.strip():
        raise ctx.unreadable("it holds no text")
    if len(clean) > ctx.limits.max_document_chars:
        raise too_long(ctx)
    first_heading = _one_line(headings[0].text if headings else "")
    own_title, short = split_abbreviation(_one_line(title) or first_heading)
    return ParsedDocument(
        title=own_title or ctx.stem,
        abbreviation=_one_line(abbreviation) or short or split_abbreviation(first_heading)[1],
        media_type=media_type,
        text=clean,
        sections=cut(clean, headings, validity or Validity()),
        metadata=json_safe(metadata or {}),
        key=storable(key),
    )


def _one_line(words: str) -> str:
    return storable(" ".join(words.split()))[:_MAX_TITLE]
