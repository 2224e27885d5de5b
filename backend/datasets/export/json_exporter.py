"""JSON: one array of objects, written one object per line."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, Row
from backend.datasets.records.content import json_line


class JsonExporter(BaseExporter):
    """For tools that want one JSON document; both writing and reading use flat memory."""

    format = "json"
    extension = "json"
    media_type = "application/json"
    # a comma between objects, and the brackets
    growth = 1.01
    has_record_columns = True

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """An array with every object on a line of its own."""
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write("[")
            separator = "\n"
            for row in rows:
                stream.write(separator + json_line(row))
                separator = ",\n"
            stream.write("\n]\n")

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order; reads only what `write` made, line by line."""
        with path.open(encoding="utf-8", newline="\n") as stream:
            for line in stream:
                if line.startswith("{"):
                    yield json.loads(line.rstrip("\n").removesuffix(","))
