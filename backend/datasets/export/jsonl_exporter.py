"""JSON Lines: one object per line, UTF-8 without BOM, line feeds only."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, Row
from backend.datasets.records.content import json_line


class JsonlExporter(BaseExporter):
    """All keys in every row in the same order; characters that break lines elsewhere are escaped."""

    format = "jsonl"
    extension = "jsonl"
    media_type = "application/x-ndjson"

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """One line per row, a newline after the last one."""
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for row in rows:
                stream.write(json_line(row) + "\n")

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order."""
        with path.open(encoding="utf-8", newline="\n") as stream:
            for line in stream:
                yield json.loads(line)
