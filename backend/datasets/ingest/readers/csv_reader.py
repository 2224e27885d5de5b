"""Tables as spreadsheet programs export them: comma, semicolon or tab, UTF-8 or Windows-1252."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from backend.datasets.ingest.base import BaseReader, ReadContext, UnreadableFile
from backend.datasets.ingest.decoding import UndecodableBytes, sniff_encoding
from backend.datasets.ingest.records import ID_NAMES, TEXT_NAMES, TITLE_NAMES, RecordKeys, record_document
from shared.models.document import ParsedDocument

_DELIMITERS = ",;\t|"
_SAMPLE_CHARS = 65_536
_CHUNK = 1 << 20


class CsvReader(BaseReader):
    """Each row is a document; the first row names the columns."""

    media_type = "text/csv"
    suffixes = (".csv", ".tsv")

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """Rows as they stream in; a row that holds no text is told to `ctx.skipped`."""
        lines = io.TextIOWrapper(stream, encoding=_encoding(stream, ctx), newline="")
        try:
            yield from self._rows(lines, ctx)
        except UnicodeDecodeError as exc:
            raise ctx.unreadable(f"its bytes are not the {exc.encoding} text that they begin as") from exc
        except csv.Error as exc:
            raise ctx.unreadable(f"it is not a table ({exc})") from exc
        finally:
            lines.detach()

    def _rows(self, lines: io.TextIOWrapper, ctx: ReadContext) -> Iterator[ParsedDocument]:
        csv.field_size_limit(ctx.limits.max_document_chars)
        sample = lines.read(_SAMPLE_CHARS)
        if "\x00" in sample:
            raise ctx.unreadable("it contains NUL bytes, so it is binary")
        lines.seek(0)
        rows = csv.reader(lines, delimiter=_delimiter(sample), strict=False)
        header = [name.strip() or f"column {index}" for index, name in enumerate(next(rows, []), start=1)]
        if not header:
            raise ctx.unreadable("it holds no text")
        keys = RecordKeys()
        found = 0
        for position, row in enumerate(rows, start=1):
            if not any(cell.strip() for cell in row):
                continue
            names = header + [f"column {index}" for index in range(len(header) + 1, len(row) + 1)]
            fields = dict(zip(_distinct(names), row, strict=False))
            try:
                yield record_document(ctx, fields, media_type=self.media_type, keys=keys, position=position)
            except UnreadableFile as exc:
                ctx.skipped(f"row {position}", exc.reason)
            else:
                found += 1
        if not found:
            raise ctx.unreadable("it has no row with text below its first one")


def _encoding(stream: BinaryIO, ctx: ReadContext) -> str:
    """Encoding of the whole file, found without holding it."""
    start = stream.read(4)
    stream.seek(0)
    try:
        marked = sniff_encoding(start) if start.startswith((codecs.BOM_UTF8, b"\xff\xfe", b"\xfe\xff")) else ""
        if marked:
            return marked
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"
    except UndecodableBytes as exc:
        raise ctx.unreadable(str(exc)) from exc
    finally:
        stream.seek(0)


def _delimiter(sample: str) -> str:
    """The delimiter that names known columns in the first line, else the one that occurs most often there."""
    first_line = sample.splitlines()[0] if sample.strip() else ""
    known = frozenset((*ID_NAMES, *TITLE_NAMES, *TEXT_NAMES))

    def score(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"').lower() for cell in first_line.split(delimiter)]
        return sum(cell in known for cell in cells) if len(cells) > 1 else 0, len(cells)

    return max(_DELIMITERS, key=score)


def _distinct(names: list[str]) -> list[str]:
    """Column names with a number behind repeated ones, so that no cell hides another."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
