"""CSV by RFC 4180: UTF-8, every cell quoted, line feeds between rows, decimal point, nested columns as JSON text.

A German Excel wants `delimiter=";"` and `byte_order_mark`; whatever was chosen stands in the manifest.

A spreadsheet takes a cell that begins with `= + - @ TAB CR` for a formula. With `spreadsheet_safe` such a cell gets an
apostrophe in front, and so does one that begins with an apostrophe itself: whoever reads the file with a program takes
one leading apostrophe away and has the very text (the manifest says so).

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backend.datasets.export.base import BaseExporter, Row
from backend.datasets.records.content import json_line
from backend.datasets.records.schema import Column, Kind

# also behind what is not seen: white space, NUL, marks of byte order and direction
_GUARDED = re.compile("[\\s\x00\ufeff\u200b-\u200f\u202a-\u202e]*[=+\\-@＝＋－＠']|[\\t\\r\\n]")
_LARGEST_CELL = 1 << 30


class CsvExporter(BaseExporter):
    """For people with a spreadsheet."""

    format = "csv"
    extension = "csv"
    media_type = "text/csv"
    own_options = frozenset({"byte_order_mark", "delimiter"})
    # every quotation mark of nested JSON is doubled
    growth = 2.0

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """A header and one record per row."""
        with path.open("w", encoding=self._encoding, newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n", delimiter=self.options.delimiter)
            writer.writerow([column.name for column in self.columns])
            for row in rows:
                writer.writerow([self._cell(column, row[column.name]) for column in self.columns])

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order, with their types and without the apostrophes."""
        csv.field_size_limit(_LARGEST_CELL)
        with path.open(encoding=self._encoding, newline="") as stream:
            reader = csv.reader(stream, strict=True, delimiter=self.options.delimiter)
            next(reader)
            for cells in reader:
                yield {column.name: self._value(column, cell) for column, cell in zip(self.columns, cells, strict=True)}

    def notes(self) -> Mapping[str, Any]:
        """How to read the file without loss."""
        nested = [column.name for column in self.columns if column.kind.is_nested]
        return {
            "spreadsheet_safe": self.options.spreadsheet_safe,
            "remove_one_leading_apostrophe": self.options.spreadsheet_safe,
            "json_columns": nested,
            # pandas (keep_default_na=False) and DuckDB (force_not_null) have to be told
            "empty_cells_are_texts": True,
            "delimiter": self.options.delimiter,
            "byte_order_mark": self.options.byte_order_mark,
            "decimal_point": ".",
        }

    @property
    def _encoding(self) -> str:
        return "utf-8-sig" if self.options.byte_order_mark else "utf-8"

    def _cell(self, column: Column, value: Any) -> str:
        if column.kind.is_nested:
            return json_line(value)
        if column.kind is Kind.TEXT and self.options.spreadsheet_safe and _GUARDED.match(value):
            return f"'{value}"
        # repr is the shortest text that reads back as the same number
        return value if column.kind is Kind.TEXT else repr(value)

    def _value(self, column: Column, cell: str) -> Any:
        if column.kind.is_nested:
            return json.loads(cell)
        if column.kind is Kind.INTEGER:
            return int(cell)
        if column.kind is Kind.REAL:
            return float(cell)
        return cell.removeprefix("'") if self.options.spreadsheet_safe else cell
