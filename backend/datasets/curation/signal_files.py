"""Signals beside the documents: one Parquet file per bucket, whole or not there.

A file's name says which state of which bucket it holds, so a file that is there is done, and a run that was killed goes
on where it stood. Nothing in it depends on limits: another profile judges the same figures without reading a text.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.damaged import damaged
from backend.datasets.curation.measured_sections import MeasuredSections
from shared.replacing import replacing

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no type information
    from numpy.typing import NDArray

_ENDING = ".parquet"
_SIGNAL = "signal."


class SignalFiles:
    """The files of one way of measuring.

    Args:
        folder: Of them alone; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, bucket: Bucket) -> Path:
        """Where a bucket in its present state is, or will be."""
        return self.folder / f"{bucket.number:05d}-{bucket.state}{_ENDING}"

    def is_done(self, bucket: Bucket) -> bool:
        """Whether the present state was measured."""
        return self.path(bucket).is_file()

    def write(self, bucket: Bucket, measured: MeasuredSections) -> None:
        """Keep what was measured of a bucket, whole and durable.

        Raises:
            DiskFull: If there is no room; nothing is there then.
            NotWritable: If the folder cannot be written.
            DamagedFigures: If a document of the bucket was erased meanwhile.
        """
        content = encoded(measured)
        try:
            with replacing(self.path(bucket)) as stream:
                stream.write(content)
        except FileNotFoundError as exc:
            raise damaged(self.path(bucket), exc) from exc

    def read(self, bucket: Bucket) -> MeasuredSections:
        """What was measured of a bucket.

        Raises:
            DamagedFigures: If the file cannot be read; it will be measured again.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no type information

        try:
            return _measured(pq.read_table(self.path(bucket)))
        except (OSError, KeyError, pa.ArrowException) as exc:
            raise damaged(self.path(bucket), exc) from exc

    def read_all(self, buckets: Sequence[Bucket]) -> Iterator[MeasuredSections]:
        """One bucket after the other; memory stays that of one."""
        return (self.read(bucket) for bucket in buckets)

    def sweep(self, buckets: Sequence[Bucket]) -> int:
        """Remove what belongs to no present state; returns the number of files. For whoever is alone here."""
        wanted = {self.path(bucket).name for bucket in buckets}
        stale = [file for file in self.folder.glob("*") if file.name not in wanted]
        for file in stale:
            file.unlink(missing_ok=True)
        return len(stale)


def encoded(measured: MeasuredSections) -> bytes:
    """The content of a file; the same figures give the same bytes, whoever measured them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(_table(measured), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _table(measured: MeasuredSections) -> "pa.Table":
    import pyarrow as pa

    columns: dict[str, Any] = {
        "section_id": pa.array(measured.section_ids, pa.string()),
        "document_id": pa.array(measured.document_ids, pa.string()).dictionary_encode(),
        "text_key": pa.array(measured.text_keys, pa.string()),
        "words": pa.array(measured.words, pa.int64()),
        "characters": pa.array(measured.characters, pa.int64()),
        "personal_data": pa.array(
            [list(kinds.items()) for kinds in measured.personal_data or [{}] * len(measured.section_ids)],
            pa.map_(pa.string(), pa.int32()),
        ),
    }
    signals = {f"{_SIGNAL}{name}": pa.array(values, pa.float64()) for name, values in measured.signals.items()}
    return pa.table({**columns, **signals})


def _measured(table: "pa.Table") -> MeasuredSections:
    def numbers(name: str) -> "NDArray[Any]":
        column: NDArray[Any] = table.column(name).to_numpy()
        return column

    signals = [name for name in table.column_names if name.startswith(_SIGNAL)]
    return MeasuredSections(
        section_ids=table.column("section_id").to_pylist(),
        document_ids=table.column("document_id").to_pylist(),
        text_keys=table.column("text_key").to_pylist(),
        words=numbers("words"),
        characters=numbers("characters"),
        signals={name.removeprefix(_SIGNAL): numbers(name) for name in signals},
        personal_data=[dict(kinds) for kinds in table.column("personal_data").to_pylist()],
    )
