"""What anybody would write to get sections out of the database as JSON lines: one SELECT, orjson, a streaming response.

`python -m tests.benchmarks._bare_stream DATABASE PORT` serves it in a process of its own, as the service is one.

It does less than a stream of ours on purpose: its records have the same members, but columns go in as they are and
what we measure or derive (quality, split, tokens, names of records) are constants. Nothing is normalised, judged,
counted, compared with rulings, hashed or ended by a last line.
"""

import sqlite3
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

BATCH = 100
_ROWS = """
SELECT s.document_id, s.version, s.ordinal, s.heading, s.number, s.heading_path, s.start_offset, s.end_offset,
       s.valid_from, s.valid_to, s.text, d.source, d.path, v.title, v.abbreviation
FROM documents d
JOIN document_versions v ON v.document_id = d.document_id AND v.version = d.version
JOIN sections s ON s.document_id = v.document_id AND s.version = v.version
ORDER BY s.document_id, s.ordinal
"""


def records(database: Path) -> Iterator[dict[str, Any]]:
    """Records of all sections."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        yield from map(_record, connection.execute(_ROWS))


def lines(database: Path) -> Iterator[bytes]:
    """The same as JSON lines, some at once."""
    written = (orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records(database))
    while batch := list(islice(written, BATCH)):
        yield b"".join(batch)


def write_parquet(database: Path, path: Path) -> None:
    """The same as a Parquet file, in row groups of 10,000."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = records(database)
    table = pa.Table.from_pylist(list(islice(found, 10_000)))
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        while batch := list(islice(found, 10_000)):
            writer.write_table(pa.Table.from_pylist(batch, schema=table.schema))


def _record(row: tuple[Any, ...]) -> dict[str, Any]:
    (
        document,
        version,
        ordinal,
        heading,
        number,
        headings,
        start,
        end,
        since,
        until,
        text,
        source,
        path,
        title,
        short,
    ) = row
    return {
        "record_id": f"{document}-{ordinal:06d}-0001",
        "text": f"{title} ({short})\n{number} {heading}\n\n{text}",
        "metadata": {
            "title": title,
            "abbreviation": short,
            "section_number": number,
            "heading": heading,
            "heading_path": orjson.loads(headings),
            "path": path,
            "valid_from": since or "",
            "valid_to": until or "",
            "format": "text",
            "split": "train",
            "part": 1,
            "parts": 1,
            "sections": 1,
            "start": start,
            "end": end,
            "quality_profile": "legal-de-1+00000000",
            "legal_basis": f"{number} {short}",
            "licence": "",
            "template": "",
            "template_version": 0,
            "origin": "document",
            "model": "",
            "prompt_version": "",
            "tokens": 0,
            "tokenizer": "unicode-words-1",
        },
        "source": source,
        "quality_score": 1.0,
        "relevance_score": 1.0,
        "document_id": document,
        "document_version": version,
        "section_id": f"{document}:{version}:{ordinal}",
    }


def main() -> None:
    """Serve `GET /`."""
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    database, port = Path(sys.argv[1]), int(sys.argv[2])
    app = FastAPI()

    @app.get("/")
    def stream() -> StreamingResponse:
        return StreamingResponse(lines(database), media_type="application/x-ndjson")

    uvicorn.run(app, port=port, log_level="error")


if __name__ == "__main__":
    main()
