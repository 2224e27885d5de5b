"""What is kept of every text: rows of one size in a file of the caller, so that memory does not grow with them."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.signatures import BANDS

ROW = np.dtype(
    [
        ("bands", "<u8", (BANDS,)),
        ("body", "<u8", (2,)),
        ("identity", "<u8"),
        ("valid_from", "<i4"),
        ("valid_to", "<i4"),
        ("quality", "<f8"),
        ("length", "<u4"),
        ("shingle_count", "<u4"),
        ("shingle_place", "<u8"),
        ("id_size", "<u4"),
        ("id_place", "<u8"),
    ]
)
"""`bands` mean nothing where `shingle_count` is 0; dates are ordinals; `identity` is a hash of the id; `length` is in
characters; places are byte offsets in the spool of shingles and ids."""

_AT_ONCE = 1 << 14


class Rows:
    """Rows in the order in which they came.

    Args:
        file: Empty, open for reading and writing; nobody else uses it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._count = 0

    def __len__(self) -> int:
        """Rows so far."""
        return self._count

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def append(self, rows: NDArray[np.void]) -> None:
        """Keep rows of dtype `ROW`."""
        self._file.seek(self._count * ROW.itemsize)
        self._file.write(rows.tobytes())
        self._count += len(rows)

    def column(self, name: str, element: int | None = None) -> NDArray[Any]:
        """A whole column in memory, shape (rows,); of one that holds arrays, one element of each."""
        column = np.empty(self._count, ROW[name].base)
        for start, rows in self._chunks():
            column[start : start + len(rows)] = rows[name] if element is None else rows[name][:, element]
        return column

    def take(self, numbers: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.void]:
        """Some fields of some rows; their numbers rise."""
        taken = np.empty(len(numbers), dtype=[(name, ROW[name]) for name in names])
        for start, rows in self._chunks():
            first, last = np.searchsorted(numbers, (start, start + len(rows)))
            for name in names:
                taken[name][first:last] = rows[name][numbers[first:last] - start]
        return taken

    def _chunks(self) -> Iterator[tuple[int, NDArray[np.void]]]:
        for start in range(0, self._count, _AT_ONCE):
            self._file.seek(start * ROW.itemsize)
            size = min(_AT_ONCE, self._count - start)
            yield start, np.frombuffer(self._file.read(size * ROW.itemsize), dtype=ROW)
