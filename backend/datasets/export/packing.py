"""Files of text, plain or packed, whose bytes depend on nothing but their content."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backend.datasets.export.options import Compression

_GZIP_LEVEL = 6
_BUFFER_BYTES = 1 << 20


@contextmanager
def packed_for_writing(path: Path, compression: Compression) -> Iterator[IO[bytes]]:
    """A binary stream into a new file."""
    with path.open("wb", buffering=_BUFFER_BYTES) as plain:
        if compression is Compression.NONE:
            yield plain
        elif compression is Compression.GZIP:
            # neither the time nor the name of the file stands in its header
            with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0, compresslevel=_GZIP_LEVEL) as packed:
                yield packed  # type: ignore[misc]  # a GzipFile writes as IO[bytes] does
        else:
            import pyarrow as pa  # type: ignore[import-untyped]  # it ships no type information

            with pa.CompressedOutputStream(plain, "zstd") as packed:
                buffered = io.BufferedWriter(packed, _BUFFER_BYTES)
                yield buffered
                buffered.flush()
                buffered.detach()


@contextmanager
def packed_for_reading(path: Path, compression: Compression) -> Iterator[IO[bytes]]:
    """A binary stream over what `packed_for_writing` wrote."""
    if compression is Compression.NONE:
        with path.open("rb", buffering=_BUFFER_BYTES) as plain:
            yield plain
    elif compression is Compression.GZIP:
        with gzip.open(path, "rb") as unpacked:
            yield unpacked  # type: ignore[misc]  # a GzipFile reads as IO[bytes] does
    else:
        import pyarrow as pa

        with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, "zstd") as stream:
            yield io.BufferedReader(stream, _BUFFER_BYTES)
