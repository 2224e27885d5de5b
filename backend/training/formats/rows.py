"""Rows of a data file with their line numbers, streamed: JSONL, JSON, Parquet, CSV."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput, NotFound

_MAX_LINE_BYTES = 64 << 20
_MAX_JSON_BYTES = 512 << 20
_STRUCTURED_FIELDS = ("messages", "conversations", "history", "tools", "metadata")


class TrainFileMissing(NotFound):
    """The file to train on is not there."""

    code = "train_file_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The data file {path} does not exist.", path=str(path))


class UnreadableFile(InvalidInput):
    """A data file of an unknown kind, or one that is not what its name says."""

    code = "unreadable_data_file"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name} cannot be read as training data: {reason}.", path=path.name, reason=reason)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Args:
        line: 1, 2, 3 … in a JSONL file; number of the record in the other formats.
        record: Its fields, None if the row cannot be read.
        problem: Why it cannot be read.
    """

    line: int
    record: Mapping[str, Any] | None
    problem: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of the file in order; what is wrong with a single row comes as its `problem`.

    Raises:
        TrainFileMissing: If there is no such file.
        UnreadableFile: If its kind is unknown or it is damaged as a whole.
    """
    if not path.is_file():
        raise TrainFileMissing(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableFile(path, f"its name ends in none of {', '.join(_READERS)}")
    yield from reader(path)


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as stream:
        line = 0
        while raw := stream.readline(_MAX_LINE_BYTES + 1):
            line += 1
            if len(raw) > _MAX_LINE_BYTES:
                raise UnreadableFile(path, f"line {line} is longer than {_MAX_LINE_BYTES >> 20} MiB")
            if raw.strip():
                yield _json_row(line, raw)


def _json_row(line: int, raw: bytes) -> Row:
    try:
        record = json.loads(raw.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError:
        return Row(line, None, "is not UTF-8")
    except RecursionError:
        return Row(line, None, "is nested too deeply")
    except ValueError as exc:
        return Row(line, None, f"is not JSON: {exc}")
    return _as_row(line, record)


def _as_row(line: int, record: object) -> Row:
    if not isinstance(record, dict):
        return Row(line, None, f"must be an object with fields, found {type(record).__name__}")
    return Row(line, record)


def _json(path: Path) -> Iterator[Row]:
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise UnreadableFile(path, "a JSON file is read as a whole and this one is too large; use JSONL")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise UnreadableFile(path, f"it is not JSON ({exc})") from exc
    if not isinstance(content, list):
        raise UnreadableFile(path, "it must hold a list of records")
    for line, record in enumerate(content, start=1):
        yield _as_row(line, record)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no type information
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no type information

    try:
        with pq.ParquetFile(path) as file:
            line = 0
            for batch in file.iter_batches(batch_size=256):
                for record in batch.to_pylist():
                    line += 1
                    yield Row(line, record)
    except (pa.ArrowException, OSError) as exc:
        raise UnreadableFile(path, f"it is not a Parquet file ({exc})") from exc


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_MAX_LINE_BYTES)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line, cells in enumerate(csv.DictReader(stream, strict=True), start=1):
                if None in cells or None in cells.values():
                    yield Row(line, None, "has more or fewer cells than the header")
                else:
                    yield _csv_row(line, cells)
    except (csv.Error, UnicodeDecodeError) as exc:
        raise UnreadableFile(path, f"it is not a CSV file in UTF-8 ({exc})") from exc


def _csv_row(line: int, cells: Mapping[str, str]) -> Row:
    """An empty cell is an absent field; structured fields are JSON in their cell."""
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if cell != ""}
    for name in _STRUCTURED_FIELDS:
        if name in record:
            try:
                record[name] = json.loads(record[name])
            except (ValueError, RecursionError) as exc:
                return Row(line, None, f"field {name} is not JSON: {exc}")
    return Row(line, record)


_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".parquet": _parquet,
    ".csv": _csv,
}
