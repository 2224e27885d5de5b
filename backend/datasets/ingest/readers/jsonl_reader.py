"""JSON lines: one record per line, as document management systems export them."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from backend.datasets.ingest.base import BaseReader, ReadContext, UnreadableFile
from backend.datasets.ingest.decoding import UndecodableBytes, decode
from backend.datasets.ingest.records import RecordKeys, record_document
from shared.models.document import ParsedDocument


class JsonlReader(BaseReader):
    """Each line with a JSON object is a document."""

    media_type = "application/jsonl"
    suffixes = (".jsonl", ".ndjson")

    def read(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ParsedDocument]:
        """Lines as they stream in; one that is no record is told to `ctx.skipped`.

        Raises:
            UnreadableFile: If no line at all is a record, or one is longer than a document may be.
        """
        keys = RecordKeys()
        found, first_reason = 0, "it holds no text"
        for position, line in enumerate(_lines(stream, ctx), start=1):
            try:
                document = record_document(
                    ctx, _record(line, ctx), media_type=self.media_type, keys=keys, position=position
                )
            except UnreadableFile as exc:
                first_reason = f"line {position}: {exc.reason}" if position == 1 else first_reason
                ctx.skipped(f"line {position}", exc.reason)
                continue
            found += 1
            yield document
        if not found:
            raise ctx.unreadable(first_reason)


def _lines(stream: BinaryIO, ctx: ReadContext) -> Iterator[bytes]:
    limit = 4 * ctx.limits.max_document_chars
    while line := stream.readline(limit + 1):
        if len(line) > limit:
            raise ctx.unreadable(f"it has a line longer than the limit of {limit} bytes")
        if line.strip():
            yield line


def _record(line: bytes, ctx: ReadContext) -> dict[str, Any]:
    try:
        value = json.loads(decode(line), parse_constant=_refuse)
    except (ValueError, UndecodableBytes, RecursionError) as exc:
        raise ctx.unreadable(f"it is not JSON ({exc})") from exc
    if not isinstance(value, dict):
        raise ctx.unreadable("it is not a JSON object")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
