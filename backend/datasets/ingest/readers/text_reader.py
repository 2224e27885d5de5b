"""Plain text."""

from collections.abc import Iterator
from typing import BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext, read_all
from backend.datasets.ingest.decoding import UndecodableBytes, decode
from backend.datasets.ingest.outline import assemble
from shared.models.document import ParsedDocument

_MAX_TITLE_LINE = 120


class TextReader(BaseReader):
    """One document with one section; a short first line is its title."""

    media_type = "text/plain"
    suffixes = (".txt", ".text")

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """The document in whatever encoding `decode` recognises."""
        try:
            text = decode(read_all(stream, ctx))
        except UndecodableBytes as exc:
            raise ctx.unreadable(str(exc)) from exc
        first_line = text.strip().split("\n", 1)[0].strip()
        title = first_line if len(first_line) <= _MAX_TITLE_LINE else ""
        yield assemble(ctx, text, media_type=self.media_type, title=title)
