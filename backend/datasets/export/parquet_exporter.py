"""Parquet: an explicit schema, zstd, row groups bounded in rows and bytes, a page index."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.datasets.export.base import BaseExporter, Row
from backend.datasets.records.schema import MESSAGE_MEMBERS, METADATA_MEMBERS, Column, Kind

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no type information

GROUP_ROWS = 10_000
GROUP_CHARACTERS = 64 << 20
"""Row groups end at whichever comes first; 32-bit offsets of string columns are then far away."""


class ParquetExporter(BaseExporter):
    """For data frames and large sets."""

    format = "parquet"
    extension = "parquet"
    media_type = "application/vnd.apache.parquet"
    # pages that cannot be compressed, and the footer
    growth = 1.05
    has_record_columns = True

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """Row groups of at most `GROUP_ROWS` rows and about `GROUP_CHARACTERS` characters."""
        import pyarrow as pa
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no type information

        schema = self._schema()
        low_cardinality = [column.name for column in self.columns if column.name == "source"]
        with pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=low_cardinality,
            write_page_index=True,
            store_schema=False,
        ) as writer:
            writer.add_key_value_metadata({f"clara.{name}": value for name, value in self.about.items()})
            for group in _groups(rows):
                writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=len(group))

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order, one row group in memory at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield from file.read_row_group(number).to_pylist()

    def _schema(self) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([pa.field(column.name, _arrow_type(column), nullable=False) for column in self.columns])


def _arrow_type(column: Column) -> "pa.DataType":
    import pyarrow as pa

    match column.kind:
        case Kind.TEXT:
            return pa.string()
        case Kind.INTEGER:
            return pa.int64()
        case Kind.REAL:
            return pa.float64()
        case Kind.TEXT_LIST:
            return pa.list_(pa.string())
        case Kind.MESSAGES:
            return pa.list_(pa.struct([pa.field(name, pa.string()) for name in MESSAGE_MEMBERS]))
        case Kind.METADATA:
            return pa.struct([pa.field(member.name, _arrow_type(member)) for member in METADATA_MEMBERS])


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    characters = 0
    for row in rows:
        group.append(row)
        characters += len(repr(row))
        if len(group) >= GROUP_ROWS or characters >= GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group
