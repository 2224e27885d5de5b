"""JSON Lines: one object per line, UTF-8 without BOM, line feeds only; packed as gzip or zstd on request."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, Row
from backend.datasets.export.packing import packed_for_reading, packed_for_writing
from backend.datasets.records.content import json_lines
from backend.datasets.records.schema import REAL_COLUMNS


class JsonlExporter(BaseExporter):
    """All keys in every row in the same order; characters that break lines elsewhere are escaped."""

    format = "jsonl"
    extension = "jsonl"
    media_type = "application/x-ndjson"
    own_options = frozenset({"compression"})
    has_record_columns = True

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        return f".{self.extension}{self.options.compression.suffix}"

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """One line per row, a newline after the last one."""
        with packed_for_writing(path, self.options.compression) as stream:
            for row in rows:
                stream.write(json_lines([row], reals=REAL_COLUMNS))

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order."""
        with packed_for_reading(path, self.options.compression) as stream:
            for line in stream:
                yield json.loads(line)
