"""Parquet tables, batch by batch."""

from collections.abc import Iterator
from pathlib import Path

from backend.training.formats.readers.strict_json import shortened
from backend.training.formats.row import Row, UnreadableFile

_BATCH_ROWS = 256


def parquet_rows(path: Path) -> Iterator[Row]:
    """Every row of the table.

    Raises:
        UnreadableFile: If the file is damaged or names a column twice.
    """
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no type information
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no type information

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise UnreadableFile(path, f"its columns name {shortened(twice)} twice")
            line = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for record in batch.to_pylist():
                    line += 1
                    yield Row(line, record)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as exc:
        raise UnreadableFile(path, "it is damaged and cannot be read as Parquet") from exc
