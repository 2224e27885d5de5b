"""Rows of a data file with their line numbers, streamed: JSONL, JSON, Parquet, CSV."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from backend.training.formats.readers.csv_reader import csv_rows
from backend.training.formats.readers.file_kind import unlike_its_name
from backend.training.formats.readers.json_reader import json_rows, jsonl_rows
from backend.training.formats.readers.parquet_reader import parquet_rows
from backend.training.formats.row import Row, TrainFileMissing, UnreadableFile

__all__ = ["Row", "TrainFileMissing", "UnreadableFile", "read_rows"]


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of the file in order; what is wrong with a single row comes as its `problem`.

    Raises:
        TrainFileMissing: If there is no such file.
        UnreadableFile: If its kind is unknown, its content is of another kind, or it is damaged as a whole.
    """
    if not path.is_file():
        raise TrainFileMissing(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableFile(path, f"its name ends in none of {', '.join(_READERS)}")
    other_kind = unlike_its_name(path)
    if other_kind:
        raise UnreadableFile(path, other_kind)
    yield from reader(path)


_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": jsonl_rows,
    ".json": json_rows,
    ".parquet": parquet_rows,
    ".csv": csv_rows,
}
