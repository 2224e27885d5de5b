"""CSV as spreadsheets export it: a header, cells between commas, UTF-8."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.training.formats.readers.strict_json import NotStrictJson, StrictJson, shortened
from backend.training.formats.row import Row, UnreadableFile

_MAX_CELL_CHARS = 64 << 20
_STRUCTURED_FIELDS = ("messages", "conversations", "history", "tools", "metadata")


def csv_rows(path: Path) -> Iterator[Row]:
    """Every record below the header.

    Raises:
        UnreadableFile: If the header cannot name fields, the quotes do not close, or the file is no UTF-8.
    """
    csv.field_size_limit(_MAX_CELL_CHARS)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            names = next(reader, None)
            wrong = _wrong_header(names) if names else ""
            if wrong:
                raise UnreadableFile(path, wrong)
            records = (cells for cells in reader if cells)
            for number, cells in enumerate(records, start=1):
                yield _row(number, names or [], cells)
        except csv.Error as exc:
            raise UnreadableFile(path, f"it is not CSV: line {reader.line_num}: {exc}") from exc
        except UnicodeDecodeError as exc:
            raise UnreadableFile(path, "it is not UTF-8; save it as CSV in UTF-8") from exc


def _wrong_header(names: Sequence[str]) -> str:
    if len(names) == 1:
        other = next((mark for mark in (";", "\t") if mark in names[0]), None)
        if other is not None:
            return f"its header is separated by {'semicolons' if other == ';' else 'tabs'}; separate cells by commas"
    if not all(name.strip() for name in names):
        return "a column of its header has no name"
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"its header names {shortened(twice)} twice" if twice is not None else ""


def _row(number: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(names):
        return Row(number, None, f"has {len(cells)} cells, but the header has {len(names)}")
    return _record(number, dict(zip(names, cells, strict=True)))


def _record(number: int, cells: Mapping[str, str]) -> Row:
    """An empty cell is an absent field; structured fields are JSON in their cell."""
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if cell != ""}
    for name in _STRUCTURED_FIELDS:
        if name in record:
            try:
                record[name] = StrictJson().decode(record[name])
            except NotStrictJson as exc:
                return Row(number, None, f"field {name} {exc}")
    return Row(number, record)
